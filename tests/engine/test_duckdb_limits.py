"""DuckDB with little memory, many threads, files in any order, a full disk: the same rows, or an error."""

import hashlib
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from perito.engine import open_engine
from perito.engine.duckdb_engine import DuckDBEngine
from perito.errors import CaseError, MeasureError, SchemaError
from perito.tables.digest import canonical_lines

pytestmark = pytest.mark.xdist_group("duckdb-limits")

ROWS = 1_200_000
HALF_LIFE_LIKE = """
WITH numbered AS (
  SELECT account_id, observed_at_us - created_at_us AS age_us,
         row_number() OVER (PARTITION BY account_id ORDER BY observed_at_us - created_at_us NULLS LAST,
                            post_id, evidence_id, locator) AS n,
         count(*) OVER (PARTITION BY account_id) AS total
  FROM posts)
SELECT account_id, age_us, total FROM numbered WHERE n = (total + total % 2) // 2
"""


def digest(result: pa.Table) -> str:
    return hashlib.sha256(b"\n".join(sorted(canonical_lines(result)))).hexdigest()


def answered(files, tmp_path, **limits) -> str:
    engine = DuckDBEngine({"posts": files}, ["posts"], **limits, spill=tmp_path / "spill")
    try:
        return digest(engine.query(HALF_LIFE_LIKE))
    finally:
        engine.close()


@pytest.fixture(scope="module")
def expected(many_posts, tmp_path_factory):
    return answered(many_posts, tmp_path_factory.mktemp("plain"), threads=2)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_any_number_of_threads_gives_the_same_digest(many_posts, expected, tmp_path, threads):
    assert answered(many_posts, tmp_path, threads=threads) == expected


def test_files_in_another_order_give_the_same_digest(many_posts, expected, tmp_path):
    shuffled = [many_posts[at] for at in (3, 0, 5, 1, 4, 2)]
    assert answered(shuffled, tmp_path, threads=2) == expected


@pytest.mark.parametrize("memory_limit_mb", [100, 400])
def test_a_memory_limit_gives_the_same_digest_and_leaves_nothing(
    many_posts, expected, tmp_path, memory_limit_mb
):
    assert answered(many_posts, tmp_path, threads=2, memory_limit_mb=memory_limit_mb) == expected
    assert list(tmp_path.iterdir()) == []


def test_rows_go_to_the_spill_folder_while_they_must(many_posts, tmp_path):
    """The lower limit of the other test is one under which the query cannot do without."""
    engine = DuckDBEngine({"posts": many_posts}, ["posts"], threads=2, memory_limit_mb=100)
    with pytest.raises(MeasureError) as caught:
        engine.query(HALF_LIFE_LIKE)
    assert "spill" in caught.value.remedy
    engine.close()


def test_a_full_spill_folder_is_an_error_that_says_so(many_posts, tmp_path):
    limits = {"threads": 2, "memory_limit_mb": 100, "spill_limit_mb": 1}
    engine = DuckDBEngine({"posts": many_posts}, ["posts"], **limits, spill=tmp_path / "spill")
    with pytest.raises(MeasureError) as caught:
        engine.query(HALF_LIFE_LIKE)
    assert "room" in caught.value.what
    assert engine.query("SELECT count(*) AS n FROM posts").to_pylist() == [{"n": ROWS}]
    engine.close()
    assert list(tmp_path.iterdir()) == []


