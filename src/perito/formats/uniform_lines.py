r"""Flat JSON objects, one a line, that are written alike: read many at once, as strictly as one by one.

Programs write records one like the other: the same keys in the same order with the same punctuation, and
only the values differ. Such lines are cut at their quotes. What stands between the values must be, byte by
byte, what stands there in a line that was read strictly (the pattern); what stands in a value must be what
its column takes. A line for which this cannot be shown is left for the strict reader, and never repaired.

Why that is enough: in UTF-8 text without control characters, what a pair of quotes that no backslash
escapes encloses is the content of a JSON string, so such a line is the pattern with other values. Keys and
structure were checked with the pattern; escapes are read by the strict reader's own parser.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from perito.formats.delimited import RowFault
from perito.formats.json_lines import BYTES_LIMIT, parse
from perito.formats.uniform_values import read_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from perito.schema import Column

Positions = np.ndarray[Any, np.dtype[np.int64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

PATTERNS_LIMIT = 12
"""How many patterns are tried on one block, before the rest of it is read line by line."""

_SAMPLE_LINES = 32
_FEWEST_LINES = 16
_LITERAL = re.compile(rb"( *: *)([^\s\",:{}\[\]]+)( *[,}] *)")
_NEWLINE, _RETURN, _QUOTE, _BACKSLASH, _FIRST_PRINTABLE = 10, 13, 34, 92, 0x20


@dataclass(frozen=True)
class Uniform:
    """Rows of lines that were written alike: which lines of the block, and their values by column."""

    lines: Positions
    data: pa.Table


@dataclass(frozen=True)
class _Slot:
    """Where a value stands: after which quote of the line, before which, and how far from them."""

    key: str
    is_string: bool
    after: int
    after_bytes: int
    before: int
    before_bytes: int


@dataclass(frozen=True)
class _Pattern:
    """A line without its values: the texts between them (one more than values), and where the values are.

    Values that seem to be the same in all lines belong to the texts between; `constants` says what they are.
    """

    separators: tuple[bytes, ...]
    slots: tuple[_Slot, ...]
    constants: Mapping[str, pa.Scalar]


class _Block:
    """The lines of a block and the quotes in them; positions are bytes from its start."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.bytes = np.frombuffer(raw, np.uint8)
        self.ends = np.flatnonzero(self.bytes == _NEWLINE)
        self.newlines = len(self.ends)
        if not raw.endswith(b"\n"):
            self.ends = np.append(self.ends, len(raw))
        self.starts = np.concatenate((np.zeros(1, np.int64), self.ends[:-1] + 1))
        self.quotes, backslashes = self._quotes_and_backslashes()
        self.first_quote = np.searchsorted(self.quotes, self.starts)
        self.quote_count = np.diff(np.append(self.first_quote, len(self.quotes)))
        self.has_escape = np.zeros(len(self.ends), np.bool_)
        self.has_escape[np.searchsorted(self.ends, backslashes)] = True

    def _quotes_and_backslashes(self) -> tuple[Positions, Positions]:
        """The quotes that begin or end a string, and every backslash."""
        quotes = np.flatnonzero(self.bytes == _QUOTE)
        if _BACKSLASH not in self.raw:
            return quotes, np.empty(0, np.int64)
        backslashes = np.flatnonzero(self.bytes == _BACKSLASH)
        breaks = np.flatnonzero(np.diff(backslashes) != 1)
        run_starts = backslashes[np.concatenate(([0], breaks + 1))]
        run_ends = backslashes[np.append(breaks, len(backslashes) - 1)]
        escaped = run_ends[(run_ends - run_starts) % 2 == 0] + 1
        return quotes[~np.isin(quotes, escaped)], backslashes

    def is_plain(self) -> bool:
        """Whether the block is UTF-8 and has no control character but line ends."""
        if int(np.count_nonzero(self.bytes < _FIRST_PRINTABLE)) != self.newlines:
            return False
        whole = pa.py_buffer(np.array([0, len(self.raw)], np.int32))
        try:
            pa.StringArray.from_buffers(1, whole, pa.py_buffer(self.raw)).validate(full=True)
        except pa.ArrowInvalid:
            return False
        return True


