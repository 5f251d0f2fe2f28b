"""Hostile and unusual image files: each a defined outcome or a clear error, none of them a guess."""

import io
import os
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import encoded, picture
from PIL import Image

from perito.errors import CaseError, FormatError, Malformed, Missing, PeritoError, Unrecognised
from perito.match import compiled, hash_image, pixels
from perito.match.pixels import read_picture

PIXELS = picture(1, 120, 160)
KINDS = ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"]


def png_of_size(width: int, height: int) -> bytes:
    """A PNG whose head names a size, with data for no more than a few lines."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(4000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_was_cut_short_is_an_error(kind):
    data = encoded(PIXELS, kind)
    with pytest.raises(FormatError):
        hash_image(data[: len(data) // 2])


@settings(max_examples=80)
@given(kind=st.sampled_from(KINDS), at=st.floats(0, 1), length=st.integers(1, 40), seed=st.integers(0, 99))
def test_damaged_bytes_give_pixels_or_an_error_of_ours(kind, at, length, seed):
    data = bytearray(encoded(PIXELS, kind))
    start = int(at * len(data))
    noise = np.random.default_rng(seed).bytes(length)
    data[start : start + length] = noise[: len(data) - start]
    with suppress(PeritoError):  # no other error comes out
        assert read_picture(bytes(data), pixel_limit=10**6).pixels.dtype == np.uint8


@pytest.mark.parametrize("size", [(12_000, 10_000), (2**31 - 1, 2**31 - 1), (100_001, 1000)])
def test_the_size_is_refused_before_anything_is_decoded(size, monkeypatch):
    monkeypatch.setattr(Image.Image, "load", lambda _: pytest.fail("it was decoded"))
    with pytest.raises(Malformed, match="too many pixels"):
        hash_image(png_of_size(*size))


def test_a_jpeg_that_names_two_sizes_is_not_decoded_at_the_one_that_was_not_checked(monkeypatch):
    import simplejpeg

    data = encoded(PIXELS, "JPEG")
    head = struct.pack(">HHBHH", 0xFFC0, 17, 8, 120, 160)
    assert data.count(head) == 1
    changed = data.replace(head, struct.pack(">HHBHH", 0xFFC0, 17, 8, 20_000, 30_000))
    monkeypatch.setattr(simplejpeg, "decode_jpeg", lambda *_, **__: pytest.fail("it was decoded"))
    assert pixels.decode_jpeg(changed, "RGB", (160, 120)) is None
    with pytest.raises(Malformed, match="too many pixels"):
        hash_image(changed)


def test_the_pixel_limit_can_be_set():
    data = encoded(PIXELS)
    with pytest.raises(Malformed, match="too many pixels"):
        hash_image(data, pixel_limit=120 * 160 - 1)
    assert hash_image(data, pixel_limit=120 * 160) == hash_image(PIXELS)
    with pytest.raises(Malformed, match="too many pixels"):
        hash_image(PIXELS, pixel_limit=100)


def test_of_an_animation_the_first_frame_counts_and_this_is_remarked():
    frames = [Image.fromarray(picture(seed, 120, 160)) for seed in (1, 2, 3)]
    for kind in ("PNG", "WEBP", "TIFF"):
        file = io.BytesIO()
        options = {"lossless": True} if kind == "WEBP" else {}
        frames[0].save(file, kind, save_all=True, append_images=frames[1:], **options)
        read = read_picture(file.getvalue())
        assert "frames" in read.remark
        assert hash_image(file.getvalue()) == hash_image(PIXELS)


def test_a_rotation_in_exif_is_remarked_and_not_carried_out():
    exif = Image.Exif()
    exif[274] = 6
    data = encoded(PIXELS, "JPEG", exif=exif, quality=95)
    assert read_picture(data).pixels.shape == PIXELS.shape
    assert "orientation 6" in read_picture(data).remark
    assert hash_image(data) == hash_image(encoded(PIXELS, "JPEG", quality=95))


def test_transparency_is_dropped_and_this_is_remarked():
    alpha = np.dstack((PIXELS, np.full(PIXELS.shape[:2], 7, np.uint8)))
    read = read_picture(encoded(alpha))
    assert (read.pixels == PIXELS).all()
    assert "transparency" in read.remark


def test_a_palette_is_read_as_its_colours():
    palette = Image.fromarray(PIXELS).quantize(64)
    file = io.BytesIO()
    palette.save(file, "PNG")
    assert (read_picture(file.getvalue()).pixels == np.asarray(palette.convert("RGB"))).all()


def test_cmyk_is_read_as_pillow_reads_it():
    file = io.BytesIO()
    Image.fromarray(PIXELS).convert("CMYK").save(file, "JPEG", quality=95)
    with Image.open(io.BytesIO(file.getvalue())) as image:
        assert (read_picture(file.getvalue()).pixels == np.asarray(image.convert("RGB"))).all()


def test_of_sixteen_bits_a_sample_the_upper_eight_count():
    grey = PIXELS[:, :, 0].astype(np.uint16) * 256 + 13
    for kind in ("PNG", "TIFF"):
        read = read_picture(encoded(grey, kind))
        assert (read.pixels == PIXELS[:, :, 0]).all()
        assert "16 bits" in read.remark


@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_samples_without_a_white_are_refused(kind):
    with pytest.raises(Malformed, match="white"):
        hash_image(encoded(PIXELS[:, :, 0].astype(kind), "TIFF"))


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"subsampling": 1}])
def test_a_jpeg_has_the_pixels_that_pillow_gives(mode, options):
    source = Image.fromarray(picture(9, 333, 251)).convert(mode)
    file = io.BytesIO()
    source.save(file, "JPEG", quality=70, **options)
    with Image.open(io.BytesIO(file.getvalue())) as image:
        assert (read_picture(file.getvalue()).pixels == np.asarray(image)).all()


@pytest.mark.parametrize("size", [(1, 1), (4, 400), (400, 4)])
def test_a_side_below_five_pixels_gives_the_zero_hash_that_is_not_comparable(size):
    found = hash_image(encoded(picture(1, *size)))
    assert (found.hex, found.quality, found.is_comparable) == ("0" * 64, 0, False)


@pytest.mark.parametrize("light", [0, 128, 255])
def test_a_blank_picture_is_not_comparable(light):
    assert hash_image(encoded(np.full((90, 90, 3), light, np.uint8))).quality == 0


def test_the_name_of_a_file_says_nothing(tmp_path):
    for kind in KINDS:
        file = tmp_path / "harmless.txt"
        file.write_bytes(encoded(PIXELS, kind))
        assert read_picture(file).format == kind


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"P6 2 2 255 ", b"\0" * 99])
def test_what_is_no_image_of_a_known_format_is_named_so(data):
    with pytest.raises((Unrecognised, Malformed)):
        hash_image(data)


def test_a_path_that_is_no_file_is_missing(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "none", tmp_path / "pipe", "a\0b"):
        with pytest.raises(Missing):
            hash_image(path)


def test_a_file_larger_than_any_picture_is_not_read(tmp_path, monkeypatch):
    file = tmp_path / "large.png"
    file.write_bytes(encoded(PIXELS))
    monkeypatch.setattr(pixels, "BYTE_LIMIT", 100)
    with pytest.raises(Malformed, match="too large"):
        hash_image(file)


@pytest.mark.parametrize(
    "array", [np.zeros((9, 9, 4), np.uint8), np.zeros((9, 9, 3), np.float32), np.zeros(9, np.uint8)]
)
def test_an_array_that_is_no_image_is_refused(array):
    with pytest.raises(Malformed, match="array"):
        hash_image(array)


def test_a_loop_is_compiled_even_if_nothing_can_be_kept(monkeypatch):
    import numba

    asked = []

    def njit(**options):
        asked.append(options)
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return lambda loop: loop

    monkeypatch.setattr(numba, "njit", njit)
    assert compiled.compiled(abs)(-3) == 3
    assert [options.get("cache", False) for options in asked] == [True, False]


def test_a_library_that_is_not_installed_is_named_with_its_extra(monkeypatch):
    import sys

    for library, call in (
        ("numba", lambda: compiled.compiled(abs)),
        ("simplejpeg", lambda: hash_image(encoded(PIXELS, "JPEG"))),
        ("PIL", lambda: hash_image(encoded(PIXELS))),
    ):
        with monkeypatch.context() as patch:
            data = encoded(PIXELS)
            patch.setitem(sys.modules, library, None)
            with pytest.raises(CaseError, match=r"perito\[media\]"):
                call() if library != "PIL" else hash_image(data)
