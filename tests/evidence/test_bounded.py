"""A parser of hostile media: whatever it does, it costs one refusal, and the next file is parsed."""

from __future__ import annotations

import os
import pickle
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import CaseError, Malformed
from perito.evidence.bounded import MediaLimits, Workers, _PlainData, check_picture, run_bounded
from perito.evidence.picture_size import picture_size

PARSERS = """
import os, pathlib, pickle, signal, socket, struct, sys, time

class Trap:
    def __reduce__(self):
        return (os.mkdir, (trap_folder,))

trap_folder = ""

def parse(source, **options):
    global trap_folder
    data = source.read_bytes() if isinstance(source, pathlib.Path) else source
    word, _, rest = data.partition(b" ")
    if word == b"hang":
        signal.pause()
    if word == b"spin":
        while True: pass
    if word == b"eat":
        return len(bytearray(int(rest)))
    if word == b"crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if word == b"exit":
        os._exit(3)
    if word == b"raise":
        raise ValueError("bad \\u202e bytes " + "x" * 1000)
    if word == b"talk":
        os.write(1, b"x" * 200000); os.write(2, b"x" * 200000)
    if word == b"answer":
        return bytes(int(rest))
    if word == b"trap":
        trap_folder = rest.decode()
        return Trap()
    if word == b"network":
        socket.create_connection(("127.0.0.1", int(rest)), timeout=5)
    if word == b"pid":
        return os.getpid()
    if word in (b"claim", b"drip"):
        channel = socket.socket(fileno=int(sys.argv[1]))
        channel.sendall(struct.pack(">cQ", b"d", 1 << 40 if word == b"claim" else 1 << 10))
        while True:
            channel.sendall(b"x")
            time.sleep(0.05)
    return {"read": len(data), **options}
"""
TIGHT = MediaLimits(wall_s=3, cpu_s=60, memory_bytes=1 << 28, result_bytes=1 << 21, file_bytes=1 << 23)


@pytest.fixture
def parser(tmp_path, monkeypatch) -> str:
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "parsers_that_misbehave.py").write_text(PARSERS, "utf-8")
    monkeypatch.syspath_prepend(tmp_path / "modules")
    return "parsers_that_misbehave:parse"


# --- limits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (b"hang", "budget: more than 3 s"),
        (b"eat 1000000000", "budget: more than 268435456 bytes of memory"),
        (b"crash", "damaged: the parser crashed (SIGSEGV)"),
        (b"exit", "damaged: the parser crashed (exit code 3)"),
        (b"answer 3000000", "budget: the answer is larger than 2097152 bytes"),
        (bytes((1 << 23) + 1), "budget: the file is larger than 8388608 bytes"),
    ],
    ids=lambda value: value[:12].decode() if isinstance(value, bytes) else "",
)
def test_a_file_that_breaks_a_limit_is_one_refusal_and_the_next_is_parsed(parser, source, reason):
    with Workers(parser, 1, TIGHT) as workers:
        outcomes = list(workers.map([b"good", source, b"good"]))
    assert [outcome.value for outcome in outcomes] == [{"read": 4}, None, {"read": 4}]
    assert [outcome.refusal for outcome in outcomes] == [None, reason, None]


def test_processor_time_is_bounded_for_each_file_anew(parser):
    limits = MediaLimits(cpu_s=1, wall_s=30)
    with Workers(parser, 1, limits) as workers:
        outcomes = list(workers.map([b"good", b"spin", b"good"]))
    assert [outcome.refusal for outcome in outcomes] == [
        None,
        "budget: more than 1 s of processor time",
        None,
    ]


def test_what_a_parser_raises_is_shown_short_and_without_tricks(parser):
    with Workers(parser, 1, TIGHT) as workers:
        refusal = workers.run(b"raise").refusal
    assert refusal.startswith("damaged: ValueError: bad \\u202e bytes")
    assert len(refusal) < 300


def test_a_parser_that_talks_does_not_disturb_the_answer(parser):
    with Workers(parser, 1, TIGHT) as workers:
        assert workers.run(b"talk").value == {"read": 4}


def test_a_parser_that_was_taken_over_cannot_make_this_process_run_anything(parser, tmp_path):
    target = tmp_path / "made-by-the-answer"
    with Workers(parser, 1, TIGHT) as workers:
        outcome = workers.run(b"trap " + os.fsencode(target))
        assert outcome.refusal.startswith("damaged: the answer is no plain data")
        assert workers.run(b"good").value == {"read": 4}
    assert not target.exists()


