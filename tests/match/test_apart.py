"""Files read in a process apart give the values of this process, and a hostile one costs itself."""

import io

import numpy as np
import pytest
from PIL import Image
from signed_pictures import SOURCE_TYPES, png, signed, with_chunk

from perito.errors import Malformed, Missing
from perito.evidence.bounded import MediaLimits
from perito.match.apart import origins_apart, picture_apart, pictures_apart, video_apart
from perito.match.origin import declared_origin
from perito.match.scenes import scene


def encoded(pixels, kind="PNG"):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def test_a_signed_declaration_comes_back_whole():
    content = signed(
        [{"action": "c2pa.created", "digitalSourceType": f"{SOURCE_TYPES}trainedAlgorithmicMedia"}]
    )
    sources = [content[0], png(), with_chunk(b"tEXt", b"parameters\0Steps: 20")]
    assert list(origins_apart(sources, 1)) == [declared_origin(source) for source in sources]


def test_a_file_that_cannot_be_read_for_declarations_has_a_reason():
    empty, fine = origins_apart([b"", png()], 1)
    assert isinstance(empty, str)
    assert fine.state == "none"


def test_pixels_are_those_of_this_process_and_damage_costs_one_file():
    pictures = [encoded(scene(1)), b"\xff\xd8\xff nothing", encoded(scene(2)[..., 0])]
    first, damaged, grey = pictures_apart(pictures, 1)
    assert np.array_equal(first.pixels, scene(1))
    assert isinstance(damaged, str)
    assert (grey.pixels.shape, grey.format) == ((480, 640), "PNG")


def test_a_picture_beyond_the_limit_is_refused():
    with pytest.raises(Malformed):
        picture_apart(encoded(scene(1)), MediaLimits(pixels=100))


def test_a_video_that_is_not_there_is_missing(tmp_path):
    with pytest.raises(Missing):
        video_apart(tmp_path / "nowhere.mp4")
