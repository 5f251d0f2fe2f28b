"""The objects of the store: each sealed file once, under its digest, read-only; and the way in.

A file comes in through a staging folder in the same file system: copied and hashed in one pass, forced
to the disk, then renamed to its place. What a crash leaves in a staging folder was never acknowledged.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from perito.errors import EvidenceError, SealBroken
from perito.evidence.archive import HEAD_BYTES
from perito.evidence.entries import CHUNK_BYTES
from perito.files import make_durable
from perito.ids import evidence_id, is_evidence_id

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

_STAGING = "incoming-"
_PART = ".part"
_INTENDED = "intended"
_READ_ONLY = 0o444
_SHARD_LENGTH = 2
NEXT_SUFFIX = ".next"
"""What ends the name of an encrypted file that waits to take the place of another."""


@dataclass(frozen=True)
class Fingerprint:
    """What one pass over some bytes tells: their name, number and beginning."""

    evidence_id: str
    size: int
    head: bytes


Seen = tuple[str, int, int, int]
"""An item, and by which marks its file is known not to have been touched since it was hashed."""


def seen_at(item_id: str, handle: int) -> Seen:
    """The marks of an open file of an item: inode, time of change and size."""
    status = os.fstat(handle)
    return item_id, status.st_ino, status.st_mtime_ns, status.st_size


def fingerprint(handle: int, copy_to: int | None = None) -> Fingerprint:
    """The digest, size and head of all that can be read from a file descriptor, in one pass.

    Args:
        handle: Open for reading, at its beginning.
        copy_to: A descriptor to which the same bytes are written.
    """
    # A small file takes one read: a short one is the last, and a large
    # buffer costs more than hashing 20 kB.
    request = min(CHUNK_BYTES, os.fstat(handle).st_size + 1)
    chunk = os.read(handle, request)
    head, size, digest = chunk[:HEAD_BYTES], 0, hashlib.sha256()
    while chunk:
        digest.update(chunk)
        size += len(chunk)
        if copy_to is not None:
            write_all(copy_to, chunk)
        chunk = os.read(handle, request) if len(chunk) == request else b""
    return Fingerprint(evidence_id(digest.hexdigest()), size, head)


def file_digest(path: Path) -> str:
    """SHA-256 of a file as an evidence id is written.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as stream:
        return evidence_id(hashlib.file_digest(stream, "sha256").hexdigest())


def write_all(handle: int, data: bytes) -> None:
    """Writes every byte; one call may write fewer than it is given.

    Raises:
        EvidenceError: The store's disk refuses them.
    """
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(handle, view) :]
    except OSError as fault:
        raise EvidenceError(
            "the store cannot be written",
            found=str(fault.strerror or fault),
            remedy="nothing was sealed; free space and add the files again",
        ) from fault


