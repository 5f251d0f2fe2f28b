"""What is drawn of a picture: small, blurred, grey, without a byte of the file; hostile files are refused."""

import io
import itertools

import pytest
from PIL import Image

from perito.web import pictures


def opened(content):
    return Image.open(io.BytesIO(content))


def test_a_preview_is_tiny_grey_and_blurred(kit):
    made = opened(pictures.preview(kit.picture(200)))
    assert made.size == (24, 24)
    assert made.mode == "L"
    assert not made.info
    values = list(made.tobytes())
    assert max(abs(one - other) for one, other in itertools.pairwise(values)) < 60


def test_the_other_forms_keep_the_picture_but_not_the_file(kit):
    content = kit.picture(64)
    assert opened(pictures.greyscale(content)).mode == "L"
    made = opened(pictures.full(content))
    assert (made.mode, made.size) == ("RGB", (64, 64))
    assert made.getpixel((10, 11)) == (200, 30, 30)


def test_metadata_and_colour_profiles_do_not_come_along():
    sink = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "a private remark"
    Image.new("RGB", (40, 20), "blue").save(sink, "JPEG", exif=exif, comment=b"a private remark")
    for draw in (pictures.preview, pictures.greyscale, pictures.full):
        assert b"private remark" not in draw(sink.getvalue())


def test_a_large_picture_is_made_smaller():
    sink = io.BytesIO()
    Image.new("RGB", (4000, 1000), "green").save(sink, "PNG")
    assert opened(pictures.full(sink.getvalue())).size == (1600, 400)


def test_of_an_animation_one_picture_is_shown():
    frames = [Image.new("RGB", (30, 30), colour) for colour in ("red", "green", "blue")]
    sink = io.BytesIO()
    frames[0].save(sink, "GIF", save_all=True, append_images=frames[1:], duration=50)
    made = opened(pictures.full(sink.getvalue()))
    assert getattr(made, "n_frames", 1) == 1
    assert made.getpixel((5, 5))[0] > 200


@pytest.fixture
def film(tmp_path):
    """A second of a film whose colour goes from black to red."""
    cv2 = pytest.importorskip("cv2")
    import numpy as np

    path = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 12, (96, 64))
    for number in range(12):
        frame = np.zeros((64, 96, 3), np.uint8)
        frame[:, :, 2] = number * 20
        writer.write(frame)
    writer.release()
    return path.read_bytes()


def test_a_film_becomes_six_stills_side_by_side(film):
    made = opened(pictures.full(film, video=True))
    assert made.size == (3 * 96, 2 * 64)
    reds = [made.getpixel((48 + 96 * (place % 3), 32 + 64 * (place // 3)))[0] for place in range(6)]
    assert reds == sorted(reds)
    assert reds[5] - reds[0] > 100
    assert max(opened(pictures.preview(film, video=True)).size) <= 24


@pytest.mark.parametrize(
    "content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, b"<svg onload='x'/>"]
)
@pytest.mark.parametrize("video", [False, True])
def test_what_is_no_picture_is_refused_by_name(desk, content, video, tmp_path):
    from perito.evidence import Store
    from perito.web.refused import Refused

    source = tmp_path / "bytes.bin"
    source.write_bytes(content or b" ")
    content_id = Store(tmp_path / "evidence").add(source).evidence_id
    with pytest.raises(Refused) as told:
        desk.picture(content_id, "preview", is_video=video)
    assert told.value.code == "picture_unreadable"
