"""From a locator back to the bytes."""

from __future__ import annotations

import json
import math
from contextlib import ExitStack
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from perito.errors import LocatorError, Missing, nearest
from perito.evidence.archive import HEAD_BYTES, Archive, Refusal, kind_of, working_copy
from perito.evidence.locator import Locator
from perito.evidence.media_type import JSON, NDJSON, PARQUET, media_type_of
from perito.evidence.names import shown_name
from perito.evidence.pointer import element, json_text, read_json
from perito.evidence.records import csv_records, lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

    from perito.evidence.entries import Limits
    from perito.evidence.items import Item
    from perito.evidence.store import Store


def resolve(store: Store, evidence_id: str, locator: Locator | str) -> bytes:
    r"""The bytes to which a locator leads in a sealed item.

    A line, a CSV record and a span come out as they are in the item, without the line end. What a JSON
    pointer leads to comes out as canonical JSON (keys in order, no spaces, numbers as written), and so
    does an element of a JSON array. A Parquet row has no bytes of its own: it comes out as a JSON object
    by column, times as ISO 8601 (nanoseconds as whole numbers), decimals as text, bytes as hexadecimal.

    Raises:
        LocatorError: It leads nowhere; item and locator are named.
        Missing: There is no such item.
        SealBroken: The bytes are not those that were sealed.

    Example:
        >>> import pathlib, tempfile
        >>> from perito.evidence.store import Store
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     source = pathlib.Path(folder, "posts.jsonl")
        ...     _ = source.write_bytes(b'{"data":[1,{"id":"7"}]}\n')
        ...     store = Store(pathlib.Path(folder, "evidence"))
        ...     resolve(store, store.add(source).evidence_id, "line=1#/data/1")
        b'{"id":"7"}'
    """
    item = store.item(evidence_id)
    try:
        place = Locator.parse(locator) if isinstance(locator, str) else locator
        return _resolved(store, item, place)
    except LocatorError as fault:
        raise LocatorError(
            fault.what,
            where=f"{evidence_id} ({item.shown_path}), locator '{locator}'",
            expected=fault.expected,
            found=fault.found,
            remedy=fault.remedy,
        ) from fault


def _resolved(store: Store, item: Item, place: Locator) -> bytes:
    with ExitStack() as opened:
        stream: BinaryIO = opened.enter_context(store.get(item.evidence_id))
        name = item.path
        for depth, step in enumerate(place.steps, start=1):
            stream, name = _inside(stream, name, step, depth, store.limits)
            opened.enter_context(stream)
        return _at(stream, name, place, None if place.steps else item.media_type)


def line_of(stream: BinaryIO, number: int) -> bytes:
    r"""The line of that number, counted from one, without its line end and a byte-order mark.

    Raises:
        LocatorError: There are fewer lines.

    Example:
        >>> import io
        >>> line_of(io.BytesIO(b"one\r\ntwo\n"), 1)
        b'one'
    """
    return _nth((line for _, line in lines(stream)), number, "line")


def csv_record(stream: BinaryIO, number: int) -> bytes:
    r"""The CSV record of that number, counted from one (0 is the header), with the line ends that it quotes.

    Raises:
        LocatorError: There are fewer records.

    Example:
        >>> import io
        >>> csv_record(io.BytesIO(b'id,text\n1,"a\nb"\n2,c\n'), 1)
        b'1,"a\nb"'
    """
    return _nth((record for _, record in csv_records(stream)), number + 1, "row")


def _nth(parts: Iterable[bytes], number: int, word: str) -> bytes:
    found = next(islice(parts, number - 1, None), None)
    if found is None:
        raise LocatorError(f"there is no such {word}")
    return found


def _inside(stream: BinaryIO, name: str, step: str | int, depth: int, limits: Limits) -> tuple[BinaryIO, str]:
    """A member of the archive in the stream, and its name."""
    if depth > limits.nesting:
        raise LocatorError("the locator leads too deep", expected=f"at most {limits.nesting} archives")
    kind = kind_of(stream, name)
    if kind is None:
        raise LocatorError(f"'{shown_name(name)}' is no archive: it has no members")
    archive = Archive(stream, kind, stream.seek(0, 2), limits)
    position, member_name = _position(archive, step)
    member = working_copy()
    try:
        archive.copy_member(position, member)
    except Missing as fault:
        member.close()
        raise LocatorError(
            f"the member '{shown_name(member_name)}' cannot be read", found=fault.found
        ) from fault
    member.seek(0)
    return member, member_name


