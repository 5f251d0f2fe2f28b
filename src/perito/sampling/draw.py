"""The draw: which items come first, by a rule that another person can repeat by hand.

Every item has the rank SHA-256(seed, a line end, its id) in UTF-8. A sample of n items of a group are the n
with the smallest ranks. The rule knows no order of rows, no engine, no threads and no random generator of a
library: the id and the seed decide alone, and any SHA-256 tool repeats it.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from perito.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_BITS = 256


def rank(seed: str, item_id: str) -> str:
    r"""The rank of an item: SHA-256 of the seed, a line end and the item's id, in hexadecimal.

    By hand: `printf '%s\n%s' SEED ITEM | sha256sum`.

    Example:
        >>> rank("7", "x:1")[:16]
        'f0eb1f0f6eabe3c5'
    """
    return hashlib.sha256(f"{seed}\n{item_id}".encode()).hexdigest()


def ranked(seed: str, items: Iterable[str]) -> list[str]:
    """Items by rising rank: a random order of which every beginning is a simple random sample.

    Example:
        >>> ranked("7", ["x:1", "x:2", "x:3"]) == ranked("7", ["x:3", "x:1", "x:2"])
        True
    """
    return [item for _, item in sorted((rank(seed, item), item) for item in items)]


def smallest(seed: str, items: Iterable[str], n: int) -> list[str]:
    """The n items with the smallest ranks, by rising rank.

    Raises:
        CaseError: There are fewer than n.

    Example:
        >>> len(smallest("7", ["x:1", "x:2", "x:3"], 2))
        2
    """
    order = ranked(seed, items)
    if not 0 <= n <= len(order):
        raise CaseError(
            "the population is smaller than the sample", expected=f"at most {len(order)} labels", found=str(n)
        )
    return order[:n]


def with_chances(seed: str, items: Sequence[str], sizes: Sequence[int], draws: int) -> list[str]:
    """Draws with replacement, each item with a chance in proportion to its size.

    The items lie in order of their ids on a line, each as long as its size; T is the length of the line.
    Draw number j takes the item in which floor(h T / 2^256) lies, h the rank of `draw=j` as a number.

    Args:
        seed: The seed.
        items: The items.
        sizes: A whole number of at least 0 for each.
        draws: How many are drawn.

    Returns:
        The item of every draw, in order; one item can come several times.

    Raises:
        CaseError: No item has a size.

    Example:
        >>> with_chances("7", ["x:1", "x:2"], [0, 5], 3)
        ['x:2', 'x:2', 'x:2']
    """
    pairs = sorted(zip(items, sizes, strict=True))
    ends = list(accumulate(size for _, size in pairs))
    if not ends or ends[-1] <= 0:
        raise CaseError("no item has a size: nothing can be drawn in proportion to it")
    places = (int(rank(seed, f"draw={j}"), 16) * ends[-1] >> _BITS for j in range(1, draws + 1))
    return [pairs[bisect_right(ends, place)][0] for place in places]
