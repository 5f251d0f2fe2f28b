"""Every query of every measure on DuckDB and on a real Spark cluster: the same rows, to the last one."""

import random
import shutil
from decimal import Decimal
from itertools import groupby

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perito.case import load_case
from perito.engine import open_engine
from perito.run import run_case
from perito.schema import enumeration, table, table_names
from perito.schema.arrow import arrow_schema
from perito.tables import open_tables
from perito.workflow import answer

sqlglot = pytest.importorskip("sqlglot", reason="the parser of the extra 'spark' is not installed")
pytestmark = pytest.mark.xdist_group("spark")

TEXTS = [
    "",
    "a",
    "A",
    "á",
    "ñ",
    "z",
    "Z",
    "ß",
    "👍",
    "it's",
    'a"b',
    "a\\b",
    "a\nb",
    "%",
    "\u0000",
    " ",
    "10",
    "9",
]
TIMES = [0, 1, -1, 2**62, -(2**62), 1_767_916_800_000_000, -62_135_596_800_000_000]
NUMBERS = [0, 1, 2, 3, -1, -7, 1_000_003]
SETTINGS = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The example case, built by the default engine."""
    from pathlib import Path

    example = Path(__file__).resolve().parents[2] / "examples" / "spain-2026"
    folder = tmp_path_factory.mktemp("case") / "spain-2026"
    skipped = shutil.ignore_patterns("evidence", "tables", "findings", "dossier", ".perito-*")
    shutil.copytree(example, folder, ignore=skipped)
    run_case(folder)
    return folder


@pytest.fixture(scope="module")
def both(built, spark_master):
    """Both engines over the tables of the example."""
    paths = open_tables(load_case(built).tables_folder).paths
    engines = (
        open_engine("duckdb", paths, table_names(), threads=2),
        open_engine("spark", paths, table_names(), master=spark_master),
    )
    yield engines
    for engine in engines:
        engine.close()


def parameters_of(sql: str, number: int = 0) -> dict[str, object]:
    """A value for each parameter: times for times, and for others what the example holds."""
    names = {node.name for node in sqlglot.parse_one(sql, read="duckdb").find_all(sqlglot.exp.Placeholder)}
    ends = {"start_us": -(2**62), "end_us": 2**62, "kind": "count"}
    ends |= dict.fromkeys(("class", "design", "book", "version", "model"), "a") | {"role": "sample"}
    return {name: ends.get(name, number) for name in names}


def assert_same(one: pa.Table, other: pa.Table, *, is_ordered: bool) -> None:
    assert [(field.name, field.type) for field in one.schema] == [(f.name, f.type) for f in other.schema]
    rows, others = one.to_pylist(), other.to_pylist()
    if not is_ordered:
        rows, others = sorted(map(repr, rows)), sorted(map(repr, others))
    assert rows == others


def is_ordered(sql: str) -> bool:
    return sqlglot.parse_one(sql, read="duckdb").args.get("order") is not None


def test_every_query_gives_the_same_rows_on_the_example(both, measure_query):
    duckdb, spark = (engine.query(measure_query, parameters_of(measure_query)) for engine in both)
    assert_same(duckdb, spark, is_ordered=is_ordered(measure_query))


def column_values(column) -> st.SearchStrategy:
    """Few values, so that there are ties: NULL where it may be, negative numbers, extreme times."""
    match column.type:
        case "text" if column.enum:
            values = st.sampled_from([*enumeration(column.enum).values])
        case "text":
            values = st.sampled_from(TEXTS)
        case "bigint" | "integer" if column.is_time:
            values = st.sampled_from(TIMES)
        case "bigint" | "integer":
            values = st.sampled_from([n for n in NUMBERS if column.minimum is None or n >= column.minimum])
        case "boolean":
            values = st.booleans()
        case "double":
            values = st.sampled_from([0.0, 0.1, 0.5, 2.5, 1e16])
        case _:
            values = st.sampled_from([Decimal("0.000001"), Decimal("-1.500000"), Decimal(7)])
    return values if column.required else st.none() | values


@st.composite
def random_table(draw, name: str) -> pa.Table:
    """A small table of a canonical schema, its key unique."""
    shape = table(name)
    pools = {
        column.name: draw(st.lists(column_values(column), min_size=1, max_size=4)) for column in shape.columns
    }
    pick = random.Random(draw(st.integers(0, 2**32)))
    rows = [
        {name: pick.choice(pool) for name, pool in pools.items()} for _ in range(draw(st.integers(0, 60)))
    ]
    if "locator" in shape:
        rows = [row | {"locator": f"row={number}"} for number, row in enumerate(rows)]
    unique = {tuple(row[column] for column in shape.key): row for row in rows}
    return pa.Table.from_pylist(list(unique.values()), schema=arrow_schema(shape))


@st.composite
def random_tables(draw, sql: str) -> dict[str, pa.Table]:
    """A random table for each canonical table that a query names."""
    named = {node.name for node in sqlglot.parse_one(sql, read="duckdb").find_all(sqlglot.exp.Table)}
    return {name: draw(random_table(name)) for name in sorted(named & set(table_names()))}


@pytest.fixture(scope="module")
def on_both(spark_master, tmp_path_factory):
    """Answers a query over given tables on both engines; the rows of each table lie in two files."""
    folder = tmp_path_factory.mktemp("random")
    numbers = iter(range(10**9))

    def ask(tables, sql, parameters):
        paths = {}
        for name, rows in tables.items():
            files = [folder / f"{next(numbers)}.parquet" for _ in range(2)]
            half = rows.num_rows // 2
            for file, part in zip(files, (rows.slice(half), rows.slice(0, half)), strict=True):
                pq.write_table(part, file, compression="zstd", store_schema=False)
            paths[name] = files
        answers = []
        for engine in ("duckdb", "spark"):
            opened = open_engine(
                engine, paths, tables, threads=2, master=spark_master if engine == "spark" else None
            )
            try:
                answers.append(opened.query(sql, parameters))
            finally:
                opened.close()
        return answers

    return ask


@SETTINGS
@given(data=st.data())
def test_every_query_gives_the_same_rows_on_random_tables(on_both, measure_query, data):
    tables = data.draw(random_tables(measure_query))
    duckdb, spark = on_both(tables, measure_query, parameters_of(measure_query))
    assert_same(duckdb, spark, is_ordered=is_ordered(measure_query))


# --- the forms that the subset offers, against a plain loop --------------------------------------------

HOUR_US = 3_600_000_000
HOURLY = """
SELECT platform, (created_at_us - created_at_us % 3600000000) // 3600000000 AS hour_at, count(*) AS posts,
       count(DISTINCT account_id) AS accounts, min(text) AS first_text,
       max(created_at_us) AS last_us
