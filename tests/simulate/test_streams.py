"""Random numbers: the same for the same key, others for any other, in any order."""

import hashlib

import numpy as np
import pytest

from perito.simulate import stream


def test_a_stream_is_philox_under_the_first_half_of_the_digest_of_its_name():
    key = int.from_bytes(hashlib.sha256(b"7/posts/3").digest()[:16], "big")
    expected = np.random.Generator(np.random.Philox(key=key)).random(5)
    assert stream(7, "posts", 3).random(5).tolist() == expected.tolist()


def test_streams_do_not_depend_on_the_order_in_which_they_are_used():
    forth = [stream(7, "posts", block).random() for block in range(5)]
    back = [stream(7, "posts", block).random() for block in reversed(range(5))]
    assert forth == back[::-1]


def test_seed_part_and_block_each_give_another_stream():
    keys = [(seed, part, block) for seed in (0, 1, 11) for part in ("a", "b") for block in (0, 1, 10)]
    assert len({stream(*key).random() for key in keys}) == len(keys)


def test_neighbouring_streams_are_uncorrelated():
    rows = 20_000
    here, there = (stream(7, "posts", block).random(rows) for block in (0, 1))
    assert np.corrcoef(here, there)[0, 1] == pytest.approx(0, abs=5 / np.sqrt(rows))
