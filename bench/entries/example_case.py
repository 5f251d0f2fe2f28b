"""The public case from its files to the dossier, and its verification, as a user runs them."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from measuring import PROGRAM, ROOT, Row, Settings, median_used, used

EXAMPLE = ROOT / "examples" / "spain-2026"
BUILT = shutil.ignore_patterns("evidence", "tables", "findings", "dossier", ".perito-*")


def rows(settings: Settings) -> list[Row]:
    """First run, second run (which changes no byte), verification of dossier and case."""
    with tempfile.TemporaryDirectory(prefix="perito-bench-") as folder:
        case = _case(Path(folder) / "case", settings)
        first = used([*PROGRAM, "run", case, "--quiet"])
        second = median_used([*PROGRAM, "run", case, "--quiet"], settings.rounds)
        dossier = median_used([*PROGRAM, "verify", case / "dossier", "--quiet"], settings.rounds)
        whole = median_used([*PROGRAM, "verify", case, "--quiet"], settings.rounds)
    return [
        Row("example case, run: wall", first.wall_s, "s", target=10),
        Row("example case, run: processor", first.cpu_s, "s"),
        Row("example case, run: peak memory", first.peak_mb, "MB", target=1024),
        Row("example case, run again: wall", second.wall_s, "s"),
        Row("example case, verify the dossier: wall", dossier.wall_s, "s"),
        Row("example case, verify the dossier: processor", dossier.cpu_s, "s"),
        Row("example case, verify the case: wall", whole.wall_s, "s"),
        Row("example case, verify the case: peak memory", whole.peak_mb, "MB"),
    ]


def _case(folder: Path, settings: Settings) -> Path:
    """A fresh copy of the example; for a smoke run a new case with nothing in it."""
    if settings.is_smoke:
        used([*PROGRAM, "new", folder])
        return folder
    return Path(shutil.copytree(EXAMPLE, folder, ignore=BUILT))
