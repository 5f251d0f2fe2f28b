"""Starting the server: on this machine by default, and elsewhere only with TLS."""

from __future__ import annotations

import ipaddress
import ssl
from typing import TYPE_CHECKING

from perito.errors import CaseError
from perito.web.app import create_app
from perito.web.desk import Desk

if TYPE_CHECKING:
    from pathlib import Path

    import uvicorn

    from perito.web.review import Review

_LOCAL = frozenset({"127.0.0.1", "localhost", "[::1]"})


def is_loopback(host: str) -> bool:
    """Whether an address leads to this machine alone.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0")
        (True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def server(
    review: Review,
    language: str,
    host: str = "127.0.0.1",
    port: int = 8400,
    tls: tuple[Path, Path] | None = None,
) -> uvicorn.Server:
    """The server of a review, not started yet.

    Args:
        review: The review; closed when the server stops.
        language: The language of a visitor who chose none.
        host: The address to listen on.
        port: The port.
        tls: Certificate and key, needed on every address but this machine's own.

    Raises:
        CaseError: Another address without TLS, or a certificate that does not fit its key.
    """
    import uvicorn

    check_address(host, tls)
    shown = f"[{host}]" if ":" in host else host
    desk = Desk(review, language, hosts=_LOCAL | _names(shown, tls), is_secure=tls is not None)
    cert, key = (None, None) if tls is None else (str(tls[0]), str(tls[1]))
    config = uvicorn.Config(
        create_app(desk), host=host, port=port, ssl_certfile=cert, ssl_keyfile=key, log_level="warning",
        access_log=False, server_header=False, proxy_headers=False, lifespan="on", ws="none",
    )  # fmt: skip
    return uvicorn.Server(config)


def check_address(host: str, tls: tuple[Path, Path] | None) -> None:
    """Refuse an address that others reach without TLS, and a certificate that cannot be used.

    Raises:
        CaseError: Saying which.

    Example:
        >>> check_address("127.0.0.1", None)
    """
    if tls is None and not is_loopback(host):
        raise CaseError(
            "labels and pictures may not cross a network in the clear", where=f"--host {host}",
            remedy="give --tls-cert and --tls-key, or leave --host out to serve this machine only",
        )  # fmt: skip
    if tls is not None:
        _check_pair(*tls)


def _check_pair(cert: Path, key: Path) -> None:
    for path, option in ((cert, "--tls-cert"), (key, "--tls-key")):
        if not path.is_file():
            raise CaseError("there is no such file", where=f"{option} {path}")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
    except (ssl.SSLError, ValueError) as error:
        raise CaseError(
            "the certificate and the key cannot be used", where=f"--tls-cert {cert}", found=str(error)
        ) from None


def _names(host: str, tls: tuple[Path, Path] | None) -> frozenset[str]:
    """The names under which the server may be addressed: the host's, and those in the certificate."""
    if tls is None:
        return frozenset({host})
    from cryptography import x509

    names = {host}
    certificate = x509.load_pem_x509_certificate(tls[0].read_bytes())
    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset(names)
    names |= set(alternatives.get_values_for_type(x509.DNSName))
    addresses = alternatives.get_values_for_type(x509.IPAddress)
    names |= {f"[{address}]" if ":" in str(address) else str(address) for address in addresses}
    return frozenset(names)
