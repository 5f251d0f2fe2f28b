"""The half-life query by this project's engine: portable SQL, DuckDB, a memory limit and a spill folder."""

import sys
from pathlib import Path

import stopwatch

QUERY = """
WITH numbered AS (
  SELECT dst_post_id, happened_at_us,
         row_number() OVER (PARTITION BY dst_post_id ORDER BY happened_at_us NULLS LAST,
                            src_post_id NULLS LAST) AS n,
         count(*) OVER (PARTITION BY dst_post_id) AS total,
         min(happened_at_us) OVER (PARTITION BY dst_post_id) AS first_us
  FROM edges WHERE kind = 'repost'),
half AS (SELECT happened_at_us - first_us AS half_life_us FROM numbered WHERE 2 * n = total + total % 2)
SELECT CAST(count(*) AS BIGINT) AS posts, CAST(sum(half_life_us) AS BIGINT) AS sum_us FROM half
"""


def prepare() -> object:
    """The engine, opened over the file."""
    from perito.engine import open_engine

    files = {"edges": Path(sys.argv[1])}
    return open_engine("duckdb", files, ["edges"], memory_limit_mb=int(sys.argv[2]), spill=Path(sys.argv[3]))


def work(engine: object) -> list[int]:
    """Posts, and the sum of their half-lives in microseconds."""
    try:
        (row,) = engine.query(QUERY).to_pylist()
    finally:
        engine.close()
    return [row["posts"], row["sum_us"]]


stopwatch.report(work, prepare)
