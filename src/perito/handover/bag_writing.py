"""A bag in the making: BagIt 1.0 with SHA-256 and SHA-512 of everything, there whole or not at all."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from perito.errors import CaseError, EvidenceError
from perito.files import write_folder
from perito.handover.bag_names import PAYLOAD, encoded_name, unsafe
from perito.handover.bag_tags import DECLARATION, INFO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

WRITTEN = ("sha256", "sha512")
"""The algorithms of the manifests that are written."""

_CHUNK_BYTES = 1 << 20
_DECLARED = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


class BagWriter:
    """The payload of a bag, file by file.

    Args:
        folder: The folder of the bag; empty.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._digests: dict[str, tuple[str, ...]] = {}
        self._octets = 0
        (folder / PAYLOAD).mkdir()

    @property
    def files(self) -> int:
        """How many payload files were written."""
        return len(self._digests)

    @property
    def octets(self) -> int:
        """How many bytes of payload were written."""
        return self._octets

    def add(self, path: str, content: bytes | Iterable[bytes]) -> str:
        """Writes one payload file and hashes it in the same pass; gives its SHA-256 in hexadecimal.

        Args:
            path: In the payload, with forward slashes, without `data/`.
            content: Its bytes, whole or in parts (`chunks` of a file).

        Raises:
            CaseError: The path cannot be used in a bag, or there is such a file already.
        """
        name = PAYLOAD + path
        reason = "it is there already" if name in self._digests else unsafe(name)
        if reason is not None:
            raise CaseError(f"the path cannot be used in a bag: {reason}", where=path)
        parts = [content] if isinstance(content, bytes) else content
        self._digests[name] = self._copied(parts, self._folder / name)
        return self._digests[name][0]

    def _copied(self, parts: Iterable[bytes], target: Path) -> tuple[str, ...]:
        digests = [hashlib.new(algorithm) for algorithm in WRITTEN]
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as copy:
            for part in parts:
                for digest in digests:
                    digest.update(part)
                self._octets += copy.write(part)
        return tuple(digest.hexdigest() for digest in digests)

    def finish(self, info: Mapping[str, str]) -> None:
        """Writes the tag files and the manifests."""
        oxum = {"Payload-Oxum": f"{self._octets}.{len(self._digests)}"}
        lines = "".join(f"{label}: {' '.join(value.split())}\n" for label, value in {**info, **oxum}.items())
        tags = {DECLARATION: _DECLARED, INFO: lines.encode()}
        for position, algorithm in enumerate(WRITTEN):
            listed = {path: digests[position] for path, digests in self._digests.items()}
            tags[f"manifest-{algorithm}.txt"] = _manifest(listed)
        for algorithm in WRITTEN:
            listed = {path: hashlib.new(algorithm, data).hexdigest() for path, data in tags.items()}
            self._write(f"tagmanifest-{algorithm}.txt", _manifest(listed))
        for name, data in tags.items():
            self._write(name, data)

    def _write(self, name: str, data: bytes) -> None:
        (self._folder / name).write_bytes(data)


@contextmanager
def new_bag(folder: Path, info: Mapping[str, str]) -> Iterator[BagWriter]:
    """A bag to be filled; it takes its place, durably, when the block ends without an error.

    Args:
        folder: Where it is to lie. Nothing may be there.
        info: Metadata for `bag-info.txt`; the size of the payload is added.

    Raises:
        CaseError: There is something already.
        EvidenceError: It cannot be written, or what goes into it not be read.

    Example:
        >>> import pathlib, tempfile
        >>> from perito.handover.bag_reading import check_bag
        >>> with tempfile.TemporaryDirectory() as place:
        ...     bag = pathlib.Path(place, "bag")
        ...     with new_bag(bag, {"External-Identifier": "case-7"}) as writer:
        ...         _ = writer.add("a.txt", b"A")
        ...     check_bag(bag).report.ok
        True
    """
    if folder.exists() or folder.is_symlink():
        raise CaseError(
            "there is something already", where=str(folder), remedy="name a folder that is not there"
        )
    try:
        with write_folder(folder) as target:
            writer = BagWriter(target)
            yield writer
            writer.finish(info)
    except OSError as fault:
        raise EvidenceError(
            "the bag cannot be made",
            where=str(fault.filename or folder),
            found=str(fault.strerror or fault),
            remedy="free space, or mend what cannot be read; nothing was left behind",
        ) from fault


def chunks(stream: BinaryIO) -> Iterator[bytes]:
    """What is left of a file, in parts."""
    return iter(lambda: stream.read(_CHUNK_BYTES), b"")


def _manifest(digests: Mapping[str, str]) -> bytes:
    return "".join(f"{digests[path]}  {encoded_name(path)}\n" for path in sorted(digests)).encode()
