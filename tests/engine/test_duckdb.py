"""DuckDB as the engine: it answers over the tables it was given, and can reach nothing else."""

import socket
import threading

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.engine import ENGINES, Tables, open_engine
from perito.errors import CaseError, MeasureError, SchemaError
from perito.schema import table, table_names
from perito.schema.arrow import arrow_schema
from perito.tables import write_tables

SCHEMA = arrow_schema(table("rejects"))
ROWS = [
    {"reason": reason, "evidence_id": "sha256:00", "locator": f"line={at}", "platform": platform}
    for at, (reason, platform) in enumerate([("a", "x"), ("b", None), ("a", "tiktok"), ("c", "x")], start=1)
]


@pytest.fixture
def built(tmp_path):
    return write_tables({"rejects": pa.Table.from_pylist(ROWS, schema=SCHEMA)}, tmp_path / "tables")


@pytest.fixture
def engine(built):
    opened = open_engine("duckdb", built.paths, ["rejects", "posts"], threads=2)
    yield opened
    opened.close()


def test_a_query_is_answered_as_arrow_with_parameters(engine):
    answered = engine.query(
        "SELECT reason, CAST(count(*) AS BIGINT) AS n FROM rejects WHERE platform = $platform"
        " GROUP BY reason ORDER BY reason",
        {"platform": "x"},
    )
    assert answered.to_pylist() == [{"reason": "a", "n": 1}, {"reason": "c", "n": 1}]
    assert answered.schema.field("n").type == pa.int64()


@given(st.text(st.characters(codec="utf-8")))
def test_a_parameter_is_data_whatever_it_looks_like(words):
    with Tables(open_engine("duckdb", {}, [], threads=1), {}) as tables:
        assert tables.rows("SELECT $words AS words", words=words) == [{"words": words}]


@pytest.mark.parametrize("name", table_names())
def test_every_table_that_is_not_there_answers_empty_in_its_columns(name):
    with Tables(open_engine("duckdb", {}, [name], threads=1), {}) as tables:
        assert tables.rows(f"SELECT * FROM {name}") == []
        assert tables.rows(f"SELECT CAST(count(*) AS BIGINT) AS n FROM {name}") == [{"n": 0}]
        names = tables.rows(
            "SELECT column_name FROM information_schema.columns WHERE table_name = $name", name=name
        )
        assert [row["column_name"] for row in names] == list(table(name).column_names)


def test_a_table_that_was_not_named_cannot_be_asked(engine):
    with pytest.raises(MeasureError, match="accounts"):
        engine.query("SELECT * FROM accounts")


FORBIDDEN = [
    "SELECT * FROM read_csv('{other}')",
    "SELECT * FROM '{other}'",
    "SELECT * FROM read_text('{other}')",
    "SELECT * FROM read_blob('{folder}/*')",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM read_parquet('{folder}/*.parquet')",
    "SELECT * FROM read_parquet('{folder}/tables/../secret.parquet')",
    "SELECT * FROM read_csv('http://127.0.0.1:{port}/a.csv')",
    "SELECT * FROM 'https://127.0.0.1:{port}/a.parquet'",
    "COPY (SELECT 1) TO '{folder}/out.csv'",
    "COPY rejects TO '{folder}/out.parquet' (FORMAT parquet)",
    "COPY rejects TO '{known}' (FORMAT parquet)",
    "EXPORT DATABASE '{folder}/out'",
    "IMPORT DATABASE '{folder}'",
    "ATTACH '{folder}/out.db'",
    "ATTACH ':memory:' AS other (TYPE sqlite)",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '{folder}/evil.duckdb_extension'",
    "SET threads = 1",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "SET allowed_paths = ['{other}']",
    "SET temp_directory = '{folder}'",
    "SET TimeZone = 'Europe/Madrid'",
    "RESET memory_limit",
    "PRAGMA threads = 1",
    "SELECT getenv('HOME')",
]


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_nothing_but_the_registered_tables_can_be_reached_or_changed(built, engine, tmp_path, sql):
    other = tmp_path / "other.csv"
    other.write_text("secret\n1\n")
    pq.write_table(pa.table({"secret": [1]}), tmp_path / "secret.parquet")
    before = sorted(tmp_path.rglob("*")), built.path("rejects").read_bytes()
    touched = []
    with listening(touched) as port:
        words = sql.format(other=other, folder=tmp_path, known=built.path("rejects"), port=port)
        with pytest.raises(MeasureError) as caught:
            engine.query(words)
    assert touched == []
    assert "\n" not in str(caught.value)
    assert (sorted(tmp_path.rglob("*")), built.path("rejects").read_bytes()) == before
    assert engine.query("SELECT CAST(count(*) AS BIGINT) AS n FROM rejects").to_pylist() == [{"n": 4}]


