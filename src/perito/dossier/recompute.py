"""Recomputing a dossier's findings in a fresh process, from its tables and its case file alone.

Run as `python -P -m perito.dossier.recompute FOLDER TABLES OUT`. Nothing of the dossier's own findings is
read, and nothing is written beside OUT.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from perito.errors import DossierError, PeritoError

if TYPE_CHECKING:
    from collections.abc import Sequence

_SECONDS = 3_600
_SHOWN_CHARACTERS = 400


def recompute(folder: Path, tables: Path, out: Path, threads: int, *, with_report: bool = False) -> None:
    """Ask the questions of a case file again, over tables, in a fresh process.

    Args:
        folder: Where the case file is; with `with_report`, evidence manifest and custody record too.
        tables: The folder of the tables.
        out: Where `findings.json` and `derivations/` go, and with `with_report` what else follows from them.
        threads: How many threads the engine may use.
        with_report: Whether to write the report and the page for the expert, too.

    Raises:
        DossierError: The process ended with an error, which is named, or not at all.
    """
    # -P: whoever verifies inside the dossier's folder must not import modules from it.
    command = [sys.executable, "-P", "-m", "perito.dossier.recompute", str(folder), str(tables), str(out)]
    command += ["--threads", str(threads), *(["--report"] if with_report else [])]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_SECONDS)  # noqa: S603  (our own module)
    except subprocess.TimeoutExpired as error:
        raise DossierError(
            "the findings are not recomputed in time", expected=f"{_SECONDS} s at most"
        ) from error
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise DossierError(
            "the findings cannot be recomputed",
            where=f"recomputation with {threads} threads",
            found=lines[-1][:_SHOWN_CHARACTERS] if lines else f"exit code {done.returncode}",
        )


def main(arguments: Sequence[str]) -> int:
    """Recompute and write; an error is one line on stderr."""
    given = _parser().parse_args(arguments)
    try:
        _write(given)
    except PeritoError as error:
        print(error, file=sys.stderr)  # noqa: T201  (this is a program)
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="perito.dossier.recompute")
    for name in ("folder", "tables", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--report", action="store_true")
    return parser


def _write(given: argparse.Namespace) -> None:
    from perito.case import load_case
    from perito.dossier.build import put_papers
    from perito.dossier.custody_record import read_custody
    from perito.dossier.exhibits import read_evidence
    from perito.findings.output import put_findings
    from perito.tables import open_tables
    from perito.workflow import answer

    case = load_case(given.folder)
    findings = answer(case, case.questions, open_tables(given.tables), threads=given.threads)
    given.out.mkdir(parents=True)
    if not given.report:
        put_findings(findings, given.out)
        return
    put_papers(case, findings, read_evidence(given.folder), read_custody(given.folder), given.out)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
