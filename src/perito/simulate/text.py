"""Invented, harmless sentences, and families of sentences that differ in one place."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from perito.simulate.columns import Codes, Flags, Whole, joined

if TYPE_CHECKING:
    from numpy.random import Generator

LANGUAGES = ("es", "en")
_SLOTS = ("time", "subject", "verb", "object", "place", "subject", "verb", "object", "ending")
_GAPS = (" ", " ", " ", " ", "; ", " ", " ", "")
_PLACE, _ENDING = 4, 8
_CHANGES = 4  # a member of a family: the same, another place, another last object, another ending
_LAST_OBJECT = 7


@cache
def _words() -> dict[str, tuple[pa.Array, int]]:
    """For each slot the words of both languages, one after the other, and how many each has."""
    data = tomllib.loads((files("perito.simulate") / "words.toml").read_text("utf-8"))
    return {
        slot: (
            pa.array([word for language in LANGUAGES for word in data[language][slot]]),
            len(data["es"][slot]),
        )
        for slot in dict.fromkeys(_SLOTS)
    }


def draw_words(random: Generator, rows: int) -> Whole:
    """Drawn words: one row a sentence, one column a slot."""
    sizes = np.array([_words()[slot][1] for slot in _SLOTS])
    return random.integers(0, sizes, size=(rows, len(_SLOTS)))


def varied(random: Generator, words: Whole) -> Whole:
    """The same sentences, each changed in at most one slot."""
    fresh, change = draw_words(random, len(words)), random.integers(0, _CHANGES, len(words))
    words = words.copy()
    for number, slot in enumerate((_PLACE, _LAST_OBJECT, _ENDING), start=1):
        words[change == number, slot] = fresh[change == number, slot]
    return words


def sentences(words: Whole, is_spanish: Flags) -> pa.Array:
    """The sentences as text.

    Args:
        words: Drawn words.
        is_spanish: Whether each is in Spanish; the rest are in English.

    Example:
        >>> sentences(np.zeros((1, 9), np.int64), np.array([False])).to_pylist()
        ['This morning the baker painted a blue table near the river; the baker painted a blue table.']
    """
    parts: list[pa.Array | str] = []
    for column, (slot, gap) in enumerate(zip(_SLOTS, (*_GAPS, ""), strict=True)):
        vocabulary, size = _words()[slot]
        parts.append(vocabulary.take(pa.array(words[:, column] + size * ~is_spanish)))
        if gap:
            parts.append(gap)
    return joined(*parts)


def family_members(random: Generator, rows: int, share: float, mean_size: float) -> tuple[Whole, Codes]:
    """Which rows belong to families, and the number of the family of each, from 0.

    Returns:
        Positions of the members, rising, and their families; about `share * rows / mean_size` families.
    """
    members = round(rows * share)
    families = max(1, round(members / mean_size))
    chosen = np.sort(random.choice(rows, members, replace=False)) if members else np.zeros(0, np.int64)
    return chosen, random.integers(0, families, members)