FROM posts
WHERE created_at_us IS NOT NULL
GROUP BY platform, (created_at_us - created_at_us % 3600000000) // 3600000000
ORDER BY platform, hour_at NULLS LAST
"""
MEDIANS = """
WITH numbered AS (
  SELECT account_id, created_at_us,
         row_number() OVER (PARTITION BY account_id
                            ORDER BY created_at_us NULLS LAST, post_id, evidence_id, locator) AS n,
         count(*) OVER (PARTITION BY account_id) AS total
  FROM posts WHERE created_at_us IS NOT NULL)
SELECT account_id, created_at_us AS middle_us, total FROM numbered WHERE n = (total + total % 2) // 2
"""
BUCKETS = """
SELECT a.account_id AS one, b.account_id AS other, count(*) AS together
FROM posts AS a JOIN posts AS b
  ON a.text = b.text AND (a.created_at_us - a.created_at_us % 60000000) // 60000000
                       = (b.created_at_us - b.created_at_us % 60000000) // 60000000
 AND a.account_id < b.account_id
GROUP BY a.account_id, b.account_id
"""
WEIGHTS = """
SELECT post_id, evidence_id, locator, (length(locator) * 1103515245 + 12345) % 2147483647 AS weight,
       CAST(bit_count(xor(observed_at_us, CAST(length(post_id) AS BIGINT))) AS INTEGER) AS bits
