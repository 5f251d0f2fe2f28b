"""The half-life query in pandas: sorted, numbered within each post."""

import sys

import stopwatch


def prepare() -> object:
    """The library imported."""
    import pandas as pd

    return pd


def work(pd: object) -> list[int]:
    """Posts, and the sum of their half-lives in microseconds."""
    rows = pd.read_parquet(sys.argv[1], columns=["kind", "dst_post_id", "happened_at_us"])
    rows = rows[rows["kind"] == "repost"].sort_values("happened_at_us", kind="stable")
    by_post = rows.groupby("dst_post_id", sort=False)["happened_at_us"]
    is_half = by_post.cumcount() == (by_post.transform("size") - 1) // 2
    half_life = rows["happened_at_us"][is_half] - by_post.transform("min")[is_half]
    return [int(is_half.sum()), int(half_life.sum())]


stopwatch.report(work, prepare)
