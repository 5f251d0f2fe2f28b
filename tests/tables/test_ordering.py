"""Rows of any number in canonical order, in bounded memory: the same order as the definition gives."""

import subprocess
import sys
from errno import ENOSPC
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import CaseError
from perito.evidence import Store
from perito.schema import table
from perito.schema.arrow import arrow_schema
from perito.tables import build_tables, open_tables, ordering, staging, tableset, write_tables, writing
from perito.tables.digest import canonical_digest, canonical_lines, canonical_order
from perito.tables.ordering import Limits, is_ordered
from perito.tables.staging import Staged, Staging

TAGS = table("tags")
SCHEMA = arrow_schema(TAGS)

ROWS = st.lists(
    st.fixed_dictionaries({
        "post_id": st.sampled_from(["x:1", "x:10", "x:2", "é", "\U0001f600", "\uffff", ""]),
        "kind": st.just("hashtag"),
        "position": st.none() | st.integers(-2, 3) | st.just(2**31 - 1),
        "value": st.sampled_from(["a", "b", 'a"', "a\n"]),
        "evidence_id": st.just("sha256:00"),
        "locator": st.sampled_from(["line=1", "line=10", "line=2"]),
    }),
    max_size=30,
)  # fmt: skip


def tags(rows) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def lines_of(batches) -> list[bytes]:
    return [line for batch in batches for line in canonical_lines(pa.Table.from_batches([batch]))]


@given(
    ROWS,
    st.lists(st.integers(0, 9), max_size=6),
    st.sampled_from([1, 2, 64]),
    st.sampled_from([1, 40, 10**6]),
)
def test_runs_merged_block_by_block_lie_in_the_order_of_the_definition(
    tmp_path_factory, rows, cuts, most_runs, block_bytes
):
    scratch = tmp_path_factory.mktemp("scratch")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staging, "MOST_RUNS", max(2, most_runs))
        patch.setattr(Limits, "block_bytes", property(lambda _: block_bytes))
        staged = Staged("tags", Limits(1, scratch))
        rest = rows
        for cut in cuts:
            staged.add(tags(rest[:cut]))
            staged.put_away()
            rest = rest[cut:]
        staged.add(tags(rest))
        found = lines_of(staged.batches())
    assert found == canonical_order(TAGS, tags(rows))[1]
    assert list(scratch.iterdir()) == []


@given(ROWS)
def test_few_rows_are_put_in_order_in_memory(rows):
    staged = Staged("tags", Limits(100, Path("nowhere")))
    staged.add(tags(rows))
    assert lines_of(staged.batches()) == canonical_order(TAGS, tags(rows))[1]


@given(ROWS)
def test_rows_are_in_order_when_each_key_is_above_the_one_before(rows):
    data = tags(rows)

    def rank(row):
        return [
            (row[name] is not None, row[name] or 0 if name == "position" else row[name]) for name in TAGS.key
        ]

    ranks = [rank(row) for row in data.to_pylist()]
    (batch,) = data.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], schema=SCHEMA)]
    assert is_ordered(TAGS.key, batch) == all(one < other for one, other in pairwise(ranks))


def many(rows=6_000):
    return tags([
        {"post_id": f"x:{at * 7_919 % rows}", "platform": "x", "kind": "hashtag", "value": "ñ" * (at % 50),
         "evidence_id": "sha256:00", "locator": f"row={at}"}
        for at in range(rows)
    ])  # fmt: skip


def test_tables_larger_than_the_memory_have_the_digest_and_bytes_of_those_in_memory(tmp_path, monkeypatch):
    data = many()
    whole = write_tables({"tags": data}, tmp_path / "whole")
    monkeypatch.setattr(Limits, "held_bytes", 20_000)
    parts = write_tables({"tags": data}, tmp_path / "parts")
    assert parts.inputs == whole.inputs == {"tags": (canonical_digest(TAGS, data), data.num_rows)}
    assert parts.path("tags").read_bytes() == whole.path("tags").read_bytes()
    assert sorted(path.name for path in (tmp_path / "parts").iterdir()) == ["tables.json", "tags.parquet"]


def test_row_groups_end_where_the_rows_say_so_however_they_come(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "GROUP_ROWS", 1_000)
    monkeypatch.setattr(writing, "GROUP_BYTES", 100_000)
    data = many()
    one = write_tables({"tags": data}, tmp_path / "one").path("tags")
    with monkeypatch.context() as patch:
        patch.setattr(Limits, "held_bytes", 20_000)
        other = write_tables({"tags": data.take(list(range(5_999, -1, -1)))}, tmp_path / "other").path("tags")
    assert one.read_bytes() == other.read_bytes()
    file = pq.ParquetFile(one)
    groups = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
    assert sum(groups) == 6_000
    assert max(groups) < 1_000  # bytes end them earlier here
    file.close()


