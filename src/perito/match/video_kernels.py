"""The longest run of frames that match in order: one pass over the pairs of frames, few of them held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perito.match.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

GAP_FRAMES = 2
"""A run may jump over one frame on either side."""


@compiled
def longest_run(
    mine: NDArray[np.int64],
    starts: NDArray[np.int64],
    matched: NDArray[np.int64],
    place: NDArray[np.int64],
    place_starts: NDArray[np.int64],
    frames: int,
    out: NDArray[np.int64],
) -> int:
    """The longest chain of matching frames that rise together, by dynamic programming over the pairs.

    A pair (i, j) goes on from the longest of the pairs (i - a, j - b), a and b up to `GAP_FRAMES`; of equally
    long ones from the one that started last. Only the last rows are held, however many pairs there are.

    Args:
        mine: The distinct hash of each frame of the query; -1 where it is not comparable.
        starts: Where the matches of each distinct hash of the query start in `matched`.
        matched: The distinct hashes of the other video that match.
        place: The frames of the other video by distinct hash, rising within each.
        place_starts: Where those of each distinct hash start.
        frames: How many frames the other video has.
        out: Filled with the first and last frame in the query, then those in the other.

    Returns:
        How many frames the run has.
    """
    rows = GAP_FRAMES + 1
    length = np.zeros((rows, frames), np.int64)
    start = np.zeros((rows, frames), np.int64)
    of_row = np.full((rows, frames), np.int64(-1))
    best = 0
    for i in range(len(mine)):
        if mine[i] < 0:
            continue
        here = i % rows
        for at in range(starts[mine[i]], starts[mine[i] + 1]):
            other = matched[at]
            for position in range(place_starts[other], place_starts[other + 1]):
                j = place[position]
                held, begun = 0, i * frames + j
                for a in range(1, rows):
                    before = (i - a) % rows
                    for b in range(1, rows):
                        if i < a or j < b or of_row[before, j - b] != i - a:
                            continue
                        found = length[before, j - b]
                        if found > held or (found == held and start[before, j - b] > begun):
                            held, begun = found, start[before, j - b]
                of_row[here, j], length[here, j], start[here, j] = i, held + 1, begun
                if held + 1 > best or (held + 1 == best and i == out[1] and j < out[3]):
                    best = held + 1
                    out[0], out[1], out[2], out[3] = begun // frames, i, begun % frames, j
    return best
