"""The folder of a log on the disk: reading, durable writing, and one writer at a time.

Files come in through `incoming/`: written there, forced to the disk, renamed to their places. The file
`head` is replaced last, and only it says how far the log reaches. What lies beyond it was never
acknowledged.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from perito.errors import EvidenceError, SealBroken
from perito.evidence.log.tiles import Place
from perito.files import make_durable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HEAD, CHECKPOINT, KEYS, LOCK, INCOMING, TILES, STAMPS = (
    "head",
    "checkpoint",
    "log.vkey",
    "lock",
    "incoming",
    "tile",
    "stamps",
)
_READ_ONLY = 0o444
_AT_WORK = b"1"


class Folder:
    """The files of one log.

    Args:
        path: The folder. Nothing is created before the first write.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def read(self, name: str) -> bytes | None:
        """The bytes of a file, or None if there is none.

        Raises:
            EvidenceError: It cannot be read.
        """
        try:
            handle = os.open(self.path / name, os.O_RDONLY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as fault:
            raise _unreadable(self.path / name, fault) from fault
        try:
            with os.fdopen(handle, "rb") as stream:
                return stream.read()
        except OSError as fault:
            raise _unreadable(self.path / name, fault) from fault

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Keeps writers out until the end of the block; where nobody ever wrote, there is no need to."""
        try:
            handle = os.open(self.path / LOCK, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            yield
            return
        except OSError as fault:
            raise _unreadable(self.path / LOCK, fault) from fault
        try:
            fcntl.flock(handle, fcntl.LOCK_SH)
            yield
        finally:
            os.close(handle)

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """Keeps everybody else out until the end of the block, and writes.

        Raises:
            EvidenceError: The folder cannot be written.
        """
        try:
            self._create()
            handle = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as fault:
            raise _unwritable(self.path, fault) from fault
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield Writer(self.path, handle)
        except OSError as fault:
            raise _unwritable(self.path, fault) from fault
        finally:
            os.close(handle)

    def places(self) -> Iterator[tuple[str, Place | None]]:
        """Every file below `tile/`, in order: its path in the folder, and its place; None for a stranger."""
        for folder, below, files in os.walk(self.path / TILES):
            below.sort()
            for name in sorted(files):
                path = Path(folder, name).relative_to(self.path).as_posix()
                yield path, Place.parse(path)

    def leftovers(self) -> list[Path]:
        """Temporary files: of a write that is going on, or of one that a crash ended."""
        folder = self.path / INCOMING
        return sorted(folder.iterdir()) if folder.is_dir() else []

    def _create(self) -> None:
        made = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        self.path.mkdir(parents=True, exist_ok=True)
        if made:
            make_durable([folder.parent for folder in made])


class Writer:
    """The right to write to a log's folder, while its lock is held."""

    def __init__(self, path: Path, lock: int) -> None:
        self._path = path
        self._lock = lock
        self._staged: list[tuple[Path, str]] = []

    @property
    def was_interrupted(self) -> bool:
        """Whether the last writer did not come to its end."""
        return os.pread(self._lock, len(_AT_WORK), 0) == _AT_WORK

    def clear_interruption(self) -> None:
        """Says that nothing is left of a write that did not come to its end."""
        os.ftruncate(self._lock, 0)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Says for the time of the block that a write is going on; an earlier interruption stays noted."""
        was_interrupted = self.was_interrupted
        os.pwrite(self._lock, _AT_WORK, 0)
        (self._path / INCOMING).mkdir(exist_ok=True)
        yield
        if not was_interrupted:
            self.clear_interruption()

    def stage(self, name: str, data: bytes) -> None:
        """Writes a file that takes its place with the next `commit`."""
        part = self._path / INCOMING / str(len(self._staged))
        _write(part, data)
        self._staged.append((part, name))

    def commit(self) -> None:
        """Puts all staged files in their places, durably: when this returns, a power cut harms none."""
        make_durable([part for part, _ in self._staged])
        folders: set[Path] = set()
        for part, name in self._staged:
            target = self._path / name
            if target.parent not in folders:
                folders |= self._made_for(target)
            part.replace(target)
        self._staged.clear()
        make_durable(sorted(folders))

    def remove(self, names: Iterable[str]) -> None:
        """Takes files and folders away, if they are there."""
        for name in names:
            path = self._path / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def _made_for(self, target: Path) -> set[Path]:
        """The folders that change when the file takes its place; missing ones are made."""
        missing = [folder for folder in target.parents if not folder.exists()]
        target.parent.mkdir(parents=True, exist_ok=True)
        return {target.parent, *(folder.parent for folder in missing)}


def _write(path: Path, data: bytes) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _READ_ONLY)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)


def _unreadable(path: Path, fault: OSError) -> EvidenceError:
    return EvidenceError("the log cannot be read", where=str(path), found=str(fault.strerror or fault))


def _unwritable(path: Path, fault: OSError) -> EvidenceError:
    return EvidenceError(
        "the log cannot be written",
        where=str(path),
        found=str(fault.strerror or fault),
        remedy="free space or check the permissions, and see how far the log reaches before repeating",
    )


def broken(where: str, what: str, *, expected: str = "", found: str = "") -> SealBroken:
    """The error for a file of the log that is not as it was written."""
    return SealBroken(
        what,
        where=where,
        expected=expected,
        found=found,
        remedy="run 'perito check' and restore the log from a copy",
    )
