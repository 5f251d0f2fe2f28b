"""The pictures of the case, the posts that carry them, and the families that they form."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from perito.match.clusters import families as connected
from perito.measures.copies.times import NOWHEN, Span, span_of_post

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from perito.engine import Tables
    from perito.measures.inquiry import Inquiry

LEAST_QUALITY = 50
_PICTURES = """
SELECT entry_id, max(CASE WHEN algorithm = 'pdq' THEN quality END) AS quality,
       CAST(count(CASE WHEN algorithm = 'pdq' THEN 1 END) AS BIGINT) AS hashed,
       CAST(count(*) AS BIGINT) AS rows, CAST(count(DISTINCT algorithm) AS BIGINT) AS algorithms,
       CAST(count(DISTINCT CASE WHEN algorithm = 'pdq' THEN value END) AS BIGINT) AS hashes,
       max(CASE WHEN algorithm = 'sha256' AND entry_id = 'sha256:' || value THEN 1 ELSE 0 END) AS is_own
FROM hashes
WHERE list_id = 'case' AND algorithm IN ('pdq', 'sha256') AND frame IS NULL
GROUP BY entry_id
ORDER BY entry_id
"""
_PAIRS = """
SELECT query_id, entry_id, min(distance) AS distance, CAST(count(*) AS BIGINT) AS rows
FROM matches
WHERE list_id IS NULL AND method = 'pdq' AND distance <= 31 AND "window" IS NULL
GROUP BY query_id, entry_id
ORDER BY query_id, entry_id
"""
_MEDIA = """
SELECT media_id, post_id, platform, content_id, min(account_id) AS account_id,
       CAST(count(DISTINCT account_id) AS BIGINT) AS accounts, CAST(count(*) AS BIGINT) AS rows
FROM media
WHERE kind IN ('image', 'sticker', 'avatar') AND content_id IS NOT NULL
GROUP BY media_id, post_id, platform, content_id
ORDER BY media_id, post_id NULLS FIRST, platform, content_id NULLS FIRST
"""
_NOT_HELD = """
SELECT CAST(count(*) AS BIGINT) AS rows
FROM media
WHERE kind IN ('image', 'sticker', 'avatar') AND content_id IS NULL
"""
_POSTS = """
SELECT post_id, min(account_id) AS account_id, min(created_at_us) AS created_least_us,
       max(created_at_us) AS created_most_us, min(created_basis) AS created_basis,
       CAST(count(DISTINCT created_basis) AS BIGINT) AS bases, min(observed_at_us) AS observed_us
