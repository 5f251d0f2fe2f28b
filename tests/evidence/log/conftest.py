"""What the tests of the custody log share: keys, a filled log, and a time authority run by OpenSSL."""

import os
import shutil
import subprocess
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from perito.evidence.keys import KeyKind, SigningKey
from perito.evidence.log import Log, Trust, folder

POLICY = "1.3.6.1.4.1.99999.1"
_CONFIGURATION = """
[ request ]
distinguished_name = name
prompt = no
[ name ]
CN = {cn}
[ root ]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[ authority ]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[ tsa ]
serial = {folder}/serial
signer_cert = {folder}/authority.pem
signer_key = {folder}/authority.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
other_policies = 1.3.6.1.4.1.99999.2
digests = sha256
accuracy = secs:1
tsa_name = yes
ess_cert_id_alg = sha256
[ tsa_with_chain ]
serial = {folder}/serial
signer_cert = {folder}/authority.pem
certs = {folder}/root.pem
signer_key = {folder}/authority.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256
"""


@pytest.fixture(scope="session")
def case_key():
    """A key that is the same in every run: derived from a phrase, for tests only."""
    return SigningKey(
        "perito.example/case", Ed25519PrivateKey.from_private_bytes(b"case key for tests only, 32bytes")
    )


@pytest.fixture(scope="session")
def witness_key():
    private = Ed25519PrivateKey.from_private_bytes(b"witness key for tests only, 32by")
    return SigningKey("witness.example/w1", private, KeyKind.WITNESS)


@pytest.fixture(scope="module")
def quick():
    """Leaves out the wait for the disk, which only a power cut could show; the calls are made."""

    def make_durable(paths):
        for _ in paths:
            os.fsync(0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _handle: None)
        patch.setattr(folder, "make_durable", make_durable)
        yield


@pytest.fixture
def log(tmp_path, case_key):
    return Log(tmp_path / "log", [case_key])


def run(*command, at, data=None):
    done = subprocess.run(command, cwd=at, input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@dataclass(frozen=True)
class Authority:
    """A time authority: OpenSSL's own, with a root and a certificate of its own."""

    folder: Path

    @property
    def trust(self):
        return Trust.read(self.folder / "root.pem", POLICY, authority=self.folder / "authority.pem")

    def answer(self, query, *more, section="tsa"):
        """The response to a query, as `openssl ts -reply` gives it."""
        (self.folder / "query.tsq").write_bytes(query)
        run(
            *("openssl", "ts", "-reply", "-queryfile", "query.tsq", "-config", "ca.cnf", "-section", section),
            *("-out", "response.tsr", *more),
            at=self.folder,
        )
        return (self.folder / "response.tsr").read_bytes()

    def accepts(self, data, response, tmp_path):
        """Whether `openssl ts -verify` accepts the response for the data."""
        (tmp_path / "stamped").write_bytes(data)
        (tmp_path / "response.tsr").write_bytes(response)
        done = subprocess.run(
            [
                *(
                    "openssl",
                    "ts",
                    "-verify",
                    "-data",
                    tmp_path / "stamped",
                    "-in",
                    tmp_path / "response.tsr",
                ),
                *("-CAfile", self.folder / "root.pem", "-untrusted", self.folder / "authority.pem"),
            ],
            capture_output=True,
            check=False,
        )
        return done.returncode == 0


def found_authority(place, name):
    assert shutil.which("openssl"), "these tests need the program openssl"
    (place / "serial").write_text("01\n")
    for serial, part in (("1", "root"), ("2", "authority")):
        (place / "ca.cnf").write_text(_CONFIGURATION.format(folder=place, cn=f"{name} {part}"))
        new_key = ("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{part}.key")
        run(*new_key, at=place)
        request = (
            "openssl",
            "req",
            "-new",
            "-key",
            f"{part}.key",
            "-config",
            "ca.cnf",
            "-section",
            "request",
        )
        run(*request, "-out", f"{part}.csr", at=place)
        signer = ("-signkey", "root.key") if part == "root" else ("-CA", "root.pem", "-CAkey", "root.key")
        run(
            *(
                "openssl",
                "x509",
                "-req",
                "-in",
                f"{part}.csr",
                *signer,
                "-days",
                "3650",
                "-set_serial",
                serial,
            ),
            *("-extfile", "ca.cnf", "-extensions", part, "-out", f"{part}.pem"),
            at=place,
        )
    return Authority(place)


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return found_authority(tmp_path_factory.mktemp("authority"), "perito test")


@pytest.fixture(scope="session")
def other_authority(tmp_path_factory):
    return found_authority(tmp_path_factory.mktemp("other"), "other test")


@pytest.fixture
def serve():
    """Starts a server on this machine that answers each POST with what a function makes of its body."""
    servers = []

    def start(answer):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers, data = answer(body, self.headers)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        return f"http://127.0.0.1:{server.server_port}/tsa"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
