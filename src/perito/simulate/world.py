"""The world of a simulation: what follows from plan, seed and size alone, in memory that does not grow.

Everything about an account or a post that another part needs is a closed formula of its number, so that
no part has to keep what another has made.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from perito.clock import MICROSECONDS_PER_SECOND
from perito.simulate.plan import DAY_S, Plan
from perito.simulate.streams import stream

if TYPE_CHECKING:
    from numpy.random import Generator

    from perito.simulate.columns import Codes, Numbers, Whole

HOUR_S = 3_600
_GRID_S = 600  # the daily rhythm is followed in steps of ten minutes
_PEAK_HOUR = 20
_LABELLING_DAYS = 90


@dataclass(frozen=True)
class World:
    """A plan at one size and seed.

    Args:
        plan: Every planted parameter.
        seed: Seed of every random number.
        posts: Number of posts; their reposts come on top.
    """

    plan: Plan
    seed: int
    posts: int

    def stream(self, part: str, block: int = 0) -> Generator:
        """The random numbers of a part in a block."""
        return stream(self.seed, part, block)

    # --- blocks ----------------------------------------------------------------------------------------

    @property
    def blocks(self) -> int:
        """Number of blocks of posts."""
        return -(-self.posts // self.plan.blocks.posts)

    def span(self, block: int) -> tuple[int, int]:
        """Numbers of the first post of a block and of the post after its last."""
        size = self.plan.blocks.posts
        return block * size, min((block + 1) * size, self.posts)

    # --- time ------------------------------------------------------------------------------------------

    @property
    def start_s(self) -> int:
        """First second of the period, since the epoch."""
        return self.plan.start_s

    @property
    def end_s(self) -> int:
        """First second after the period."""
        return self.start_s + self.plan.time.days * DAY_S

    @property
    def capture_s(self) -> int:
        """When everything was captured: what happens later is not in the data."""
        return self.end_s + self.plan.time.follow_up_days * DAY_S

    @property
    def delivery_us(self) -> int:
        """When the data were handed over: labels had been read by then. Microseconds."""
        return (self.capture_s + _LABELLING_DAYS * DAY_S) * MICROSECONDS_PER_SECOND

    @property
    def capture_us(self) -> int:
        """The same, in microseconds."""
        return self.capture_s * MICROSECONDS_PER_SECOND

    @cached_property
    def _rhythm(self) -> tuple[Numbers, Numbers]:
        """Share of the posts made by each instant of a grid: the integral of 1 + swing cos(hour - peak)."""
        elapsed = np.arange(0, self.plan.time.days * DAY_S + 1, _GRID_S, dtype=np.float64)
        angle = 2 * np.pi / DAY_S
        phase = angle * (elapsed - _PEAK_HOUR * HOUR_S)
        swing = self.plan.time.daily_swing / angle
        made = elapsed + swing * (np.sin(phase) - np.sin(phase[0]))
        return made / made[-1], elapsed

    def instants(self, places: Numbers) -> Whole:
        """Seconds since the epoch at which shares of the posts (from 0 to 1) have been made."""
        made, elapsed = self._rhythm
        at_s: Whole = np.minimum(np.interp(places, made, elapsed), elapsed[-1] - 1).astype(np.int64)
        return self.start_s + at_s

    # --- platforms and accounts ------------------------------------------------------------------------

    @cached_property
    def platforms(self) -> tuple[str, ...]:
        """Names of the platforms; elsewhere they are known by their position here."""
        return tuple(self.plan.platforms.shares)

    @cached_property
    def _platform_bounds(self) -> Numbers:
        return np.cumsum([self.plan.platforms.shares[name] for name in self.platforms])[:-1]

    def platform_of(self, places: Numbers) -> Codes:
        """Platforms drawn with numbers that are uniform on [0, 1)."""
        return np.searchsorted(self._platform_bounds, places, side="right").astype(np.int8)

    @cached_property
    def accounts(self) -> Whole:
        """Number of accounts by platform."""
        wanted = max(self.plan.accounts.minimum, round(self.posts * self.plan.accounts.per_post))
        shares = np.array([self.plan.platforms.shares[name] for name in self.platforms])
        accounts: Whole = np.maximum(1, np.rint(wanted * shares)).astype(np.int64)
        return accounts

    @cached_property
    def first_account(self) -> Whole:
        """Number of each platform's first account; accounts are numbered through, platform by platform."""
        return np.concatenate([[0], np.cumsum(self.accounts)[:-1]]).astype(np.int64)

    def author(self, platforms: Codes, places: Numbers) -> Whole:
        """Accounts drawn by the law of posting: the busiest share q of a platform writes q^(1/concentration).

        Args:
            platforms: Platform of each draw.
            places: Numbers that are uniform on [0, 1).
        """
        size = self.accounts[platforms]
        rank = np.floor(size * places**self.plan.accounts.concentration).astype(np.int64)
        return self.first_account[platforms] + np.minimum(rank, size - 1)

    def popularity(self, platforms: Codes, accounts: Whole) -> Numbers:
        """Reach of accounts; its mean over posts is one (up to the grain of the accounts).

        Args:
            platforms: Platform of each account.
            accounts: Their numbers.
        """
        p = self.plan.accounts
        rank = (accounts - self.first_account[platforms] + 0.5) / self.accounts[platforms]
        return (1 - p.popularity) * rank ** (-p.popularity / p.concentration)

    def expected_posts(self, platforms: Codes, accounts: Whole) -> Numbers:
        """Expected posts of accounts in the period."""
        size, rank = self.accounts[platforms], accounts - self.first_account[platforms]
        power = 1 / self.plan.accounts.concentration
        shares = np.array([self.plan.platforms.shares[name] for name in self.platforms])[platforms]
        return self.posts * shares * (((rank + 1) / size) ** power - (rank / size) ** power)

    # --- the planted class -----------------------------------------------------------------------------

    @cached_property
    def prevalence(self) -> Numbers:
        """Share of the planted class by platform."""
        return np.array([self.plan.posts.prevalence[name] for name in self.platforms], dtype=np.float64)

    def class_chance(self, platforms: Codes, popularity: Numbers) -> Numbers:
        """Probability that posts belong to the planted class; its mean over posts is the prevalence.

        Args:
            platforms: Platform of each post.
            popularity: Reach of its author.
        """
        power, reach = self.plan.posts.class_by_reach, self.plan.accounts.popularity
        return self.prevalence[platforms] * (1 - reach * power) * (popularity / (1 - reach)) ** power

    @property
    def class_share_by_reach(self) -> float:
        """Expected share of the planted class among posts weighted by the reach of their authors.

        With q^(-s) for the reach and q uniform: p (1 - s e) (1 - s) / (1 - s (1 + e)), e the plan's exponent.
        """
        power, reach = self.plan.posts.class_by_reach, self.plan.accounts.popularity
        ratio = (1 - reach * power) * (1 - reach) / (1 - reach * (1 + power))
        return self.plan.mean_prevalence * ratio
