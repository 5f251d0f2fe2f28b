"""NDJSON in blocks of whole lines, so that many lines can be looked at together."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from perito.formats.json_lines import BYTES_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK_BYTES = 1 << 21
_NEWLINE = 10


def line_blocks(
    stream: BinaryIO, block_bytes: int = BLOCK_BYTES, limit_bytes: int = BYTES_LIMIT
) -> Iterator[tuple[int, bytes]]:
    r"""The number of the first line and the bytes of each block; every block ends where a line does.

    Of a line above the limit only the beginning is given, as a block of its own, enough to see that it is
    too long.

    Example:
        >>> import io
        >>> list(line_blocks(io.BytesIO(b"ab\ncd\nef"), block_bytes=4))
        [(1, b'ab\n'), (2, b'cd\n'), (3, b'ef')]
    """
    number, begun = 1, b""
    while chunk := stream.read(block_bytes):
        block = begun + chunk if begun else chunk
        cut = block.rfind(b"\n") + 1
        if cut:
            whole, begun = block[:cut], block[cut:]
            yield number, whole
            number += int(np.count_nonzero(np.frombuffer(whole, np.uint8) == _NEWLINE))
        elif len(block) <= limit_bytes:
            begun = block
        else:
            yield number, block[: limit_bytes + 1]
            number, begun = number + 1, _after_line(stream, block_bytes)
    if begun:
        yield number, begun


def _after_line(stream: BinaryIO, block_bytes: int) -> bytes:
    """What was read of the next line while the rest of one that is too long was passed over."""
    while chunk := stream.read(block_bytes):
        at = chunk.find(b"\n")
        if at >= 0:
            return chunk[at + 1 :]
    return b""
