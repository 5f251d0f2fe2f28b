"""The file of a Hamming index: a head that says what is where, with digests; then the arrays as they are.

8 bytes    the magic, 4 bytes the length of the head, the head (JSON), 32 bytes its SHA-256
arrays     little endian, each from a multiple of 64 on, each with its SHA-256 in the head
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import struct
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from perito.errors import CaseError, Malformed, Missing
from perito.match.hamming_segment import Segment, shapes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    from numpy.typing import NDArray

_MAGIC = b"peritoHX"
_VERSION = 1
_LENGTH = struct.Struct("<I")
_ALIGNED = 64
_DIGEST = hashlib.sha256().digest_size
_FIXED = len(_MAGIC) + _LENGTH.size


def write_index(path: Path | str, segments: Sequence[Segment], entries: int) -> None:
    """Write the segments of an index of so many entries.

    Raises:
        CaseError: The file cannot be written.
    """
    target = Path(path)
    described = [_described(segment) for segment in segments]
    head = json.dumps(
        {"version": _VERSION, "entries": entries, "segments": described}, sort_keys=True
    ).encode()
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_MAGIC + _LENGTH.pack(len(head)) + head + hashlib.sha256(head).digest())
                _write_arrays(file, segments)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CaseError("the index cannot be written", where=str(path), found=str(error)) from error


def read_index(path: Path | str) -> tuple[list[Segment], int]:
    """The segments of an index, mapped into memory, and how many entries they hold.

    Raises:
        Missing: There is no such file.
        Malformed: It is no index, of another version, cut short or changed.
    """
    try:
        with Path(path).open("rb") as file:
            is_empty = file.seek(0, os.SEEK_END) == 0
            data = b"" if is_empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise Missing("the index cannot be read", where=str(path), found=str(error)) from error
    try:
        head, at = _head(data, path)
        segments = []
        for described in head["segments"]:
            segment, at = _segment(data, at, described, path)
            segments.append(segment)
        entries = int(head["entries"])
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, str(error)) from error
    if at != len(data):
        raise _damaged(path, f"{len(data) - at} bytes after the end")
    _check_numbers(segments, entries, path)
    return segments, entries


def _described(segment: Segment) -> dict[str, Any]:
    digests = {name: hashlib.sha256(array.data).hexdigest() for name, array in segment.arrays()}
    return {"distinct": segment.distinct, "entries": len(segment.members), "sha256": digests}


def _write_arrays(file: BinaryIO, segments: Sequence[Segment]) -> None:
    for segment in segments:
        for _, array in segment.arrays():
            file.write(bytes(-file.tell() % _ALIGNED))
            file.write(array.data)


def _head(data: mmap.mmap | bytes, path: Path | str) -> tuple[dict[str, Any], int]:
    if data[: len(_MAGIC)] != _MAGIC or len(data) < _FIXED:
        raise Malformed("the file is no Hamming index", where=str(path))
    (length,) = _LENGTH.unpack(data[len(_MAGIC) : _FIXED])
    head, digest = data[_FIXED : _FIXED + length], data[_FIXED + length : _FIXED + length + _DIGEST]
    if hashlib.sha256(head).digest() != digest:
        raise _damaged(path, "a head that does not have its digest")
    described: dict[str, Any] = json.loads(head)
    if described["version"] != _VERSION:
        raise Malformed(
            "the index is of another version", where=str(path),
            expected=str(_VERSION), found=str(described["version"]), remedy="build it again from its hashes",
        )  # fmt: skip
    return described, _FIXED + length + _DIGEST


def _segment(
    data: mmap.mmap | bytes, at: int, described: dict[str, Any], path: Path | str
) -> tuple[Segment, int]:
    arrays: dict[str, NDArray[Any]] = {}
    for name, (kind, shape) in shapes(described["distinct"], described["entries"]).items():
        filling, at = at, at + -at % _ALIGNED
        if any(data[filling:at]):
            raise _damaged(path, "bytes between its arrays")
        size = int(np.prod(shape))
        if at + size * kind.itemsize > len(data):
            raise _damaged(path, "fewer bytes than its head names")
        array = np.frombuffer(data, kind, size, at).reshape(shape)
        if hashlib.sha256(array.data).hexdigest() != described["sha256"][name]:
            raise _damaged(path, f"'{name}' does not have its digest")
        arrays[name] = array
        at += size * kind.itemsize
    segment = Segment(**arrays)
    if not _is_sound(segment):
        raise _damaged(path, "tables that contradict each other")
    return segment, at


def _is_sound(segment: Segment) -> bool:
    """Whether every place that the loops go to without looking is inside the tables."""
    return all(_rises_to(starts, len(segment.table)) for starts in segment.starts) and _rises_to(
        segment.groups, len(segment.members)
    )


def _rises_to(starts: NDArray[np.uint32], end: int) -> bool:
    return bool(starts[0] == 0 and starts[-1] == end and (starts[1:] >= starts[:-1]).all())


def _check_numbers(segments: Sequence[Segment], entries: int, path: Path | str) -> None:
    """Refuse an index whose segments do not hold each number once."""
    numbers = np.concatenate([segment.members for segment in segments] or [np.empty(0, np.uint32)])
    if not np.array_equal(np.sort(numbers), np.arange(entries)):
        raise _damaged(path, "entries that are not numbered")


def _damaged(path: Path | str, found: str) -> Malformed:
    return Malformed(
        "the index is damaged", where=str(path), found=found, remedy="build it again from its hashes"
    )
