"""What was hashed, compared and read in a case, sealed into it as evidence that measures rest on.

Every sealed picture has a row, also one that cannot be hashed or compared: what is missing is known, and is
not zero. Rows are in a fixed order and name no path of this machine, so that the same comparison gives the
same bytes; what is sealed already under the same name is not sealed again.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from perito import __version__
from perito.errors import CaseError, Missing
from perito.formats import UNREAD
from perito.match.hamming import HammingIndex, Pairs
from perito.match.pdq import METHOD as PDQ_METHOD
from perito.schema import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from perito.match.bank import BankMatch
    from perito.match.origin import DeclaredOrigin

OWN_LIST = "case"
"""Name of the list that holds the hashes of the case's own pictures."""
ORIGIN_METHOD = "declared-origin-1"
FOLDER = "match"
_SHA256, _PDQ, _TEXT = "sha256", "pdq", "text"
_VERIFICATION = {"not_checked": "not_run"}
_PLACED = ("evidence_id", "locator", "platform")

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class SealedTable:
    """One file that was sealed, or was sealed already.

    Args:
        path: Its path in the case.
        evidence_id: Its name.
        rows: How many rows it holds.
        is_new: Whether this call sealed it.
    """

    path: str
    evidence_id: str
    rows: int
    is_new: bool


@dataclass(frozen=True)
class Sealing:
    """Where to seal, and what the acquisition record says of how the rows came about.

    Args:
        folder: The case folder.
        tool: The command.
        parameters: What it was called with, as far as the rows depend on it.
        at_us: When it is sealed, microseconds since 1970.
    """

    folder: Path
    tool: str
    parameters: Mapping[str, object]
    at_us: int

    def seal(self, tables: Mapping[str, tuple[str, Rows]]) -> list[SealedTable]:
        """Seal rows as CSV in the columns of a canonical table.

        Args:
            tables: By the name of the file, the canonical table and its rows, in the order of its key.

        Raises:
            EvidenceError: The store cannot be written.
        """
        from perito.evidence import Store

        store = Store(self.folder / "evidence")
        known = {item.path: item.evidence_id for item in store.current_items()}
        contents = {f"{FOLDER}/{stem}.csv": _csv(name, rows) for stem, (name, rows) in tables.items()}
        wanted = []
        for (path, content), (name, rows) in zip(contents.items(), tables.values(), strict=True):
            if known.get(path) != _id_of(content):
                file = self.folder / path
                file.parent.mkdir(exist_ok=True)
                file.write_bytes(content)
                wanted.append((file, {**self._facts(path, name, rows), "acquired_at_us": self.at_us}))
        if wanted:
            store.add_many(wanted)
        fresh = {str(facts["path_in_case"]) for _, facts in wanted}
        return [
            SealedTable(path, _id_of(content), len(rows), path in fresh)
            for (path, content), (_, rows) in zip(contents.items(), tables.values(), strict=True)
        ]

    def _facts(self, path: str, name: str, rows: Rows) -> dict[str, str | int | None]:
        said = "; ".join(f"{key}={value}" for key, value in self.parameters.items())
        return {
            "path_in_case": path,
            "format": f"table:{name}" if rows else UNREAD,  # that nothing was found has no row to read
            "origin": f"computed from the sealed items of the case: {said}",
            "tool": self.tool,
            "tool_version": __version__,
        }


def check_case(source: Path) -> None:
    """Refuse to seal into what is no case.

    Raises:
        CaseError: The source is no case folder.
    """
    if not (source / "case.toml").is_file():
        raise CaseError(
            "only a case can be sealed into", where=str(source), expected="a folder with a case.toml",
            remedy="make a case ('perito new') and add the pictures, or leave --seal out",
        )  # fmt: skip


