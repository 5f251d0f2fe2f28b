"""A sampling plan with its draw, from canonical tables."""

import sys
from pathlib import Path

import stopwatch

BUDGET = 2_000
BOOK = b"""
id = "book"
version = "1"
languages = ["en"]

[[class]]
id = "planted"
title.en = "Planted"
definition.en = "The simulation planted it."
"""


def prepare() -> tuple:
    """The tables opened, the request made."""
    from perito.clock import Period
    from perito.engine import Tables, open_engine
    from perito.sampling import FrameFilter, Request, read_label_book

    folder, how = Path(sys.argv[1]), sys.argv[2]
    paths = {name: folder / f"{name}.parquet" for name in ("posts", "scores")}
    tables = Tables(open_engine("duckdb", paths, sorted(paths)), {})
    wanted = FrameFilter("posts", Period.of("2026-01-01", "2027-01-01"), kinds=("post", "video"))
    return tables, wanted, Request("q", ("planted",), budget=BUDGET, stratify_by=how), read_label_book(BOOK)


def work(given: tuple) -> int:
    """How many items were drawn."""
    from perito.sampling import frame_of, make_plan
    from perito.sampling.scores import choose_scorer, scores_of

    tables, wanted, request, book = given
    frame = frame_of(tables, wanted)
    scores = None
    if request.stratify_by == "score":
        scores = scores_of(tables, choose_scorer(tables, "planted", None), frame)
    plan = make_plan(request, frame, scores, book)
    assert plan.design.design_id  # the digest of the whole design is part of the work
    return len({draw["item_id"] for draw in plan.design.draws})


stopwatch.report(work, prepare)
