"""A folder for what does not fit in memory: its own, locked while it is used, gone afterwards.

Rows of the evidence pass through it, so it lies inside the case, and what a killed process left behind is
removed by the next one that uses the place.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from perito.errors import CaseError

_LOCK = "in-use"


class SpillFolder:
    """A new folder below a place, removed on close.

    Args:
        place: Where; made if it is not there. A place made here is removed too, once it is empty.
        engine: The engine's name, for people who look.

    Raises:
        CaseError: The place cannot be written.

    Example:
        >>> with tempfile.TemporaryDirectory() as case:
        ...     spill = SpillFolder(Path(case) / "spill", "duckdb")
        ...     was_there = spill.path.is_dir()
        ...     spill.close()
        ...     (was_there, list(Path(case).iterdir()))
        (True, [])
    """

    def __init__(self, place: Path, engine: str) -> None:
        try:
            place.mkdir(parents=True, exist_ok=True)
            _remove_abandoned(place)
            self.path = Path(tempfile.mkdtemp(prefix=f"{engine}-", dir=place)).resolve()
            self._lock = _locked(self.path)
        except OSError as error:
            raise CaseError(
                "the spill folder cannot be written",
                where=str(place),
                found=error.strerror or str(error),
                remedy="name another folder, or make room",
            ) from error

    def close(self) -> None:
        """Remove the folder; closing twice does no harm."""
        if self._lock >= 0:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            self._lock = -1
            with suppress(OSError):  # somebody else uses the place, or it was there before with other files
                self.path.parent.rmdir()


def _locked(folder: Path) -> int:
    """The open lock of a folder; nobody sees the file before it is locked."""
    unseen = folder / f".{_LOCK}"
    lock = os.open(unseen, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    unseen.rename(folder / _LOCK)
    return lock


def _remove_abandoned(place: Path) -> None:
    """Remove the folders of processes that ended without closing them."""
    for lock in place.glob(f"*/{_LOCK}"):
        with suppress(OSError):  # removed by its owner in the meantime
            descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # in use
            else:
                shutil.rmtree(lock.parent, ignore_errors=True)
            finally:
                os.close(descriptor)
