"""Accounts: one row each, observed at the time of the capture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from perito.simulate.columns import (
    Codes,
    Whole,
    coded,
    constant,
    digits,
    joined,
    microseconds,
    platform_prefix,
    table,
)
from perito.simulate.plan import AGE_BANDS, DAY_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perito.simulate.world import World

_FIRST_ID = 700_000_000_000
_OLDEST_DAYS = 3650
_NAMES = (
    "brisa",
    "cometa",
    "faro",
    "huerto",
    "lumbre",
    "molino",
    "nube",
    "oleaje",
    "pinar",
    "ribera",
    "sauce",
    "tejado",
)
_TYPES = ("person", "page", "bot", "organisation")
_TYPE_SHARES = (0.9, 0.06, 0.02, 0.02)
_FOLLOWER_SIGMA = 0.7


def account_native(accounts: Whole) -> pa.Array:
    """The platforms' own ids of accounts."""
    return digits(accounts + _FIRST_ID)


def account_keys(world: World, platforms: Codes, accounts: Whole) -> pa.Array:
    """Keys of accounts, `platform:id`."""
    return joined(platform_prefix(platforms, world.platforms), account_native(accounts))


def account_tables(world: World) -> Iterator[dict[str, pa.Table]]:
    """All accounts, block by block: the rows, and the truth about how much each posts and reaches."""
    total, size = int(world.accounts.sum()), world.plan.blocks.posts
    for block, first in enumerate(range(0, total, size)):
        numbers = np.arange(first, min(first + size, total))
        platforms = (np.searchsorted(world.first_account, numbers, side="right") - 1).astype(np.int8)
        yield _tables(world, block, numbers, platforms)


def _tables(world: World, block: int, numbers: Whole, platforms: Codes) -> dict[str, pa.Table]:
    random, rows, plan = world.stream("accounts", block), len(numbers), world.plan.accounts
    keys, popularity = account_keys(world, platforms, numbers), world.popularity(platforms, numbers)
    ages = [plan.ages[band] for band in AGE_BANDS]
    noise = np.exp(random.normal(-(_FOLLOWER_SIGMA**2) / 2, _FOLLOWER_SIGMA, rows))
    name = coded(random.integers(0, len(_NAMES), rows), _NAMES)
    handle = joined(name.cast(pa.string()), "_", digits(numbers))
    columns = {
        "account_id": keys,
        "platform": coded(platforms, world.platforms),
        "native_id": account_native(numbers),
        "handle": handle,
        "account_type": coded(random.choice(len(_TYPES), rows, p=_TYPE_SHARES), _TYPES),
        "created_at_us": microseconds(world.start_s - random.integers(DAY_S, _OLDEST_DAYS * DAY_S, rows)),
        "created_basis": constant("server_utc", rows),
        "followers": np.rint(plan.followers * popularity * noise).astype(np.int64),
        "following": random.integers(0, 1000, rows),
        "protected": np.zeros(rows, np.bool_),
        "region": constant("ES", rows),
        "age_claimed": coded(random.choice(len(ages), rows, p=ages), AGE_BANDS),
        "age_basis": coded(
            (random.random(rows) < plan.age_inferred).astype(np.int8), ("declared", "inferred")
        ),
        "observed_at_us": np.full(rows, world.capture_us),
        "observed_basis": constant("capture_clock", rows),
    }
    truth = {
        "account_id": keys,
        "expected_posts": world.expected_posts(platforms, numbers),
        "popularity": popularity,
    }
    return {"accounts": table(columns), "truth/accounts": table(truth)}
