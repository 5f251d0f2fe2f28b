"""What DuckDB and Spark answer differently without a word: shown on both, and refused by the subset.

Each row of the table is a reason for a rule. A row that no longer holds may lose its rule; a test that
fails here says so.
"""

from decimal import Decimal

import duckdb
import pytest

from perito.engine import open_engine
from perito.engine.portable import check_portable
from perito.errors import MeasureError

pytestmark = pytest.mark.xdist_group("spark")

_HOURS = "date_diff('hour', TIMESTAMP '2026-01-01 10:59:00', TIMESTAMP '2026-01-01 11:01:00')"
DIFFERENT = [
    # expression, what DuckDB says, what Spark says, the reason to refuse
    ("CAST(2.5 AS INT)", 3, 2, "a cast"),
    ("CAST(CAST(3.5 AS DOUBLE) AS INT)", 4, 3, "a cast"),
    ("CAST(CAST(1.005 AS DOUBLE) AS DECIMAL(10, 2))", Decimal("1.00"), Decimal("1.01"), "a cast"),
    ("CAST(CAST(1e16 AS DOUBLE) AS VARCHAR)", "1e+16", "1.0E16", "floats"),
    ("concat('a', NULL)", "a", None, "concat"),
    (_HOURS, 1, 0, "functions of time"),
    ("epoch(TIMESTAMP '2026-01-01 00:00:00.25')", 1767225600.25, 1767225600, "functions of time"),
    ("substr('abc', 0, 2)", "a", "ab", "substr"),
    ("upper('ß')", "ẞ", "SS", "letter case"),
    ("lower('İ')", "i", "i\u0307", "letter case"),
    ("CAST(bit_count(CAST(-1 AS INT)) AS INT)", 32, 64, "bit_count"),
    (r"'100\%' LIKE '100\%'", True, False, "pattern of LIKE"),
    ("2 ^ 3", 8, 1, "powers"),
]
IN_SPARK = {  # where Spark has it under another name, the text that a person would choose
    _HOURS: "timestampdiff(HOUR, TIMESTAMP '2026-01-01 10:59:00', TIMESTAMP '2026-01-01 11:01:00')",
    "epoch(TIMESTAMP '2026-01-01 00:00:00.25')": "unix_timestamp(TIMESTAMP '2026-01-01 00:00:00.25')",
    r"'100\%' LIKE '100\%'": r"'100\\%' LIKE '100\\%'",
}
SAME = [
    # expressions on which a rule could be feared to be needed, and is not
    ("-7 % 3", -1),
    ("(-7 - -7 % 3) // 3", -2),
    ("(-7 + -7 % 2) // 2", -4),
    ("greatest(1, NULL)", 1),
    ("'a' || NULL", None),
    ("length('ñ👍')", 2),
    ("CAST(-9223372036854775807 AS BIGINT)", 1 - 2**63),
    ("NULL IS NOT DISTINCT FROM NULL", True),
    ("CAST(0.000001 AS VARCHAR)", "0.000001"),
    ("CAST(sum(CAST(5 AS DECIMAL(19, 0)) * CAST(-3 AS DECIMAL(19, 0))) AS DECIMAL(38, 0))", Decimal(-15)),
]


@pytest.fixture(scope="module")
def spark(spark_master):
    engine = open_engine("spark", {}, ["posts"], master=spark_master)
    yield engine
    engine.close()


def in_duckdb(sql: str) -> list[tuple]:
    with duckdb.connect() as connection:
        return connection.execute(sql).fetchall()


def in_spark(spark, sql: str) -> list[tuple]:
    return [tuple(row.values()) for row in spark._session.sql(sql).toArrow().to_pylist()]


def refused_for(sql: str) -> str:
    with pytest.raises(MeasureError) as caught:
        check_portable(sql)
    return caught.value.what


