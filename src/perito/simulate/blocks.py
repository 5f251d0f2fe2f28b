"""One block of the simulation: every table of a slice of the posts, and what there truly is in it.

A block depends on the world and on its number alone, so blocks can be made in any order, on any thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perito.simulate.cascades import draw_reposts, repost_tables
from perito.simulate.checks import action_tables
from perito.simulate.engagement import engagement_table
from perito.simulate.groups import draw_actions, draw_groups
from perito.simulate.impressions import draw_panel, impression_table
from perito.simulate.labels import draw_sample, label_tables
from perito.simulate.media import draw_pictures, make_pictures, media_tables
from perito.simulate.notices import draw_notices, notice_tables
from perito.simulate.posts import draw_posts, post_tables
from perito.simulate.scores import draw_scores, score_table

if TYPE_CHECKING:
    import pyarrow as pa

    from perito.simulate.columns import Whole
    from perito.simulate.groups import Group
    from perito.simulate.impressions import Panel
    from perito.simulate.labels import Sample
    from perito.simulate.notices import Notices
    from perito.simulate.posts import Posts
    from perito.simulate.world import World


@dataclass(frozen=True)
class Stage:
    """What blocks share and what does not grow with the posts.

    Args:
        world: The world.
        groups: Groups of accounts.
        panel: Users who are shown posts.
        sample: Posts that are read.
        pictures: How many pictures are made in all.
        receipt_id: The evidence item that proves the receipt of notices.
    """

    world: World
    groups: tuple[Group, ...]
    panel: Panel
    sample: Sample
    pictures: int
    receipt_id: str

    @classmethod
    def of(cls, world: World, pictures: int, receipt_id: str) -> Stage:
        """Everything drawn once."""
        return cls(world, draw_groups(world), draw_panel(world), draw_sample(world), pictures, receipt_id)

    def pictures_in(self, block: int) -> int:
        """How many pictures are made of a block: an equal part of all, as even as can be."""
        return (block + 1) * self.pictures // self.world.blocks - block * self.pictures // self.world.blocks


@dataclass(frozen=True)
class Block:
    """A block: rows by table (the truth under `truth/`), pictures, and exact totals of what is in it."""

    tables: dict[str, list[pa.Table]]
    pictures: tuple[tuple[str, bytes], ...]
    totals: dict[str, int]


def make_block(stage: Stage, number: int) -> Block:
    """The block of that number.

    Raises:
        CaseError: Cascades that outgrow the ids of a block.
    """
    world, tables = stage.world, _Gathered()
    posts = draw_posts(world, number)
    tables.add(post_tables(world, posts, number))
    actions = draw_actions(world, stage.groups, posts, number)
    reposts = draw_reposts(world, posts, actions, number)
    tables.add(repost_tables(world, stage.groups, posts, reposts, number))
    counters, views = engagement_table(world, posts, reposts, number)
    tables.add({"engagement": counters})
    tables.add({"scores": score_table(world, posts, draw_scores(world, posts, number))})
    tables.add({"impressions": impression_table(world, stage.panel, posts, number)})
    notices = draw_notices(world, posts, number)
    tables.add(notice_tables(world, posts, notices, number, stage.receipt_id))
    for rows in action_tables(world, posts, notices, number):
        tables.add({"actions": rows})
    read, hits = label_tables(world, stage.sample, posts, number)
    tables.add(read)
    pictures = draw_pictures(world, posts, number)
    made = make_pictures(world, pictures, number, stage.pictures_in(number))
    tables.add(media_tables(world, posts, pictures, number, made))
    totals = {
        **_post_totals(world, posts, views),
        **_notice_totals(world, posts, notices),
        "reposts": len(reposts),
        "reposts_after_capture": reposts.late,
        "sample_planted": hits,
    }
    return Block(tables.parts, made, totals)


class _Gathered:
    """Rows by table, in the order in which they came."""

    def __init__(self) -> None:
        self.parts: dict[str, list[pa.Table]] = {}

    def add(self, tables: dict[str, pa.Table]) -> None:
        for name, rows in tables.items():
            self.parts.setdefault(name, []).append(rows)


def _post_totals(world: World, posts: Posts, views: Whole) -> dict[str, int]:
    totals = {
        "posts": len(posts),
        "planted": int(posts.is_planted.sum()),
        "generated": int(posts.is_generated.sum()),
        "views": int(views.sum()),
        "views_planted": int(views[posts.is_planted].sum()),
    }
    for code, name in enumerate(world.platforms):
        here = posts.platform == code
        totals[f"posts.{name}"] = int(here.sum())
        totals[f"planted.{name}"] = int((here & posts.is_planted).sum())
    return totals


def _notice_totals(world: World, posts: Posts, notices: Notices) -> dict[str, int]:
    is_removed = (notices.cause == 0) & (notices.ended_s <= world.capture_s)
    return {
        "notices": len(notices),
        "notices_planted": int(posts.is_planted[notices.post].sum()),
        "removed": int(np.count_nonzero(is_removed)),
        "wrongly_removed": int(np.count_nonzero(is_removed & ~posts.is_planted[notices.post])),
    }
