"""Archives (zip, tar, tar.gz): sealed whole, their members addressed and hashed in a stream, never unpacked.

A member that could do harm, or that cannot be read, is refused by name and with the reason; the archive
stays sealed as it is. Directories hold no bytes and are passed over.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
import struct
import tarfile
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, TypeVar, cast

from perito.errors import Missing
from perito.evidence.entries import CHUNK_BYTES, Budget, Entry, Limits, Refused, entries
from perito.evidence.media_type import media_type_of
from perito.ids import evidence_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEAD_BYTES = 512
WHOLE_ARCHIVE = "(archive)"
"""The name under which a fault of the archive itself, or of the rest of it, is listed."""

_IN_MEMORY_BYTES = 1 << 26
_SUFFIXES = {".zip": "zip", ".tar": "tar", ".tar.gz": "tar.gz", ".tgz": "tar.gz"}
_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
# What the libraries raise on hostile bytes. Of OSError only what comes without a number is the archive's.
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Member:
    """A member that is addressed: its place in the archive (from one), name, digest and size."""

    position: int
    name: str
    evidence_id: str
    bytes: int
    media_type: str


@dataclass(frozen=True)
class Refusal:
    """A member that is not addressed, or `(archive)`, and the reason."""

    position: int
    name: str
    reason: str


@dataclass(frozen=True)
class Contents:
    """What an archive holds, in the order of its entries."""

    members: tuple[Member, ...] = ()
    refusals: tuple[Refusal, ...] = ()


def kind_of(stream: BinaryIO, name: str) -> str | None:
    r"""`zip`, `tar` or `tar.gz` by the first bytes, or else by the name; None when it is no archive.

    Leaves the stream at its beginning.

    Example:
        >>> import io
        >>> kind_of(io.BytesIO(b"PK\x05\x06" + bytes(18)), "export")
        'zip'
    """
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    if head.startswith(_ZIP_MAGIC):
        return "zip"
    if _is_tar_header(head):
        return "tar"
    if head.startswith(b"\x1f\x8b") and _is_tar_header(_first_block(stream)):
        return "tar.gz"
    lowered = name.lower()
    return next((kind for suffix, kind in _SUFFIXES.items() if lowered.endswith(suffix)), None)


def working_copy() -> BinaryIO:
    """An empty file for the bytes of one member: in memory, or unnamed on the disk when it grows large."""
    return cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES))


class Archive:
    """An archive that is open for reading.

    Args:
        stream: Its bytes, seekable, at their beginning.
        kind: As `kind_of` says.
        size: Their number.
        limits: What may come out of it.
    """

    def __init__(self, stream: BinaryIO, kind: str, size: int, limits: Limits) -> None:
        self._stream, self._kind, self._size, self._limits = stream, kind, size, limits

    def contents(self) -> Contents:
        """Every member with its digest, and every refusal. Nothing is written anywhere."""
        budget = Budget(self._size, self._limits)
        found = list(self._each(partial(_addressed, budget=budget, limits=self._limits)))
        return Contents(
            tuple(one for one in found if isinstance(one, Member)),
            tuple(one for one in found if isinstance(one, Refusal)),
        )

    def listing(self) -> list[Entry | Refusal]:
        """The entries by position and name, their bytes unread, and the refusals."""
        return list(self._each(_listed))

    def copy_member(self, position: int, into: BinaryIO) -> str:
        """Copies the bytes of the member at a position; gives their digest, in hexadecimal.

        Raises:
            Missing: There is no member there that can be read.
        """
        budget = Budget(self._size, self._limits)
        where = f"entry {position}"
        try:
            for entry in self._entries():
                if entry.position == position and entry.refusal is None:
                    return _copied(entry, budget, self._limits, into)
        except (Refused, *_DAMAGE) as fault:
            raise Missing("the member cannot be read", where=where, found=_reason(fault)) from fault
        raise Missing("the archive has no such member", where=where)

    def _entries(self) -> Iterator[Entry]:
        self._stream.seek(0)
        return entries(self._stream, self._kind, self._size, self._limits)

    def _each(self, read: Callable[[Entry], _Found | Refusal]) -> Iterator[_Found | Refusal]:
        """What `read` makes of each entry; last, if there is one, the fault that ended the reading."""
        position = 0
        try:
            for entry in self._entries():
                position = entry.position
                yield read(entry)
        except (Refused, *_DAMAGE) as fault:
            after = f", after entry {position}" if position else ""
            yield Refusal(position + 1, WHOLE_ARCHIVE, _reason(fault) + after)


def _listed(entry: Entry) -> Entry | Refusal:
    return entry if entry.refusal is None else Refusal(entry.position, entry.name, entry.refusal)


def _addressed(entry: Entry, budget: Budget, limits: Limits) -> Member | Refusal:
    if entry.refusal is not None:
        return Refusal(entry.position, entry.name, entry.refusal)
    sink = _Tally()
    try:
        digest = _copied(entry, budget, limits, sink)
    except (Refused, *_DAMAGE) as fault:
        return Refusal(entry.position, entry.name, _reason(fault))
    media_type = media_type_of(entry.name, sink.head)
    return Member(entry.position, entry.name, evidence_id(digest), sink.count, media_type)


class _Tally:
    """A sink that keeps the count and the first bytes only."""

    def __init__(self) -> None:
        self.count, self.head = 0, b""

    def write(self, chunk: bytes) -> None:
        self.count += len(chunk)
        self.head = self.head or chunk[:HEAD_BYTES]


def _copied(entry: Entry, budget: Budget, limits: Limits, into: BinaryIO | _Tally) -> str:
    digest, size = hashlib.sha256(), 0
    with entry.open() as stream:
        while chunk := stream.read(CHUNK_BYTES):
            size += len(chunk)
            if size > limits.member_bytes:
                raise Refused(f"budget: the member is larger than {limits.member_bytes} bytes")
            budget.spend(len(chunk))
            digest.update(chunk)
            into.write(chunk)
    return digest.hexdigest()


def _reason(fault: Exception) -> str:
    """The fault in our own words: those of the libraries change with their versions.

    Raises:
        OSError: The fault is the disk's, not the archive's.
    """
    if isinstance(fault, OSError) and fault.errno is not None:
        raise fault
    if isinstance(fault, Refused):
        return str(fault)
    if isinstance(fault, NotImplementedError):
        return "the compression method is not supported"
    if isinstance(fault, MemoryError):
        return "budget: reading it needs more memory than there is"
    return "damaged"


def _is_tar_header(block: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError):
        return False
    return True


def _first_block(stream: BinaryIO) -> bytes:
    try:
        return gzip.GzipFile(fileobj=stream).read(HEAD_BYTES)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return b""
    finally:
        stream.seek(0)
