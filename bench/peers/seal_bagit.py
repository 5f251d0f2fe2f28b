"""Files put into a bag by bagit.py: moved and hashed. It syncs nothing to disk and keeps no log."""

import shutil
import sys
import tempfile
from pathlib import Path

import stopwatch


def prepare() -> tuple:
    """A copy of the files, since they are moved into the bag."""
    import bagit

    folder = Path(tempfile.mkdtemp(dir=sys.argv[2]), "bag")
    shutil.copytree(sys.argv[1], folder)
    return bagit, folder


def work(given: tuple) -> int:
    """How many are in the manifest."""
    bagit, folder = given
    return len(bagit.make_bag(str(folder), checksums=["sha256"]).payload_entries())


stopwatch.report(work, prepare)
