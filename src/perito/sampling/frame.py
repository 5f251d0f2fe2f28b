"""The frame: the population as it stands in the tables, counted to the last item, with its digest.

Who is in it follows from the tables and the scope alone. What was left out for want of a fact (no time of
publication, no language) is counted too, so that the coverage of the frame can be stated.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perito.clock import iso
from perito.errors import CaseError, nearest
from perito.ids import evidence_id
from perito.schema import enumeration

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    import pyarrow as pa

    from perito.clock import Period
    from perito.engine import Tables

ITEM_TABLES = {"posts": "post", "media": "media"}
_KINDS = {"posts": "post_kind", "media": "media_kind"}
TABLES = ("posts", "media", "engagement", "scores")

# The latest observation of each post, as the documented view `posts_current` defines it.
_CURRENT = """
SELECT post_id, platform, kind, lang, text, created_at_us FROM (
  SELECT post_id, platform, kind, lang, text, created_at_us,
    row_number() OVER (PARTITION BY post_id ORDER BY observed_at_us DESC, evidence_id, locator) AS newest
  FROM posts) AS ordered WHERE newest = 1
"""
_POSTS = f"SELECT post_id AS item_id, platform, kind, lang, created_at_us FROM ({_CURRENT}) AS post"
_MEDIA = (
    "SELECT m.media_id AS item_id, m.platform, m.kind, p.lang, p.created_at_us"
    f" FROM media AS m LEFT JOIN ({_CURRENT}) AS p ON m.post_id = p.post_id"
)
_POST_TEXTS = f"SELECT post_id AS item_id, text FROM ({_CURRENT}) AS post WHERE text IS NOT NULL"
_MEDIA_TEXTS = """
SELECT media_id AS item_id, min(alt_text) AS text FROM media WHERE alt_text IS NOT NULL GROUP BY media_id
"""
_VIEWS = """
SELECT post_id AS item_id, value FROM (
  SELECT post_id, value,
    row_number() OVER (PARTITION BY post_id ORDER BY observed_at_us DESC, evidence_id, locator) AS newest
  FROM engagement WHERE metric = 'view') AS ordered WHERE newest = 1
