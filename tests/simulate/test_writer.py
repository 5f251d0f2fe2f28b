"""Tables on their way to Parquet: equal rows give equal bytes, however they were handed over."""

import tomllib
from functools import partial
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perito.simulate import simulate, simulation
from perito.simulate.columns import coded, table
from perito.simulate.writer import ROW_GROUP_ROWS, TableWriter

ROWS = 300_000


def rows_from(start: int, stop: int) -> pa.Table:
    numbers = pa.array(range(start, stop), pa.int64())
    kinds = coded(numbers.to_numpy() % 3, ["a", "b", "c"])
    return table({"number": numbers, "kind": kinds})


@pytest.fixture(scope="module")
def whole():
    return rows_from(0, ROWS)


def written(folder, parts, **options) -> TableWriter:
    with TableWriter(folder, **options) as writer:
        for part in parts:
            writer.write({"posts": part})
        writer.finish()
    return writer


@pytest.fixture(scope="module")
def expected(whole, tmp_path_factory) -> bytes:
    folder = tmp_path_factory.mktemp("whole")
    written(folder, [whole])
    return (folder / "sources" / "posts.parquet").read_bytes()


@given(cuts=st.lists(st.integers(0, ROWS), max_size=60))
@settings(max_examples=15)
def test_the_bytes_do_not_depend_on_how_rows_are_handed_over(whole, expected, tmp_path_factory, cuts):
    folder, places = tmp_path_factory.mktemp("cut"), sorted([0, *cuts, ROWS])
    parts = [whole.slice(a, b - a) for a, b in pairwise(places)]
    written(folder, parts)
    assert (folder / "sources" / "posts.parquet").read_bytes() == expected


def test_texts_that_are_few_read_back_as_texts(whole, tmp_path):
    written(tmp_path, [whole])
    read = pq.read_table(tmp_path / "sources" / "posts.parquet")
    assert read.schema.field("kind").type == pa.string()
    assert read.column("kind").to_pylist()[:4] == ["a", "b", "c", "a"]
    assert read.column("number").to_pylist() == list(range(ROWS))


def test_parts_with_the_same_columns_in_another_order_and_other_words_are_one_table(tmp_path):
    other = table({"kind": coded(pa.array([0]).to_numpy(), ["d"]), "number": pa.array([7], pa.int64())})
    written(tmp_path, [rows_from(0, 2), other])
    read = pq.read_table(tmp_path / "sources" / "posts.parquet")
    assert read.to_pydict() == {"number": [0, 1, 7], "kind": ["a", "b", "d"]}


def test_a_table_without_rows_gets_no_file(whole, tmp_path):
    writer = written(tmp_path, [whole.slice(0, 0)])
    assert (writer.rows, list(tmp_path.iterdir())) == ({}, [])


def test_a_long_table_goes_on_in_further_files(whole, tmp_path):
    writer = written(tmp_path, [whole], file_rows=ROW_GROUP_ROWS)
    names = ["sources/posts.parquet", "sources/posts-2.parquet", "sources/posts-3.parquet"]
    assert writer.files == dict.fromkeys(names, "posts")
    numbers = [
        number for name in names for number in pq.read_table(tmp_path / name).column("number").to_pylist()
    ]
    assert numbers == list(range(ROWS))


def test_a_case_declares_every_file_of_a_long_table(tmp_path, monkeypatch):
    monkeypatch.setattr(simulation, "TableWriter", partial(TableWriter, file_rows=ROW_GROUP_ROWS))
    made = simulate(tmp_path / "case", 100_000)
    evidence = tomllib.loads((made.folder / "case.toml").read_text("utf-8"))["evidence"]
    declared = [item["path"] for item in evidence if item["format"] == "table:posts"]
    assert sorted(declared) == ["sources/posts-2.parquet", "sources/posts.parquet"]
    assert sum(pq.read_metadata(made.folder / path).num_rows for path in declared) == made.rows["posts"]