def own_hash_rows(hashed: Iterable[Mapping[str, Any]]) -> Rows:
    """Rows of `hashes` for the case's own pictures: SHA-256 of each, and PDQ with its quality if any.

    A picture that cannot be read has no PDQ row; one of quality under 50 has, and is not comparable.

    Args:
        hashed: Rows of `perito.match.sources.hashed`.

    Example:
        >>> row = {"id": "sha256:0a", "sha256": "0a", "pdq": None, "pdq_quality": None, "error": "no picture"}
        >>> [(one["algorithm"], one["provenance"]) for one in own_hash_rows([row])]
        [('sha256', 'sealed item of the case; no PDQ: no picture')]
    """
    rows = []
    for one in sorted(hashed, key=lambda row: str(row["id"])):
        shared = {"list_id": OWN_LIST, "entry_id": one["id"]}
        reason = f"; no PDQ: {' '.join(str(one['error']).split())[:200]}" if one.get("error") else ""
        if one.get("pdq"):
            quality = {"value": one["pdq"], "quality": one["pdq_quality"]}
            said = {"list_version": PDQ_METHOD, "provenance": "sealed item of the case"}
            rows.append({**shared, "algorithm": _PDQ, **quality, **said})
        digest = one.get("sha256") or str(one["id"]).removeprefix("sha256:")  # an item is named by its digest
        said = {"value": digest, "provenance": f"sealed item of the case{reason}"}
        rows.append({**shared, "algorithm": _SHA256, **said})
    return rows


def connecting_pairs(hashes: NDArray[np.uint8], radius: int) -> Pairs:
    """Pairs that join pictures into the same families as all pairs do; equal hashes are not all paired.

    Different hashes within the radius are all paired, by the first picture of each; a picture whose hash
    another has stands beside the first that has it.

    Args:
        hashes: n x 32 bytes, one row a picture.
        radius: Most bits that may differ.

    Raises:
        CaseError: Different hashes that give more pairs or work than allowed; nothing is cut off.

    Example:
        >>> [column.tolist() for column in connecting_pairs(np.zeros((3, 32), np.uint8), 31)]
        [[0, 0], [1, 2], [0, 0]]
    """
    distinct, first, which = np.unique(hashes, axis=0, return_index=True, return_inverse=True)
    apart = HammingIndex(distinct if len(distinct) else None).self_join(radius)
    head = first[which.reshape(-1)]
    again = np.flatnonzero(head != np.arange(len(head)))
    return Pairs(
        np.concatenate([first[apart.query], head[again]]).astype(np.int64),
        np.concatenate([first[apart.entry], again]).astype(np.int64),
        np.concatenate([apart.distance, np.zeros(len(again), np.int64)]),
    )


def pair_rows(ids: Sequence[str], pairs: Pairs) -> Rows:
    """Rows of `matches` for pairs of the case's own pictures, each pair once, the smaller id first.

    Args:
        ids: Evidence ids by the positions of the pairs.
        pairs: Pairs of positions and the bits in which they differ.
    """
    found = {
        tuple(sorted((ids[one], ids[other]))): distance
        for one, other, distance in zip(*(column.tolist() for column in pairs), strict=True)
    }
    return [
        {
            "query_id": first, "entry_id": second, "method": _PDQ, "method_version": PDQ_METHOD,
            "transform": "original", "distance": distance, "verification": "not_run",
        }
        for (first, second), distance in sorted(found.items())
    ]  # fmt: skip


def text_rows(posts: Mapping[str, str], threshold: float) -> Rows:
    """Rows of `matches` for copied texts: each member of a family against the family's first post.

    Two members of a family may be less alike than the threshold, if others lie between them.

    Args:
        posts: Text of each post.
        threshold: The smallest similarity that counts as a copy.

    Raises:
        StatsError: A threshold outside its range.
        CaseError: The extra `media` is not installed.
    """
    from perito.match.text import METHOD, families, similarity

    ids = sorted(posts)
    first: dict[int, str] = {}
    rows: Rows = []
    for post, number in zip(ids, families([posts[post] for post in ids], threshold).tolist(), strict=True):
        head = first.setdefault(number, post)
        if head != post:
            alike = round(similarity(posts[head], posts[post]), 6)
            rows.append(
                {
                    "query_id": post, "entry_id": head, "method": _TEXT,
                    "method_version": f"{METHOD}, threshold {threshold}", "similarity": alike,
                }
            )  # fmt: skip
    return rows


def texts_of(folder: Path) -> dict[str, str]:
    """The words of the case's posts as last observed, by post; posts whose words are not given are left out.

    Raises:
        Missing: The case has no tables yet.
    """
    from perito.engine import Tables, open_engine
    from perito.tables import open_tables

    tables = open_tables(folder / "tables")
    if "posts" not in tables.paths:
        raise Missing(
            "the case holds no posts", where=str(folder), remedy="seal posts and run 'perito run' first"
        )
    with Tables(open_engine("duckdb", {"posts": tables.paths["posts"]}, ["posts"]), tables.inputs) as open_:
        return {row["post_id"]: row["text"] for row in open_.rows(_TEXTS)}


