"""PDQ by this project, from pixels or from JPEG files."""

import sys

import numpy as np
import stopwatch


def prepare() -> tuple:
    """The pictures, with everything imported and compiled."""
    from perito.match import pdq

    routes = {"pixels": pdq.hash_pixels, "exact": pdq.hash_image, "triage": pdq.triage_hash}
    with np.load(sys.argv[1]) as kept:
        pictures = [kept[name] for name in kept.files]
    if sys.argv[2] != "pixels":
        pictures = [one.tobytes() for one in pictures]
    hash_one = routes[sys.argv[2]]
    hash_one(pictures[0])
    return hash_one, pictures * int(sys.argv[3])


def work(given: tuple) -> object:
    """The hashes, or how many there are."""
    hash_one, pictures = given
    hashes = [hash_one(one).hex for one in pictures]
    return hashes if sys.argv[4] == "hashes" else len(hashes)


stopwatch.report(work, prepare)