def test_a_file_whose_rows_lie_in_another_order_has_the_same_digest(tmp_path):
    written = write_tables({"tags": many()}, tmp_path / "tables")
    pq.write_table(many(), written.path("tags"))
    assert open_tables(written.folder).digest("tags") == written.inputs["tags"]


def test_a_table_that_others_fill_meanwhile_does_not_take_their_memory(tmp_path):
    limits = Limits(1, tmp_path)
    both = Staging(limits)
    for _ in range(8):
        both.add("tags", many())
        both.add("rejects", pa.Table.from_pylist(
            [{"reason": "r", "evidence_id": "sha256:00", "locator": f"line={at}"} for at in range(99)],
            schema=arrow_schema(table("rejects")),
        ))  # fmt: skip
        assert sum(staged.held_bytes for staged in both.tables.values()) <= limits.held_bytes
    assert list(tmp_path.iterdir()) != []


@pytest.fixture
def store(tmp_path):
    (tmp_path / "case").mkdir()
    sealed = Store(tmp_path / "case" / "evidence")
    source = tmp_path / "tags.parquet"
    pq.write_table(many().drop_columns(["evidence_id", "locator"]), source)
    sealed.add(source, path_in_case="tags.parquet", format="table:tags", acquired_at_us=0)
    return sealed


@pytest.mark.parametrize("where", ["run", "table"])
def test_a_full_disk_is_an_error_that_says_what_to_do_and_leaves_no_tables(
    tmp_path, store, monkeypatch, where
):
    def full(*_, **__):
        raise OSError(ENOSPC, "No space left on device")

    if where == "run":
        monkeypatch.setattr(Limits, "held_bytes", 1_000)
        monkeypatch.setattr(staging.pa, "OSFile", full)
    else:
        monkeypatch.setattr(writing.pq.ParquetWriter, "write_table", full)
    with pytest.raises(CaseError, match="room") as caught:
        build_tables(store, tmp_path / "case" / "tables", spill=tmp_path / "case" / "spill")
    assert "spill" in caught.value.remedy
    assert sorted(path.name for path in (tmp_path / "case").iterdir()) == ["evidence"]


def test_another_fault_of_a_disk_is_not_called_a_full_one(tmp_path, store, monkeypatch):
    def broken(*_, **__):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(writing.pq.ParquetWriter, "write_table", broken)
    with pytest.raises(OSError, match="Input/output"):
        build_tables(store, tmp_path / "case" / "tables")
    assert sorted(path.name for path in (tmp_path / "case").iterdir()) == ["evidence"]


def test_a_spill_disk_that_is_really_full_is_an_error_too(tmp_path, store, monkeypatch):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no small disk can be mounted here; the test above puts the error in its place")
    monkeypatch.setattr(Limits, "held_bytes", 1_000_000)
    try:
        with pytest.raises(CaseError, match="room"):
            build_tables(store, tmp_path / "case" / "tables", spill=disk / "spill")
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", disk], check=True)
    assert sorted(path.name for path in (tmp_path / "case").iterdir()) == ["evidence"]


PEAK = """
import resource, sys
from pathlib import Path
from perito.evidence import Store
from perito.tables import build_tables
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
built = build_tables(Store(Path(sys.argv[1])), Path(sys.argv[2]), memory_limit_mb=64)
print(built.inputs["tags"][1], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_many_rows_do_not_take_much_memory(tmp_path):
    rows = 400_000
    numbers = pa.array(range(rows))
    posts = pa.compute.binary_join_element_wise("x:", numbers.cast(pa.string()).take(numbers[::-1]), "")
    data = pa.table({"post_id": posts, "kind": pa.repeat("hashtag", rows),
                     "value": pa.repeat("ñ" * 200, rows),
                     "platform": pa.repeat("x", rows)})  # fmt: skip
    source = tmp_path / "tags.parquet"
    pq.write_table(data, source)
    (tmp_path / "case").mkdir()
    store = Store(tmp_path / "case" / "evidence")
    store.add(source, path_in_case="tags.parquet", format="table:tags", acquired_at_us=0)
    done = subprocess.run(
        [sys.executable, "-c", PEAK, store.path, tmp_path / "case" / "tables"],
        capture_output=True,
        check=True,
    )
    counted, extra_kb = map(int, done.stdout.split())
    assert counted == rows
    assert data.nbytes > 150_000_000
    assert extra_kb < 190_000  # all of it in memory takes several times the bytes of the rows


def test_limits_follow_the_memory():
    assert Limits(400, Path()).held_bytes == 40_000_000
    assert ordering.MOST_RUNS * Limits(400, Path()).block_bytes <= 40_000_000
    assert tableset.MEMORY_LIMIT_MB == 1_024