class listening:  # noqa: N801  (used like a function)
    """A local port on which every connection is noticed."""

    def __init__(self, touched):
        self.touched, self.socket = touched, socket.socket()

    def __enter__(self):
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen()
        self.socket.settimeout(5)
        self.thread = threading.Thread(target=self._accept)
        self.thread.start()
        return self.socket.getsockname()[1]

    def _accept(self):
        connection, address = self.socket.accept()
        connection.close()
        self.touched.append(address)

    def __exit__(self, *_):
        own = socket.create_connection(self.socket.getsockname())  # the last one, so that the thread ends
        address = own.getsockname()
        self.thread.join()
        own.close()
        self.socket.close()
        if self.touched == [address]:
            self.touched.clear()


def test_a_local_variable_is_no_table(engine):
    visible_here = pa.table({"secret": [1]})
    with pytest.raises(MeasureError):
        engine.query("SELECT * FROM visible_here")
    assert visible_here.num_rows == 1


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "SELECT",
        "SELECT nothing FROM rejects",
        "SELECT 1 / 0 +",
        "SELECT CAST('a' AS BIGINT)",
        "SELECT $gone",
        "\0",
    ],
)
def test_a_query_that_makes_no_sense_is_an_error_of_ours(engine, sql):
    with pytest.raises(MeasureError):
        engine.query(sql, {"wave": 1} if "$" not in sql else {})


def test_an_engine_that_was_closed_answers_nothing(built):
    tables = Tables(open_engine("duckdb", built.paths, ["rejects"]), built.inputs)
    with tables as opened:
        assert len(opened.rows("SELECT * FROM rejects")) == 4
        assert opened.inputs == built.inputs
    with pytest.raises(MeasureError):
        tables.rows("SELECT * FROM rejects")


AGGREGATE = """
SELECT reason, platform, CAST(count(*) AS BIGINT) AS n, CAST(sum(k) AS BIGINT) AS total,
       min(locator) AS first,
       row_number() OVER (ORDER BY reason, platform NULLS LAST) AS place
FROM (SELECT *, CAST(substr(locator, 6) AS BIGINT) AS k FROM rejects)
GROUP BY reason, platform
ORDER BY reason, platform NULLS LAST
"""


def test_any_number_of_threads_gives_the_same_result(tmp_path):
    rows = [
        {
            "reason": f"r{at % 7}",
            "evidence_id": "sha256:00",
            "locator": f"line={at}",
            "platform": ["x", None][at % 2],
        }
        for at in range(30_000)
    ]
    built = write_tables({"rejects": pa.Table.from_pylist(rows, schema=SCHEMA)}, tmp_path / "tables")
    answers = []
    for threads in (1, 2, 4):
        with Tables(open_engine("duckdb", built.paths, ["rejects"], threads), built.inputs) as tables:
            assert tables.rows("SELECT current_setting('threads') AS threads") == [{"threads": threads}]
            answers.append(tables.rows(AGGREGATE))
    assert answers[0] == answers[1] == answers[2]
    assert sum(row["n"] for row in answers[0]) == 30_000


@pytest.mark.parametrize(
    "name", ["l'avocat", "a[1]", "*", "year=2026", "a\\b", 'ñ "q"', "%41", "--", "{x,y}"]
)
def test_a_case_may_lie_in_a_folder_of_any_name(tmp_path, name):
    built = write_tables({"rejects": pa.Table.from_pylist(ROWS, schema=SCHEMA)}, tmp_path / name / "tables")
    with Tables(open_engine("duckdb", built.paths, ["rejects"], 1), built.inputs) as tables:
        assert [row["locator"] for row in tables.rows("SELECT * FROM rejects ORDER BY locator")] == [
            "line=1", "line=2", "line=3", "line=4",
        ]  # fmt: skip
        names = tables.rows("SELECT column_name FROM information_schema.columns WHERE table_name = 'rejects'")
        assert [row["column_name"] for row in names] == list(table("rejects").column_names)


def test_a_relative_path_is_as_good_as_another(built, monkeypatch):
    monkeypatch.chdir(built.folder.parent)
    paths = {"rejects": built.path("rejects").relative_to(built.folder.parent)}
    with Tables(open_engine("duckdb", paths, ["rejects"], 1), {}) as tables:
        assert len(tables.rows("SELECT * FROM rejects")) == 4


@pytest.mark.parametrize(
    "content", [b"", b"garbage", b"PAR1PAR1", None], ids=["empty", "garbage", "magic", "gone"]
)
def test_a_table_that_cannot_be_read_is_named(built, content):
    built.path("rejects").unlink()
    if content is not None:
        built.path("rejects").write_bytes(content)
    with pytest.raises(SchemaError, match=r"rejects\.parquet"):
        open_engine("duckdb", built.paths, ["rejects"], 1)


def test_a_name_that_is_no_canonical_table_is_refused(built):
    for paths in ({}, {"reject": built.path("rejects")}):
        with pytest.raises(SchemaError, match="'rejects'"):
            open_engine("duckdb", paths, ["reject"], 1)


def test_an_unknown_engine_is_named_with_the_nearest():
    assert "duckdb" in ENGINES
    with pytest.raises(CaseError, match="'duckdb'"):
        open_engine("duckbd", {}, [])


@pytest.mark.parametrize("threads", [0, -1])
def test_a_number_of_threads_that_does_no_work_is_refused(threads):
    with pytest.raises(CaseError, match=str(threads)):
        open_engine("duckdb", {}, [], threads)
