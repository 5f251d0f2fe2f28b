"""Reposts: real cascades of a branching process, in which every repost has the parent that it came from.

A post draws direct reposts by a Poisson law whose mean is the plan's, times the reach of its author; each
repost draws its own with the plan's offspring mean. What comes after the capture is not in the data, and
neither are its descendants.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from perito.errors import CaseError
from perito.simulate.accounts import account_keys
from perito.simulate.columns import (
    Codes,
    Whole,
    coded,
    constant,
    digits,
    joined,
    microseconds,
    platform_prefix,
    post_numbers,
    table,
    unsaid,
)
from perito.simulate.groups import REPOST_ROOM, repost_delays
from perito.simulate.plan import MAX_POSTS
from perito.simulate.posts import observed

if TYPE_CHECKING:
    from perito.simulate.groups import Group, GroupActions
    from perito.simulate.posts import Posts
    from perito.simulate.world import World

_ORGANIC = -1


@dataclass(frozen=True)
class Reposts:
    """The reposts of a block's posts as arrays, parents before children.

    A node is a post of the block (its position) or a repost (the number of posts plus its position here).

    Args:
        root: The post that each comes from, by its position in the block.
        parent: The node that each was passed on from.
        depth: Steps from the root.
        created_s: When, in seconds since the epoch.
        platform: Its platform, that of the root.
        account: Number of the account that passed it on.
        group: The group that did so, by its position; -1 where none.
        late: How many more were cut off because they came after the capture, descendants not counted.
    """

    root: Whole
    parent: Whole
    depth: Whole
    created_s: Whole
    platform: Codes
    account: Whole
    group: Whole
    late: int

    def __len__(self) -> int:
        return len(self.root)


def draw_reposts(world: World, posts: Posts, actions: GroupActions, block: int) -> Reposts:
    """The cascades of a block's posts, generation by generation, with what groups add to them.

    Raises:
        CaseError: More reposts than a block has ids for.
    """
    random, plan = world.stream("reposts", block), world.plan.cascades
    mean = plan.root_mean * posts.popularity * np.where(posts.is_planted, plan.class_ratio, 1.0)
    mean += world.plan.groups.background * actions.is_target
    root, at_s = np.arange(len(posts)), posts.created_s
    nodes, number, late = root, len(posts), 0
    generations: list[tuple[Whole, ...]] = []
    while len(root):
        parent = np.repeat(np.arange(len(root)), random.poisson(mean, len(root)))
        child_s = at_s[parent] + repost_delays(world, len(parent), random)
        is_in_time = child_s < world.capture_s
        late += int(np.count_nonzero(~is_in_time))
        parent, at_s = parent[is_in_time], child_s[is_in_time]
        account = world.author(posts.platform[root[parent]], random.random(len(parent)))
        group = np.full(len(parent), _ORGANIC)
        root, parents = root[parent], nodes[parent]
        if not generations:
            root, parents = np.append(root, actions.root), np.append(parents, actions.root)
            at_s, account = np.append(at_s, actions.at_s), np.append(account, actions.account)
            group = np.append(group, actions.group)
        nodes = number + np.arange(len(root))
        number += len(root)
        generations.append((root, parents, np.full(len(root), len(generations) + 1), at_s, account, group))
        mean = np.full(len(root), plan.offspring_mean)
    columns = [np.concatenate(column) for column in zip(*generations, strict=True)]
    root, parents, depth, created_s, account, group = columns
    _check_room(world, len(root), block)
    return Reposts(root, parents, depth, created_s, posts.platform[root], account, group, late)


def _check_room(world: World, reposts: int, block: int) -> None:
    if reposts > REPOST_ROOM * world.plan.blocks.posts:
        raise CaseError(
            "the cascades grew beyond the ids of their block",
            where=f"block {block}",
            expected=f"at most {REPOST_ROOM * world.plan.blocks.posts} reposts",
            found=str(reposts),
            remedy="plan smaller cascades or groups, or larger blocks",
        )


def repost_tables(
    world: World, groups: tuple[Group, ...], posts: Posts, reposts: Reposts, block: int
) -> dict[str, pa.Table]:
    """The reposts as posts, the edges that the platforms' exports give, and the true cascades."""
    rows = len(reposts)
    serial = MAX_POSTS + block * REPOST_ROOM * world.plan.blocks.posts + np.arange(rows)
    native = digits(post_numbers(reposts.platform, world.platforms, reposts.created_s, serial))
    keys = joined(platform_prefix(reposts.platform, world.platforms), native)
    authors = account_keys(world, reposts.platform, reposts.account)
    parents = pa.chunked_array([posts.keys, keys]).combine_chunks().take(pa.array(reposts.parent))
    truth = {
        "post_id": keys,
        "root_id": posts.keys.take(pa.array(reposts.root)),
        "parent_id": parents,
        "depth": reposts.depth,
        "group_id": coded(
            np.maximum(reposts.group, 0), [group.name for group in groups] or [""], reposts.group != _ORGANIC
        ),
    }
    return {
        "posts": observed(
            world,
            reposts.platform,
            native=native,
            keys=keys,
            account_keys=authors,
            created_s=reposts.created_s,
            kind=constant("repost", rows),
            text=pa.nulls(rows, pa.string()),
            text_state=constant("empty", rows),
            lang=unsaid(rows),
            ai_generated_label=pa.nulls(rows, pa.bool_()),
        ),
        "edges": _edges(world, posts, reposts, keys, authors),
        "truth/cascades": table(truth),
    }


def _edges(world: World, posts: Posts, reposts: Reposts, keys: pa.Array, authors: pa.Array) -> pa.Table:
    """To the true parent, or to the root where the platform's export joins everything to it."""
    rows = len(reposts)
    stars = [at for at, name in enumerate(world.platforms) if name in world.plan.cascades.star_platforms]
    node = np.where(np.isin(reposts.platform, stars), reposts.root, reposts.parent)
    all_keys = pa.chunked_array([posts.keys, keys]).combine_chunks()
    all_authors = pa.chunked_array([posts.account_keys, authors]).combine_chunks()
    return table(
        {
            "kind": constant("repost", rows),
            "platform": coded(reposts.platform, world.platforms),
            "src_post_id": keys,
            "src_account_id": authors,
            "dst_post_id": all_keys.take(pa.array(node)),
            "dst_account_id": all_authors.take(pa.array(node)),
            "happened_at_us": microseconds(reposts.created_s),
            "happened_basis": constant("server_utc", rows),
            "inferred": np.zeros(rows, np.bool_),
        }
    )
