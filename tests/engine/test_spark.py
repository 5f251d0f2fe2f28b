"""Spark as the engine: the same interface, clear errors, and rows that no lost worker changes."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perito.engine import Tables, open_engine, spark_engine
from perito.errors import CaseError, MeasureError, SchemaError
from perito.schema import table, table_names
from perito.schema.arrow import arrow_schema

pytestmark = pytest.mark.xdist_group("spark")

COUNT = "SELECT count(*) AS n FROM rejects"


@pytest.fixture(scope="module")
def opened(spark_master):
    """Opens engines on the cluster that the session shares."""
    engines = []

    def open_one(paths, names, **options):
        engines.append(open_engine("spark", paths, names, master=spark_master, **options))
        return engines[-1]

    yield open_one
    for engine in engines:
        engine.close()


@pytest.fixture(scope="module")
def empty(opened):
    return opened({}, table_names())


def write(file: Path, reasons: list[str], **columns: list) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = pa.table({"reason": reasons, **columns})
    pq.write_table(rows, file, store_schema=False)
    return file


@settings(max_examples=15)
@given(words=st.text(st.characters(codec="utf-8")))
def test_a_parameter_is_data_whatever_it_looks_like(empty, words):
    assert empty.query("SELECT $words AS words", {"words": words}).to_pylist() == [{"words": words}]


@pytest.mark.parametrize("value", [None, True, False, 0, 5, -(2**63), 2**63 - 1, "a'b\\c\"d`e${f}"])
def test_a_parameter_comes_out_as_it_went_in(empty, value):
    answered = empty.query("SELECT $given AS given, $given IS NULL AS gone", {"given": value})
    assert answered.to_pylist() == [{"given": value, "gone": value is None}]


def test_every_table_that_is_not_there_is_empty_in_its_columns(empty):
    for name in table_names():
        answered = empty._session.table(name).toArrow()
        assert answered.num_rows == 0
        assert answered.column_names == list(table(name).column_names)
        assert answered.schema.types == arrow_schema(table(name)).types


def test_a_query_is_checked_before_it_runs(empty):
    with pytest.raises(MeasureError, match="not portable"):
        empty.query("SELECT hash(post_id) AS bucket FROM posts")


def test_a_table_that_was_not_named_cannot_be_asked(opened):
    with pytest.raises(MeasureError, match="accounts"):
        opened({}, ["posts"]).query("SELECT handle FROM accounts")


def test_a_query_that_fails_while_it_runs_is_an_error_on_one_line(opened, tmp_path):
    file = write(tmp_path / "rejects.parquet", ["9223372036854775807", "1"])
    sql = "SELECT CAST(sum(length(reason) * 9223372036854775807) AS BIGINT) AS n FROM rejects"
    with pytest.raises(MeasureError) as caught:
        opened({"rejects": file}, ["rejects"]).query(sql)
    assert "overflow" in str(caught.value).lower()
    assert "\n" not in str(caught.value)


def test_an_engine_that_was_closed_answers_nothing_and_the_others_go_on(opened, empty):
    with Tables(opened({}, ["posts"]), {}) as tables:
        assert tables.rows("SELECT post_id FROM posts") == []
    with pytest.raises(MeasureError):
        tables.rows("SELECT post_id FROM posts")
    assert empty.query(COUNT).to_pylist() == [{"n": 0}]


def test_two_engines_do_not_see_each_others_tables(opened, tmp_path):
    one = opened({"rejects": write(tmp_path / "one.parquet", ["a"])}, ["rejects"])
    other = opened({"rejects": write(tmp_path / "other.parquet", ["b", "c"])}, ["rejects"])
    assert one.query(COUNT).to_pylist() == [{"n": 1}]
    assert other.query(COUNT).to_pylist() == [{"n": 2}]


@pytest.mark.parametrize(
    "name", ["l'avocat", "a[1]", "*", "year=2026", "a\\b", 'ñ "q"', "%41", "{x,y}", "a b"]
)
def test_a_case_may_lie_in_a_folder_of_any_name(opened, tmp_path, name):
    file = write(tmp_path / name / "rejects.parquet", ["in the folder"])
    write(tmp_path / "other" / "rejects.parquet", ["in another"])
    answered = opened({"rejects": file}, ["rejects"]).query("SELECT * FROM rejects")
    assert answered.column_names == list(table("rejects").column_names)
    assert answered.column("reason").to_pylist() == ["in the folder"]


def test_the_files_of_a_table_can_be_many_and_a_column_that_all_lack_is_null(opened, tmp_path):
    files = [write(tmp_path / f"{n}.parquet", [f"r{n}"]) for n in range(3)]
    sql = "SELECT reason, platform FROM rejects"
    answered = opened({"rejects": files}, ["rejects"]).query(sql).to_pylist()
    assert sorted(row["reason"] for row in answered) == ["r0", "r1", "r2"]
    assert {row["platform"] for row in answered} == {None}


def test_another_cluster_in_the_same_process_is_refused(empty):
    with pytest.raises(CaseError, match="local"):
        open_engine("spark", {}, ["posts"], master="local[1]")


# --- a process of its own: what runs without the shared session ------------------------------------------


def run(program: str, **environment: str) -> str:
    """What a Python program prints, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stderr == ""
    return done.stdout