FROM posts
WHERE post_id IN (SELECT post_id FROM media WHERE content_id IS NOT NULL)
GROUP BY post_id
ORDER BY post_id
"""
_OBSERVED = """
SELECT post_id, observed_at_us, min(observed_basis) AS observed_basis
FROM posts
WHERE post_id IN (SELECT post_id FROM media WHERE content_id IS NOT NULL)
GROUP BY post_id, observed_at_us
ORDER BY post_id, observed_at_us
"""


@dataclass(frozen=True)
class Copy:
    """A post, or a medium without a post, that carries pictures of one family.

    Args:
        key: The post, or the medium.
        platform: Where it stands.
        account: Whose it is; None where nobody says.
        pictures: The sealed pictures of the family that it carries.
        appeared: When it appeared, as far as that is known.
        observed_us: When it was first observed; None without a time.
        observed_basis: What that time rests on.
    """

    key: str
    platform: str
    account: str | None
    pictures: tuple[str, ...]
    appeared: Span = NOWHEN
    observed_us: int | None = None
    observed_basis: str | None = None


@dataclass(frozen=True)
class PictureFamily:
    """Pictures that show the same, and the posts that carry them.

    Args:
        representative: The picture that stands for it.
        pictures: All its pictures.
        copies: The posts that carry one, by their keys.
        largest_distance: The largest distance of a pair that matches directly; 0 of equal bytes alone.
    """

    representative: str
    pictures: tuple[str, ...]
    copies: tuple[Copy, ...]
    largest_distance: int

    @property
    def name(self) -> str:
        """The beginning of the digest of the picture that stands for it."""
        return self.representative.removeprefix("sha256:")[:12]

    @property
    def accounts(self) -> set[str]:
        """The accounts that are known to have posted one."""
        return {copy.account for copy in self.copies if copy.account is not None}


@dataclass
class Material:
    """What the case holds: pictures by what can be said of them, families, faults of the rows."""

    comparable: list[str]
    not_comparable: list[str]
    unreadable: list[str]
    not_hashed: list[str]
    not_held: int
    families: list[PictureFamily]
    on_platform: dict[str, set[str]] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @property
    def pictures(self) -> int:
        """All pictures that were hashed or tried."""
        return len(self.comparable) + len(self.not_comparable) + len(self.unreadable)

    @property
    def posted(self) -> list[PictureFamily]:
        """The families of which two copies or more were posted."""
        return [family for family in self.families if len(family.copies) > 1]


def material_of(inquiry: Inquiry) -> Material:
    """The pictures of the case and their families, the largest first."""
    tables = inquiry.tables
    faults: dict[str, list[str]] = defaultdict(list)
    rows = _own(tables.rows(_PICTURES), faults)
    comparable = [row["entry_id"] for row in rows if (row["quality"] or 0) >= LEAST_QUALITY]
    known = {row["entry_id"] for row in rows}
    media = _media(tables, inquiry.question.scope.platform, faults)
    carriers = _carriers(media, _times(tables, faults), faults)
    held = sorted({row["content_id"] for row in media})
    families = _families(sorted(known | set(held)), _pairs(tables, set(comparable), faults), carriers)
    on_platform = defaultdict(set)
    for row in media:
        on_platform[row["content_id"]].add(row["platform"])
    return Material(
        comparable=comparable,
        not_comparable=[
            row["entry_id"] for row in rows if row["hashed"] and (row["quality"] or 0) < LEAST_QUALITY
        ],
        unreadable=[row["entry_id"] for row in rows if not row["hashed"]],
        not_hashed=[content_id for content_id in held if content_id not in known],
        not_held=tables.rows(_NOT_HELD)[0]["rows"],
        families=families,
        on_platform=dict(on_platform),
        faults=faults,
    )


def _own(rows: Iterable[dict[str, Any]], faults: dict[str, list[str]]) -> list[dict[str, Any]]:
    """The pictures that bear their own digest; a list from elsewhere that calls itself so is named."""
    own = []
    for row in rows:
        if not row["is_own"]:
            faults["no_own_picture"].append(row["entry_id"])
            continue
        own.append(row)
        faults["repeated_hash"] += [row["entry_id"]] * (row["rows"] - row["algorithms"])
        if row["hashes"] > 1:
            faults["two_hashes"].append(row["entry_id"])
    return own


def _pairs(tables: Tables, comparable: set[str], faults: dict[str, list[str]]) -> dict[tuple[str, str], int]:
    """Pairs of comparable pictures with their distance, each once, whatever its direction."""
    pairs: dict[tuple[str, str], int] = {}
    for row in tables.rows(_PAIRS):
        first, second = sorted((row["query_id"], row["entry_id"]))
        if first not in comparable or second not in comparable or first == second:
            faults["pair_not_comparable"].append(f"{first} {second}")
            continue
        known = pairs.get((first, second))
        faults["repeated_pair"] += [f"{first} {second}"] * (row["rows"] - 1 + (known is not None))
        pairs[first, second] = row["distance"] if known is None else min(known, row["distance"])
    return pairs


def _media(tables: Tables, platform: str | None, faults: dict[str, list[str]]) -> list[dict[str, Any]]:
    rows = [row for row in tables.rows(_MEDIA) if platform in (None, row["platform"])]
    for row in rows:
        faults["repeated_medium"] += [row["media_id"]] * (row["rows"] - 1)
        if row["accounts"] > 1:
            faults["two_accounts"].append(row["media_id"])
    return rows


def _times(tables: Tables, faults: dict[str, list[str]]) -> dict[str, dict[str, Any]]:
    """What is known of each post that carries a picture: account, time of publication, first observation."""
    observed: dict[str, str] = {}
    for row in tables.rows(_OBSERVED):
        observed.setdefault(row["post_id"], row["observed_basis"])
    known = {}
    for row in tables.rows(_POSTS):
        appeared, fault = span_of_post(row)
        if fault is not None:
            faults[fault].append(row["post_id"])
        basis = observed.get(row["post_id"])
        known[row["post_id"]] = {**row, "appeared": appeared, "observed_basis": basis}
    return known


def _carriers(
    media: Sequence[dict[str, Any]], posts: dict[str, dict[str, Any]], faults: dict[str, list[str]]
) -> dict[str, list[Copy]]:
    """The posts that carry each picture; of a post that carries it twice, once."""
    carriers: dict[str, dict[str, Copy]] = defaultdict(dict)
    for row in media:
        post = posts.get(row["post_id"] or "")
        if row["post_id"] is not None and post is None:
            faults["post_missing"].append(row["post_id"])
        said = post or {}
        copy = Copy(
            key=row["post_id"] or row["media_id"],
            platform=row["platform"],
            account=row["account_id"] or said.get("account_id"),
            pictures=(row["content_id"],),
            appeared=said.get("appeared", NOWHEN),
            observed_us=said.get("observed_us"),
            observed_basis=said.get("observed_basis"),
        )
        carriers[row["content_id"]].setdefault(copy.key, copy)
    return {content_id: list(copies.values()) for content_id, copies in carriers.items()}


def _families(
    ids: Sequence[str], pairs: dict[tuple[str, str], int], carriers: dict[str, list[Copy]]
) -> list[PictureFamily]:
    """Connected pictures, and single pictures that several posts carry; most copies first."""
    place = {content_id: at for at, content_id in enumerate(ids)}
    ends = [(place[one], place[other]) for one, other in pairs]
    found = connected(len(ids), [one for one, _ in ends], [other for _, other in ends], list(pairs.values()))
    families = [
        _family(
            ids[one.representative], [ids[member] for member in one.members], one.largest_distance, carriers
        )
        for one in found
    ]
    within = {picture for family in families for picture in family.pictures}
    families += [
        _family(picture, [picture], 0, carriers)
        for picture, copies in sorted(carriers.items())
        if len(copies) > 1 and picture not in within
    ]
    return sorted(families, key=lambda one: (-len(one.copies), -len(one.pictures), one.representative))


def _family(
    representative: str, pictures: Sequence[str], largest: int, carriers: dict[str, list[Copy]]
) -> PictureFamily:
    merged: dict[str, Copy] = {}
    for picture in pictures:
        for copy in carriers.get(picture, ()):
            known = merged.get(copy.key)
            carried = (*(known.pictures if known else ()), picture)
            merged[copy.key] = Copy(**{**vars(known or copy), "pictures": carried})
    copies = tuple(merged[key] for key in sorted(merged))
    return PictureFamily(representative, tuple(pictures), copies, largest)
