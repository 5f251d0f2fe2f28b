"""Videos: frames hashed like pictures, shares on both sides, the longest run in order."""

import cv2
import numpy as np
import pytest

from perito.errors import Malformed, Missing
from perito.match.pdq import hash_pixels
from perito.match.scenes import scene
from perito.match.video import FrameHashes, compare_videos, hash_video

RATE = 10
SAMPLES = (
    "doorknob-hd-no-bar",
    "pattern-hd-no-bar",
    "pattern-sd-grey-bar",
    "pattern-sd-with-large-logo-bar",
    "test-padded-dimensions",
)


def written(path, frames):
    """A video of the frames; None where this OpenCV cannot write one."""
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), RATE, (width, height))
    assert writer.isOpened()
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[:, :, ::-1]))
    writer.release()
    return path


def shots(*seeds, frames=5):
    """For every seed a still that moves a little."""
    return [np.roll(scene(seed), 2 * shift, axis=1) for seed in seeds for shift in range(frames)]


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    parts = {
        "whole": shots(1, 2, 3),
        "part": shots(9, 2, 3),
        "other": shots(7, 8),
        "grey": [np.full((64, 64, 3), 90, np.uint8)] * 4,
    }
    return {name: written(folder / f"{name}.mp4", frames) for name, frames in parts.items()}


@pytest.fixture(scope="module")
def hashes(videos):
    return {name: hash_video(path) for name, path in videos.items()}


def test_every_frame_is_hashed_with_its_number_and_time(hashes):
    found = hashes["whole"]
    assert found.frame.tolist() == list(range(15))
    assert found.time_s == pytest.approx(np.arange(15) / RATE)
    assert found.damaged_from is None
    whole = int(found.hexes()[0], 16)
    assert (whole ^ int(hash_pixels(scene(1)).hex, 16)).bit_count() <= 31


def test_shares_of_both_sides_and_the_run_say_what_is_common(hashes):
    match = compare_videos(hashes["part"], hashes["whole"])
    assert (match.query_share, match.other_share) == (pytest.approx(10 / 15), pytest.approx(10 / 15))
    assert match.longest.frames == 10
    assert match.longest.query_s == pytest.approx((0.5, 1.4))
    assert match.longest.other_s == pytest.approx((0.5, 1.4))


def test_videos_of_other_scenes_share_nothing(hashes):
    match = compare_videos(hashes["other"], hashes["whole"])
    assert (match.query_share, match.other_share, match.longest) == (0.0, 0.0, None)


def test_frames_of_low_quality_are_counted_and_nothing_is_said_of_them(hashes):
    match = compare_videos(hashes["grey"], hashes["whole"])
    assert (match.query_frames, match.not_comparable) == (0, (4, 0))
    assert (match.query_share, match.other_share, match.longest) == (None, None, None)


def test_every_third_frame_keeps_numbers_and_times(videos):
    found = hash_video(videos["whole"], every=3)
    assert found.frame.tolist() == [0, 3, 6, 9, 12]
    assert found.time_s[1] == pytest.approx(0.3)


def test_a_video_is_its_own_copy_from_end_to_end(hashes):
    match = compare_videos(hashes["whole"], hashes["whole"])
    assert (match.query_share, match.longest.frames) == (1.0, 15)


@pytest.mark.parametrize("content", [b"", b"no video at all" * 100, b"\x00\x00\x00\x18ftypmp42" + bytes(200)])
def test_a_file_without_frames_is_malformed(tmp_path, content):
    path = tmp_path / "v.mp4"
    path.write_bytes(content)
    with pytest.raises(Malformed):
        hash_video(path)


def test_a_video_cut_short_gives_what_can_be_decoded_or_is_refused(videos, tmp_path):
    path = tmp_path / "cut.mp4"
    data = videos["whole"].read_bytes()
    path.write_bytes(data[: len(data) // 2])
    try:
        found = hash_video(path)
    except Malformed:
        return
    assert len(found) < 15


def test_limits_are_errors_and_never_cuts(videos):
    with pytest.raises(Malformed, match="too many frames"):
        hash_video(videos["whole"], frame_limit=3)
    with pytest.raises(Malformed, match="too many pixels"):
        hash_video(videos["whole"], pixel_limit=100)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(Missing, match="nothing"):
        hash_video(tmp_path / "nothing.mp4")


@pytest.mark.shared
@pytest.mark.parametrize("name", SAMPLES)
def test_published_frame_hashes_come_out_as_published(shared_data, name):
    found = hash_video(shared_data / "match" / "tmk" / "sample-videos" / f"{name}.mp4")
    lines = (shared_data / "match" / "vpdq" / "sample-hashes" / f"{name}.txt").read_text().split()
    published = [line.split(",") for line in lines]
    assert len(found) == len(published)
    assert all(abs(int(one[1]) - q) <= 1 for one, q in zip(published, found.quality, strict=True))
    apart = np.array(
        [(int(one[2], 16) ^ int(h, 16)).bit_count() for one, h in zip(published, found.hexes(), strict=True)]
    )
    assert apart[found.comparable].max() <= 31
    assert found.time_s == pytest.approx([float(one[3]) for one in published], abs=0.002)


def frames_of(kinds, quality=100):
    """A video of which every frame is one of a few pictures that differ in half their bits."""
    hashes = np.random.default_rng(3).integers(0, 256, (8, 32), np.uint8)[kinds]
    return FrameHashes(
        np.arange(len(kinds)), np.arange(len(kinds)) / RATE, hashes, np.full(len(kinds), quality)
    )


def test_a_still_that_stands_long_matches_itself_frame_by_frame():
    still = frames_of([1] * 9_000)
    match = compare_videos(still, still)
    assert (match.query_share, match.other_share, match.longest.frames) == (1.0, 1.0, 9_000)


def by_hand(query, other):
    """The longest run by the definition: over all pairs, each from the longest before it."""
    length = {}
    for i, one in enumerate(query):
        for j, two in enumerate(other):
            if one == two:
                steps = [(a, b) for a in (1, 2) for b in (1, 2)]
                length[i, j] = 1 + max((length.get((i - a, j - b), 0) for a, b in steps), default=0)
    return max(length.values(), default=0)


@pytest.mark.parametrize("seed", range(20))
def test_the_longest_run_is_that_of_the_definition(seed):
    draw = np.random.default_rng(seed)
    query, other = (draw.integers(0, 4, draw.integers(1, 25)) for _ in range(2))
    run = compare_videos(frames_of(query), frames_of(other)).longest
    assert (run.frames if run else 0) == by_hand(query.tolist(), other.tolist())