LOCAL = """
import os
from pathlib import Path
from perito.engine import open_engine
place = Path({place!r})
for threads in (1, 2):
    engine = open_engine("spark", {{}}, ["posts"], threads, spill=place / "spill", memory_limit_mb=600)
    print(engine._session.sparkContext.master, engine.query("SELECT count(*) AS n FROM posts").to_pylist())
    spilled = next((place / "spill").iterdir())
    engine.close()
    print(spilled.exists(), sorted(os.listdir(place)), os.listdir("."))
"""


def test_on_one_machine_it_starts_anew_each_time_says_nothing_and_leaves_nothing(
    needs_spark, tmp_path, monkeypatch
):
    (tmp_path / "here").mkdir()
    (tmp_path / 'a "case" (1)').mkdir()
    monkeypatch.chdir(tmp_path / "here")
    said = run(
        LOCAL.format(place=str(tmp_path / 'a "case" (1)')), SPARK_SUBMIT_OPTS="-XX:TieredStopAtLevel=1"
    )
    assert said.splitlines() == [
        "local[1] [{'n': 0}]", "False [] []",
        "local[2] [{'n': 0}]", "False [] []",
    ]  # fmt: skip


BUSY = """
from pathlib import Path
from perito.engine import open_engine, spark_session
from perito.errors import CaseError
spark_session.EXECUTORS_S = 3.0
try:
    open_engine("spark", {{}}, ["posts"], master={master!r}, spill=Path({place!r}) / "spill")
except CaseError as error:
    print(error.where, error.what)
"""


def test_a_cluster_that_gives_no_executor_is_an_error_in_bounded_time(spark_master, tmp_path):
    """The session of the other tests holds every core."""
    said = run(BUSY.format(master=spark_master, place=str(tmp_path)))
    assert said.startswith(f"{spark_master} the Spark cluster gives no executor")
    assert list(tmp_path.iterdir()) == []


# --- workers that die -----------------------------------------------------------------------------------

HEAVY = """
WITH numbered AS (
  SELECT account_id, created_at_us,
         row_number() OVER (PARTITION BY account_id ORDER BY created_at_us NULLS LAST,
                            post_id, evidence_id, locator) AS n,
         count(*) OVER (PARTITION BY account_id) AS total
  FROM posts)
SELECT account_id, created_at_us AS middle_us, total FROM numbered WHERE n = (total + total % 2) // 2
"""


class Asking(threading.Thread):
    """A query that runs beside the test."""

    def __init__(self, engine, sql):
        super().__init__(daemon=True)
        self.engine, self.sql, self.answer, self.error = engine, sql, None, None
        self.start()

    def run(self):
        try:
            self.answer = self.engine.query(self.sql)
        except MeasureError as error:
            self.error = error

    def wait_until_under_way(self):
        """Until workers are at work on a part of the job."""
        tracker = self.engine._session.sparkContext.statusTracker()
        end, stages = time.monotonic() + 240, []
        while self.is_alive() and time.monotonic() < end:
            stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
            if any(stage and stage.numActiveTasks > 0 for stage in stages):
                return
            threading.Event().wait(0.002)
        pytest.fail(f"the job was never seen under way: {self.is_alive()}, {stages}, {self.error}")


def test_a_worker_that_is_killed_in_mid_job_does_not_change_the_rows(opened, cluster, many_posts):
    duckdb = open_engine("duckdb", {"posts": many_posts}, ["posts"], 2)
    expected = duckdb.query(HEAVY)
    duckdb.close()
    asking = Asking(opened({"posts": many_posts}, ["posts"]), HEAVY)
    asking.wait_until_under_way()
    cluster.kill_one()
    assert asking.is_alive()
    asking.join()
    cluster.start_workers(1)
    assert asking.error is None
    assert sorted(map(repr, asking.answer.to_pylist())) == sorted(map(repr, expected.to_pylist()))


def test_a_cluster_that_loses_every_worker_is_an_error_in_bounded_time(
    opened, cluster, many_posts, monkeypatch
):
    monkeypatch.setattr(spark_engine, "EXECUTORS_S", 2.0)
    engine = opened({"posts": many_posts}, ["posts"])
    asking = Asking(engine, HEAVY)
    asking.wait_until_under_way()
    cluster.kill_one()
    cluster.kill_one()
    asking.join(120)
    assert asking.error is not None
    assert asking.answer is None
    monkeypatch.undo()
    cluster.start_workers(2)
    assert engine.query("SELECT count(*) AS n FROM posts").to_pylist() == [{"n": 1_200_000}]


# --- before anything starts ------------------------------------------------------------------------------


def test_a_file_cut_short_is_named_before_spark_starts(needs_spark, tmp_path):
    whole = write(tmp_path / "rejects.parquet", ["a"] * 1000).read_bytes()
    for kept in (len(whole) - 1, len(whole) // 2, 4):
        (tmp_path / "rejects.parquet").write_bytes(whole[:kept])
        with pytest.raises(SchemaError, match=r"rejects\.parquet"):
            open_engine(
                "spark", {"rejects": tmp_path / "rejects.parquet"}, ["rejects"], spill=tmp_path / "spill"
            )
    assert [file.name for file in tmp_path.iterdir()] == ["rejects.parquet"]
