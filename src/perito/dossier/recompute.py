"""Recomputing a dossier's findings in a fresh process, from its tables and its case file alone.

Run as `python -m perito.dossier.recompute FOLDER --threads N`: prints the findings and derivation records
as JSON. Nothing of the dossier's own findings is read.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from perito.errors import DossierError, PeritoError

_SECONDS = 3_600


@dataclass(frozen=True)
class Recomputed:
    """What came out: findings and derivation records, as JSON has them."""

    findings: list[dict[str, Any]]
    derivations: dict[str, dict[str, Any]]


def recompute(folder: Path, tables: Path, threads: int) -> Recomputed:
    """The findings of the case file in a folder over the tables in another, from a fresh process.

    Raises:
        DossierError: The process ended with an error, which is named.
    """
    command = [sys.executable, "-m", "perito.dossier.recompute", str(folder), str(tables), "--threads", str(threads)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=_SECONDS)  # noqa: S603  (our own module)
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise DossierError(
            "the findings cannot be recomputed", where=str(folder), found=lines[-1][:400] if lines else "no message"
        )
    result = orjson.loads(done.stdout)
    return Recomputed(result["findings"], {record["id"]: record for record in result["derivations"]})


def main(arguments: list[str]) -> int:
    """Recompute and print; an error is one line on stderr."""
    from perito.case import load_case
    from perito.findings.output import CODE
    from perito.tables import open_tables
    from perito.workflow import answer

    parser = argparse.ArgumentParser(prog="perito.dossier.recompute")
    parser.add_argument("folder", type=Path)
    parser.add_argument("tables", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args(arguments)
    try:
        case = load_case(given.folder)
        findings = answer(case, case.questions, open_tables(given.tables), threads=given.threads)
    except PeritoError as error:
        print(error, file=sys.stderr)  # noqa: T201  (this is a program)
        return error.exit_code
    records = [record for finding in findings for record in finding.derivations(CODE)]
    sys.stdout.buffer.write(orjson.dumps({"findings": [f.to_json() for f in findings], "derivations": records}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
