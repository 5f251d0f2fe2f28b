"""The portable subset: what the engines may answer differently is refused before it runs, by name."""

import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from perito.engine.portable import SQLGLOT_VERSION, check_portable
from perito.engine.spark_checks import PYSPARK_VERSION
from perito.errors import CaseError, MeasureError

sqlglot = pytest.importorskip("sqlglot", reason="the parser of the extra 'spark' is not installed")

DATA = tomllib.loads(files("perito.engine").joinpath("portable.toml").read_text("utf-8"))
REASONS = [*DATA["refused"], *DATA["rule"]]
KEY = "post_id, evidence_id, locator"


def refusal(sql: str) -> MeasureError:
    with pytest.raises(MeasureError) as caught:
        check_portable(sql)
    return caught.value


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason["construct"])
def test_every_reason_to_refuse_has_an_example_that_is_refused_for_it(reason):
    error = refusal(reason["example"])
    assert reason["construct"] in error.what
    assert error.remedy == reason["instead"]


@pytest.mark.parametrize("name", DATA["allowed"])
def test_every_construct_on_the_list_is_one_of_the_parser_with_such_parts(name):
    node = getattr(sqlglot.exp, name)
    assert set(DATA["allowed"][name]) <= set(node.arg_types)


@pytest.mark.parametrize("name", [node for reason in DATA["refused"] for node in reason["nodes"]])
def test_every_refused_construct_is_one_of_the_parser_and_not_on_the_list_of_the_allowed(name):
    assert issubclass(getattr(sqlglot.exp, name), sqlglot.exp.Expr)
    assert name not in DATA["allowed"]


def test_every_query_of_every_measure_is_portable(measure_query):
    check_portable(measure_query)


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT post_id FROM posts ORDER BY created_at_us NULLS LAST, {KEY} LIMIT 5",
        f"SELECT p.post_id FROM posts AS p ORDER BY p.{KEY.replace(', ', ', p.')}",
        "SELECT count(*) AS n, CAST(sum(bytes) AS DECIMAL(38, 0)) AS total FROM evidence LIMIT 1",
        "SELECT platform, count(DISTINCT account_id) AS n FROM posts GROUP BY platform ORDER BY platform",
        "SELECT DISTINCT platform, kind FROM posts ORDER BY kind, platform",
        "SELECT (created_at_us - created_at_us % 3600000000) // 3600000000 AS hour_at FROM posts",
        "SELECT (observed_at_us + observed_at_us % 2) // 2 AS half FROM posts",
        "SELECT height % nullif(width, 0) AS rest FROM media",
        "SELECT CAST(bit_count(CAST(xor(height, width) AS BIGINT)) AS INTEGER) AS bits FROM media",
        "SELECT score, threshold FROM scores WHERE score >= 0.5 AND class IS NOT DISTINCT FROM $class",
        "SELECT coalesce(text, '') || kind AS told FROM posts WHERE text LIKE 'a%' OR starts_with(text, 'b')",
        "SELECT CASE kind WHEN 'post' THEN 1 ELSE 0 END AS n, length(substr(text, 1, 3)) AS long FROM posts",
        "SELECT a.post_id, v.name FROM posts AS a CROSS JOIN (VALUES (1, 'x'), (2, NULL)) AS v(n, name)",
        "SELECT a.post_id, t.n FROM posts AS a CROSS JOIN (SELECT count(*) AS n FROM media) AS t",
        "SELECT post_id FROM posts AS p WHERE EXISTS (SELECT 1 FROM media AS m WHERE m.post_id = p.post_id)",
        "SELECT post_id FROM posts WHERE platform IN (SELECT platform FROM accounts) AND NOT sensitive",
        "SELECT post_id, (SELECT max(bytes) FROM evidence) AS largest FROM posts",
        "SELECT post_id FROM posts UNION SELECT post_id FROM media ORDER BY post_id NULLS FIRST LIMIT 3",
        "SELECT post_id FROM posts EXCEPT SELECT post_id FROM media",
        "SELECT max(score) FILTER (WHERE class = 'a') AS top, bool_or(score > 1) AS over FROM scores",
        """WITH numbered AS (
             SELECT *, row_number() OVER (PARTITION BY account_id ORDER BY created_at_us NULLS LAST, post_id,
                                          evidence_id, locator) AS n FROM posts)
           SELECT account_id, post_id FROM numbered WHERE n = 1 ORDER BY account_id NULLS LAST""",
        """SELECT p.post_id, a.handle FROM posts AS p LEFT JOIN accounts AS a
           ON a.account_id = p.account_id AND a.observed_at_us <= p.observed_at_us""",
        "SELECT post_id, p.kind AS post, m.kind AS media FROM posts AS p JOIN media AS m USING (post_id)",
        """SELECT rank() OVER (ORDER BY platform) AS place,
                  CAST(sum(observed_at_us) OVER (ORDER BY platform) AS BIGINT) AS running FROM posts""",
        "SELECT post_id FROM posts UNION ALL SELECT post_id FROM media ORDER BY post_id NULLS LAST LIMIT 3",
        """WITH ages AS (SELECT account_id, observed_at_us - created_at_us AS age_us FROM posts)
           SELECT account_id, age_us,
                  row_number() OVER (PARTITION BY account_id ORDER BY age_us NULLS LAST) AS n FROM ages""",
        "-- a note\nSELECT post_id /* another */ FROM posts",
    ],
)
def test_what_a_measure_needs_is_allowed(sql):
    check_portable(sql)


