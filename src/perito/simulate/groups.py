"""Groups: accounts that pass on the same posts, either within seconds of each other or each in its own time.

Both kinds pass on equally many posts with equally many members, so that only the timing tells them apart.
The posts that they choose are passed on by many others too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from perito.errors import CaseError
from perito.simulate.accounts import account_keys
from perito.simulate.columns import Flags, Whole, constant, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator

    from perito.simulate.posts import Posts
    from perito.simulate.world import World

REPOST_ROOM = 3  # reposts for each post that the ids of a block leave room for
_LONGEST_S = 1e9  # far beyond any capture
_SAFE_SHARE = 0.85  # of that room, so that chance does not fill it


@dataclass(frozen=True)
class Group:
    """A group and what it aims at.

    Args:
        name: Its name in the truth, `coordinated-1` or `fans-1`.
        is_coordinated: Whether its members act at the same time.
        platform: Its platform, as a position in the world's list.
        members: Numbers of its accounts.
        places: Numbers of posts, rising; the group passes on the next post of its platform from each.
    """

    name: str
    is_coordinated: bool
    platform: int
    members: Whole
    places: Whole


@dataclass(frozen=True)
class GroupActions:
    """What groups pass on in a block: one entry a repost, as arrays of equal length.

    Args:
        root: The post, by its position in the block.
        account: Number of the member.
        at_s: When, in seconds since the epoch.
        group: The group, by its position in the list of groups.
        is_target: For each post of the block, whether some group passes it on.
    """

    root: Whole
    account: Whole
    at_s: Whole
    group: Whole
    is_target: Flags


def group_sizes(world: World) -> list[tuple[str, int, int]]:
    """Name, size and platform of every group: the coordinated first, platforms in turn."""
    plan = world.plan.groups
    sizes = [plan.coordinated_sizes[at % len(plan.coordinated_sizes)] for at in range(plan.coordinated)]
    named = [(f"coordinated-{at}", size) for at, size in enumerate(sizes, start=1)]
    named += [(f"fans-{at}", plan.fan_size) for at in range(1, plan.fans + 1)]
    return [(name, size, at % len(world.platforms)) for at, (name, size) in enumerate(named)]


def check_groups(world: World) -> None:
    """Refuse groups for which there are too few accounts.

    Raises:
        CaseError: Naming the platform.
    """
    for platform, name in enumerate(world.platforms):
        needed = sum(size for _, size, at in group_sizes(world) if at == platform)
        if world.accounts[platform] < needed:
            raise CaseError(
                f"there are too few accounts on '{name}' for the groups",
                where="plan: [groups]",
                expected=f"{needed} accounts",
                found=str(world.accounts[platform]),
                remedy="plan fewer or smaller groups, or more accounts",
            )


def check_room(world: World) -> None:
    """Refuse groups that make more reposts than the ids of a block leave room for.

    Raises:
        CaseError: Naming how many are expected.
    """
    plan = world.plan
    most = plan.groups.targets * sum(plan.groups.background + size for _, size, _ in group_sizes(world))
    by_groups = most / (1 - plan.cascades.offspring_mean) / world.blocks
    expected = by_groups + plan.reposts_per_post * plan.blocks.posts
    room = _SAFE_SHARE * REPOST_ROOM * plan.blocks.posts
    if expected > room:
        raise CaseError(
            "the groups pass on too much for so few posts",
            where="plan: [groups]",
            expected=f"at most {room:.0f} reposts in a block",
            found=f"{expected:.0f}",
            remedy="plan fewer targets, less background or larger blocks",
        )


def draw_groups(world: World) -> tuple[Group, ...]:
    """All groups of the simulation; no account belongs to two."""
    random, wanted = world.stream("groups"), min(world.plan.groups.targets, world.posts)
    named = group_sizes(world)
    free = [
        random.choice(accounts, sum(size for _, size, at in named if at == platform), replace=False).tolist()
        for platform, accounts in enumerate(world.accounts)
    ]
    groups = []
    for name, size, platform in named:
        ranks = np.array(sorted(free[platform].pop() for _ in range(size)), np.int64)
        places = np.sort(random.choice(world.posts, wanted, replace=False))
        members = world.first_account[platform] + ranks
        groups.append(Group(name, name.startswith("coordinated"), platform, members, places))
    return tuple(groups)


def group_table(world: World, groups: tuple[Group, ...]) -> dict[str, pa.Table]:
    """The truth about groups: one row a member."""
    found = {}
    if groups:
        parts = [
            table(
                {
                    "group_id": constant(group.name, len(group.members)),
                    "is_coordinated": np.full(len(group.members), group.is_coordinated),
                    "account_id": account_keys(
                        world, np.full(len(group.members), group.platform, np.int8), group.members
                    ),
                }
            )
            for group in groups
        ]
        found["truth/groups"] = pa.concat_tables(parts).unify_dictionaries()
    return found


def draw_actions(world: World, groups: tuple[Group, ...], posts: Posts, block: int) -> GroupActions:
    """What the groups pass on of the posts of a block."""
    random = world.stream("group actions", block)
    parts = [part for at, group in enumerate(groups) for part in _actions(world, at, group, posts, random)]
    root, account, at_s, group_at = (
        np.concatenate([np.zeros(0, np.int64), *(part[field] for part in parts)]) for field in range(4)
    )
    is_target = np.zeros(len(posts), np.bool_)
    is_target[root] = True
    is_in_time = at_s < world.capture_s
    return GroupActions(
        root[is_in_time], account[is_in_time], at_s[is_in_time], group_at[is_in_time], is_target
    )


def _actions(
    world: World, at: int, group: Group, posts: Posts, random: Generator
) -> Iterator[tuple[Whole, Whole, Whole, Whole]]:
    """For each target in the block: root, accounts, times and the group's position, in equal lengths."""
    for root in _targets(group, posts):
        takes_part = random.random(len(group.members)) < world.plan.groups.participation
        members = group.members[takes_part & (group.members != posts.account[root])]
        delays = _delays(world, group, len(members), random)
        rows = np.ones(len(members), np.int64)
        yield root * rows, members, posts.created_s[root] + delays, at * rows


def _targets(group: Group, posts: Posts) -> Whole:
    """Positions in the block of the posts that a group passes on."""
    places = group.places[(group.places >= posts.first) & (group.places < posts.first + len(posts))]
    candidates = np.flatnonzero(posts.platform == group.platform)
    found = np.searchsorted(candidates, places - posts.first)
    return np.unique(candidates[found[found < len(candidates)]])


def _delays(world: World, group: Group, members: int, random: Generator) -> Whole:
    """Seconds from the post to each member's repost: one draw and a small spread, or one draw each."""
    if not group.is_coordinated:
        return repost_delays(world, members, random)
    spread = random.integers(0, world.plan.groups.spread_s + 1, members)
    common: Whole = repost_delays(world, 1, random)
    return common + spread


def repost_delays(world: World, rows: int, random: Generator) -> Whole:
    """Whole seconds, at least one, from a post to its reposts: log-normal."""
    plan = world.plan.cascades
    drawn = np.exp(random.normal(np.log(plan.delay_median_s), plan.delay_sigma, rows))
    return np.asarray(np.ceil(np.minimum(drawn, _LONGEST_S)), np.int64)
