"""A folder of tables: byte-stable files, a manifest of digests, and nothing else believed."""

import os

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import Missing, SchemaError
from perito.files import files_below
from perito.schema import table
from perito.schema.arrow import arrow_schema
from perito.tables import copy_tables, open_tables, write_tables
from perito.tables.digest import canonical_digest
from perito.tables.holdings import holdings
from perito.tables.tableset import MANIFEST

SCHEMA = arrow_schema(table("rejects"))
ROWS = st.lists(
    st.fixed_dictionaries({
        "reason": st.sampled_from(["a", "b", "ñ"]),
        "evidence_id": st.sampled_from(["sha256:00", "sha256:01"]),
        "locator": st.sampled_from(["line=1", "line=10", "line=2"]),
        "excerpt": st.none() | st.text(st.characters(codec="utf-8"), max_size=3),
    }),
    max_size=6,
)  # fmt: skip


def rejects(*locators):
    rows = [{"reason": "r", "evidence_id": "sha256:00", "locator": locator} for locator in locators]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


@pytest.fixture
def written(tmp_path):
    return write_tables({"rejects": rejects("line=2", "line=1")}, tmp_path / "tables")


@given(ROWS, st.randoms(use_true_random=False))
def test_equal_rows_give_equal_bytes_in_whatever_order_they_come(tmp_path_factory, rows, chance):
    folder = tmp_path_factory.mktemp("tables")
    shuffled = rows[:]
    chance.shuffle(shuffled)
    one, other = (pa.Table.from_pylist(some, schema=SCHEMA) for some in (rows, shuffled))
    first = write_tables({"rejects": pa.concat_tables([one.slice(0, 2), one.slice(2)])}, folder / "one")
    second = write_tables({"rejects": other}, folder / "other")
    assert first.inputs == second.inputs
    for name in files_below(folder / "one"):
        assert (folder / "one" / name).read_bytes() == (folder / "other" / name).read_bytes()


def test_rows_lie_in_canonical_order(written):
    assert written.read("rejects")["locator"].to_pylist() == ["line=1", "line=2"]


def test_a_table_without_rows_is_written_and_read(tmp_path):
    tables = write_tables({"rejects": rejects()}, tmp_path / "tables")
    assert tables.inputs["rejects"][1] == tables.read("rejects").num_rows == 0
    assert tables.digest("rejects") == tables.inputs["rejects"]


def test_the_manifest_says_what_the_files_hold(written):
    again = open_tables(written.folder)
    assert again == written
    assert (
        again.digest("rejects")
        == again.inputs["rejects"]
        == (canonical_digest(table("rejects"), rejects("line=1", "line=2")), 2)
    )
    assert again.paths == {"rejects": written.folder / "rejects.parquet"}
    assert files_below(written.folder) == ["rejects.parquet", MANIFEST]


def test_writing_the_same_again_touches_no_file(written):
    os.utime(written.path("rejects"), (0, 0))
    write_tables({"rejects": rejects("line=1", "line=2")}, written.folder)
    assert written.path("rejects").stat().st_mtime == 0


def test_a_table_that_no_longer_has_rows_goes_away(written):
    assert write_tables({}, written.folder).inputs == {}
    assert files_below(written.folder) == [MANIFEST]


def test_a_change_in_the_file_changes_the_digest(written):
    pq.write_table(rejects("line=1", "line=3"), written.path("rejects"))
    assert written.digest("rejects") != written.inputs["rejects"]


@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"garbage", None], ids=["empty", "magic only", "garbage", "gone"]
)
def test_a_table_that_cannot_be_read_is_named(written, content):
    written.path("rejects").unlink()
    if content is not None:
        written.path("rejects").write_bytes(content)
    with pytest.raises(SchemaError, match=r"rejects\.parquet"):
        written.read("rejects")


def test_a_file_with_other_columns_is_not_the_table(written):
    pq.write_table(pa.table({"colour": ["red"]}), written.path("rejects"))
    with pytest.raises(SchemaError, match="colour"):
        written.digest("rejects")


def test_a_folder_that_looks_like_a_partition_adds_no_column(tmp_path):
    tables = write_tables({"rejects": rejects("line=1")}, tmp_path / "platform=x" / "tables")
    assert tables.read("rejects")["platform"].to_pylist() == [None]


def test_tables_that_were_not_built_are_missing(tmp_path):
    with pytest.raises(Missing, match="perito run"):
        open_tables(tmp_path)


DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    "listed",
    [
        b"", b"[]", b"5", b"{", b'{"rejects": 5}', b'{"rejects": {"digest": "x", "rows": 1}}',
        b'{"rejects": {"rows": 1}}',
        orjson.dumps({"rejects": {"digest": DIGEST, "rows": "1"}}),
        orjson.dumps({"rejects": {"digest": DIGEST, "rows": -1}}),
        orjson.dumps({"rejects": {"digest": 5, "rows": 1}}),
        orjson.dumps({"../../etc/passwd": {"digest": DIGEST, "rows": 1}}),
        orjson.dumps({"colours": {"digest": DIGEST, "rows": 1}}),
    ],
)  # fmt: skip
def test_a_manifest_that_lists_anything_else_than_tables_is_refused(tmp_path, listed):
    (tmp_path / MANIFEST).write_bytes(listed)
    with pytest.raises(SchemaError, match=MANIFEST):
        open_tables(tmp_path)


def test_some_tables_are_copied_byte_by_byte_with_a_manifest_of_their_own(tmp_path, written):
    both = write_tables({"rejects": rejects("line=1"), "holdings": holdings({})}, written.folder)
    copied = copy_tables(both, ["rejects", "posts", "rejects"], tmp_path / "dossier" / "tables")
    assert list(copied.inputs) == ["rejects"]
    assert open_tables(copied.folder).digest("rejects") == both.inputs["rejects"]
    assert copied.path("rejects").read_bytes() == both.path("rejects").read_bytes()


def test_the_profile_counts_what_is_filled_and_gives_bounds_of_numbers_only():
    data = pa.table({
        "text": ["a", None], "number": [5, -3], "real": [0.5, None], "nothing": pa.nulls(2, pa.int64()),
        "flag": [True, None],
    })  # fmt: skip
    told = {row["column_name"]: row for row in holdings({"things": data}).to_pylist()}
    assert {
        name: (row["rows"], row["filled"], row["minimum"], row["maximum"]) for name, row in told.items()
    } == {
        "text": (2, 1, None, None),
        "number": (2, 2, "-3", "5"),
        "real": (2, 1, "0.5", "0.5"),
        "nothing": (2, 0, None, None),
        "flag": (2, 1, None, None),
    }
    assert {row["table_name"] for row in told.values()} == {"things"}