def uniform_lines(
    raw: bytes, columns: Mapping[str, Column], typed: Callable[[Column, object], object]
) -> tuple[list[Uniform], Positions]:
    r"""Rows of the lines of a block that are written alike, and the numbers of all others, from 0.

    Args:
        raw: The bytes of whole lines.
        columns: The columns that a line may fill, by name.
        typed: The strict reading of one value; raises `RowFault`.

    Example:
        >>> from perito.schema import table
        >>> columns = {column.name: column for column in table("rejects").columns}
        >>> found, left = uniform_lines(b'{"reason":"a"}\n{"reason":"b"}\n{"reason":5}\n', columns, None)
        >>> (found[0].data.to_pylist(), left.tolist())
        ([{'reason': 'a'}, {'reason': 'b'}], [2])
    """
    if _RETURN in raw:
        raw = raw.replace(b"\r\n", b"\n")  # the strict reader strips the end of a line, too
    block = _Block(raw)
    every = np.arange(len(block.ends))
    if not block.is_plain():
        return [], every
    found: list[Uniform] = []
    left = np.ones(len(every), np.bool_)
    tries = PATTERNS_LIMIT
    candidates = np.flatnonzero((block.quote_count > 0) & (block.ends - block.starts <= BYTES_LIMIT))
    while len(candidates) and tries:
        tries -= 1
        first = int(candidates[0])
        alike = candidates[block.quote_count[candidates] == block.quote_count[first]]
        pattern = _pattern(block, alike, columns, typed)
        rows = None if pattern is None else _rows(block, pattern, alike, columns, typed)
        if rows is None or not len(rows.lines):
            candidates = candidates[1:]
            continue
        found.append(rows)
        left[rows.lines] = False
        candidates = candidates[left[candidates] & (candidates != first)]
    return found, every[left]


