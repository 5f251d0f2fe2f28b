"""Records that no reader should meet: each costs itself, keeps its place, and the run goes on."""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from perito.errors import LocatorError, Malformed
from perito.evidence.pointer import json_text, read_json
from perito.formats import SourceItem
from perito.formats import parquet as parquet_format

GOOD = b'{"study": "s", "kind": "count", "class": "c", "value": 7}'
HOSTILE_LINES = {
    "100,000 levels": b"[" * 100_000,
    "100,000 levels, closed": b'{"study":' * 100_000 + b"1" + b"}" * 100_000,
    "NaN": GOOD.replace(b"7", b"NaN"),
    "Infinity": GOOD.replace(b"7", b"-Infinity"),
    "a key twice": GOOD.replace(b"{", b'{"value": 1, '),
    "half a surrogate pair": GOOD.replace(b'"c"', b'"\\ud83d"'),
    "half a surrogate pair in bytes": GOOD.replace(b'"c"', b'"\xed\xa0\xbd"'),
    "5,000 digits": GOOD.replace(b"7", b"7" * 5000),
    "5,000 digits in a fraction": GOOD.replace(b"7", b"7." + b"7" * 5000),
    "an exponent without end": GOOD.replace(b"7", b"7e999999999"),
    "NUL": GOOD.replace(b'"c"', b'"c\\u0000"'),
    "another encoding": GOOD.replace(b'"c"', '"ñ"'.encode("latin-1")),
    "UTF-16": GOOD.decode().encode("utf-16").replace(b"\n", b""),
}


def test_each_hostile_line_is_one_reject_with_its_place_and_all_others_are_read(perito, case_with):
    lines = [line for hostile in HOSTILE_LINES.values() for line in (GOOD, hostile)]
    case = case_with(b"\n".join(lines) + b"\n")
    said = perito("run", case, "--json")
    assert said.code == 0, said.err
    rejects = pq.read_table(case / "tables" / "rejects.parquet").to_pylist()
    assert {row["locator"] for row in rejects} == {f"line={at}" for at in range(2, len(lines) + 1, 2)}
    assert len(rejects) == len(HOSTILE_LINES)
    assert all(row["reason"] for row in rejects)
    assert pq.read_metadata(case / "tables" / "counts.parquet").num_rows == len(HOSTILE_LINES)
    assert perito("verify", case, "--quiet").code == 0


@pytest.mark.parametrize("name", HOSTILE_LINES)
def test_a_hostile_line_is_shown_as_it_is_and_a_pointer_into_it_never_breaks_the_program(
    name, perito, case_with
):
    case = case_with(GOOD + b"\n" + HOSTILE_LINES[name] + b"\n")
    assert perito("run", case, "--quiet").code == 0
    assert perito("show", case, "sources/export.jsonl", "line=2").code == 0
    pointed = perito("show", case, "sources/export.jsonl", "line=2#/value")
    assert pointed.code in (0, 2)
    assert len(pointed.err.splitlines()) == pointed.code // 2


@pytest.mark.parametrize("levels", [400, 600, 900, 2_000, 100_000])
def test_any_depth_of_json_is_printed_or_refused_by_name(levels):
    raw = b"[" * levels + b"]" * levels
    try:
        assert json_text(read_json(raw)) == raw
    except LocatorError as error:
        assert "nested too deep" in str(error)  # noqa: PT017  (either way out is right)


def test_a_column_name_without_end_is_an_error_of_one_short_line(perito, case_with):
    said = perito("run", case_with(b"[" * 100_000 + b"\n1\n"))
    assert (said.code, len(said.err.splitlines())) == (2, 1)
    assert len(said.err) < 1_000


# --- Parquet -----------------------------------------------------------------------------------------


def item(content: bytes) -> SourceItem:
    return SourceItem("sha256:" + "a" * 64, "export.parquet", lambda: io.BytesIO(content), None, 0)


def parquet(*parts: pa.Table) -> bytes:
    out = io.BytesIO()
    with pq.ParquetWriter(out, parts[0].schema, compression="zstd") as writer:
        for part in parts:
            writer.write_table(part)
    return out.getvalue()


def test_kilobytes_of_parquet_that_would_fill_the_memory_are_refused_at_the_budget():
    """A text of a megabyte, a million times, in three kilobytes."""
    million = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int32()), ["x" * 1_000_000])
    content = parquet(pa.table({"text": million}))
    assert len(content) < 10_000
    with pytest.raises(Malformed, match="budget"):
        parquet_format.read_parquet(item(content))


def test_rows_are_counted_until_the_budget_is_spent_and_no_further(monkeypatch):
    part = pa.table({"value": pa.array([7] * 100_000)})
    content = parquet(*[part] * 5)
    assert parquet_format.read_parquet(item(content)).num_rows == 500_000
    monkeypatch.setattr(parquet_format, "ROWS_BYTES_LIMIT", 3_000_000)
    with pytest.raises(Malformed, match="budget"):
        parquet_format.read_parquet(item(content))


GARBAGE = {
    "nothing but the magic": b"PAR1" + b"PAR1",
    "noise between the magics": b"PAR1" + bytes(range(256)) * 8 + b"PAR1",
    "cut in half": None,
    "a footer longer than the file": b"PAR1" + b"\xff\xff\xff\x7f" + b"PAR1",
}


@pytest.mark.parametrize("name", GARBAGE)
def test_a_damaged_parquet_file_is_an_error_that_names_the_item(name, perito, case_with):
    whole = parquet(pa.table({"study": ["s"] * 999, "kind": ["count"] * 999}))
    case = case_with(GARBAGE[name] or whole[: len(whole) // 2], "export.parquet")
    said = perito("run", case)
    assert said.code == 2
    assert "sources/export.parquet" in said.err
    assert len(said.err.splitlines()) == 1


def test_a_damaged_file_among_whole_ones_is_named_and_the_seals_of_all_hold(perito, case_with, tmp_path):
    case = case_with(GOOD + b"\n")
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes(GARBAGE["noise between the magics"])
    assert perito("add", case, damaged, "--format", "table:counts").code == 0
    assert "damaged.parquet" in perito("run", case).err
    assert perito("check", case).code == 0


def test_the_numbers_of_a_line_that_was_kept_are_exact(perito, case_with):
    case = case_with(GOOD.replace(b"7", b"9007199254740993") + b"\n")
    assert perito("run", case, "--quiet").code == 0
    shown = perito("show", case, "sources/export.jsonl", "line=1#/value")
    assert json.loads(shown.out) == 9007199254740993
