"""Evidence: hashing, sealing, and the custody log, beside the programs of the field.

Hashing: SHA-256 of every file, beside sha256sum and hashdeep where the machine has them. Sealing: ours
hashes, copies, syncs, indexes, and logs every file before it is acknowledged; bagit.py moves and hashes,
and syncs nothing. The log: ours is durable on disk with tiles and proofs, pymerkle's tree is in memory. The
bytes of the files are random, since a hash takes no longer for one content than for another.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
from contest import HERE, Contender, contest, ours, peer
from measuring import Row, Settings

_SMALL_BYTES = 20_000
_PIECE_BYTES = 1_000_000
_PROGRAMS = {"sha256sum": ("sha256sum",), "hashdeep": ("hashdeep", "-c", "sha256")}


def rows(settings: Settings) -> list[Row]:
    """Small and large files hashed and sealed; log entries appended and checked."""
    small = 50 if settings.is_smoke else 10_000
    large_bytes = 1_000_000 if settings.is_smoke else 1_000_000_000
    entries = [1_000] if settings.is_smoke else [10_000, 100_000, 1_000_000]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        _write(folder / "small", small, _SMALL_BYTES)
        _write(folder / "large", 1, large_bytes)
        return [
            *_hashed(settings, folder / "small", f"{small:,} files of 20 KB hashed", small),
            *_hashed(settings, folder / "large", f"one file of {large_bytes / 1e6:,.0f} MB hashed", 1),
            *_sealed(settings, folder, f"{small:,} files of 20 KB sealed", small),
            *(row for size in entries for row in _logged(settings, folder, size)),
        ]


def _write(folder: Path, files: int, size: int) -> None:
    draw = np.random.default_rng(7)
    folder.mkdir()
    for number in range(files):
        with (folder / f"{number:06}.bin").open("wb") as file:
            for start in range(0, size, _PIECE_BYTES):  # so that this process stays small
                file.write(draw.bytes(min(_PIECE_BYTES, size - start)))


def _hashed(settings: Settings, folder: Path, name: str, size: int) -> list[Row]:
    programs = [
        Contender(who, [_python(), HERE / "peers" / "hash_program.py", folder, *command])
        for who, command in _PROGRAMS.items()
        if shutil.which(command[0])
    ]
    return contest(name, [ours("hash_ours.py", folder), *programs], settings.rounds, size=size)


def _sealed(settings: Settings, folder: Path, name: str, size: int) -> list[Row]:
    contenders = [
        ours("seal_ours.py", folder / "small", folder),
        peer(settings, "bagit", "seal_bagit.py", folder / "small", folder),
    ]
    return contest(name, contenders, min(settings.rounds, 3), size=size)


def _logged(settings: Settings, folder: Path, size: int) -> list[Row]:
    from perito.evidence.log import Log

    contenders = [
        ours("log_ours.py", size, folder),
        peer(settings, "pymerkle", "log_pymerkle.py", size),
    ]
    written = Path(tempfile.mkdtemp(dir=folder), "log")
    Log(written).append_many([f'{{"act":"sealed","number":{number}}}'.encode() for number in range(size)])
    rounds = min(settings.rounds, 3)
    return [
        *contest(f"{size:,} log entries appended", contenders, rounds, size=size),
        *contest(f"{size:,} log entries checked", [ours("log_check_ours.py", written)], rounds, size=size),
    ]


def _python() -> str:
    import sys

    return sys.executable