class Objects:
    """The folder `objects/` of a store, `objects/<first two digits>/<the rest>`."""

    def __init__(self, store_folder: Path) -> None:
        self.store_folder = store_folder
        self.folder = store_folder / "objects"

    def create(self) -> None:
        """Makes the folder, durably."""
        self.folder.mkdir()
        make_durable([self.store_folder])

    def path(self, item_id: str) -> Path:
        """Where the object of that name lies or would lie."""
        digest = item_id.removeprefix("sha256:")
        return self.folder / digest[:_SHARD_LENGTH] / digest[_SHARD_LENGTH:]

    def encrypted_path(self, item_id: str) -> Path:
        """Where the encrypted form of that object lies or would lie, in the vault of the store."""
        digest = item_id.removeprefix("sha256:")
        return self.store_folder / "vault" / digest[:_SHARD_LENGTH] / f"{digest[_SHARD_LENGTH:]}.age"

    def next_path(self, item_id: str) -> Path:
        """Where the encrypted form waits that is to take the place of the present one, once it is logged."""
        path = self.encrypted_path(item_id)
        return path.with_name(f"{path.name}{NEXT_SUFFIX}")

    def in_vault(self) -> Iterator[tuple[Path, str]]:
        """Every encrypted file, in place or waiting, with the item that its place names."""
        for path in sorted((self.store_folder / "vault").glob("*/*.age*")):
            rest, _, suffix = path.name.partition(".")
            item_id = evidence_id(path.parent.name + rest)
            if suffix in {"age", f"age{NEXT_SUFFIX}"} and is_evidence_id(item_id):
                yield path, item_id

    def open(self, item_id: str, size: int) -> BinaryIO:
        """The object, open for reading.

        Raises:
            SealBroken: It is gone, or has another size than was sealed.
        """
        path = self.path(item_id)
        try:
            stream = path.open("rb")
        except FileNotFoundError:
            raise SealBroken(
                "the sealed object is gone",
                where=item_id,
                expected=str(path),
                remedy="restore it from a copy",
            ) from None
        found = os.fstat(stream.fileno()).st_size
        if found == size:
            return stream
        stream.close()
        raise SealBroken(
            "the sealed object has another size",
            where=item_id,
            expected=f"{size} bytes",
            found=f"{found} bytes",
            remedy="restore it from a copy",
        )

    def place(self, staged: dict[str, Path]) -> None:
        """Renames staged files to their places, durably."""
        folders = {self.folder}
        for item_id, part in staged.items():
            target = self.path(item_id)
            target.parent.mkdir(exist_ok=True)
            part.replace(target)
            folders.add(target.parent)
        make_durable(sorted(folders))

    def withdraw(self, item_ids: Collection[str]) -> None:
        """Takes objects away, durably: those that could not be recorded, those that were purged."""
        self._delete([self.path(item_id) for item_id in item_ids])
        self._delete([self.encrypted_path(item_id) for item_id in item_ids])

    def withdraw_plain(self, item_ids: Collection[str]) -> None:
        """Takes the plain objects away, durably, of items that are encrypted now."""
        self._delete([self.path(item_id) for item_id in item_ids])

    def _delete(self, paths: Collection[Path]) -> None:
        for path in paths:
            path.unlink(missing_ok=True)
        make_durable(sorted({path.parent for path in paths if path.parent.exists()}))

    def walk(self) -> Iterator[tuple[str, str | None]]:
        """Every path below the folder, in order, with the item that its place names; None for a stranger."""
        if not self.folder.is_dir():
            return
        for shard in sorted(os.scandir(self.folder), key=lambda entry: entry.name):
            if not shard.is_dir(follow_symlinks=False):
                yield shard.path, None
                continue
            for entry in sorted(os.scandir(shard.path), key=lambda entry: entry.name):
                is_file = entry.is_file(follow_symlinks=False)
                name = _item_named(shard.name, entry.name) if is_file else None
                yield entry.path, name


class Staging:
    """A folder through which one `add` brings its files in.

    The folder's lock file is held while its maker lives: whatever lies in an unlocked one was left
    behind by a crash. Make it and close it with the store's lock held, so that nobody clears it away
    half made.
    """

    def __init__(self, store_folder: Path) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix=_STAGING, dir=store_folder))
        self._lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._count = 0
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    @contextmanager
    def new_part(self) -> Iterator[tuple[int, Path]]:
        """A new read-only file to write to, as descriptor and path."""
        self._count += 1
        path = self._folder / f"{self._count}{_PART}"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            yield handle, path
            os.fchmod(handle, _READ_ONLY)
        finally:
            os.close(handle)

    def intend(self, item_ids: Collection[str]) -> Path:
        """Notes which objects are to be put in their places, so that a crash in between can be swept up."""
        note = self._folder / _INTENDED
        note.write_text("".join(f"{item_id}\n" for item_id in item_ids), "utf-8")
        return note

    def close(self) -> None:
        """Takes the folder away with all that is still in it."""
        shutil.rmtree(self._folder)
        os.close(self._lock)


def leftovers(store_folder: Path) -> list[Path]:
    """The staging folders that are there: those of a crash, and those of an `add` at work."""
    if not store_folder.is_dir():
        return []
    return sorted(path for path in store_folder.iterdir() if path.name.startswith(_STAGING))


def parts_in(folder: Path) -> int:
    """Temporary files in a staging folder."""
    return sum(1 for path in folder.glob(f"*{_PART}"))


def remove_leftovers(store_folder: Path, is_held: Callable[[str], bool]) -> int:
    """Clears away what crashes left behind, and counts it. Call it with the store's lock held.

    Args:
        store_folder: The store.
        is_held: Whether an item is in the index: an object that was put in place and is not, goes.
    """
    removed = 0
    for folder in leftovers(store_folder):
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if _is_abandoned(handle):
                removed += parts_in(folder)
                unheld = [item_id for item_id in _intended(folder) if not is_held(item_id)]
                Objects(store_folder).withdraw(unheld)
                shutil.rmtree(folder)
        finally:
            os.close(handle)
    return removed


def _intended(folder: Path) -> list[str]:
    note = folder / _INTENDED
    lines = note.read_text("utf-8", "replace").split() if note.is_file() else []
    return [line for line in lines if is_evidence_id(line)]


def _is_abandoned(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _item_named(shard: str, rest: str) -> str | None:
    digest = shard + rest
    item_id = evidence_id(digest)
    return item_id if len(shard) == _SHARD_LENGTH and is_evidence_id(item_id) else None
