"""Posts: who makes them, when, with what words, and which belong to the planted class.

The posts of a block fill its slice of time, earliest first, so that numbers rise with time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from perito.simulate.accounts import account_keys
from perito.simulate.columns import (
    Codes,
    Flags,
    Numbers,
    Whole,
    coded,
    constant,
    digits,
    joined,
    microseconds,
    platform_prefix,
    post_numbers,
    table,
)
from perito.simulate.text import LANGUAGES, draw_words, family_members, sentences, varied

if TYPE_CHECKING:
    from numpy.random import Generator

    from perito.simulate.world import World

NO_FAMILY = -1
_CAPTURE_LAG_S = 60  # a stream delivers a post within this time
_KINDS = ("post", "video")
_VIDEO_SHARE = {"tiktok": 0.95, "instagram": 0.3}
_VIDEO_ELSEWHERE = 0.1


@dataclass(frozen=True)
class Posts:
    """The posts of a block as arrays; positions in them are local to the block.

    Args:
        first: Number of the first post in the simulation.
        created_s: When each was made, seconds since the epoch, rising.
        platform: Its platform, as a position in the world's list.
        account: Number of its author.
        popularity: Reach of its author.
        is_planted: Whether it belongs to the planted class.
        is_generated: Whether it was made with AI.
        native: The platform's own id.
        keys: Its key, `platform:id`.
        account_keys: Key of its author.
    """

    first: int
    created_s: Whole
    platform: Codes
    account: Whole
    popularity: Numbers
    is_planted: Flags
    is_generated: Flags
    native: pa.Array
    keys: pa.Array
    account_keys: pa.Array

    def __len__(self) -> int:
        return len(self.created_s)


def draw_posts(world: World, block: int) -> Posts:
    """The posts of a block."""
    random, (first, stop) = world.stream("posts", block), world.span(block)
    rows = stop - first
    created_s = world.instants((first + np.sort(random.random(rows)) * rows) / world.posts)
    platform = world.platform_of(random.random(rows))
    account = world.author(platform, random.random(rows))
    native = digits(post_numbers(platform, world.platforms, created_s, first + np.arange(rows)))
    popularity = world.popularity(platform, account)
    return Posts(
        first=first,
        created_s=created_s,
        platform=platform,
        account=account,
        popularity=popularity,
        is_planted=random.random(rows) < world.class_chance(platform, popularity),
        is_generated=random.random(rows) < world.plan.posts.generated,
        native=native,
        keys=joined(platform_prefix(platform, world.platforms), native),
        account_keys=account_keys(world, platform, account),
    )


def post_tables(world: World, posts: Posts, block: int) -> dict[str, pa.Table]:
    """The rows of the posts, and the truth about each."""
    random, rows = world.stream("words", block), len(posts)
    words, is_spanish, family = _written(world, random, rows)
    video = np.array([_VIDEO_SHARE.get(name, _VIDEO_ELSEWHERE) for name in world.platforms])[posts.platform]
    labelled = posts.is_generated & (random.random(rows) < world.plan.posts.generated_labelled)
    kinds = coded((random.random(rows) < video).astype(np.int8), _KINDS)
    truth = {
        "post_id": posts.keys,
        "is_planted": posts.is_planted,
        "is_generated": posts.is_generated,
        "text_family": pa.array(
            family + np.where(family == NO_FAMILY, 0, block << 20), mask=family == NO_FAMILY
        ),
    }
    return {
        "posts": observed(
            world,
            posts.platform,
            native=posts.native,
            keys=posts.keys,
            account_keys=posts.account_keys,
            created_s=posts.created_s,
            kind=kinds,
            text=sentences(words, is_spanish),
            text_state=constant("present", rows),
            lang=coded((~is_spanish).astype(np.int8), LANGUAGES),
            ai_generated_label=pa.array(labelled),
        ),
        "truth/items": table(truth),
    }


def _written(world: World, random: Generator, rows: int) -> tuple[Whole, Flags, Whole]:
    """Words and language of each post, and its near-duplicate family or `NO_FAMILY`."""
    plan = world.plan.posts
    words, is_spanish = draw_words(random, rows), random.random(rows) < plan.spanish
    members, families = family_members(random, rows, plan.families, plan.family_size)
    family = np.full(rows, NO_FAMILY, np.int64)
    family[members] = families
    if len(members):
        model = draw_words(random, int(families.max()) + 1)
        words[members] = varied(random, model[families])
        is_spanish[members] = (random.random(len(model)) < plan.spanish)[families]
    return words, is_spanish, family


def observed(
    world: World,
    platform: Codes,
    *,
    native: pa.Array,
    keys: pa.Array,
    account_keys: pa.Array,
    created_s: Whole,
    kind: pa.Array,
    text: pa.Array,
    text_state: pa.Array,
    lang: pa.Array,
    ai_generated_label: pa.Array,
) -> pa.Table:
    """Rows of the table `posts`, each seen once, a minute after it was made."""
    rows = len(created_s)
    return table(
        {
            "post_id": keys,
            "platform": coded(platform, world.platforms),
            "native_id": native,
            "kind": kind,
            "account_id": account_keys,
            "author_state": constant("present", rows),
            "text": text,
            "text_state": text_state,
            "lang": lang,
            "created_at_us": microseconds(created_s),
            "created_basis": constant("server_utc", rows),
            "visibility": constant("public", rows),
            "ai_generated_label": ai_generated_label,
            "observed_at_us": microseconds(created_s + _CAPTURE_LAG_S),
            "observed_basis": constant("capture_clock", rows),
        }
    )