"""
_MEMBERS = {"posts": _POSTS, "media": _MEDIA}
_TEXTS = {"posts": _POST_TEXTS, "media": _MEDIA_TEXTS}


@dataclass(frozen=True)
class FrameFilter:
    """What is in the population.

    Args:
        items: The table, `posts` or `media`.
        period: The half-open window of publication; of a picture, of a post that carries it.
        platform: The platform; None: any.
        languages: Language tags as the platform states them; none given: any.
        kinds: Kinds of item; none given: any.
    """

    items: str
    period: Period
    platform: str | None = None
    languages: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.items not in ITEM_TABLES:
            raise CaseError(
                f"'{self.items}' is no population that can be sampled",
                where="--items",
                remedy=nearest(self.items, ITEM_TABLES),
            )
        known = enumeration(_KINDS[self.items]).values
        for kind in self.kinds:
            if kind not in known:
                raise CaseError(
                    f"'{kind}' is no kind of {self.items}", where="--kind", remedy=nearest(kind, known)
                )

    @property
    def words(self) -> str:
        """The filters in words, the same for everybody who applies them.

        Example:
            >>> from perito.clock import Period
            >>> FrameFilter("posts", Period.of("2026-01-01", "2026-01-08"), "x", ("es",)).words
            'posts; platform x; created_at from 2026-01-01T00:00:00Z to before 2026-01-08T00:00:00Z; lang es'
        """
        parts = [self.items, f"platform {self.platform or 'any'}"]
        window = f"from {iso(self.period.start_us)} to before {iso(self.period.end_us)}"
        parts.append(f"created_at {window}" if self.items == "posts" else f"created_at of a post {window}")
        parts += [f"lang {', '.join(self.languages)}"] if self.languages else []
        parts += [f"kind {', '.join(self.kinds)}"] if self.kinds else []
        return "; ".join(parts)


@dataclass(frozen=True)
class Frame:
    """A population: its items in order of their ids, and what could not be judged.

    Args:
        filter: What is in it.
        items: Ids in order.
        platforms: Platform of each.
        sizes: Views of each, where they were asked for; None: not known.
        left_out: How many items were left out for which reason.
    """

    filter: FrameFilter
    items: tuple[str, ...]
    platforms: Mapping[str, str]
    sizes: Mapping[str, int | None] | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def population(self) -> int:
        """How many items it has (N)."""
        return len(self.items)

    @property
    def item_kind(self) -> str:
        """The kind of its items, as in `draws`."""
        return ITEM_TABLES[self.filter.items]

    @property
    def platform(self) -> str | None:
        """The one platform of all its items; None where they have several."""
        found = set(self.platforms.values())
        return found.pop() if len(found) == 1 else None

    @property
    def digest(self) -> str:
        """SHA-256 over the ids in order, each followed by a line end."""
        return digest_of_items(self.items)


def frame_of(tables: Tables, wanted: FrameFilter, *, with_views: bool = False) -> Frame:
    """The population that a filter leaves of the tables.

    Items are counted once, however often they were observed. The window is half-open.

    Raises:
        CaseError: Nothing is left, or views are asked for of anything but posts.
    """
    if with_views and wanted.items != "posts":
        raise CaseError("views are known of posts only", where="--weight views", remedy="add '--items posts'")
    platforms, left_out = _members(tables.table(_MEMBERS[wanted.items]), wanted)
    if not platforms:
        raise CaseError(
            "the population is empty: no item of the tables is in scope",
            where=wanted.words,
            found=", ".join(f"{number} {reason}" for reason, number in left_out.items()) or "no item at all",
            remedy="correct the question's scope, or add the evidence and build the tables",
        )
    return Frame(
        filter=wanted,
        items=tuple(sorted(platforms)),
        platforms=platforms,
        sizes=_sizes(tables, platforms) if with_views else None,
        left_out=left_out,
    )


def texts_of(tables: Tables, items: str, chosen: Collection[str]) -> dict[str, str]:
    """The words of some posts, or the descriptions of some pictures; items without any are left out.

    Args:
        tables: The case's tables.
        items: The table, `posts` or `media`.
        chosen: Ids.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = tables.table(_TEXTS[items])
    kept = rows.filter(pc.is_in(rows.column("item_id"), pa.array(sorted(chosen), pa.string())))
    return dict(zip(kept.column("item_id").to_pylist(), kept.column("text").to_pylist(), strict=True))


def digest_of_items(items: Iterable[str]) -> str:
    """The digest that a frame of these items has, in whatever order they come.

    Example:
        >>> digest_of_items(["b", "a"]) == digest_of_items(["a", "b"])
        True
    """
    state = hashlib.sha256()
    for item in sorted(items):
        state.update(f"{item}\n".encode())
    return evidence_id(state.hexdigest())


def _members(rows: pa.Table, wanted: FrameFilter) -> tuple[dict[str, str], dict[str, int]]:
    """The platform of each item in scope, and how many items lack a fact; an item is in if one row is."""
    found: dict[str, str] = {}
    lacking: dict[str, str] = {}
    columns = ("item_id", "platform", "kind", "lang", "created_at_us")
    for item, platform, *facts in zip(*(rows.column(name).to_pylist() for name in columns), strict=True):
        reason = _outside(wanted, platform, *facts)
        if reason is None:
            found[item] = min(platform, found.get(item, platform))
        elif reason:
            lacking[item] = min(reason, lacking.get(item, reason))
    return found, dict(sorted(Counter(why for item, why in lacking.items() if item not in found).items()))


def _outside(
    wanted: FrameFilter, platform: str, kind: str, lang: str | None, created_at_us: int | None
) -> str | None:
    """None if the row is in scope, empty if it is elsewhere, or the fact for want of which nobody can say."""
    is_elsewhere = (wanted.platform is not None and platform != wanted.platform) or (
        wanted.kinds and kind not in wanted.kinds
    )
    if is_elsewhere or (created_at_us is not None and not wanted.period.contains(created_at_us)):
        return ""
    if created_at_us is None:
        return "without a time of publication"
    if not wanted.languages or lang in wanted.languages:
        return None
    return "without a language" if lang is None else ""


def _sizes(tables: Tables, items: Iterable[str]) -> dict[str, int | None]:
    views = {row["item_id"]: row["value"] for row in tables.rows(_VIEWS)}
    return {item: views.get(item) for item in items}
