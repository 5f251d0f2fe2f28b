"""`perito review` as a user meets it, and the server that it starts."""

import datetime as dt
import io
import json
import os
import re
import ssl
import subprocess
import sys

import pytest

from perito.cli import main
from perito.evidence import Store
from perito.tables import build_tables
from perito.web.serving import check_address, is_loopback, server

PROGRAM = (sys.executable, "-c", "import sys; from perito.cli import main; sys.exit(main())")
CASE = """
[case]
id = "small"
title = "A small case"
language = "en"
period = { from = 2026-01-01, to = 2026-02-01 }
"""
BOOK = """
id = "book"
version = "1"
languages = ["en", "es"]
[[class]]
id = "advert"
title = { en = "Advert", es = "Anuncio" }
definition = { en = "Paid for.", es = "Pagado." }
"""


@pytest.fixture
def case(tmp_path):
    """A case with a sample of three posts."""
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "case.toml").write_text(CASE, "utf-8")
    (folder / "label-book.toml").write_text(BOOK, "utf-8")
    draws = [
        {
            "design_id": "d1",
            "item_id": f"x:{n}",
            "item_kind": "post",
            "platform": "x",
            "draw": n,
            "phase": 1,
            "stratum": "all",
            "stratum_population": 50,
        }
        for n in (1, 2, 3)
    ]
    posts = [
        {
            "post_id": f"x:{n}",
            "platform": "x",
            "native_id": str(n),
            "kind": "post",
            "text": f"Words {n}",
            "text_state": "present",
            "observed_at_us": 1,
            "observed_basis": "capture_clock",
        }
        for n in (1, 2, 3)
    ]
    store = Store(folder / "evidence")
    for name, rows in (("draws", draws), ("posts", posts)):
        path = tmp_path / f"{name}.ndjson"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        store.add(path, format=f"table:{name}")
    build_tables(store, folder / "tables")
    return folder


@pytest.fixture
def perito(capsys, monkeypatch):
    def call(*arguments, stdin=""):
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_people_are_let_in_listed_and_shut_out(case, perito):
    code, out, _ = perito(
        "review",
        case,
        "people",
        "add",
        "ana",
        "--role",
        "reviewer",
        "--password-stdin",
        "--json",
        stdin="correct horse\n",
    )
    assert code == 0
    assert json.loads(out)["person_id"].startswith("p-")
    assert (
        perito("review", case, "people", "password", "ana", "--password-stdin", stdin="another good one\n")[0]
        == 0
    )
    assert perito("review", case, "people", "remove", "ana")[0] == 0
    listed = json.loads(perito("review", case, "people", "list", "--json")[1])
    assert [(one["name"], one["role"], one["active"]) for one in listed] == [("ana", "reviewer", False)]


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (("people", "add", "ana", "--role", "reviewer", "--password-stdin"), "short\n", "at least 10"),
        (("people", "add", "", "--role", "reviewer", "--password-stdin"), "correct horse\n", "80 printable"),
        (("people", "add", "ana", "--role", "judge", "--password-stdin"), "", "--role"),
        (("people", "remove", "nobody"), "", "nobody is called"),
        (("book", "--reason", "x"), "", "nothing has been put up"),
        (("withdraw", "x:1", "--reason", "x"), "", "not under review"),
    ],
)
def test_a_wrong_call_is_one_line_that_says_what_is_wrong(case, perito, arguments, stdin, said):
    code, out, err = perito("review", case, *arguments, stdin=stdin)
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_the_same_name_is_not_given_twice(case, perito):
    for expected in (0, 2):
        code, _, err = perito(
            "review",
            case,
            "people",
            "add",
            "ana",
            "--role",
            "reader",
            "--password-stdin",
            stdin="correct horse\n",
        )
        assert code == expected
    assert "already" in err


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org"])
def test_another_address_than_this_machines_needs_tls(case, perito, host):
    code, _, err = perito("review", case, "--host", host)
    assert code == 2
    assert "--tls-cert" in err


def test_a_certificate_without_its_key_is_refused(case, perito, tmp_path):
    assert "its key" in perito("review", case, "--tls-cert", tmp_path / "x.pem")[2]
    code, _, err = perito("review", case, "--tls-cert", tmp_path / "x.pem", "--tls-key", tmp_path / "y.pem")
    assert code == 2
    assert "no such file" in err


def test_a_missing_library_is_said_with_the_extra_that_holds_it(case, perito, monkeypatch):
    from importlib import util

    real = util.find_spec
    monkeypatch.setattr(
        util, "find_spec", lambda name, *rest: None if name == "starlette" else real(name, *rest)
    )
    code, _, err = perito("review", case, "people", "list")
    assert code == 2
    assert "perito[web]" in err


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("example.org", False),
    ],
)
def test_only_this_machines_own_addresses_are_its_own(host, is_local):
    assert is_loopback(host) is is_local


@pytest.fixture
def pair(tmp_path):
    """A certificate for 127.0.0.1 and its key."""
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "review")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("review.example")]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return cert_file, key_file


def test_with_a_certificate_any_address_may_be_served_and_cookies_are_secure(pair, review):
    check_address("0.0.0.0", pair)
    made = server(review, "en", "0.0.0.0", 8400, pair)
    assert made.config.ssl_certfile == str(pair[0])


def test_a_key_of_another_certificate_is_refused(pair):
    from perito.errors import CaseError

    with pytest.raises(CaseError, match="cannot be used"):
        check_address("0.0.0.0", (pair[0], pair[0]))


def started(case, *options):
    """The program in a process of its own; gives the process and the address that it prints."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [*PROGRAM, "review", str(case), "--port", "0", *map(str, options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )
    for line in process.stdout:
        if found := re.search(r"https?://\S+", line):
            return process, found[0]
    raise AssertionError("the program ended")


def test_the_program_serves_until_it_is_stopped_and_says_where(case, kit, pair):
    import httpx

    process, address = started(case, "--tls-cert", pair[0], "--tls-key", pair[1])
    try:
        with httpx.Client(verify=ssl.create_default_context(cafile=str(pair[0]))) as http:
            answer = http.get(address + "sign-in")
        assert answer.status_code == 200
        assert "Secure" in answer.headers["set-cookie"]
    finally:
        process.terminate()
        assert process.wait(20) is not None
        process.stdout.close()


def test_only_the_owner_of_the_files_may_read_them(case, perito):
    perito("review", case, "people", "list")
    for path in (case / "review").iterdir():
        assert path.stat().st_mode & 0o077 == 0, path
    assert (case / "review").stat().st_mode & 0o077 == 0
