"""The half-life query in polars: a lazy query over the Parquet file."""

import sys

import stopwatch


def prepare() -> object:
    """The library imported."""
    import polars as pl

    return pl


def work(pl: object) -> list[int]:
    """Posts, and the sum of their half-lives in microseconds."""
    times = pl.col("happened_at_us")
    half = times.sort().gather((pl.len() - 1) // 2).first() - times.min()
    found = (
        pl.scan_parquet(sys.argv[1])
        .filter(pl.col("kind") == "repost")
        .group_by("dst_post_id")
        .agg(half.alias("half_life_us"))
        .select(pl.len().alias("posts"), pl.col("half_life_us").sum().alias("sum_us"))
        .collect()
    )
    return [int(found["posts"][0]), int(found["sum_us"][0])]


stopwatch.report(work, prepare)
