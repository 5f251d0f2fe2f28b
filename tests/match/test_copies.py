"""Edited copies: frames, bars, crops and edits are found and borne out by geometry; strangers are not."""

import numpy as np
import pytest

from perito.errors import FormatError
from perito.match.copies import KnownPictures
from perito.match.features import LEAST_INLIERS, features_of, mirrored, verify
from perito.match.robustness import UNRELATED, robustness
from perito.match.scenes import edits, scene
from perito.match.windows import Window, bank_windows, query_windows

PICTURES = 6


@pytest.fixture(scope="module")
def scenes():
    return [scene(seed) for seed in range(PICTURES)]


@pytest.fixture(scope="module")
def known(scenes):
    pictures = KnownPictures()
    for number, picture in enumerate(scenes):
        assert pictures.add(str(number), picture)
    return pictures


@pytest.mark.parametrize("name", sorted(edits()))
def test_every_edit_of_a_known_picture_is_found_as_that_picture_alone(known, scenes, name):
    draw = np.random.default_rng(1)
    for number, picture in enumerate(scenes):
        matches = known.find(edits()[name](picture, draw))
        assert [match.entry_id for match in matches] == [str(number)], name


def test_strangers_match_nothing(known):
    assert [known.find(scene(1000 + seed)) for seed in range(PICTURES)] == [[]] * PICTURES


def test_the_picture_itself_is_found_whole_at_distance_zero(known, scenes):
    match = known.find(scenes[2])[0]
    assert (match.method, match.distance, match.transform, match.window) == ("pdq", 0, "original", None)
    assert (match.state, match.region_differs) == ("verified", False)


def test_an_edited_part_is_told_as_a_region_that_differs(known, scenes):
    match = known.find(edits()["middle blurred"](scenes[0], np.random.default_rng(1)))[0]
    assert (match.state, match.region_differs) == ("verified", True)
    region = match.verification.region
    rows, columns = np.nonzero(region)
    height, width = region.shape
    assert height / 4 < rows.mean() < 3 * height / 4
    assert width / 4 < columns.mean() < 3 * width / 4


def test_a_symmetry_is_named(known, scenes):
    assert known.find(np.ascontiguousarray(scenes[1][:, ::-1]))[0].transform == "fh"
    assert known.find(np.ascontiguousarray(np.rot90(scenes[1])))[0].transform in {"r90", "r270"}


def test_the_transform_leads_from_the_copy_to_the_known_picture(scenes):
    part = np.ascontiguousarray(scenes[3][40:400, 100:580])
    found = verify(features_of(part), features_of(scenes[3]))
    assert found.transform == pytest.approx(np.array([[1, 0, 100], [0, 1, 40]]), abs=1.5)


def test_pictures_that_do_not_agree_are_not_verified_and_give_no_map(scenes):
    found = verify(features_of(scenes[0]), features_of(scenes[1]))
    assert not found.is_verified
    assert found.inliers < LEAST_INLIERS
    assert (found.transform, found.differing, found.region) == (None, None, None)


@pytest.mark.parametrize("pixels", [np.zeros((64, 64, 3), np.uint8), np.full((1, 1, 3), 9, np.uint8)])
def test_a_blank_picture_has_no_features_and_is_no_known_picture(pixels):
    features = features_of(pixels)
    assert len(features.points) == 0
    assert len(mirrored(features).points) == 0
    assert not verify(features, features).is_verified
    pictures = KnownPictures()
    assert pictures.add("blank", pixels) is False
    assert pictures.find(pixels) == []


def test_nothing_known_gives_nothing():
    assert KnownPictures().find(scene(1)) == []


def test_a_damaged_file_is_refused_and_nothing_is_added():
    pictures = KnownPictures()
    with pytest.raises(FormatError):
        pictures.add("damaged", b"\xff\xd8\xff\xe0" + bytes(100))
    assert len(pictures) == 0


def test_windows_between_edges_hold_what_a_frame_surrounds():
    framed = np.zeros((300, 300), np.uint8)
    framed[30:270, 50:250] = scene(1)[30:270, 50:250, 0] // 2 + 120
    assert Window(30, 270, 50, 250) in query_windows(framed)


def test_bank_windows_are_thirty_nine_and_begin_with_the_whole():
    windows = bank_windows(np.zeros((500, 700, 3), np.uint8))
    assert windows[0] == Window(0, 500, 0, 700)
    assert len(set(windows)) == 39
    assert all(0 <= one.top < one.bottom <= 500 and 0 <= one.left < one.right <= 700 for one in windows)


def test_tiny_pictures_have_no_windows_that_cannot_be_hashed():
    assert query_windows(np.zeros((3, 3), np.uint8)) == []
    assert bank_windows(np.zeros((31, 200), np.uint8)) == []


def test_the_table_counts_recall_and_strangers_apart(scenes):
    rows = robustness(scenes[:3], [scene(500)], only=["lighter", "border of 5 %"])
    assert [(row.edit, row.tried, row.found, row.false) for row in rows] == [
        ("lighter", 3, 3, 0), ("border of 5 %", 3, 3, 0), (UNRELATED, 1, 0, 0),
    ]  # fmt: skip
    assert rows[0].by_hash == 3
    assert rows[1].by_hash < 3
