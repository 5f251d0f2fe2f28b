"""Records in text files, numbered alike by the formats that read them and the locators that find them."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

CELL_LIMIT_BYTES = 131_072
_OPEN_RECORD_LIMIT_LINES = 1_000
_BOM = b"\xef\xbb\xbf"


def lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Each line with its number, from one, without its line end and without a byte-order mark."""
    for number, raw in enumerate(stream, start=1):
        line = raw.removeprefix(_BOM) if number == 1 else raw
        yield number, line.rstrip(b"\r\n")


def csv_records(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Each CSV record with its number (the header is zero), quoted line ends kept, blank lines passed over.

    A quote that is never closed would swallow the rest of the file. After a thousand lines the record
    that opened it is given out as it stands, its first line alone, and reading goes on with the next
    line: one damaged record costs one record.
    """
    number, pending = 0, _Lines(stream)
    while (record := _next_record(pending)) is not None:
        if record:
            yield number, record
            number += 1


class _Lines:
    """Lines of a stream that can be taken back."""

    def __init__(self, stream: BinaryIO) -> None:
        self._source = iter(stream)
        self._returned: list[bytes] = []
        self._is_first = True

    def take(self) -> bytes | None:
        if self._returned:
            return self._returned.pop()
        line = next(self._source, None)
        if line is not None and self._is_first:
            line, self._is_first = line.removeprefix(_BOM), False
        return line

    def give_back(self, taken: list[bytes]) -> None:
        self._returned.extend(reversed(taken))


def _next_record(source: _Lines) -> bytes | None:
    first = source.take()
    if first is None:
        return None
    taken, is_open = [first], _leaves_open(first, is_open=False)
    while is_open and len(taken) < _OPEN_RECORD_LIMIT_LINES:
        line = source.take()
        if line is None:
            break
        taken.append(line)
        is_open = _leaves_open(line, is_open=True)
    if is_open:
        source.give_back(taken[1:])
        taken = taken[:1]
    return b"".join(taken).rstrip(b"\r\n")


def _leaves_open(line: bytes, *, is_open: bool) -> bool:
    """Whether a quoted cell is still open at the end of a line. A quote opens a cell only at its start."""
    at = 0
    while True:
        if is_open:
            at = line.find(b'"', at)
            if at < 0:
                return True
            is_open = line[at + 1 : at + 2] == b'"'  # a doubled quote is a quote within the cell
            at += 2 if is_open else 1
        elif at == 0 and line.startswith(b'"'):
            is_open, at = True, 1
        else:
            at = line.find(b',"', at)
            if at < 0:
                return False
            is_open, at = True, at + 2