@pytest.mark.parametrize(
    ("word", "reason"),
    [(b"claim", "budget: the answer is larger than 2097152 bytes"), (b"drip", "budget: more than 3 s")],
)
def test_a_parser_that_was_taken_over_can_neither_fill_the_memory_nor_hold_up_the_batch(parser, word, reason):
    """It speaks for itself: an answer that claims a terabyte, and one that comes a byte at a time."""
    with Workers(parser, 1, TIGHT) as workers:
        outcomes = list(workers.map([b"good", word, b"good"]))
    assert [outcome.refusal for outcome in outcomes] == [None, reason, None]


def test_a_parser_reaches_no_network(parser):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server, Workers(parser, 1, TIGHT) as workers:
        outcome = workers.run(b"network %d" % server.getsockname()[1])
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert "PermissionError: no network" in outcome.refusal


# --- the pool ----------------------------------------------------------------------------------------


def test_answers_come_in_the_order_of_the_files_whatever_fails(parser):
    sources = [b"exit" if at % 7 == 3 else b"x" * (at + 1) for at in range(40)]
    with Workers(parser, 2, TIGHT) as workers:
        outcomes = list(workers.map(sources))
    assert [outcome.value and outcome.value["read"] for outcome in outcomes] == [
        None if source == b"exit" else len(source) for source in sources
    ]


def test_a_process_is_used_again_until_it_breaks_a_limit_and_none_is_left(parser):
    with Workers(parser, 1, TIGHT) as workers:
        first, again, _, after = (o.value for o in workers.map([b"pid", b"pid", b"hang", b"pid"]))
    assert first == again != after
    for pid in (first, after):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_path_and_bytes_are_parsed_alike_and_options_are_passed_on(parser, tmp_path):
    file = tmp_path / "caf\udce9"
    file.write_bytes(b"abc")
    assert run_bounded(parser, file, level=3) == {"read": 3, "level": 3}
    assert run_bounded(parser, b"abc", level=3) == {"read": 3, "level": 3}


def test_a_file_that_is_not_there_is_a_refusal(parser, tmp_path):
    with Workers(parser, 1, TIGHT) as workers:
        assert "No such file" in workers.run(tmp_path / "gone").refusal


def test_one_file_that_is_refused_is_an_error_that_names_it(parser, tmp_path):
    file = tmp_path / "broken.bin"
    file.write_bytes(b"raise")
    with pytest.raises(Malformed, match=r"broken\.bin.*ValueError"):
        run_bounded(parser, file)


@pytest.mark.parametrize("function", ["no_such_module_here:parse", "zlib:no_such_function"])
def test_a_parser_that_cannot_be_loaded_is_named(function):
    with pytest.raises(CaseError, match=function):
        run_bounded(function, b"")


@pytest.mark.parametrize("function", ["zlib", ":crc32", "zlib:"])
def test_what_names_no_function_is_refused(function):
    with pytest.raises(CaseError, match="names no function"):
        Workers(function)


def test_a_parser_that_never_loads_is_given_up(tmp_path, monkeypatch):
    (tmp_path / "module_that_hangs.py").write_text("import signal\nsignal.pause()\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    started = time.monotonic()
    with pytest.raises(CaseError, match=r"nothing within 0\.5 s"):
        run_bounded("module_that_hangs:parse", b"", MediaLimits(start_s=0.5))
    assert time.monotonic() - started < 30


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
        lambda inner: (
            st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner)
        ),
        max_leaves=20,
    )
)
def test_plain_data_comes_through_as_it_is(value):
    assert plain(pickle.dumps(value, protocol=5)) == value


@pytest.mark.parametrize("dtype", ["u1", "i8", "f4", "bool"])
def test_arrays_come_through_as_they_are(dtype):
    value = np.arange(12).astype(dtype).reshape(3, 4)
    for array in (value, value.T, value[0]):
        found = plain(pickle.dumps([array], protocol=5))[0]
        assert found.dtype == value.dtype
        assert np.array_equal(found, array)
    assert plain(pickle.dumps(value[1, 2], protocol=5)) == value[1, 2]


@pytest.mark.parametrize("name", [os.system, eval, getattr, np.load, Path, MediaLimits()])
def test_an_answer_that_names_anything_to_call_is_refused(name):
    with pytest.raises(pickle.UnpicklingError):
        plain(pickle.dumps(name, protocol=5))


def plain(data):
    import io

    return _PlainData(io.BytesIO(data)).load()


# --- pictures ----------------------------------------------------------------------------------------


def png(width, height, body=b""):
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + body
    )  # fmt: skip


