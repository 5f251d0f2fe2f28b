"""PDQ: the published hash bit by bit, its symmetries, and the quick hash that only finds candidates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import encoded, picture, slow_pdq

from perito.errors import FormatError
from perito.match import PdqHash, dihedral, hash_image, triage_hash
from perito.match.filters import WEIGHT_UNITS, column_band, row_band
from perito.match.pdq import SYMMETRIES, hash_pixels

BRIDGE = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
FORMS = {
    "original": lambda p: p,
    "r90": lambda p: np.rot90(p, 1),
    "r180": lambda p: np.rot90(p, 2),
    "r270": lambda p: np.rot90(p, 3),
    "fv": lambda p: p[::-1],
    "fh": lambda p: p[:, ::-1],
    "fp": lambda p: p.swapaxes(0, 1),
    "fm": lambda p: p[::-1, ::-1].swapaxes(0, 1),
}


@pytest.mark.shared
def test_every_published_image_has_the_hash_and_the_quality_of_the_reference(shared_data, expected_pdq):
    for path, entry in expected_pdq.items():
        reference = entry["pillow_rgb_pdqhash_0.2.8"]
        found = hash_image(shared_data / "match" / path)
        assert (found.hex, found.quality) == (reference["hex"], reference["quality"]), path


@pytest.mark.shared
def test_the_eight_symmetries_are_those_of_the_reference(shared_data, expected_pdq):
    for path, entry in expected_pdq.items():
        forms = dihedral(shared_data / "match" / path)
        assert [form.hex for form in forms.values()] == entry["dihedral_r90_r180_r270_fv_fh_fp_fm"], path
        assert len({form.quality for form in forms.values()}) == 1


@pytest.mark.shared
def test_the_bridge_has_the_published_hash_from_a_path_from_bytes_and_from_pixels(shared_data):
    import simplejpeg

    file = shared_data / "match" / "pdq" / "data" / "bridge-mods" / "aaa-orig.jpg"
    pixels = simplejpeg.decode_jpeg(file.read_bytes(), "RGB")
    assert {hash_image(source) for source in (file, str(file), file.read_bytes(), pixels)} == {
        PdqHash(BRIDGE, 100)
    }


@pytest.mark.shared
def test_an_image_of_quality_zero_is_not_comparable(shared_data):
    found = hash_image(shared_data / "match" / "pdq" / "data" / "misc-images" / "small.jpg")
    assert (found.quality, found.is_comparable) == (0, False)


@pytest.mark.parametrize(
    ("height", "width"), [(64, 64), (5, 300), (63, 65), (127, 129), (241, 1000), (130, 5)]
)
def test_the_hash_is_that_of_the_definition_written_out_slowly(height, width):
    pixels = picture(height + width, height, width)
    assert hash_image(pixels) == PdqHash(*slow_pdq(pixels))


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), height=st.integers(5, 300), width=st.integers(5, 300))
def test_hash_and_quality_of_any_picture_are_those_of_the_definition(seed, height, width):
    pixels = picture(seed, height, width)
    found, slow = hash_pixels(pixels), PdqHash(*slow_pdq(pixels))
    assert found.quality == slow.quality
    # A coefficient that equals the median but for rounding may fall on either side of it.
    assert found.distance(slow) <= 2


@pytest.mark.parametrize("seed", range(8))
def test_a_turned_or_mirrored_picture_of_64_pixels_a_side_has_the_hash_that_was_foretold(seed):
    pixels = picture(seed, 64, 64)
    forms = dihedral(pixels)
    assert tuple(forms) == SYMMETRIES
    for name, turn in FORMS.items():
        assert hash_pixels(np.ascontiguousarray(turn(pixels))).distance(forms[name]) <= 2, name


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6), height=st.integers(200, 400), width=st.integers(200, 400))
def test_of_eight_foretold_hashes_the_right_one_is_nearest_to_a_turned_picture(seed, height, width):
    # Other sides are sampled a pixel aside after mirroring: the hash is near, not equal.
    pixels = picture(seed, height, width)
    forms = dihedral(pixels)
    for name, turn in FORMS.items():
        turned = hash_pixels(np.ascontiguousarray(turn(pixels)))
        assert min(forms, key=lambda form: turned.distance(forms[form])) == name


def test_a_transposed_picture_has_the_transposed_hash():
    pixels = picture(3, 200, 333)
    transposed = hash_pixels(np.ascontiguousarray(pixels.swapaxes(0, 1)))
    assert transposed == dihedral(pixels)["fp"]


def test_grey_pixels_have_the_hash_of_the_same_grey_in_three_colours():
    grey = picture(5)[:, :, 0]
    assert hash_pixels(np.ascontiguousarray(grey)) == hash_pixels(
        np.repeat(grey[:, :, np.newaxis], 3, axis=2)
    )


def test_pixels_that_do_not_lie_side_by_side_in_memory_have_the_same_hash():
    pixels = picture(6)
    assert hash_pixels(pixels[::2, ::2]) == hash_pixels(pixels[::2, ::2].copy())


@pytest.mark.parametrize("length", [5, 63, 64, 65, 128, 129, 1000, 1920, 4097])
def test_the_weights_of_every_sample_add_up_to_one(length):
    assert np.abs(row_band(length).weights.sum(axis=1) - 1).max() < 1e-6
    assert np.abs(column_band(length).weights.astype(float).sum(axis=1) / WEIGHT_UNITS - 1).max() < 1e-6
    halved = row_band(length, 2)
    assert np.abs(halved.weights.sum(axis=1) - 1).max() < 1e-6
    assert (halved.start + halved.length).max() <= -(-length // 2)


@pytest.mark.parametrize("colours", ["three", "grey"])
def test_the_quick_hash_of_a_jpeg_is_near_the_exact_one(colours):
    for seed in range(12):
        pixels = picture(seed, 700, 901)
        shown = pixels if colours == "three" else pixels[:, :, 1]
        data = encoded(np.ascontiguousarray(shown), "JPEG", quality=85)
        exact, quick = hash_image(data), triage_hash(data)
        assert quick.distance(exact) <= 16
        assert abs(quick.quality - exact.quality) <= 5


def test_what_is_no_large_jpeg_is_hashed_exactly_in_triage_too():
    pixels = picture(2, 300, 310)
    for data in (encoded(pixels), encoded(pixels[:200], "JPEG"), encoded(pixels, "WEBP")):
        assert triage_hash(data) == hash_image(data)


def test_two_hashes_are_the_same_picture_up_to_31_bits_and_cannot_be_said_below_quality_50():
    one = PdqHash("0" * 64, 50)
    near, far = PdqHash(f"{2**31 - 1:064x}", 100), PdqHash(f"{2**32 - 1:064x}", 100)
    assert (one.distance(near), one.is_same_picture(near)) == (31, True)
    assert (one.distance(far), one.is_same_picture(far)) == (32, False)
    assert one.is_same_picture(PdqHash("0" * 64, 49)) is None


def test_a_hash_reads_capitals_and_gives_its_bytes_in_the_order_of_its_digits():
    one = PdqHash("AB" + "0" * 61 + "1", 60)
    assert one.hex == "ab" + "0" * 61 + "1"
    assert (one.packed[0], one.packed[31]) == (0xAB, 1)


@pytest.mark.parametrize(
    ("digits", "quality"), [("0" * 63, 50), ("g" * 64, 50), ("", 50), ("0" * 64, 101), ("0" * 64, -1)]
)
def test_what_is_no_hash_is_refused(digits, quality):
    with pytest.raises(FormatError):
        PdqHash(digits, quality)