_TEXTS = """
SELECT post_id, text FROM posts
WHERE text IS NOT NULL
ORDER BY post_id, observed_at_us, evidence_id, locator
"""


def bank_rows(found: Iterable[BankMatch], edited: Iterable[Mapping[str, Any]] = ()) -> Rows:
    """Rows of `matches` for agreements with hash lists, and for edited copies of pictures that were given.

    The list's own hashes are not among them.

    Args:
        found: Agreements with entries of lists.
        edited: What `perito.match.asking.edited_copies` found; the picture is named by its digest.
    """
    rows = [_bank_row(one) for one in found] + [_edited_row(one) for one in edited]
    distinct = {tuple(sorted((key, str(value)) for key, value in row.items())): row for row in rows}
    return [distinct[key] for key in sorted(distinct)]


def _bank_row(one: BankMatch) -> dict[str, Any]:
    exact = one.entry.algorithm != _PDQ
    return {
        "query_id": one.query_id, "list_id": one.entry.list_id, "list_version": one.entry.list_version,
        "entry_id": one.entry.entry_id, "method": _SHA256 if exact else _PDQ,
        "method_version": f"equal {one.entry.algorithm}" if exact else PDQ_METHOD,
        "transform": "original", "distance": one.distance, "verification": "not_run",
    }  # fmt: skip


def _edited_row(one: Mapping[str, Any]) -> dict[str, Any]:
    from perito.match.features import METHOD

    by_features = one["method"] == "features"
    parts = [part for part in (one["window"], one.get("known_window")) if part]
    return {
        "query_id": one["id"], "list_id": EDITED_LIST, "entry_id": one["known_id"],
        "method": "features" if by_features else _PDQ,
        "method_version": METHOD if by_features else PDQ_METHOD, "transform": one["symmetry"],
        "window": " of ".join(parts) or None, "distance": one["distance"],
        "verification": _VERIFICATION.get(one["state"], one["state"]), "inliers": one["inliers"],
    }  # fmt: skip


EDITED_LIST = "pictures given to compare"
"""Name of the list of known pictures that edited copies were looked for of; entries are their digests."""


def origin_rows(found: Mapping[str, DeclaredOrigin | str]) -> Rows:
    """Rows of `origins`: one a declaration, and one for a file that declares nothing or cannot be read.

    Args:
        found: What each evidence item declares, or why it could not be read.

    Example:
        >>> [one["state"] for one in origin_rows({"sha256:0a": "the file is empty"})]
        ['unreadable']
    """
    rows: Rows = []
    for content_id, origin in sorted(found.items()):
        shared = {"content_id": content_id, "method_version": ORIGIN_METHOD}
        if isinstance(origin, str):
            rows.append({**shared, "state": "unreadable"})
            continue
        shared["state"] = origin.state
        if not origin.declarations:
            rows.append({**shared, "integrity": origin.integrity, "trust": origin.trust})
        rows += _distinct(
            {
                **shared, "carrier": one.carrier, "kind": one.kind, "value": one.value,
                "declared_by": one.by, "signer": one.signer, "integrity": one.integrity,
                "trust": one.trust, "place": one.place,
            }
            for one in origin.declarations
        )  # fmt: skip
    return rows


def _distinct(rows: Iterable[dict[str, Any]]) -> Rows:
    return list({tuple(map(str, row.values())): row for row in rows}.values())


def _csv(name: str, rows: Rows) -> bytes:
    """The rows as CSV in the table's columns; those that stand in no row are left out, unless required."""
    used = {key for row in rows for key, value in row.items() if value is not None}
    columns = [
        column.name for column in table(name).columns
        if (column.name in used or column.required) and column.name not in _PLACED
    ]  # fmt: skip
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(["" if row.get(key) is None else row[key] for key in columns] for row in rows)
    return out.getvalue().encode()


def _id_of(content: bytes) -> str:
    import hashlib

    from perito.ids import evidence_id

    return evidence_id(hashlib.sha256(content).hexdigest())