@pytest.mark.parametrize(
    ("construct", "sql"),
    [
        ("functions of time", "SELECT post_id FROM posts WHERE created_at_us > epoch_us(now())"),
        ("functions of time", "SELECT current_date AS today FROM posts"),
        ("functions of time", "SELECT epoch(make_timestamp(created_at_us)) AS at FROM posts"),
        ("functions of time", "SELECT created_at_us + INTERVAL 1 DAY AS next FROM posts"),
        ("a date or time", "SELECT TIMESTAMP '2026-01-01' AS start FROM posts"),
        ("a cast", "SELECT CAST(duration_s AS BIGINT) AS whole FROM media"),
        ("a cast", "SELECT duration_s::int AS whole FROM media"),
        ("a cast", "SELECT CAST(score AS DECIMAL(10, 2)) AS short FROM scores"),
        ("a cast", "SELECT CAST(native_id AS BIGINT) AS number FROM posts"),
        ("a cast", "SELECT CAST(score AS VARCHAR) AS printed FROM scores"),
        ("a cast", "SELECT CAST((width - width % 2) / 2 AS BIGINT) AS half FROM media"),
        ("a type that only one", "SELECT CAST(height AS TINYINT) AS height FROM media"),
        ("floats", "SELECT CAST(sum(score) AS DECIMAL(38, 6)) AS total FROM scores"),
        ("floats", "SELECT score * 2 AS twice FROM scores"),
        ("floats", "SELECT score + 1e3 AS more FROM scores"),
        ("averages", "SELECT avg(bytes) AS mean FROM evidence"),
        ("come out even", "SELECT width // 2 AS half FROM media"),
        ("come out even", "SELECT (width - height % 2) // 2 AS half FROM media"),
        ("come out even", "SELECT (width + width % 3) // 3 AS third FROM media"),
        ("come out even", "SELECT (width - width % 2) / 2 AS half FROM media"),
        ("can be zero", "SELECT width % 0 AS rest FROM media"),
        ("can be zero", "SELECT width % $k AS rest FROM media"),
        ("powers", "SELECT width ** 2 AS squared FROM media"),
        ("bit_count", "SELECT CAST(bit_count(width) AS INTEGER) AS bits FROM media"),
        ("place for NULL", f"SELECT post_id FROM posts ORDER BY account_id DESC, {KEY}"),
        ("place for NULL", f"SELECT row_number() OVER (ORDER BY text, {KEY}) AS n FROM posts"),
        (
            "place for NULL",
            "SELECT account_id, count(*) AS n FROM posts GROUP BY account_id ORDER BY account_id",
        ),
        (
            "place for NULL",
            "SELECT m.mime FROM posts AS p LEFT JOIN media AS m ON m.post_id = p.post_id ORDER BY m.kind",
        ),
        ("ties", "SELECT post_id FROM posts ORDER BY platform"),
        ("ties", "SELECT post_id FROM posts LIMIT 1"),
        ("ties", "SELECT post_id FROM posts OFFSET 1"),
        ("ties", "SELECT row_number() OVER (ORDER BY platform) AS n FROM posts"),
        ("ties", "SELECT row_number() OVER () AS n FROM posts"),
        ("ties", "SELECT rank() OVER () AS n FROM posts"),
        ("ties", "SELECT lag(kind) OVER (PARTITION BY account_id ORDER BY platform) AS before FROM posts"),
        (
            "ties",
            "SELECT count(*) OVER (ORDER BY kind ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS n FROM posts",
        ),
        ("ties", "SELECT * FROM (SELECT post_id FROM posts ORDER BY kind LIMIT 2) AS few"),
        (
            "ties",
            f"""SELECT m.kind FROM posts AS a JOIN media AS m ON m.post_id = a.post_id
                ORDER BY a.{KEY.replace(", ", ", a.")}""",
        ),
        (
            "ties",
            "SELECT post_id, kind FROM posts UNION ALL SELECT post_id, kind FROM posts ORDER BY post_id",
        ),
        ("ties", "SELECT row_number() OVER (ORDER BY a) AS n FROM (VALUES (1, 2), (1, 3)) AS t(a, b)"),
        ("join without equality", "SELECT p.post_id FROM posts AS p, media AS m"),
        ("join without equality", "SELECT p.post_id FROM posts AS p, media AS m WHERE p.post_id = m.post_id"),
        ("join without equality", "SELECT p.post_id FROM posts AS p CROSS JOIN media AS m"),
        ("join without equality", "SELECT p.post_id FROM posts AS p JOIN media AS m ON m.kind = 'image'"),
        ("join without equality", "SELECT p.post_id FROM posts AS p NATURAL JOIN media AS m"),
        (
            "join without equality",
            "SELECT p.post_id FROM posts AS p FULL JOIN media AS m ON m.post_id = p.post_id",
        ),
        (
            "join without equality",
            "SELECT p.post_id FROM posts p ASOF JOIN actions a ON p.created_at_us >= a.happened_at_us",
        ),
        ("join without equality", "SELECT p.post_id FROM posts AS p POSITIONAL JOIN media AS m"),
        ("random", "SELECT post_id FROM posts USING SAMPLE 10"),
        ("random", "SELECT post_id FROM posts TABLESAMPLE 10%"),
        ("shorthand", "SELECT count(*) AS n FROM posts GROUP BY ROLLUP (platform)"),
        ("a clause", "SELECT platform, count(*) AS n FROM posts GROUP BY ALL"),
        ("a clause", "SELECT platform FROM posts GROUP BY 1"),
        ("a clause", "SELECT platform FROM posts ORDER BY 1"),
        ("a clause", "SELECT * EXCLUDE (text) FROM posts"),
        ("a clause", "WITH RECURSIVE a AS (SELECT 1 AS n) SELECT n FROM a"),
        ("a clause", "SELECT count(DISTINCT platform, kind) AS n FROM posts"),
        ("a construct", "SELECT count(DISTINCT (platform, kind)) AS n FROM posts"),
        ("a clause", "SELECT sum(x) OVER w AS s FROM posts WINDOW w AS (ORDER BY kind)"),
        ("a construct", "SELECT count() AS n FROM posts"),
        ("a construct", "SELECT ntile(4) OVER (ORDER BY kind) AS quarter FROM posts"),
        ("letter case", "SELECT post_id FROM posts WHERE text ILIKE 'a%'"),
        ("letter case", "SELECT post_id FROM posts WHERE text ~ 'a.b'"),
        ("pattern of LIKE", "SELECT post_id FROM posts WHERE text LIKE kind"),
        ("lists", "SELECT unnest([1, 2]) AS n FROM posts"),
        ("lists", "SELECT {'a': 1} AS made FROM posts"),
        ("depend on the order", "SELECT string_agg(text, ',') AS told FROM posts"),
        ("depend on the order", "SELECT arg_max(text, created_at_us) AS newest FROM posts"),
        ("different kinds", "SELECT post_id FROM posts WHERE observed_at_us = '5'"),
        ("different kinds", "SELECT coalesce(text, 0) AS told FROM posts"),
        ("different kinds", "SELECT CASE WHEN sensitive THEN 1 ELSE 'no' END AS told FROM posts"),
        ("different kinds", "SELECT post_id FROM posts WHERE kind"),
        ("different kinds", "SELECT post_id FROM posts UNION ALL SELECT height FROM media"),
        ("different kinds", "SELECT text || observed_at_us AS told FROM posts"),
        ("a name", "SELECT kind FROM posts AS p JOIN media AS m ON m.post_id = p.post_id"),
        ("a name", "SELECT post_id FROM no_such_table"),
        ("a name", "SELECT $1 AS one FROM posts"),
        ("a name", "SELECT n FROM posts WHERE (SELECT 1 AS n) = 1"),
        ("without a name", "SELECT kind, kind FROM posts"),
        ("without a name", "SELECT kind, platform AS KIND FROM posts"),
        ("several rows", "SELECT (SELECT kind FROM posts GROUP BY kind) AS k FROM posts"),
        ("other statements", "DELETE FROM posts"),
        ("the text", ""),
        ("the text", "VALUES (1), (2)"),
        ("a name", "SELECT * FROM 'posts.parquet'"),
        ("of another schema", "SELECT post_id FROM main.posts"),
        ("other statements", "CREATE MACRO twice(x) AS 2 * x"),
        ("other statements", "COPY posts TO 'out.csv'"),
        ("other statements", "PIVOT posts ON kind USING count(*)"),
    ],
)
def test_what_the_engines_may_answer_differently_is_refused_by_name(construct, sql):
    assert construct in refusal(sql).what