FROM posts
"""


def loop_hourly(posts):
    known = sorted((post for post in posts if post["created_at_us"] is not None), key=hour)
    for (platform, hour_at), group in groupby(known, key=hour):
        rows = list(group)
        texts = sorted(row["text"].encode() for row in rows if row["text"] is not None)
        yield {
            "platform": platform,
            "hour_at": hour_at,
            "posts": len(rows),
            "accounts": len({row["account_id"] for row in rows} - {None}),
            "first_text": texts[0].decode() if texts else None,
            "last_us": max(row["created_at_us"] for row in rows),
        }


def hour(post):
    """Towards zero, as SQL divides."""
    at_us = post["created_at_us"]
    return post["platform"], abs(at_us) // HOUR_US * (1 if at_us >= 0 else -1)


def loop_medians(posts):
    known = [post for post in posts if post["created_at_us"] is not None]
    for account in {post["account_id"] for post in known}:
        times = sorted(post["created_at_us"] for post in known if post["account_id"] == account)
        yield {"account_id": account, "middle_us": times[(len(times) + 1) // 2 - 1], "total": len(times)}


def loop_buckets(posts):
    pairs = {}
    usable = [p for p in posts if None not in (p["text"], p["created_at_us"], p["account_id"])]
    for one in usable:
        for other in usable:
            same_time = minute(one) == minute(other) and one["text"] == other["text"]
            if same_time and one["account_id"].encode() < other["account_id"].encode():
                pair = (one["account_id"], other["account_id"])
                pairs[pair] = pairs.get(pair, 0) + 1
    return ({"one": one, "other": other, "together": number} for (one, other), number in pairs.items())


def minute(post):
    return abs(post["created_at_us"]) // 60_000_000 * (1 if post["created_at_us"] >= 0 else -1)


def loop_weights(posts):
    for post in posts:
        bits = (post["observed_at_us"] ^ len(post["post_id"])) & (2**64 - 1)
        yield {name: post[name] for name in ("post_id", "evidence_id", "locator")} | {
            "weight": (len(post["locator"]) * 1103515245 + 12345) % 2147483647,
            "bits": bits.bit_count(),
        }


FORMS = {
    "hours": (HOURLY, loop_hourly),
    "medians": (MEDIANS, loop_medians),
    "buckets": (BUCKETS, loop_buckets),
    "weights": (WEIGHTS, loop_weights),
}


@pytest.mark.parametrize("form", FORMS)
@SETTINGS
@given(data=st.data())
def test_both_engines_agree_with_a_plain_loop(on_both, form, data):
    sql, loop = FORMS[form]
    posts = data.draw(random_table("posts"))
    duckdb, spark = on_both({"posts": posts}, sql, {})
    assert_same(duckdb, spark, is_ordered=is_ordered(sql))
    assert sorted(map(repr, duckdb.to_pylist())) == sorted(map(repr, loop(posts.to_pylist())))


def test_a_planted_heavy_account_does_not_change_the_rows(on_both):
    same = {"platform": "x", "kind": "post", "text_state": "present", "observed_basis": "server_utc"}
    rows = [
        {
            **same,
            "post_id": f"x:{n}",
            "native_id": str(n),
            "account_id": "x:heavy" if n % 10 else f"x:{n}",
            "created_at_us": n * 7_919 % 1_000,
            "observed_at_us": n,
            "evidence_id": "sha256:00",
            "locator": f"row={n}",
        }
        for n in range(20_000)
    ]
    heavy = pa.Table.from_pylist(rows, schema=arrow_schema(table("posts")))
    duckdb, spark = on_both({"posts": heavy}, MEDIANS, {})
    assert_same(duckdb, spark, is_ordered=False)
    assert max(row["total"] for row in duckdb.to_pylist()) == 18_000


def test_the_findings_of_a_whole_case_are_the_same_bytes_on_both_engines(built, spark_master, tmp_path):
    from perito.engine import Tables
    from perito.findings.output import FINDINGS_FILE, write_findings
    from perito.measures import describe
    from perito.measures.asking import ask

    case = load_case(built)
    tables = open_tables(case.tables_folder)
    names = sorted({name for question in case.questions for name in describe(question.measure).tables})
    paths = {name: path for name, path in tables.paths.items() if name in names}
    with Tables(open_engine("spark", paths, names, master=spark_master), tables.inputs) as opened:
        write_findings([ask(question, case, opened) for question in case.questions], tmp_path / "spark")
    write_findings(answer(case, case.questions, tables, "duckdb"), tmp_path / "duckdb")
    written = [(tmp_path / engine / FINDINGS_FILE).read_bytes() for engine in ("duckdb", "spark")]
    assert written[0] == written[1]
    assert len(written[0]) > 10_000
