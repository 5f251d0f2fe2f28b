"""Tables of hashes as `perito match hash` writes them, CSV or Parquet: written, and read again as queries."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from perito.errors import CaseError, Missing
from perito.evidence.spreadsheet import safe_cell
from perito.match.sources import HASHED

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

_NEEDED = ("id", "pdq", "pdq_quality")
_MOST_QUALITY = 100


def write_hashes(table: pa.Table, out: Path) -> None:
    """The table of `match hash` as CSV (texts that a spreadsheet would run are marked), or as Parquet.

    Raises:
        CaseError: The file cannot be written.
    """
    try:
        if out.suffix == ".parquet":
            import pyarrow.parquet as pq

            pq.write_table(table, out)
        else:
            out.write_text(_csv(table), "utf-8")
    except OSError as fault:
        raise CaseError("the file cannot be written", where=str(out), found=str(fault)) from fault


def hash_rows(source: Path) -> list[dict[str, Any]] | None:
    """The rows of a table of hashes; None where the source is something else (pictures).

    Raises:
        Missing: There is no such file.
        CaseError: A CSV without the columns, or a quality that is no number from 0 to 100.
    """
    if source.suffix == ".csv":
        return _of_csv(source)
    if source.suffix == ".parquet" and source.is_file():
        return _of_parquet(source)
    return None


def _csv(table: pa.Table) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.column_names)
    for row in table.to_pylist():
        writer.writerow(["" if value is None else safe_cell(str(value)) for value in row.values()])
    return text.getvalue()


def _of_csv(file: Path) -> list[dict[str, Any]]:
    if not file.is_file():
        raise Missing("there is no such file", where=str(file))
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            _require(file, list(reader.fieldnames or ()))
            rows = [{name: row.get(name) or None for name in HASHED.names} for row in reader]
    except (UnicodeDecodeError, csv.Error) as fault:
        raise CaseError("the file is no CSV in UTF-8", where=str(file), found=str(fault)[:200]) from fault
    return [{**row, "pdq_quality": _quality(file, at, row)} for at, row in enumerate(rows, start=1)]


def _of_parquet(file: Path) -> list[dict[str, Any]] | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        held = pq.ParquetFile(file)
    except pa.ArrowInvalid as fault:
        raise CaseError("the file is no Parquet", where=str(file), found=str(fault)[:200]) from fault
    names = held.schema_arrow.names
    if "pdq" not in names or "bytes" in names:
        return None
    _require(file, names)
    rows = held.read([name for name in HASHED.names if name in names]).to_pylist()
    absent = dict.fromkeys(HASHED.names)
    return [
        {**absent, **row, "id": str(row["id"]), "pdq_quality": _quality(file, at, row)}
        for at, row in enumerate(rows, start=1)
    ]


def _require(file: Path, names: list[str]) -> None:
    if not set(_NEEDED) <= set(names):
        raise CaseError(
            "the file holds no hashes of 'perito match hash'", where=str(file),
            expected=", ".join(HASHED.names), found=", ".join(names)[:200],
        )  # fmt: skip


def _quality(file: Path, at: int, row: dict[str, Any]) -> int | None:
    given = row["pdq_quality"]
    if given is None:
        return None
    text = str(given)
    if not (text.isascii() and text.isdigit() and int(text) <= _MOST_QUALITY):
        raise CaseError("a quality is no number from 0 to 100", where=f"{file} row={at}", found=text[:40])
    return int(text)