def test_the_error_names_the_line_and_the_text_of_the_construct():
    error = refusal("SELECT post_id,\n       platform,\n       hash(text) AS bucket\nFROM posts")
    assert "line 3" in error.where
    assert "hash" in error.found.lower()


@pytest.mark.parametrize("sql", ["SELECT FROM", "SELECT (1", "not sql at all", "SELECT 'open", "\0"])
def test_text_that_is_no_sql_is_refused(sql):
    assert isinstance(refusal(sql), MeasureError)


def test_a_constant_condition_makes_the_rest_of_a_key_enough_for_an_order():
    ordered = "SELECT post_id, kind FROM posts WHERE evidence_id = $item ORDER BY post_id, locator"
    check_portable(ordered)
    assert "ties" in refusal(ordered.replace("=", "<>")).what


def test_a_join_to_a_whole_key_keeps_the_keys_of_the_left_side():
    joined = """SELECT r.evidence_id, e.path FROM rejects AS r JOIN evidence AS e ON e.{}
                ORDER BY r.evidence_id, r.locator, r.reason"""
    check_portable(joined.format("evidence_id = r.evidence_id"))
    assert "ties" in refusal(joined.format("platform = r.platform")).what


def test_another_version_of_the_parser_is_refused(monkeypatch):
    monkeypatch.setattr(sqlglot, "__version__", "1.0.0")
    with pytest.raises(CaseError) as caught:
        check_portable("SELECT post_id FROM posts")
    assert caught.value.found == "1.0.0"


def test_the_pins_of_the_extra_are_the_versions_that_the_code_asks_for():
    project = Path(__file__).resolve().parents[2] / "pyproject.toml"
    extras = tomllib.loads(project.read_text("utf-8"))["project"]["optional-dependencies"]
    assert {f"pyspark=={PYSPARK_VERSION}", f"sqlglot=={SQLGLOT_VERSION}"} <= set(extras["spark"])


def test_the_default_engine_answers_without_the_extra():
    program = """
import sys
sys.modules["sqlglot"] = sys.modules["pyspark"] = None  # an import of either fails
from perito.engine import open_engine
print(open_engine("duckdb", {}, ["posts"]).query("SELECT count(*) AS n FROM posts").to_pylist())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[{'n': 0}]\n"
