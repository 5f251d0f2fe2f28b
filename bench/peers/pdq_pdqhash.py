"""PDQ of pixels by pdqhash, the binding of the published C++ code."""

import sys

import numpy as np
import stopwatch


def prepare() -> tuple:
    """The pictures, with everything imported."""
    import pdqhash

    with np.load(sys.argv[1]) as kept:
        pictures = [kept[name] for name in kept.files]
    return pdqhash.compute, pictures * int(sys.argv[2])


def work(given: tuple) -> object:
    """The hashes in hexadecimal digits, or how many there are."""
    compute, pictures = given
    bits = [compute(one)[0] for one in pictures]
    return [np.packbits(one).tobytes().hex() for one in bits] if sys.argv[3] == "hashes" else len(bits)


stopwatch.report(work, prepare)
