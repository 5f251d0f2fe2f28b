"""PDQ of image files by threatexchange."""

import sys

import numpy as np
import stopwatch


def prepare() -> tuple:
    """The files, with everything imported."""
    from threatexchange.signal_type.pdq.pdq_hasher import pdq_from_bytes

    with np.load(sys.argv[1]) as kept:
        files = [kept[name].tobytes() for name in kept.files]
    pdq_from_bytes(files[0])
    return pdq_from_bytes, files * int(sys.argv[2])


def work(given: tuple) -> object:
    """The hashes, or how many there are."""
    hash_one, files = given
    hashes = [hash_one(one)[0] for one in files]
    return hashes if sys.argv[3] == "hashes" else len(hashes)


stopwatch.report(work, prepare)
