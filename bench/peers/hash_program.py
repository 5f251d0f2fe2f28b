"""SHA-256 of every file of a folder, by a program that prints a line for each: sha256sum or hashdeep."""

import subprocess
import sys
from pathlib import Path

import stopwatch

_FILES_A_CALL = 5_000


def work(files: list) -> str:
    """The digest of the last file; both programs print it first or after the size."""
    printed = b""
    for start in range(0, len(files), _FILES_A_CALL):
        some = files[start : start + _FILES_A_CALL]
        printed = subprocess.run([*sys.argv[2:], *some], capture_output=True, check=True).stdout
    last = next(
        line for line in printed.splitlines() if line.endswith(str(files[-1]).encode()) and line[:1] != b"#"
    )
    return next(part for part in last.replace(b",", b" ").decode().split() if len(part) == 64)


stopwatch.report(work, lambda: sorted(Path(sys.argv[1]).iterdir()))
