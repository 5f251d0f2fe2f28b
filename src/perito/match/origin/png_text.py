"""The texts of a PNG file (tEXt, zTXt, iTXt), read within limits, and what generators leave in them.

Format: W3C PNG specification, third edition, section 11.3.3. Chunk checksums are not judged here.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING

from perito.errors import Malformed
from perito.match.origin.model import Declaration, words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHUNKS = 100_000
_TEXT_BYTES = 1 << 24
_KEYWORD_BYTES = 79
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")


def png_texts(stream: BinaryIO, where: str) -> dict[str, bytes]:
    """The texts by keyword; of a keyword that occurs twice, the first.

    Raises:
        Malformed: No PNG, a chunk beyond the end, a text that cannot be unpacked, or more than the limits.
    """
    if stream.read(len(_SIGNATURE)) != _SIGNATURE:
        raise Malformed("no PNG file", where=where)
    found: dict[str, bytes] = {}
    for _ in range(_CHUNKS):
        header = stream.read(8)
        if len(header) < 8 or header[4:] == b"IEND":  # noqa: PLR2004  (length and type, four bytes each)
            return found
        size, kind = int.from_bytes(header[:4], "big"), header[4:]
        if kind not in _TEXTS:
            stream.seek(size + 4, 1)
            continue
        if size > _TEXT_BYTES:
            raise _too_large(where, size)
        data = stream.read(size)
        stream.seek(4, 1)
        if len(data) < size:
            raise Malformed(
                "the PNG ends within a text", where=where, expected=f"{size} bytes", found=str(len(data))
            )
        keyword, text = _text_of(kind, data, where)
        found.setdefault(keyword, text)
    raise Malformed("the PNG has too many parts", where=where, expected=f"at most {_CHUNKS}")


def text_declarations(texts: Mapping[str, bytes]) -> list[Declaration]:
    """What generators leave: the keyword and a digest; prompts are not repeated, they may name people.

    Example:
        >>> [one.by for one in text_declarations({"parameters": b"a tree, Steps: 20"})]
        ['Stable Diffusion web UI']
    """
    known: Mapping[str, str] = words()["png_keywords"]
    return [
        Declaration(
            carrier="png_text",
            kind="generator_parameters",
            value=keyword,
            by=known[keyword],
            signer=None,
            integrity="unsigned",
            trust=None,
            place=keyword,
            digest=hashlib.sha256(text).hexdigest(),
        )
        for keyword, text in sorted(texts.items())
        if keyword in known
    ]


def _text_of(kind: bytes, data: bytes, where: str) -> tuple[str, bytes]:
    keyword, _, rest = data.partition(b"\0")
    if not 0 < len(keyword) <= _KEYWORD_BYTES:
        raise Malformed("a text of the PNG has no keyword", where=where)
    if kind == b"zTXt":
        rest = _unpacked(rest[1:], where)
    elif kind == b"iTXt":
        flag, rest = rest[:1], rest[2:]
        _language, _, rest = rest.partition(b"\0")
        _translated, _, rest = rest.partition(b"\0")
        rest = _unpacked(rest, where) if flag == b"\1" else rest
    return keyword.decode("latin-1"), rest


def _unpacked(data: bytes, where: str) -> bytes:
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(data, _TEXT_BYTES)
    except zlib.error as fault:
        raise Malformed("a text of the PNG cannot be unpacked", where=where, found=str(fault)) from fault
    if stream.unconsumed_tail:
        raise _too_large(where, _TEXT_BYTES + 1)
    return text


def _too_large(where: str, size: int) -> Malformed:
    return Malformed(
        "a text of the PNG is too large",
        where=where,
        expected=f"at most {_TEXT_BYTES} bytes",
        found=f"{size} or more",
    )