def test_a_spill_disk_that_is_really_full_is_the_same_error(many_posts, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be mounted here; the test above has a limit in its place")
    try:
        engine = DuckDBEngine(
            {"posts": many_posts}, ["posts"], threads=2, memory_limit_mb=100, spill=disk / "spill"
        )
        with pytest.raises(MeasureError) as caught:
            engine.query(HALF_LIFE_LIKE)
        engine.close()
        assert "room" in caught.value.what
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", disk], check=True)


def test_what_a_killed_process_spilled_is_removed_by_the_next(tmp_path):
    program = f"""
import os, signal
from pathlib import Path
from perito.engine import open_engine
open_engine("duckdb", {{}}, ["posts"], spill=Path({str(tmp_path)!r}))
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    engine = open_engine("duckdb", {}, ["posts"], spill=tmp_path)
    assert not left.exists()
    engine.close()


def test_two_engines_can_spill_in_one_place(tmp_path):
    one, other = (open_engine("duckdb", {}, ["posts"], spill=tmp_path / "spill") for _ in range(2))
    one.close()
    assert len(list((tmp_path / "spill").iterdir())) == 1
    other.close()
    assert not (tmp_path / "spill").exists()


def test_a_place_where_nothing_can_be_written_is_an_error_before_work_starts(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CaseError, match="file"):
        open_engine("duckdb", {}, ["posts"], spill=tmp_path / "file")


def test_an_engine_that_cannot_start_leaves_no_folder(tmp_path):
    (tmp_path / "posts.parquet").write_bytes(b"PAR1 cut")
    with pytest.raises(SchemaError):
        open_engine("duckdb", {"posts": tmp_path / "posts.parquet"}, ["posts"], spill=tmp_path / "spill")
    assert [file.name for file in tmp_path.iterdir()] == ["posts.parquet"]


@pytest.mark.parametrize("limits", [{"memory_limit_mb": 0}, {"spill_limit_mb": 0}, {"memory_limit_mb": -1}])
def test_a_limit_that_leaves_nothing_is_refused(limits):
    with pytest.raises(CaseError):
        DuckDBEngine({}, ["posts"], 1, **limits)


def test_a_file_cut_short_is_named_before_work_starts(many_posts, tmp_path):
    cut = tmp_path / "cut.parquet"
    whole = many_posts[0].read_bytes()
    for kept in (len(whole) - 1, len(whole) // 2, 8, 1):
        cut.write_bytes(whole[:kept])
        with pytest.raises(SchemaError, match=r"cut\.parquet"):
            open_engine("duckdb", {"posts": [many_posts[1], cut]}, ["posts"])


def test_a_column_that_the_schema_does_not_have_is_named(tmp_path):
    file = write(tmp_path, pa.table({"reason": ["a"], "raeson": ["a"]}))
    with pytest.raises(SchemaError, match="raeson"):
        open_engine("duckdb", {"rejects": file}, ["rejects"])


def test_a_column_of_another_type_is_named(tmp_path):
    file = write(tmp_path, pa.table({"reason": [5]}))
    with pytest.raises(SchemaError, match="reason"):
        open_engine("duckdb", {"rejects": file}, ["rejects"])


def test_a_column_that_an_older_table_lacks_is_null(tmp_path):
    engine = open_engine("duckdb", {"rejects": write(tmp_path, pa.table({"reason": ["a"]}))}, ["rejects"])
    assert engine.query("SELECT reason, platform FROM rejects").to_pylist() == [
        {"reason": "a", "platform": None}
    ]
    engine.close()


def test_files_of_one_table_with_different_columns_are_refused(tmp_path):
    files = [
        write(tmp_path, pa.table({"reason": ["a"]}), "one.parquet"),
        write(tmp_path, pa.table({"reason": ["a"], "locator": ["b"]}), "two.parquet"),
    ]
    with pytest.raises(SchemaError, match=r"two\.parquet"):
        open_engine("duckdb", {"rejects": files}, ["rejects"])


def test_a_folder_whose_name_is_a_pattern_does_not_bring_in_other_folders(tmp_path):
    for name in ("*", "a", "b[1]", "b1", "c?", "cd"):
        (tmp_path / name).mkdir()
        file = write(tmp_path / name, pa.table({"reason": [name]}))
        engine = open_engine("duckdb", {"rejects": file}, ["rejects"], 1)
        assert engine.query("SELECT reason FROM rejects").to_pylist() == [{"reason": name}]
        engine.close()


@pytest.mark.parametrize("value", [1.5, 2**63, -(2**63) - 1, b"x", [1], float("nan")])
def test_a_parameter_that_the_engines_would_take_differently_is_refused(value):
    engine = open_engine("duckdb", {}, ["posts"], 1)
    with pytest.raises(MeasureError, match="wanted"):
        engine.query("SELECT $wanted AS given", {"wanted": value})
    engine.close()


@pytest.mark.parametrize("value", [0, 5, -(2**63), 2**63 - 1])
def test_an_integer_parameter_is_64_bits_wide_however_small(value):
    engine = open_engine("duckdb", {}, ["posts"], 1)
    answered = engine.query("SELECT typeof($wanted) AS kind, $wanted AS given", {"wanted": value})
    assert answered.to_pylist() == [{"kind": "BIGINT", "given": value}]
    engine.close()


@pytest.mark.parametrize(
    "sql", ["SELECT now() AS t", "SELECT [1] AS l", "SELECT 1::FLOAT AS f", "SELECT 'a'::BLOB AS b"]
)
def test_a_result_of_a_type_that_does_not_cross_engines_is_refused(sql):
    engine = open_engine("duckdb", {}, ["posts"], 1)
    with pytest.raises(MeasureError, match="column"):
        engine.query(sql)
    engine.close()


@pytest.mark.parametrize(
    "sql", ["SELECT 1 AS a; SELECT 2 AS b", "CREATE TABLE t (a INTEGER)", "SELECT 1 AS a; DROP VIEW posts"]
)
def test_anything_but_one_select_is_refused(sql):
    engine = open_engine("duckdb", {}, ["posts"], 1)
    with pytest.raises(MeasureError):
        engine.query(sql)
    assert engine.query("SELECT count(*) AS n FROM posts").to_pylist() == [{"n": 0}]
    engine.close()


def write(folder: Path, rows: pa.Table, name: str = "rejects.parquet") -> Path:
    pq.write_table(rows, folder / name, store_schema=False)
    return folder / name
