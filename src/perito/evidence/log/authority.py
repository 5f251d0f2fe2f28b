"""The one place that speaks to a time authority over the network, at the address that the user named."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from perito.errors import CaseError, EvidenceError

if TYPE_CHECKING:
    from email.message import Message
    from typing import IO

RESPONSE_BYTES_MAX = 1_000_000
_QUERY_TYPE = "application/timestamp-query"


def ask(url: str, query: bytes, timeout_s: float) -> bytes:
    """What the authority at that address answers (RFC 3161, 3.4).

    A redirection is refused: it leads to an address that nobody named.

    Raises:
        CaseError: The address is not one of `http` or `https`.
        EvidenceError: No answer within the time, or another one than 200.
    """
    if not _is_web_address(url):
        raise CaseError("this is no address of a time authority", where=url, expected="http:// or https://")
    request = urllib.request.Request(url, data=query, headers={"Content-Type": _QUERY_TYPE})  # noqa: S310
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=timeout_s) as answer:
            data = bytes(answer.read(RESPONSE_BYTES_MAX + 1))
    except (OSError, http.client.HTTPException, ValueError) as fault:
        raise _unanswered(url, str(fault)) from fault
    if len(data) > RESPONSE_BYTES_MAX:
        raise _unanswered(url, f"more than {RESPONSE_BYTES_MAX} bytes")
    return data


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,  # noqa: ARG002  (the signature is that of the library)
        headers: Message,
        newurl: str,
    ) -> None:
        raise urllib.error.HTTPError(req.full_url, code, f"redirected to {newurl}", headers, fp)


def _is_web_address(url: str) -> bool:
    try:
        return urlsplit(url).scheme in {"http", "https"}
    except ValueError:
        return False


def _unanswered(url: str, found: str) -> EvidenceError:
    return EvidenceError(
        "the time authority did not answer",
        where=url,
        expected="status 200 and a time-stamp response",
        found=found,
        remedy="the checkpoint stays unstamped; ask again, ask another authority, or carry the query by hand",
    )
