"""The plan of a simulation: every planted parameter with its default, unit and meaning.

A plan is data. What is written here in annotations is what a plan file may say, what is checked, and what
is printed beside the data (`truth/plan.toml`). A parameter never depends on the size of the simulation.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  (annotations are read at run time)
from dataclasses import dataclass, field
from typing import Annotated, NamedTuple

from perito.clock import MICROSECONDS_PER_SECOND, instant_us

DAY_S = 86_400
MAX_POSTS = 1_000_000_000  # ids number posts and their reposts in fewer than 2^32
AGE_BANDS = ("13-15", "16-17", "18+")
CHANNELS = ("user", "trusted_flagger", "authority")
AGE_METHODS = ("self_declaration", "estimation", "document", "attestation")


class Meaning(NamedTuple):
    """What a parameter means: the rule that its values obey (see `planfile`), its unit, and its words."""

    rule: str
    unit: str
    about: str


def _shares() -> Mapping[str, float]:
    return {"x": 0.4, "tiktok": 0.3, "instagram": 0.2, "facebook": 0.1}


def _prevalence() -> Mapping[str, float]:
    return {"x": 0.03, "tiktok": 0.02, "instagram": 0.01, "facebook": 0.01}


def _removal_by_platform() -> Mapping[str, float]:
    return {"x": 0.5, "tiktok": 1.0, "instagram": 1.0, "facebook": 1.0}


def _removal_by_channel() -> Mapping[str, float]:
    return {"user": 1.0, "trusted_flagger": 2.0, "authority": 3.0}


def _channel_shares() -> Mapping[str, float]:
    return {"user": 0.7, "trusted_flagger": 0.2, "authority": 0.1}


def _age_shares() -> Mapping[str, float]:
    return {"13-15": 0.05, "16-17": 0.05, "18+": 0.9}


def _admits_minors() -> Mapping[str, float]:
    return {"self_declaration": 0.9, "estimation": 0.1, "document": 0.02, "attestation": 0.0}


def _admits_adults() -> Mapping[str, float]:
    return {"self_declaration": 0.99, "estimation": 0.9, "document": 0.97, "attestation": 0.98}


@dataclass(frozen=True)
class Time:
    """When it happens."""

    start: Annotated[str, Meaning("date", "UTC date", "first day of the period")] = "2026-01-01"
    days: Annotated[int, Meaning("days", "days", "length of the period in which posts are made")] = 60
    follow_up_days: Annotated[int, Meaning("days", "days", "from the end of the period to the capture")] = 14
    daily_swing: Annotated[
        float, Meaning("share", "share", "how far the rate of posting rises and falls in a day")
    ] = 0.6


@dataclass(frozen=True)
class Platforms:
    """Where it happens."""

    shares: Annotated[
        Mapping[str, float], Meaning("parts", "share", "share of accounts and posts by platform")
    ] = field(default_factory=_shares)


@dataclass(frozen=True)
class Accounts:
    """Who posts."""

    per_post: Annotated[float, Meaning("per_post", "accounts", "accounts for each post")] = 0.1
    minimum: Annotated[int, Meaning("count", "accounts", "accounts at least, however few the posts")] = 1000
    concentration: Annotated[
        float,
        Meaning(
            "at_least_one", "exponent", "the busiest share q of accounts writes the share q^(1/this) of posts"
        ),
    ] = 2.5
    popularity: Annotated[
        float,
        Meaning(
            "below_half",
            "exponent",
            "reach of an account grows as its posting rank q to the power -this/concentration",
        ),
    ] = 0.3
    followers: Annotated[
        float, Meaning("positive", "followers", "mean followers of the author of a post")
    ] = 300.0
    ages: Annotated[Mapping[str, float], Meaning("ages", "share", "share of accounts by age band")] = field(
        default_factory=_age_shares
    )
    age_inferred: Annotated[
        float, Meaning("share", "share", "accounts whose age the platform inferred; the rest declared it")
    ] = 0.2


@dataclass(frozen=True)
class Posts:
    """What is posted, and which of it belongs to the planted class."""

    prevalence: Annotated[
        Mapping[str, float], Meaning("platform_shares", "share", "posts of the planted class by platform")
    ] = field(default_factory=_prevalence)
    class_by_reach: Annotated[
        float, Meaning("share", "exponent", "its share grows with the reach of the author to this power")
    ] = 0.0
    spanish: Annotated[float, Meaning("share", "share", "posts in Spanish; the rest are in English")] = 0.7
    families: Annotated[
        float, Meaning("share", "share", "posts whose words belong to a near-duplicate family")
    ] = 0.05
    family_size: Annotated[float, Meaning("at_least_one", "posts", "mean size of such a family")] = 8.0
    generated: Annotated[float, Meaning("share", "share", "posts made with AI")] = 0.2
    generated_labelled: Annotated[
        float, Meaning("share", "share", "posts made with AI that the platform labels so")
    ] = 0.4


@dataclass(frozen=True)
class Scores:
    """The classifier: two normal laws of equal spread, and positives that it cannot see."""

    auc: Annotated[
        float, Meaning("auc", "probability", "a positive that is not blind scores above a negative")
    ] = 0.95
    blind: Annotated[float, Meaning("share", "share", "positives that are scored like negatives")] = 0.1
    threshold: Annotated[float, Meaning("share", "probability", "score from which an item is flagged")] = 0.5


@dataclass(frozen=True)
class Cascades:
    """How posts are passed on: a branching process with a known mean."""

    root_mean: Annotated[float, Meaning("ratio", "reposts", "mean direct reposts of a post")] = 0.35
    offspring_mean: Annotated[float, Meaning("below_one", "reposts", "mean direct reposts of a repost")] = 0.4
    delay_median_s: Annotated[
        float, Meaning("positive", "s", "median delay from a post to its repost; log-normal")
    ] = 1800.0
    delay_sigma: Annotated[float, Meaning("sigma", "log s", "spread of that delay")] = 1.2
    class_ratio: Annotated[
        float, Meaning("ratio", "ratio", "direct reposts of the planted class against the rest")
    ] = 1.0
    star_platforms: Annotated[
        tuple[str, ...],
        Meaning("platforms", "names", "platforms whose export joins every repost to the first post"),
    ] = ("x",)


@dataclass(frozen=True)
class Groups:
    """Accounts that act together, and fans who only like the same things."""

    coordinated: Annotated[int, Meaning("whole", "groups", "groups that act at the same time")] = 8
    coordinated_sizes: Annotated[tuple[int, ...], Meaning("sizes", "accounts", "their sizes, in turn")] = (
        3,
        5,
        10,
    )
    fans: Annotated[int, Meaning("whole", "groups", "groups of fans, who act in their own time")] = 8
    fan_size: Annotated[int, Meaning("group", "accounts", "size of a group of fans")] = 10
    targets: Annotated[int, Meaning("count", "posts", "posts that each group passes on")] = 20
    participation: Annotated[
        float, Meaning("share", "probability", "a member passes on a post of its group")
    ] = 0.9
    spread_s: Annotated[
        int, Meaning("whole", "s", "time within which a coordinated group acts on a post")
    ] = 6
    background: Annotated[
        float, Meaning("background", "reposts", "mean further direct reposts of those posts by others")
    ] = 30.0


@dataclass(frozen=True)
class Engagement:
    """What the platform counts."""

    views_median: Annotated[
        float, Meaning("positive", "views", "median views of a post of mean reach; log-normal")
    ] = 200.0
    views_sigma: Annotated[float, Meaning("sigma", "log views", "spread of those views")] = 1.0
    hidden: Annotated[float, Meaning("share", "share", "view counters that the platform hides")] = 0.02
    tracked: Annotated[
        float, Meaning("share", "share", "posts whose repost counter is read again and again")
    ] = 0.05
    readings: Annotated[int, Meaning("few", "readings", "readings of such a counter, at random times")] = 3


@dataclass(frozen=True)
class Impressions:
    """What a panel of users is shown, by a ranking that boosts the planted class and by one that does not."""

    per_post: Annotated[float, Meaning("per_post", "impressions", "impressions for each post")] = 1.0
    users: Annotated[int, Meaning("panel", "users", "users in the panel")] = 2000
    holdback: Annotated[
        float, Meaning("inside", "probability", "a user is held back from the boosted ranking, by lot")
    ] = 0.2
    boost: Annotated[
        float,
        Meaning("positive", "ratio", "share of the planted class in the boosted ranking against the neutral"),
    ] = 2.0
    boost_from_day: Annotated[
        int, Meaning("whole", "day", "day of the period, from 0, on which the boost starts")
    ] = 0
    neutral_share: Annotated[
        float, Meaning("inside", "share", "mean share of the planted class in the neutral ranking")
    ] = 0.02
    interest_shape: Annotated[
        float, Meaning("shape", "shape", "users' shares follow Beta(this, this (1-share)/share)")
    ] = 2.0
    minors: Annotated[float, Meaning("share", "share", "users of 13 to 15")] = 0.1
    minor_ratio: Annotated[
        float, Meaning("positive", "ratio", "share of the planted class shown to them against adults")
    ] = 1.0
    session_items: Annotated[
        float, Meaning("at_least_one", "impressions", "mean impressions in a session")
    ] = 20.0
    activity_sigma: Annotated[
        float, Meaning("sigma", "log sessions", "spread of the users' activity; log-normal")
    ] = 0.8
    adverts: Annotated[float, Meaning("share", "share", "impressions that are adverts")] = 0.05
    chosen: Annotated[
        float,
        Meaning("share", "share", "impressions of the boosted ranking that it chose; the rest are followed"),
    ] = 0.7
    reason_unknown: Annotated[
        float, Meaning("share", "share", "impressions whose reason the source does not say")
    ] = 0.3


@dataclass(frozen=True)
class Notices:
    """What is notified, by whom."""

    of_class: Annotated[float, Meaning("share", "probability", "a post of the planted class is notified")] = (
        0.3
    )
    of_others: Annotated[float, Meaning("share", "probability", "any other post is notified")] = 0.003
    delay_median_h: Annotated[
        float, Meaning("positive", "h", "median time from post to notice; log-normal")
    ] = 12.0
    delay_sigma: Annotated[float, Meaning("sigma", "log h", "spread of that time")] = 1.0
    channels: Annotated[Mapping[str, float], Meaning("channels", "share", "share of notices by channel")] = (
        field(default_factory=_channel_shares)
    )
    receipts: Annotated[float, Meaning("share", "share", "notices whose receipt is evidenced")] = 0.95


@dataclass(frozen=True)
class Removal:
    """What becomes of notified posts: competing causes with known hazards, seen by checks at intervals."""

    scale_h: Annotated[
        float, Meaning("positive", "h", "scale of the Weibull law of removal at hazard ratio 1")
    ] = 48.0
    shape: Annotated[float, Meaning("shape", "shape", "shape of that law")] = 0.7
    platform_ratio: Annotated[
        Mapping[str, float], Meaning("platform_ratios", "hazard ratio", "removal by platform")
    ] = field(default_factory=_removal_by_platform)
    channel_ratio: Annotated[
        Mapping[str, float], Meaning("channel_ratios", "hazard ratio", "removal by channel")
    ] = field(default_factory=_removal_by_channel)
    wrong_ratio: Annotated[
        float, Meaning("positive", "hazard ratio", "removal of posts that are not of the class")
    ] = 0.1
    never: Annotated[
        float, Meaning("share", "share", "notified posts that the platform would never remove")
    ] = 0.2
    author_deletes_days: Annotated[
        float, Meaning("positive", "days", "mean time until the author deletes; exponential")
    ] = 30.0
    account_closed_days: Annotated[
        float, Meaning("positive", "days", "mean time until the account is closed; exponential")
    ] = 120.0
    geo_blocked_days: Annotated[
        float, Meaning("positive", "days", "mean time until blocked in one country; exponential")
    ] = 180.0
    stated: Annotated[float, Meaning("share", "share", "events whose exact time the platform states")] = 0.6
    checks_h: Annotated[tuple[float, ...], Meaning("rising", "h", "planned checks after receipt")] = (
        2,
        8,
        24,
        48,
        96,
        168,
        336,
    )
    checks_jitter: Annotated[
        float, Meaning("below_half", "share", "each check is early or late by up to this share")
    ] = 0.2
    unchecked: Annotated[float, Meaning("share", "share", "notices that are never checked again")] = 0.3
    appealed: Annotated[float, Meaning("share", "share", "removals that are appealed")] = 0.1


@dataclass(frozen=True)
class Labels:
    """Who reads a random sample of the posts, and how well."""

    sample: Annotated[int, Meaning("count", "posts", "simple random sample; at most all posts")] = 2000
    sensitivity: Annotated[
        tuple[float, ...], Meaning("readers", "probability", "each reader says yes to a positive")
    ] = (0.95, 0.92, 0.9)
    specificity: Annotated[
        tuple[float, ...], Meaning("readers", "probability", "each reader says no to a negative")
    ] = (0.998, 0.995, 0.99)
    unsure: Annotated[float, Meaning("share", "share", "readings that end in «cannot tell»")] = 0.005
    double_share: Annotated[
        float, Meaning("share", "share", "first readings «no» that are read a second time")
    ] = 0.1
    validation_positives: Annotated[
        int, Meaning("whole", "posts", "expected positives with a known answer")
    ] = 200
    validation_negatives: Annotated[
        int, Meaning("whole", "posts", "expected negatives with a known answer")
    ] = 1000
    relabelled: Annotated[
        int, Meaning("whole", "posts", "posts of the sample that their reader reads again later")
    ] = 300
    late_ratio: Annotated[
        float, Meaning("share", "ratio", "sensitivity of those later readings against the first")
    ] = 1.0


@dataclass(frozen=True)
class Generator:
    """An audit of a picture generator whose safeguard changes on a known day."""

    days: Annotated[int, Meaning("days", "days", "length of the audit, from the first day of the period")] = (
        60
    )
    change_day: Annotated[int, Meaning("count", "day", "last day of the old behaviour, from 1")] = 36
    prompts: Annotated[int, Meaning("count", "prompts", "forbidden prompts, each with a benign twin")] = 40
    draws: Annotated[int, Meaning("count", "trials", "trials of each prompt in a day")] = 1
    complies_before: Annotated[
        float, Meaning("inside", "probability", "a forbidden prompt is fulfilled, before")
    ] = 0.85
    complies_after: Annotated[float, Meaning("inside", "probability", "the same, after")] = 0.4
    partly: Annotated[float, Meaning("share", "share", "fulfilled requests that are fulfilled in part")] = 0.1
    over_refuses_before: Annotated[
        float, Meaning("share", "probability", "a benign prompt is refused, before")
    ] = 0.05
    over_refuses_after: Annotated[float, Meaning("share", "probability", "the same, after")] = 0.15
    correlation: Annotated[
        float, Meaning("below_one", "correlation", "between trials of the same forbidden prompt")
    ] = 0.3
    errors: Annotated[float, Meaning("share", "share", "trials that end in a technical failure")] = 0.02
    testers: Annotated[int, Meaning("count", "persons", "persons who ask, in turn")] = 5
    sensitivity: Annotated[
        float, Meaning("share", "probability", "a reader sees that a request was fulfilled")
    ] = 0.97
    specificity: Annotated[float, Meaning("share", "probability", "a reader sees that it was not")] = 0.98
    judge_sensitivity: Annotated[float, Meaning("share", "probability", "the same, of a machine judge")] = 0.9
    judge_specificity: Annotated[float, Meaning("share", "probability", "the same, of a machine judge")] = (
        0.95
    )


@dataclass(frozen=True)
class AgeGate:
    """Attempts of adult testers with test identities to pass the age gates."""

    testers: Annotated[
        int, Meaning("count", "persons", "testers; each tries every gate with an identity of each band")
    ] = 20
    attempts: Annotated[int, Meaning("count", "attempts", "attempts of each identity at each gate")] = 2
    admits_minors: Annotated[
        Mapping[str, float], Meaning("methods", "probability", "admitted though under 16, by method")
    ] = field(default_factory=_admits_minors)
    admits_adults: Annotated[
        Mapping[str, float], Meaning("methods", "probability", "admitted, 16 and over, by method")
    ] = field(default_factory=_admits_adults)
    correlation: Annotated[
        float, Meaning("below_one", "correlation", "between attempts of the same tester")
    ] = 0.1
    challenged: Annotated[
        float, Meaning("share", "share", "of those not admitted, asked for another proof")
    ] = 0.2
    errors: Annotated[float, Meaning("share", "share", "attempts that end in a technical failure")] = 0.02


@dataclass(frozen=True)
class Media:
    """Which posts carry a picture."""

    share: Annotated[float, Meaning("share", "share", "posts with a picture")] = 0.3
    families: Annotated[
        float, Meaning("share", "share", "pictures that belong to a near-duplicate family")
    ] = 0.1
    family_size: Annotated[float, Meaning("at_least_one", "pictures", "mean size of such a family")] = 5.0
    side_px: Annotated[int, Meaning("side", "px", "width and height of a picture that is made")] = 128


@dataclass(frozen=True)
class Blocks:
    """How the work is cut; another size gives other data of the same law."""

    posts: Annotated[int, Meaning("block", "posts", "posts in a block")] = 65_536


@dataclass(frozen=True)
class Plan:
    """Every planted parameter. The defaults make a case in which each measure finds something.

    Example:
        >>> Plan().impressions.boost
        2.0
    """

    time: Time = field(default_factory=Time)
    platforms: Platforms = field(default_factory=Platforms)
    accounts: Accounts = field(default_factory=Accounts)
    posts: Posts = field(default_factory=Posts)
    scores: Scores = field(default_factory=Scores)
    cascades: Cascades = field(default_factory=Cascades)
    groups: Groups = field(default_factory=Groups)
    engagement: Engagement = field(default_factory=Engagement)
    impressions: Impressions = field(default_factory=Impressions)
    notices: Notices = field(default_factory=Notices)
    removal: Removal = field(default_factory=Removal)
    labels: Labels = field(default_factory=Labels)
    generator: Generator = field(default_factory=Generator)
    age_gate: AgeGate = field(default_factory=AgeGate)
    media: Media = field(default_factory=Media)
    blocks: Blocks = field(default_factory=Blocks)

    @property
    def start_s(self) -> int:
        """First second of the period, since the epoch."""
        return instant_us(self.time.start) // MICROSECONDS_PER_SECOND

    @property
    def mean_prevalence(self) -> float:
        """Expected share of the planted class over all platforms."""
        return sum(share * self.posts.prevalence[name] for name, share in self.platforms.shares.items())

    @property
    def reposts_per_post(self) -> float:
        """Expected reposts of a post, those after the capture and those of groups apart."""
        c, rate = self.cascades, self.mean_prevalence
        return c.root_mean * (1 + rate * (c.class_ratio - 1)) / (1 - c.offspring_mean)
