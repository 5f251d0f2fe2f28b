"""Writing files and folders so that they are there whole or not at all."""

from __future__ import annotations

import ctypes
import filecmp
import os
import shutil
import tempfile
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from perito.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

_LIBC = ctypes.CDLL(None, use_errno=True)
_FEW = 8  # up to here one fsync each is quicker than one for the whole file system
_T = TypeVar("_T")
_TEMPORARY = ".perito-"


@contextmanager
def write_folder(folder: Path) -> Iterator[Path]:
    """A fresh folder to write into; it takes the place of `folder` when the block ends without an error.

    What was left by an interrupted run is removed first, and a folder that it had moved aside comes back.
    If the new content is that of the old, byte by byte, the old folder stays untouched.

    Raises:
        CaseError: In the place of the folder there is something else, a file or a link.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as case:
        ...     with write_folder(Path(case, "tables")) as target:
        ...         _ = (target / "tables.json").write_text("{}")
        ...     files_below(Path(case))
        ['tables/tables.json']
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise CaseError("a folder is to be written here", where=str(folder), remedy="move away what is there")
    folder.parent.mkdir(parents=True, exist_ok=True)
    _clear_leftovers(folder)
    target = Path(tempfile.mkdtemp(prefix=_temporary(folder, ""), dir=folder.parent))
    target.chmod(0o755)
    try:
        yield target
        _take_the_place(target, folder)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


def files_below(folder: Path) -> list[str]:
    """Every file below a folder, by its path there with forward slashes, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def make_durable(paths: Collection[Path]) -> None:
    """Forces files and folders of one file system to the disk: one by one, or all of it if they are many.

    Raises:
        OSError: The disk refuses.

    Example:
        >>> make_durable([Path(".")])
    """
    sync_all = getattr(_LIBC, "syncfs", None) if len(paths) > _FEW else None
    if sync_all is None:
        for path in paths:
            _with_descriptor(path, os.fsync)
    elif _with_descriptor(next(iter(paths)), sync_all):
        raise OSError(ctypes.get_errno(), "the file system could not be forced to the disk")


def _temporary(folder: Path, suffix: str) -> str:
    # The tilde tells what `dossier` left from what `dossier-public` did.
    return f"{_TEMPORARY}{folder.name}~{suffix}"


def _aside(folder: Path) -> Path:
    return folder.with_name(_temporary(folder, "old"))


def _clear_leftovers(folder: Path) -> None:
    old = _aside(folder)
    if old.exists() and not folder.exists():
        old.rename(folder)
    for left in folder.parent.glob(escape(_temporary(folder, "")) + "*"):
        shutil.rmtree(left)


def _take_the_place(target: Path, folder: Path) -> None:
    if folder.is_dir() and _holds_the_same(target, folder):
        shutil.rmtree(target)
        return
    make_durable([*target.rglob("*"), target])
    old = _aside(folder)
    if folder.exists():
        folder.rename(old)
    try:
        target.rename(folder)
    except BaseException:
        if old.exists():
            old.rename(folder)
        raise
    make_durable([folder.parent])
    if old.exists():
        shutil.rmtree(old)


def _holds_the_same(one: Path, other: Path) -> bool:
    names = files_below(one)
    if names != files_below(other):
        return False
    same, _, _ = filecmp.cmpfiles(one, other, names, shallow=False)
    return len(same) == len(names)


def _with_descriptor(path: Path, action: Callable[[int], _T]) -> _T:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return action(handle)
    finally:
        os.close(handle)
