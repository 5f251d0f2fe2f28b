"""Small bags for the tests, written by hand: as the specification has them, not as we write them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PAYLOAD = {"data/letter.txt": b"Dear Sir\n", "data/pictures/harbour.pgm": b"P2 1 1 1 0\n"}


def manifest(files: dict[str, bytes], algorithm: str = "sha512") -> bytes:
    return "".join(
        f"{hashlib.new(algorithm, data).hexdigest()}  {path}\n" for path, data in files.items()
    ).encode()


def hand_made_bag(
    folder: Path,
    *,
    version: str = "1.0",
    payload: dict[str, bytes] = PAYLOAD,
    changed: dict[str, bytes | None] | None = None,
    algorithms: tuple[str, ...] = ("sha512",),
) -> Path:
    """A bag in which files are replaced, added (bytes) or left out (None) before the tag manifest is made."""
    oxum = f"{sum(map(len, payload.values()))}.{len(payload)}"
    tags: dict[str, bytes] = {
        "bagit.txt": f"BagIt-Version: {version}\nTag-File-Character-Encoding: UTF-8\n".encode(),
        "bag-info.txt": f"Payload-Oxum: {oxum}\n".encode(),
        **{f"manifest-{algorithm}.txt": manifest(payload, algorithm) for algorithm in algorithms},
    }
    files = {**payload, **tags, **(changed or {})}
    kept = {path: data for path, data in files.items() if data is not None}
    tag_files = {path: data for path, data in kept.items() if not path.startswith(("data/", "tagmanifest"))}
    for algorithm in algorithms:
        kept.setdefault(f"tagmanifest-{algorithm}.txt", manifest(tag_files, algorithm))
    for path, data in kept.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return folder
