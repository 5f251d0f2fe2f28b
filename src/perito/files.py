"""Writing files and folders so that they are there whole or not at all."""

from __future__ import annotations

import filecmp
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TEMPORARY = ".perito-"


@contextmanager
def write_folder(folder: Path) -> Iterator[Path]:
    """A fresh folder to write into; it takes the place of `folder` when the block ends without an error.

    What was left by an interrupted run is removed first. If the new content is that of the old, byte by
    byte, the old folder stays untouched.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left in folder.parent.glob(f"{_TEMPORARY}{folder.name}-*"):
        shutil.rmtree(left)
    target = Path(tempfile.mkdtemp(prefix=f"{_TEMPORARY}{folder.name}-", dir=folder.parent))
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


def _take_the_place(target: Path, folder: Path) -> None:
    names = files_below(target)
    if folder.is_dir() and names == files_below(folder):
        same, _, _ = filecmp.cmpfiles(target, folder, names, shallow=False)
        if len(same) == len(names):
            shutil.rmtree(target)
            return
    for name in names:
        _sync(target / name)
    old = folder.with_name(f"{_TEMPORARY}{folder.name}-old")
    if folder.exists():
        folder.rename(old)
    target.rename(folder)
    _sync(folder.parent)
    if old.exists():
        shutil.rmtree(old)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