def drawn(kind, size=(37, 21), **options):
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", size, (90, 30, 200)).save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("JPEG", {}),
        (
            "JPEG",
            {"progressive": True, "exif": b"Exif\0\0" + b"\xff\xc0\0\x11" * 500, "comment": b"\xff\xd8"},
        ),
        ("GIF", {"comment": b"c" * 700}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"exif": b"Exif\0\0MM"}),
        ("BMP", {}),
    ],
)
def test_the_header_tells_the_size_that_a_decoder_finds(kind, options, tmp_path):
    data = drawn(kind, **options)
    found = picture_size(data)
    assert (found.kind, found.width_px, found.height_px, found.pixels) == (kind.lower(), 37, 21, 777)
    (tmp_path / "p").write_bytes(data)
    assert picture_size(tmp_path / "p") == found


def test_a_bmp_upside_down_and_an_old_one_are_measured():
    head = b"BM" + bytes(12)
    assert picture_size(head + struct.pack("<Iii", 40, 30, -20)).pixels == 600
    assert picture_size(head + struct.pack("<IHH", 12, 30, 20)).pixels == 600


def test_a_picture_within_the_limit_is_let_through_with_its_size():
    assert check_picture(drawn("PNG")).pixels == 777
    assert check_picture(b"no picture") is None


def test_marks_that_say_nothing_of_the_size_are_passed_over():
    jpeg = drawn("JPEG")
    assert picture_size(jpeg[:2] + b"\xff\x01\xff\xd0\x00\xff\xff" + jpeg[3:]).pixels == 777
    assert picture_size(jpeg[:2] + b"\xff\xe1\x00\x02" * 20_000 + jpeg[2:]) is None
    empty = b"GIF89a" + struct.pack("<HHBBB", 9, 8, 0, 0, 0)
    assert picture_size(empty + b"\x3b").pixels == 72
    assert picture_size(empty + b"\x21\xfe\x00" * 20_000).pixels == 72


def test_an_animation_is_as_large_as_its_first_frame_even_beyond_its_canvas():
    canvas = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6)
    frame = b"\x2c" + struct.pack("<HHHHB", 5, 5, 60000, 60000, 0)
    assert picture_size(canvas + b"\x21\xfe\x03abc\x00" + frame).pixels == 60005**2


@pytest.mark.parametrize(
    "data", [b"", b"BM", b"id,text\n", b"\xff\xd8", b"\xff\xd8\xff\xd9" * 9, b"GIF89a", b"%PDF"]
)
def test_what_is_no_picture_or_cut_short_has_no_size(data):
    assert picture_size(data) is None


@given(st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "BMP"]), st.data())
def test_no_damage_of_a_header_is_an_error(kind, data):
    raw = bytearray(drawn(kind))
    for at in data.draw(st.lists(st.integers(0, min(300, len(raw) - 1)), max_size=6)):
        raw[at] = data.draw(st.integers(0, 255))
    size = picture_size(bytes(raw[: data.draw(st.integers(0, len(raw)))]))
    assert size is None or size.pixels >= 0


def test_a_picture_beyond_the_pixel_limit_is_refused_before_a_parser_sees_it(parser):
    with Workers(parser, 1, MediaLimits(pixels=1_000_000)) as workers:
        outcomes = list(workers.map([png(1000, 1001), png(1000, 1000)]))
    assert outcomes[0].refusal == "budget: 1000 x 1001 pixels, more than 1000000 in all"
    assert outcomes[1].value["read"] > 0


@pytest.mark.shared
def test_the_bomb_of_3600_megapixels_is_refused_and_not_decoded(shared_data):
    bomb = shared_data / "evidence" / "bomb_60000x60000_1bit.png"
    assert bomb.stat().st_size < 500_000
    with pytest.raises(Malformed, match="60000 x 60000 pixels"):
        check_picture(bomb)


LIBRARY = """
import io

def with_pillow(data):
    from PIL import Image
    with Image.open(io.BytesIO(data)) as picture:
        return picture.convert("RGB").size

def with_opencv(data):
    import cv2, numpy
    found = cv2.imdecode(numpy.frombuffer(data, "u1"), cv2.IMREAD_COLOR)
    return found.shape
"""


@pytest.mark.parametrize("function", ["with_pillow", "with_opencv"])
def test_a_kind_whose_header_we_do_not_read_is_bounded_by_the_libraries(function, tmp_path, monkeypatch):
    """TIFF; Pillow only warns between once and twice of its limit: here that is a refusal."""
    (tmp_path / "picture_libraries.py").write_text(LIBRARY, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    data = drawn("TIFF", (300, 500))
    assert picture_size(data) is None
    with Workers(f"picture_libraries:{function}", 1, MediaLimits(pixels=150_000)) as workers:
        assert workers.run(data).refusal is None
    with Workers(f"picture_libraries:{function}", 1, MediaLimits(pixels=100_000)) as workers:
        assert workers.run(data).refusal is not None
        assert workers.run(drawn("TIFF", (30, 50))).refusal is None
