"""Media that is damaged or made to harm: one refusal each, and the batch goes on."""

from __future__ import annotations

import io
import os
import random

import pytest

from perito.evidence.bounded import MediaLimits, Workers

DECODERS = """
import io, tempfile

def picture(data):
    from PIL import Image
    with Image.open(io.BytesIO(data)) as opened:
        opened.load()
        return opened.size

def video(path):
    import cv2
    opened = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    if not opened.isOpened():
        raise ValueError("no video")
    count = 0
    while opened.read()[0]:
        count += 1
    if not count:
        raise ValueError("no frame")
    return count
"""


@pytest.fixture
def decoder(tmp_path, monkeypatch):
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "hostile_media_decoders.py").write_text(DECODERS, "utf-8")
    monkeypatch.syspath_prepend(tmp_path / "modules")
    return "hostile_media_decoders:"


def picture(kind: str) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").save(out, kind)
    return out.getvalue()


def test_damaged_pictures_cost_themselves_and_the_whole_ones_are_read(decoder):
    chance = random.Random(7)
    sources, is_whole = [], []
    for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"):
        data = picture(kind)
        noise = bytes(chance.randrange(256) for _ in range(400))
        sources += [data, data[:10] + noise, data[: len(data) // 3], noise, b""]
        is_whole += [True, False, False, False, False]
    with Workers(decoder + "picture", 2, MediaLimits(wall_s=20)) as workers:
        outcomes = list(workers.map(sources))
    whole = [outcome.refusal is None for outcome, is_one in zip(outcomes, is_whole, strict=True) if is_one]
    damaged = [outcome for outcome, is_one in zip(outcomes, is_whole, strict=True) if not is_one]
    assert whole == [True] * 6
    assert sum(outcome.refusal is not None for outcome in damaged) >= 18  # a decoder may show a part


def test_damaged_videos_cost_themselves_and_the_whole_one_is_read(decoder, tmp_path):
    import cv2
    import numpy as np

    whole = tmp_path / "whole.avi"
    writer = cv2.VideoWriter(str(whole), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for at in range(10):
        writer.write(np.full((48, 64, 3), at * 20, np.uint8))
    writer.release()
    contents = {
        "noise.mp4": os.urandom(5000),
        "only-a-head.mp4": bytes.fromhex("00000018667479706d703432") + bytes(200),
        "cut.avi": whole.read_bytes()[:300],
        "empty.webm": b"",
        # A playlist that names addresses and local files: a reader that follows it has been led.
        "playlist.m3u8": b"#EXTM3U\n#EXTINF:1,\nhttp://198.51.100.7/a.ts\n#EXTINF:1,\nfile:///etc/passwd\n",
        "list.ffconcat": b"ffconcat version 1.0\nfile /etc/passwd\n",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    with Workers(decoder + "video", 1, MediaLimits(wall_s=20)) as workers:
        outcomes = list(workers.map([whole, *(tmp_path / name for name in contents), whole]))
    assert (outcomes[0].value, outcomes[-1].value) == (10, 10)
    assert [outcome.refusal is None for outcome in outcomes[1:-1]] == [False] * len(contents)
