"""Which texts are copies of one another, word for word or edited? Families by shared shingles.

Method `minhash-1`: a text is brought to Unicode normal form NFKC and read as the set of its shingles, five
code points each. Candidates come from MinHash signatures (Broder 1997) of 128 permutations and
locality-sensitive hashing; every candidate pair is then compared by the exact Jaccard similarity of the two
sets, the shingles in both over the shingles in either.
Families are the connected groups of pairs at or above the threshold: two members of a family may be less
alike than that, if others lie between them.

What it does not show: who wrote a text first, or that texts which share none of this were not copied (a
translation, letters of another script that look the same: see `skeleton`). Short stock phrases make families
of people who never met.
"""

from __future__ import annotations

import tomllib
import unicodedata
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from perito.errors import StatsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Whole = NDArray[np.int64]

METHOD = "minhash-1"
_LEAST_FOUND = 0.995
"""A pair exactly at the threshold becomes a candidate with at least this chance."""

_SEED = 0x70657269746F  # part of the method's version


def skeleton(text: str) -> str:
    """The text with letters that look like Latin ones replaced by these: an own mapping, to be declared.

    Example:
        >>> skeleton("\u0440\u0430yment")
        'payment'
    """
    return text.translate(_lookalikes())


@cache
def _lookalikes() -> dict[int, str]:
    raw = tomllib.loads((files("perito.match") / "lookalikes.toml").read_text("utf-8"))
    return {ord(letter): latin for latin, letters in raw.items() for letter in letters}


def families(texts: Sequence[str | None], threshold: float = 0.7) -> Whole:
    """The number of the family of every text; families are numbered by their first text.

    Equal texts (in NFKC) are of one family, however short; texts under five code points are compared for
    equality only. A text that is missing (None) or blank is a family of its own: no words, no copy. A pair
    at the threshold is found with a chance of 0.995 or more, one above it with more: bands and rows of the
    hashing are chosen so.

    Args:
        texts: The texts.
        threshold: The smallest Jaccard similarity of shingles that counts as a copy, over 0 and at most 1.

    Returns:
        int64, one a text.

    Raises:
        StatsError: A threshold outside its range, or something that is no text.
        CaseError: The extra `media` is not installed.

    Example:
        >>> first = "the quick brown fox jumps over the lazy dog near the bank"
        >>> families([first, "something else altogether", first + "!", None]).tolist()
        [0, 1, 0, 2]
    """
    if not 0 < threshold <= 1:
        raise StatsError("there is no such similarity", expected="over 0 and at most 1", found=str(threshold))
    distinct, place = _distinct(texts)
    return _families_of_distinct(distinct, threshold)[place]


def similarity(one: str, other: str) -> float:
    """The Jaccard similarity of the shingles of two texts; of texts too short for any, their equality.

    Blank texts have nothing in common: 0.

    Example:
        >>> similarity("abcdefg", "abcdefgh"), similarity("ab", "ab")
        (0.75, 1.0)
    """
    a, b = (_shingles(normalised(text)) for text in (one, other))
    if not a or not b:
        return float(normalised(one) == normalised(other) and bool(normalised(one).strip()))
    return len(a & b) / len(a | b)


def normalised(text: str) -> str:
    """The text in the form in which it is compared: NFKC.

    Example:
        >>> normalised("\uff21\ufb01")
        'Afi'
    """
    return unicodedata.normalize("NFKC", text)


def text_signatures(texts: Sequence[str]) -> NDArray[np.uint32]:
    """The MinHash signatures of texts: 128 numbers each; the largest number throughout for one too short.

    The share of equal numbers of two texts estimates their similarity.

    Raises:
        CaseError: The extra `media` is not installed.

    Example:
        >>> text_signatures(["the same words", "the same words"]).shape
        (2, 128)
    """
    return _signatures(*_code_points([normalised(text) for text in texts]))


def bands(threshold: float) -> tuple[int, int]:
    """How many bands of how many rows find a pair at the threshold with a chance of at least 0.995.

    With 128 permutations, 1 - (1 - s^rows)^bands; the most rows, since more rows give fewer false candidates.

    Example:
        >>> bands(0.7), bands(0.5)
        ((32, 4), (64, 2))
    """
    from perito.match.text_kernels import PERMUTATIONS

    for rows in (8, 4, 2):
        if 1 - (1 - threshold**rows) ** (PERMUTATIONS // rows) >= _LEAST_FOUND:
            return PERMUTATIONS // rows, rows
    return PERMUTATIONS, 1


def _shingles(text: str) -> set[str]:
    from perito.match.text_kernels import SHINGLE

    return {text[start : start + SHINGLE] for start in range(len(text) - SHINGLE + 1)}


def _distinct(texts: Iterable[str | None]) -> tuple[list[str], Whole]:
    """The distinct normalised texts, in order of first appearance, and which of them each text is."""
    numbers: dict[str | int, int] = {}
    place = []
    for position, text in enumerate(texts):
        if not (text is None or isinstance(text, str)):
            raise StatsError(
                "not a text", where=f"item {position}", expected="a text or None", found=repr(text)[:40]
            )
        key = position if text is None else normalised(text)
        if isinstance(key, str) and not key.strip():
            key = position
        place.append(numbers.setdefault(key, len(numbers)))
    return ["" if isinstance(key, int) else key for key in numbers], np.array(place, dtype=np.int64)


def _families_of_distinct(texts: list[str], threshold: float) -> Whole:
    """Families of texts of which no two are equal."""
    from perito.match.text_kernels import SHINGLE, band_keys, families_of, join_band

    out = np.empty(len(texts), np.int64)
    parents = np.arange(len(texts), dtype=np.int64)
    long_enough = np.flatnonzero([len(text) >= SHINGLE for text in texts])
    if len(long_enough) > 1:
        points, starts = _code_points([texts[number] for number in long_enough])
        rows = _signatures(points, starts)
        within = np.arange(len(long_enough), dtype=np.int64)
        keys, longest = np.empty(len(rows), np.uint64), int(np.diff(starts).max())
        number, width = bands(threshold)
        for band in range(number):
            band_keys(rows, band * width, width, keys)
            order = np.argsort(keys, kind="stable")
            join_band(keys, order, points, starts, threshold, within, longest)
        parents[long_enough] = long_enough[within]
    families_of(parents, out)
    return out


def _code_points(texts: list[str]) -> tuple[NDArray[np.uint32], Whole]:
    starts = np.concatenate(([0], np.cumsum([len(text) for text in texts], dtype=np.int64)))
    return np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32), starts


def _signatures(points: NDArray[np.uint32], starts: Whole) -> NDArray[np.uint32]:
    from perito.match.text_kernels import PERMUTATIONS, signatures

    draw = np.random.Generator(np.random.PCG64(_SEED))
    factors, offsets = draw.integers(0, 2**32, (2, PERMUTATIONS), dtype=np.uint32)
    out = np.empty((len(starts) - 1, PERMUTATIONS), np.uint32)
    signatures(points, starts, factors | np.uint32(1), offsets, out)
    return out