def _pattern(
    block: _Block,
    lines: Positions,
    columns: Mapping[str, Column],
    typed: Callable[[Column, object], object],
) -> _Pattern | None:
    """The pattern of the first line; None where it is not flat, or holds what its columns cannot take.

    The other lines, of which a few are looked at, only tell which values vary.
    """
    line = int(lines[0])
    start, end = int(block.starts[line]), int(block.ends[line])
    first = int(block.first_quote[line])
    quotes = (block.quotes[first : first + int(block.quote_count[line])] - start).tolist()
    text = block.raw[start:end]
    slots = list(_slots(text, quotes))
    keys = [slot.key for slot in slots]
    try:
        value = parse(text)
    except RowFault:
        return None
    if (
        not isinstance(value, dict)
        or list(value) != keys
        or not slots
        or not all(_takes(columns.get(slot.key), value[slot.key]) for slot in slots)
    ):
        return None
    constants = _constants(block, slots, lines[:: max(1, len(lines) // _SAMPLE_LINES)], columns, typed)
    varying = [slot for slot in slots if slot.key not in constants]
    bounds = [0, *(at for slot in varying for at in _bounds(slot, quotes, len(text))), len(text)]
    separators = tuple(text[bounds[at] : bounds[at + 1]] for at in range(0, len(bounds), 2))
    is_plain = all(b"\\" not in separator for separator in separators)
    return _Pattern(separators, tuple(varying), constants) if is_plain else None


def _constants(
    block: _Block,
    slots: list[_Slot],
    lines: Positions,
    columns: Mapping[str, Column],
    typed: Callable[[Column, object], object],
) -> dict[str, pa.Scalar]:
    """The values that are the same in all these lines, by key."""
    constants: dict[str, pa.Scalar] = {}
    if len(lines) < _FEWEST_LINES:
        return constants
    bounds = _all_bounds(block, slots, lines).tolist()
    for number, slot in enumerate(slots):
        texts = {block.raw[max(0, row[2 * number + 1]) : row[2 * number + 2]] for row in bounds}
        text = texts.pop()
        if texts or b"\\" in text:
            continue
        is_read = np.ones(1, np.bool_)
        value = read_values(
            columns[slot.key], pa.array([text.decode()]), is_read, typed, is_string=slot.is_string
        )
        if is_read.all():
            constants[slot.key] = value[0]
    return constants


def _takes(column: Column | None, value: object) -> bool:
    """Whether a column can take values of this JSON type."""
    if column is None or column.type.startswith("decimal") or isinstance(value, dict | list):
        return False
    return column.type != "text" or value is None or isinstance(value, str)


def _slots(text: bytes, quotes: list[int]) -> Iterator[_Slot]:
    """The values of a flat object; too few where it is not flat, which the caller notices."""
    at = 0
    while at + 1 < len(quotes):
        key = text[quotes[at] + 1 : quotes[at + 1]].decode()
        upto = quotes[at + 2] if at + 2 < len(quotes) else len(text)
        between = text[quotes[at + 1] + 1 : upto]
        literal = _LITERAL.fullmatch(between)
        if literal is not None:
            yield _Slot(key, False, at + 1, 1 + len(literal[1]), at + 2, len(literal[3]))
            at += 2
        elif between.strip(b" ") == b":" and at + 3 < len(quotes):
            yield _Slot(key, True, at + 2, 1, at + 3, 0)
            at += 4
        else:
            return


def _bounds(slot: _Slot, quotes: list[int], end: int) -> tuple[int, int]:
    before = quotes[slot.before] if slot.before < len(quotes) else end
    return quotes[slot.after] + slot.after_bytes, before - slot.before_bytes


def _rows(
    block: _Block,
    pattern: _Pattern,
    lines: Positions,
    columns: Mapping[str, Column],
    typed: Callable[[Column, object], object],
) -> Uniform | None:
    """The rows of those lines that are the pattern with other values."""
    bounds = _all_bounds(block, pattern.slots, lines)
    lengths = np.diff(bounds, axis=1)
    least = np.array([0 if slot.is_string else 1 for slot in pattern.slots])
    is_fit = (lengths[:, ::2] == np.array([len(text) for text in pattern.separators])).all(axis=1)
    is_fit &= (lengths[:, 1::2] >= least).all(axis=1)
    if not is_fit.all():
        lines, bounds = lines[is_fit], bounds[is_fit]
    if not len(lines):
        return None
    pieces = _pieces(block, bounds)
    width = bounds.shape[1]
    is_same = _same_separators(pieces, pattern, len(lines), width)
    at = np.flatnonzero(is_same)
    lines = lines[at]
    arrays = {name: pa.repeat(value, len(at)) for name, value in pattern.constants.items()}
    is_read = np.ones(len(at), np.bool_)
    has_escape = block.has_escape[lines]
    for number, slot in enumerate(pattern.slots):
        texts = pieces.take(pa.array(at * width + (2 * number + 1)))
        column = columns[slot.key]
        if slot.is_string and has_escape.any():
            texts = _unescaped(texts, is_read)
        arrays[slot.key] = read_values(column, texts, is_read, typed, is_string=slot.is_string)
    data = pa.table(arrays)
    if not is_read.all():
        return Uniform(lines[is_read], data.filter(pa.array(is_read)))
    return Uniform(lines, data)


def _all_bounds(block: _Block, slots: Sequence[_Slot], lines: Positions) -> Positions:
    """For each line its start, the start and end of each value, and its end."""
    bounds = np.empty((len(lines), 2 * len(slots) + 2), np.int64)
    first = block.first_quote[lines]
    last_quote = int(block.quote_count[lines[0]])
    bounds[:, 0], bounds[:, -1] = block.starts[lines], block.ends[lines]
    for number, slot in enumerate(slots):
        bounds[:, 2 * number + 1] = block.quotes[first + slot.after] + slot.after_bytes
        ends = block.quotes[first + slot.before] if slot.before < last_quote else bounds[:, -1]
        bounds[:, 2 * number + 2] = ends - slot.before_bytes
    return bounds


def _pieces(block: _Block, bounds: Positions) -> pa.StringArray:
    """The block cut at the bounds of each line, without a copy; after each line comes a gap to the next."""
    offsets = np.append(bounds.ravel(), bounds[-1, -1]).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(block.raw)]
    return pa.StringArray.from_buffers(len(offsets) - 1, buffers[1], buffers[2])


def _same_separators(pieces: pa.StringArray, pattern: _Pattern, lines: int, width: int) -> Mask:
    at = (np.arange(lines) * width)[:, None] + np.arange(0, width, 2)
    together = pieces.take(pa.array(at.ravel()))
    expected = np.frombuffer(b"".join(pattern.separators), np.uint8)
    given = np.frombuffer(together.buffers()[2], np.uint8)[: lines * len(expected)]
    same: Mask = (given.reshape(lines, len(expected)) == expected).all(axis=1)
    return same


def _unescaped(texts: pa.StringArray, is_read: Mask) -> pa.StringArray:
    """The texts with their escapes read, all in one go; if one of them cannot be read, none is taken."""
    has_escape = pc.match_substring(texts, "\\")
    escaped = texts.filter(has_escape)
    if not len(escaped):
        return texts
    mask = has_escape.to_numpy(zero_copy_only=False)
    try:
        read = orjson.loads('["' + '","'.join(escaped.to_pylist()) + '"]')
    except orjson.JSONDecodeError:
        is_read &= ~mask
        return texts
    is_read[mask] &= np.array(["\0" not in text for text in read])
    return pc.replace_with_mask(texts, has_escape, pa.array(read, pa.string()))