@pytest.mark.parametrize(
    ("expression", "of_duckdb", "of_spark", "reason"), DIFFERENT, ids=lambda part: str(part)[:40]
)
def test_an_expression_that_differs_silently_is_refused(spark, expression, of_duckdb, of_spark, reason):
    sql = f"SELECT {expression} AS answer"
    assert in_duckdb(sql) == [(of_duckdb,)]
    spark_sql = f"SELECT {IN_SPARK.get(expression, expression).replace('VARCHAR', 'STRING')} AS answer"
    assert in_spark(spark, spark_sql) == [(of_spark,)]
    assert reason in refused_for(sql)


@pytest.mark.parametrize(("expression", "answer"), SAME, ids=lambda part: str(part)[:40])
def test_an_expression_of_the_subset_is_answered_alike(spark, expression, answer):
    sql = f"SELECT {expression} AS answer"
    duck = open_engine("duckdb", {}, [], threads=1)
    assert duck.query(sql).to_pylist() == spark.query(sql).to_pylist() == [{"answer": answer}]
    duck.close()


def test_hashes_differ(spark):
    sql = "SELECT hash(1) AS answer"
    assert in_duckdb(sql) != in_spark(spark, sql)
    assert "hash" in refused_for(sql)


def test_null_has_another_place_in_an_order(spark):
    sql = "SELECT n FROM (VALUES (1), (NULL)) AS t(n) ORDER BY n"
    assert in_duckdb(sql) == [(1,), (None,)]
    assert in_spark(spark, sql) == [(None,), (1,)]
    assert "place for NULL" in refused_for(sql)


@pytest.mark.parametrize("end", ["FIRST", "LAST"])
@pytest.mark.parametrize("way", ["ASC", "DESC"])
def test_an_order_that_says_where_null_goes_is_the_same(spark, end, way):
    sql = f"SELECT n FROM (VALUES (1), (NULL), (2)) AS t(n) ORDER BY n {way} NULLS {end}"
    duck = open_engine("duckdb", {}, [], threads=1)
    answers = duck.query(sql).to_pylist()
    assert answers == spark.query(sql).to_pylist()
    assert answers[0 if end == "FIRST" else -1] == {"n": None}
    duck.close()


def test_a_sum_of_floats_depends_on_the_order_of_the_rows(spark):
    for run in (in_duckdb, lambda sql: in_spark(spark, sql)):
        sums = {
            str(run(f"SELECT sum(CAST(x AS DOUBLE)) AS s FROM (VALUES {rows}) AS t(x)"))
            for rows in ("(1e16), (1), (1), (1), (1), (-1e16)", "(1), (1), (1), (1), (1e16), (-1e16)")
        }
        assert len(sums) == 2
    assert "floats" in refused_for("SELECT CAST(sum(score) AS DECIMAL(38, 6)) AS s FROM scores")


def test_division_by_zero_is_a_number_here_and_an_error_there(spark):
    assert in_duckdb("SELECT 1 / 0 AS answer") == [(float("inf"),)]
    from pyspark.errors import ArithmeticException

    with pytest.raises(ArithmeticException):
        in_spark(spark, "SELECT 1 / 0 AS answer")
    assert "zero" in refused_for("SELECT 1 / 0 AS answer")


def test_a_subquery_of_several_rows_is_an_error_only_when_it_runs(spark):
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    sql = "SELECT (SELECT n FROM (VALUES (1), (2)) AS t(n)) AS answer"
    with pytest.raises(duckdb.Error):
        in_duckdb(sql)
    with pytest.raises((PySparkException, Py4JError)):
        in_spark(spark, sql)
    assert "several rows" in refused_for(sql)


@pytest.mark.parametrize("sql", ["SELECT CAST(9223372036854775807 AS BIGINT) + $one AS answer"])
def test_overflow_is_an_error_on_both(spark, sql):
    duck = open_engine("duckdb", {}, [], threads=1)
    for engine in (duck, spark):
        with pytest.raises(MeasureError):
            engine.query(sql, {"one": 1})
    duck.close()
