"""A bank of hashes of known files: is one of mine among them? Answers with entry, distance and provenance.

Exact digests (SHA-256, SHA-1, MD5) match when they are equal, PDQ within a radius. A PDQ hash of quality
under 50 is not comparable: of the bank or of the query, it matches only an equal hash. Of a list that gives
no quality, the entries are taken as comparable, and every match says that the quality is not known.

What a match shows is that the hashes agree. It does not show who made a copy, which came first, or that the
entry was put on its list rightly; for that the entry's provenance is handed out with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from perito.errors import FormatError
from perito.match.hamming import RADIUS, HammingIndex
from perito.match.pdq import LEAST_QUALITY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

EXACT = ("sha256", "sha1", "md5")
PDQ = "pdq"
_FACTS = (
    "list_id", "list_version", "entry_id", "algorithm", "value", "quality", "category", "provenance", "terms",
)  # fmt: skip


@dataclass(frozen=True)
class BankEntry:
    """One entry of a hash list, as the table `hashes` has it.

    Args:
        list_id: The list.
        list_version: Its version.
        entry_id: The entry's name in the list.
        algorithm: `sha256`, `sha1`, `md5` or `pdq`.
        value: The hash, lower-case hex.
        quality: Of a PDQ hash, 0 to 100; None where the list does not say.
        category: What the list calls it.
        provenance: Where the entry comes from and who classified it.
        terms: Licence or terms of the list.
    """

    list_id: str
    list_version: str | None
    entry_id: str
    algorithm: str
    value: str
    quality: int | None = None
    category: str | None = None
    provenance: str | None = None
    terms: str | None = None

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> BankEntry:
        """The entry of a row of the table `hashes`; other columns are left."""
        return cls(**{name: row.get(name) for name in _FACTS})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Query:
    """The hashes of one file that is looked for; None where one was not taken.

    Args:
        id: Its name for the asker.
        pdq: PDQ, 64 hex digits.
        pdq_quality: Its quality.
        sha256: SHA-256, hex.
        sha1: SHA-1, hex.
        md5: MD5, hex.
    """

    id: str
    pdq: str | None = None
    pdq_quality: int | None = None
    sha256: str | None = None
    sha1: str | None = None
    md5: str | None = None


@dataclass(frozen=True)
class BankMatch:
    """One agreement of a query with an entry.

    Args:
        query_id: The query.
        entry: The entry.
        distance: Bits in which the two differ; 0 for equal digests.
        is_quality_known: Whether the list gives the quality of its PDQ hash; True for digests.
    """

    query_id: str
    entry: BankEntry
    distance: int
    is_quality_known: bool = True

    def answer(self) -> dict[str, Any]:
        """The match for the asker, without the bank's hash: the bank is not handed out entry by entry."""
        facts = {name: getattr(self.entry, name) for name in _FACTS if name != "value"}
        return {"query_id": self.query_id, "distance": self.distance, **facts}


class Bank:
    """Entries of hash lists, ready to be searched.

    Args:
        entries: The entries, of one list or of several.

    Raises:
        FormatError: An entry whose hash has not the length of its algorithm.
        CaseError: There are PDQ hashes and the extra `media` is not installed.

    Example:
        >>> bank = Bank([BankEntry("known", "1", "7", "md5", "0" * 32, provenance="an example")])
        >>> [(match.entry.entry_id, match.distance) for match in bank.search([Query("mine", md5="0" * 32)])]
        [('7', 0)]
    """

    def __init__(self, entries: Iterable[BankEntry]) -> None:
        self.entries = tuple(entries)
        self._by_hash: dict[tuple[str, str], list[int]] = {}
        for number, entry in enumerate(self.entries):
            self._by_hash.setdefault((entry.algorithm, entry.value), []).append(number)
        self._comparable = [
            number for number, entry in enumerate(self.entries)
            if entry.algorithm == PDQ and (entry.quality is None or entry.quality >= LEAST_QUALITY)
        ]  # fmt: skip
        hashes = hash_bytes([self.entries[number].value for number in self._comparable])
        self._index = HammingIndex(hashes) if self._comparable else None

    def without_provenance(self) -> list[BankEntry]:
        """Entries that do not say where they come from: no finding rests on them."""
        return [entry for entry in self.entries if not entry.provenance]

    def not_comparable(self) -> list[BankEntry]:
        """PDQ entries of so low a quality that only an equal hash matches them."""
        comparable = set(self._comparable)
        return [
            entry for number, entry in enumerate(self.entries)
            if entry.algorithm == PDQ and number not in comparable
        ]  # fmt: skip

    def search(self, queries: Sequence[Query], radius: int = RADIUS) -> list[BankMatch]:
        """Every agreement, ordered by query, then distance, then the place of the entry.

        Raises:
            FormatError: A query whose PDQ is no 64 hex digits.
            CaseError: The work or the number of pairs is beyond the limit of the index; nothing is cut off.
        """
        found = [*self._equal(queries), *self._near(queries, radius)]
        once = {(place, number): distance for place, number, distance in reversed(found)}
        ordered = sorted((place, distance, number) for (place, number), distance in once.items())
        return [self._match(queries[place], number, distance) for place, distance, number in ordered]

    def _equal(self, queries: Sequence[Query]) -> list[tuple[int, int, int]]:
        return [
            (place, number, 0)
            for place, query in enumerate(queries)
            for algorithm in (*EXACT, PDQ)
            for number in self._by_hash.get((algorithm, (getattr(query, algorithm) or "").lower()), ())
        ]

    def _near(self, queries: Sequence[Query], radius: int) -> list[tuple[int, int, int]]:
        places = [place for place, query in enumerate(queries) if _is_comparable(query)]
        if self._index is None or not places:
            return []
        found = self._index.search(hash_bytes([queries[place].pdq or "" for place in places]), radius)
        return [
            (places[query], self._comparable[entry], distance)
            for query, entry, distance in zip(*(column.tolist() for column in found), strict=True)
        ]

    def _match(self, query: Query, number: int, distance: int) -> BankMatch:
        entry = self.entries[number]
        return BankMatch(query.id, entry, distance, entry.algorithm != PDQ or entry.quality is not None)


def hash_bytes(hexes: Sequence[str]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """PDQ hashes as rows of 32 bytes.

    Raises:
        FormatError: One of them is no 64 hex digits.

    Example:
        >>> hash_bytes(["00" * 31 + "ff"]).shape
        (1, 32)
    """
    rows = []
    for number, text in enumerate(hexes):
        try:
            row = bytes.fromhex(text)
        except ValueError:
            row = b""
        if len(row) != 32:  # noqa: PLR2004  (256 bits)
            raise FormatError(
                "no PDQ hash", where=f"hash {number}", expected="64 hex digits", found=text[:70]
            )
        rows.append(row)
    return np.frombuffer(b"".join(rows), np.uint8).reshape(-1, 32)


def _is_comparable(query: Query) -> bool:
    return query.pdq is not None and (query.pdq_quality is None or query.pdq_quality >= LEAST_QUALITY)
