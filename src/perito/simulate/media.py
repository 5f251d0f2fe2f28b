"""Pictures: which posts carry one, which of them are near-duplicates, and benign pictures made of shapes."""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from perito.ids import evidence_id
from perito.simulate.columns import (
    Whole,
    coded,
    constant,
    digits,
    joined,
    platform_prefix,
    table,
)
from perito.simulate.text import family_members

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from perito.simulate.posts import Posts
    from perito.simulate.world import World

NO_FAMILY = -1
_FIRST_ID = 900_000_000_000
_SIDES_PX = (480, 640, 720, 1080, 1280)
_SHAPES = 12
_MOST_NOISE = 3  # levels of 256 by which a near-duplicate differs in a pixel
_MOST_LIGHT = 12  # levels by which it is lighter or darker
_PNG_HEAD = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Pictures:
    """The pictures of a block: post (its position), family (or `NO_FAMILY`), and a row of `media` each."""

    post: Whole
    family: Whole
    native: pa.Array
    keys: pa.Array

    def __len__(self) -> int:
        return len(self.post)


def pictures_in(world: World, block: int) -> int:
    """How many posts of a block carry a picture; known without drawing one."""
    first, stop = world.span(block)
    return round((stop - first) * world.plan.media.share)


def draw_pictures(world: World, posts: Posts, block: int) -> Pictures:
    """Which posts of a block carry a picture, and of which family."""
    random, plan = world.stream("media", block), world.plan.media
    post = np.sort(random.choice(len(posts), pictures_in(world, block), replace=False))
    family = np.full(len(post), NO_FAMILY, np.int64)
    members, families = family_members(random, len(post), plan.families, plan.family_size)
    family[members] = families
    native = digits(posts.first + post + _FIRST_ID)
    keys = joined(platform_prefix(posts.platform[post], world.platforms), native)
    return Pictures(post, family, native, keys)


def media_tables(
    world: World, posts: Posts, pictures: Pictures, block: int, made: tuple[tuple[str, bytes], ...]
) -> dict[str, pa.Table]:
    """The pictures as rows of `media`, and the truth about families.

    Args:
        world: The world.
        posts: The posts of the block.
        pictures: Its pictures.
        block: Its number.
        made: The first pictures of the block, where they were made: their bytes name their evidence.
    """
    rows, side = len(pictures), world.plan.media.side_px
    at, random = pa.array(pictures.post), world.stream("media sizes", block)
    size = np.array(_SIDES_PX)[random.integers(0, len(_SIDES_PX), (2, rows))].astype(np.int32)
    size[:, : len(made)] = side
    content = [evidence_id(hashlib.sha256(content).hexdigest()) for _, content in made] + [None] * (
        rows - len(made)
    )
    is_alone = pictures.family == NO_FAMILY
    return {
        "media": table(
            {
                "media_id": pictures.keys,
                "platform": coded(posts.platform[pictures.post], world.platforms),
                "post_id": posts.keys.take(at),
                "account_id": posts.account_keys.take(at),
                "position": np.zeros(rows, np.int32),
                "kind": constant("image", rows),
                "width": size[0],
                "height": size[1],
                "mime": constant("image/png", rows),
                "content_id": pa.array(content, pa.string()),
            }
        ),
        "truth/media": table(
            {
                "media_id": pictures.keys,
                "picture_family": pa.array(
                    pictures.family + np.where(is_alone, 0, block << 20), mask=is_alone
                ),
            }
        ),
    }


def make_pictures(world: World, pictures: Pictures, block: int, wanted: int) -> tuple[tuple[str, bytes], ...]:
    """The first pictures of a block as PNG files, `(name, bytes)`; members of a family look alike."""
    names = pictures.native.slice(0, wanted).to_pylist()
    return tuple(
        (f"{name}.png", png(_picture(world, int(family), block, at)))
        for at, (name, family) in enumerate(zip(names, pictures.family[:wanted], strict=True))
    )


def _picture(world: World, family: int, block: int, at: int) -> NDArray[np.uint8]:
    own = world.stream(f"picture {at}", block)
    side = world.plan.media.side_px
    if family == NO_FAMILY:
        return _drawn(own, side)
    model = _drawn(world.stream(f"picture family {family}", block), side).astype(np.int64)
    noise = own.integers(-_MOST_NOISE, _MOST_NOISE + 1, model.shape)
    light = int(own.integers(-_MOST_LIGHT, _MOST_LIGHT + 1))
    return np.asarray(np.clip(model + noise + light, 0, 255), np.uint8)


def _drawn(random: Generator, side: int) -> NDArray[np.uint8]:
    """A gradient with rectangles and discs of one colour each."""
    y, x = np.mgrid[0:side, 0:side] / side
    slope = random.random((2, 3))
    image = 60 + 120 * (x[..., None] * slope[0] + y[..., None] * slope[1]) / 2
    for _ in range(_SHAPES):
        centre, half, colour = random.random(2), 0.05 + 0.15 * random.random(2), random.integers(0, 256, 3)
        across, down = (x - centre[0]) / half[0], (y - centre[1]) / half[1]
        is_disc = random.integers(2) == 0
        inside = across**2 + down**2 < 1 if is_disc else np.maximum(abs(across), abs(down)) < 1
        image[inside] = colour
    return np.asarray(image, np.uint8)


def png(pixels: NDArray[np.uint8]) -> bytes:
    r"""An RGB picture as a PNG file (ISO/IEC 15948), without a library for pictures.

    Args:
        pixels: Height x width x 3.

    Example:
        >>> png(np.zeros((1, 1, 3), np.uint8))[:8]
        b'\x89PNG\r\n\x1a\n'
    """
    height, width, _ = pixels.shape
    lines = np.zeros((height, 1 + 3 * width), np.uint8)  # each line starts with its filter: 0, none
    lines[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 6)), (b"IEND", b""))
    return _PNG_HEAD + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
