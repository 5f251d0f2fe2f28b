"""The entries of zip and tar archives one after another, under a budget: nothing is unpacked.

What could do harm, or make the reader run for ever or fill the memory, is refused by its name, its kind
or its size.
"""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
import zipfile
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from perito.evidence.names import name_fault, stored_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHUNK_BYTES = 1 << 20
_ENCRYPTED = 0x1


@dataclass(frozen=True)
class Limits:
    """The bounds within which archives are opened; printed in the intake record of each archive.

    Args:
        ratio: Highest compression ratio of a member, and of the archive as a whole.
        ratio_floor_bytes: The ratio is not judged below this size: so little can do no harm.
        member_bytes: Largest member that is addressed.
        total_bytes: Largest sum of all members.
        members: Most entries that are looked at.
        header_bytes: Largest tar header (long names travel in it).
        nesting: Most archives inside one another through which a locator leads.
    """

    ratio: int = 200
    ratio_floor_bytes: int = 1 << 16
    member_bytes: int = 1 << 34
    total_bytes: int = 1 << 36
    members: int = 1_000_000
    header_bytes: int = 1 << 20
    nesting: int = 3

    def to_json(self) -> dict[str, int]:
        """Every limit by its name."""
        return asdict(self)


@dataclass(frozen=True)
class Entry:
    """One entry of an archive that is being read; `open` works until the next one is asked for."""

    position: int
    name: str
    refusal: str | None
    open: Callable[[], BinaryIO]


class Refused(Exception):  # noqa: N818  (never leaves the archive modules: it becomes a refusal)
    """A limit was reached: the member, or the rest of the archive, is refused."""


class Budget:
    """Bytes that may still come out of one archive."""

    def __init__(self, archive_bytes: int, limits: Limits) -> None:
        by_ratio = max(limits.ratio_floor_bytes, limits.ratio * archive_bytes)
        self._left = min(by_ratio, limits.total_bytes)
        self._reason = (
            f"budget: the archive's compression ratio is above {limits.ratio}"
            if by_ratio <= limits.total_bytes
            else f"budget: the archive holds more than {limits.total_bytes} bytes"
        )

    def spend(self, count: int) -> None:
        """Counts bytes that came out.

        Raises:
            Refused: They are more than may come out.
        """
        self._left -= count
        if self._left < 0:
            raise Refused(self._reason)


def entries(stream: BinaryIO, kind: str, archive_bytes: int, limits: Limits) -> Iterator[Entry]:
    """The entries that are no directories, in order.

    Raises:
        Refused: The rest of the archive is beyond a limit, or its end is missing.
    """
    if kind == "zip":
        return _zip_entries(stream, limits)
    return _tar_entries(stream, kind, archive_bytes, limits)


# --- zip ---------------------------------------------------------------------------------------------


def _zip_entries(stream: BinaryIO, limits: Limits) -> Iterator[Entry]:
    with zipfile.ZipFile(stream) as archive:
        for position, info in enumerate(archive.infolist(), start=1):
            if position > limits.members:
                raise Refused(f"budget: more than {limits.members} entries")
            raw = info.orig_filename
            if raw.endswith("/") and info.file_size == 0:
                continue
            yield Entry(position, stored_name(raw), _zip_refusal(info, limits), _zip_opener(archive, info))


def _zip_opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
    return lambda: cast("BinaryIO", archive.open(info))


def _zip_refusal(info: zipfile.ZipInfo, limits: Limits) -> str | None:
    form = stat.S_IFMT(info.external_attr >> 16)
    is_file = stat.S_ISREG(form) or not form
    ratio_bytes = max(limits.ratio_floor_bytes, limits.ratio * info.compress_size)
    faults = (
        (stat.S_ISLNK(form), "the member is a symbolic link"),
        (not is_file or info.orig_filename.endswith("/"), "the member is no regular file"),
        (info.flag_bits & _ENCRYPTED, "the member is encrypted"),
        (
            info.file_size > limits.member_bytes,
            f"budget: the member is larger than {limits.member_bytes} bytes",
        ),
        (info.file_size > ratio_bytes, f"budget: the compression ratio is above {limits.ratio}"),
    )
    return name_fault(info.orig_filename) or next((reason for holds, reason in faults if holds), None)


# --- tar ---------------------------------------------------------------------------------------------


class _Forward(io.RawIOBase):
    """A stream that only goes forward, within a budget, and that no header can make read at a gulp.

    A hostile size field would otherwise send the reader back for ever, or fill the memory.
    """

    def __init__(self, source: BinaryIO, budget: Budget, limits: Limits) -> None:
        self._source, self._budget = source, budget
        self._gulp_bytes = max(limits.header_bytes, CHUNK_BYTES)
        self._at = 0
        self.last = b""

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= self._gulp_bytes:
            raise Refused(f"budget: a header is longer than {self._gulp_bytes} bytes")
        self.last = self._source.read(size)
        self._at += len(self.last)
        self._budget.spend(len(self.last))
        return self.last

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence != 0 or offset < self._at:
            raise ValueError("a header points backwards")
        while self._at < offset and self.read(min(CHUNK_BYTES, offset - self._at)):
            pass
        return self._at

    def tell(self) -> int:
        return self._at


def _tar_entries(stream: BinaryIO, kind: str, archive_bytes: int, limits: Limits) -> Iterator[Entry]:
    # The members' own budget does not see headers and gaps: the stream has one of its own.
    budget = Budget(archive_bytes, limits)
    plain = cast("BinaryIO", gzip.GzipFile(fileobj=stream)) if kind == "tar.gz" else stream
    source = _Forward(plain, budget, limits)
    # The encoding is given: the default is that of the machine.
    fileobj = cast("BinaryIO", source)
    with tarfile.open(fileobj=fileobj, mode="r:", encoding="utf-8", errors="surrogateescape") as archive:
        position = 0
        while (info := archive.next()) is not None:
            position += 1
            vars(archive)["members"].clear()  # the library keeps every header otherwise
            if position > limits.members:
                raise Refused(f"budget: more than {limits.members} entries")
            if not info.isdir():
                yield Entry(position, stored_name(info.name), _tar_refusal(info), _tar_opener(archive, info))
    _expect_end(source)


def _expect_end(source: _Forward) -> None:
    """The library takes a broken header for the end, and does not read on to the checksum of gzip."""
    if not source.last:
        raise Refused("the end mark is missing: the archive may be cut short")
    if source.last != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError("a header is damaged")
    while source.read(CHUNK_BYTES):
        pass


def _tar_opener(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Callable[[], BinaryIO]:
    return lambda: cast("BinaryIO", archive.extractfile(info))


def _tar_refusal(info: tarfile.TarInfo) -> str | None:
    faults = (
        (info.issym(), "the member is a symbolic link"),
        (info.islnk(), "the member is a hard link"),
        (not info.isreg(), "the member is no regular file"),
        (info.issparse(), "the member is a sparse file"),
    )
    return name_fault(info.name) or next((reason for holds, reason in faults if holds), None)
