"""Sealed bytes on stdout: exactly as they are for programs, and for eyes at a terminal without tricks.

Evidence is hostile: the bytes of an export may hold the control sequences of a terminal.
"""

from __future__ import annotations

import codecs
import sys
from itertools import chain
from typing import TYPE_CHECKING

from perito.errors import CaseError
from perito.evidence import shown_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_KEPT = "\n\t"


def write_bytes(blocks: Iterable[bytes]) -> None:
    """Blocks of bytes on stdout; on a terminal as text that is safe to look at.

    Raises:
        CaseError: Stdout is a terminal and the bytes are no text.
    """
    out = sys.stdout.buffer
    if not sys.stdout.isatty():
        for block in blocks:
            out.write(block)
        return
    for text in safe_text(blocks):
        out.write(text.encode())
    out.write(b"\n")


def safe_text(blocks: Iterable[bytes]) -> Iterator[str]:
    r"""The blocks as text in which everything but line ends and tabs that could deceive is a code point.

    Raises:
        CaseError: The first block holds a NUL: these bytes are no text.

    Example:
        >>> "".join(safe_text([b"red: \x1b[31m, caf\xc3", b"\xa9\n"]))
        'red: \\u001b[31m, café\n'
    """
    rest = iter(blocks)
    first = next(rest, b"")
    if b"\0" in first:
        raise CaseError("the bytes are no text", remedy="send them to a file with '> FILE'")
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    for block in chain([first], rest):
        yield _safe(decoder.decode(block))
    yield _safe(decoder.decode(b"", final=True))


def described(located: bytes) -> dict[str, str]:
    r"""Located bytes in JSON: `text` where they are UTF-8, else `hex`.

    Example:
        >>> described(b"caf\xc3\xa9"), described(b"\xff")
        ({'text': 'café'}, {'hex': 'ff'})
    """
    try:
        return {"text": located.decode("utf-8")}
    except UnicodeDecodeError:
        return {"hex": located.hex()}


def _safe(text: str) -> str:
    return "".join(c if c in _KEPT else shown_name(c) for c in text)