def _position(archive: Archive, step: str | int) -> tuple[int, str]:
    every = archive.listing()
    meant = [one for one in every if step in (one.name, one.position)]
    if not meant:
        raise LocatorError(
            f"the archive has no member '{shown_name(str(step))}'",
            remedy=nearest(str(step), {shown_name(one.name) for one in every}),
        )
    if len(meant) > 1:
        positions = ", ".join(f"entry={one.position}" for one in meant)
        raise LocatorError(
            f"{len(meant)} members are named '{shown_name(str(step))}'", remedy=f"say which: {positions}"
        )
    if isinstance(meant[0], Refusal):
        raise LocatorError(f"the member '{shown_name(meant[0].name)}' was refused: {meant[0].reason}")
    return meant[0].position, meant[0].name


def _at(stream: BinaryIO, name: str, place: Locator, stated_type: str | None) -> bytes:
    if place.span is not None:
        return _span(stream, *place.span)
    if place.row is not None:
        return _row(stream, stated_type or _guessed_type(stream, name), place.row, place.pointer)
    raw = stream.read() if place.line is None else line_of(stream, place.line)
    return raw if place.pointer is None else json_text(element(read_json(raw), place.pointer))


def _span(stream: BinaryIO, first: int, last: int) -> bytes:
    size = stream.seek(0, 2)
    if last >= size:
        raise LocatorError("the bytes reach beyond the end", expected=f"at most {size - 1}", found=str(last))
    stream.seek(first)
    return stream.read(last - first + 1)


def _guessed_type(stream: BinaryIO, name: str) -> str:
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    return media_type_of(name, head)


def _row(stream: BinaryIO, media_type: str, number: int, pointer: str | None) -> bytes:
    if media_type in (JSON, NDJSON, PARQUET):
        if number == 0:
            raise LocatorError("only a CSV file has a header, row 0")
        raw = {JSON: _array_element, NDJSON: _filled_line, PARQUET: _parquet_row}[media_type](stream, number)
        return raw if pointer is None else json_text(element(read_json(raw), pointer))
    if pointer is not None:
        raise LocatorError("a CSV record has no JSON in it to point at", remedy="leave out the pointer")
    return csv_record(stream, number)


def _array_element(stream: BinaryIO, number: int) -> bytes:
    return json_text(element(read_json(stream.read()), f"/{number - 1}"))


def _filled_line(stream: BinaryIO, number: int) -> bytes:
    return _nth((line for _, line in lines(stream) if line.strip()), number, "row")


def _parquet_row(stream: BinaryIO, number: int) -> bytes:
    # Imported where it is needed: `perito show` of a text file must not pay for it.
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.PythonFile(stream, mode="r"))
        for batch in file.iter_batches():
            if number <= batch.num_rows:
                return _row_as_json(batch.slice(number - 1, 1))
            number -= batch.num_rows
    except (pa.ArrowException, OSError, ValueError) as fault:
        raise LocatorError(
            "the Parquet file cannot be read", found=str(fault).splitlines()[0][:160]
        ) from fault
    raise LocatorError("there is no such row")


def _row_as_json(batch: pa.RecordBatch) -> bytes:
    cells = {name: _plain(_value(batch.column(at))) for at, name in enumerate(batch.schema.names)}
    return json.dumps(cells, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def _value(column: pa.Array) -> Any:  # noqa: ANN401  (a cell is anything)
    import pyarrow as pa

    if pa.types.is_temporal(column.type) and getattr(column.type, "unit", "") == "ns":
        column = column.cast(pa.int64())  # Python's times have no nanoseconds
    return column[0].as_py()


def _plain(value: Any) -> Any:  # noqa: ANN401  (a cell is anything)
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, Decimal | timedelta) or (isinstance(value, float) and not math.isfinite(value)):
        return str(value)
    return value
