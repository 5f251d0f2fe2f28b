"""The stages of a verification: each a report of its own, so that one that fails does not stop the others."""

from __future__ import annotations

import filecmp
import os
import tempfile
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perito.dossier.build import REPORT_FILE, TABLES_FOLDER
from perito.dossier.compare import finding_problems, input_problems, internal_problems, number_problems
from perito.dossier.custody_check import custody_report
from perito.dossier.custody_record import read_custody
from perito.dossier.environment import Agreement
from perito.dossier.exhibits import (
    EVIDENCE_TABLE,
    exhibit_problems,
    read_evidence,
    source_problems,
)
from perito.dossier.manifest import manifest_problems
from perito.dossier.reading import read_told
from perito.dossier.recompute import recompute
from perito.dossier.trace import trace
from perito.errors import DossierError, PeritoError
from perito.files import files_below
from perito.findings.output import FINDINGS_FILE
from perito.report import Problem, Report
from perito.tables import open_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from perito.dossier.reading import Told
    from perito.tables import TableSet

_LEAST_SEVERAL_THREADS = 2
_WITHIN_TOLERANCE = "numbers equal within their tolerance only, files not compared byte by byte"


def guarded(folder: Path, stage: Callable[..., Report], *given: Any) -> Report:  # noqa: ANN401
    """A stage's report; what stops the stage becomes a problem, named by its place in the folder."""
    try:
        return stage(*given)
    except PeritoError as error:
        where = error.where.removeprefix(f"{folder}{os.sep}") or folder.name
        return Report((Problem("unreadable", where, error.what, error.expected, error.found),))
    except OSError as error:
        where = str(error.filename or folder.name).removeprefix(f"{folder}{os.sep}")
        return Report((Problem("unreadable", where, "it cannot be read", found=str(error.strerror)),))


def files_report(folder: Path, manifest: Mapping[str, Any]) -> Report:
    """Every file of a dossier against its manifest."""
    return Report(tuple(manifest_problems(folder, manifest)), (("files", len(manifest["files"])),))


def tables_report(folder: Path, told: Told) -> Report:
    """Every table against its canonical digest, and the findings' inputs against those tables."""
    tables = open_tables(folder)
    problems = [problem for name in tables.inputs for problem in _table_problems(tables, name)]
    return Report((*problems, *input_problems(told, tables.inputs)), (("tables", len(tables.inputs)),))


def exhibits_report(folder: Path, told: Told) -> Report:
    """Evidence manifest against tables, custody record and sources of the numbers; the custody itself."""
    evidence, custody = read_evidence(folder), read_custody(folder)
    rows = list(_rows(open_tables(folder / TABLES_FOLDER), EVIDENCE_TABLE))
    problems = (*exhibit_problems(evidence, custody["items"], rows), *source_problems(told.records, evidence))
    report = Report(problems, (("exhibits", len(evidence)),))
    return report.joined(custody_report(folder, custody, evidence))


def numbers_report(
    folder: Path, tables: Path, told: Told, agreement: Agreement, findings: Path | None = None
) -> Report:
    """Every number, finding and paper against what comes out again, with one thread and with several.

    Args:
        folder: Where the case file is, and in a dossier evidence manifest and custody record.
        tables: The tables to compute from.
        told: What is said.
        agreement: How much must come out the same.
        findings: The folder of the findings of a case; None for a dossier, where they lie in `folder`.
    """
    report = Report(
        (*told.problems, *internal_problems(told)),
        (("findings", len(told.findings)), ("numbers recomputed", len(told.records))),
    )
    several = max(_LEAST_SEVERAL_THREADS, os.cpu_count() or 1)
    with tempfile.TemporaryDirectory(prefix="perito-verify-") as scratch:
        for threads in (1, several):
            out = Path(scratch) / str(threads)
            recompute(folder, tables, out, threads, with_report=threads == 1 and findings is None)
            compared = comparison(told, findings or folder, out, agreement)
            report = report.joined(compared)
            if not compared.ok:
                break  # one disagreement is not said twice
    return report


def comparison(told: Told, folder: Path, out: Path, agreement: Agreement) -> Report:
    """What is told, and the files in which it is, against what was written again in another folder.

    Args:
        told: What is said.
        folder: Where the files are in which it is said.
        out: What came out again.
        agreement: How much must be the same.
    """
    again = read_told(out)
    problems = [*number_problems(told, again, agreement), *finding_problems(told, again, agreement)]
    if agreement is not Agreement.BYTES:
        return Report(tuple(problems))
    if problems or is_same_file(folder, out, FINDINGS_FILE):
        return Report((*problems, *file_problems(folder, out)))
    return Report(checked=((_WITHIN_TOLERANCE, 1),))


def trace_report(folder: Path, told: Told) -> Report:
    """Every number printed in the report against its derivation."""
    try:
        html = (folder / REPORT_FILE).read_text("utf-8")
    except UnicodeDecodeError as error:
        raise DossierError(
            "the report is not UTF-8", where=REPORT_FILE, found=f"byte {error.start}"
        ) from error
    return trace(html, told.records)


def rebuilt_report(folder: Path, rebuilt: TableSet, agreement: Agreement) -> Report:
    """The tables of a case against those that its sealed bytes give, with the first row that differs."""
    tables, problems = open_tables(folder), []
    for name in sorted({*tables.inputs, *rebuilt.inputs}):
        told, again = tables.inputs.get(name), rebuilt.inputs.get(name)
        row = _first_row(tables, rebuilt, name)
        if told != again or row:
            problems.append(
                Problem(
                    "table",
                    name,
                    f"the sealed evidence gives another table{row}",
                    expected=_digest_and_rows(told),
                    found=_digest_and_rows(again),
                )
            )
    if agreement is Agreement.BYTES:
        problems += file_problems(folder, rebuilt.folder)
    return Report(tuple(problems), (("tables rebuilt", len(rebuilt.inputs)),))


def _digest_and_rows(told: tuple[str, int] | None) -> str:
    return "no table" if told is None else f"{told[0]} ({told[1]} rows)"


def _table_problems(tables: TableSet, name: str) -> Iterator[Problem]:
    digest, rows = tables.inputs[name]
    try:
        found = tables.digest(name)
    except PeritoError as error:
        yield Problem("table", name, error.what, error.expected, error.found)
        return
    except UnicodeDecodeError as error:
        yield Problem("table", name, "a text of the table is not UTF-8", found=str(error.reason))
        return
    if found != (digest, rows):
        yield Problem(
            "table", name, "the rows are not those of the digest",
            expected=_digest_and_rows((digest, rows)), found=_digest_and_rows(found),
        )  # fmt: skip


def _rows(tables: TableSet, name: str) -> Iterator[dict[str, Any]]:
    """The rows of a table, a few in memory at a time."""
    try:
        for batch in tables.batches(name):
            yield from batch.to_pylist()
    except UnicodeDecodeError as error:
        raise DossierError("a text of the table is not UTF-8", where=name, found=str(error.reason)) from error


def _first_row(tables: TableSet, rebuilt: TableSet, name: str) -> str:
    """The first row that differs, in words; empty where none does or one of the tables is not there."""
    if name not in tables.inputs or name not in rebuilt.inputs:
        return ""
    if is_same_file(tables.folder, rebuilt.folder, rebuilt.path(name).name):
        return ""
    try:
        for number, (left, right) in enumerate(
            zip_longest(_rows(tables, name), _rows(rebuilt, name)), start=1
        ):
            if left is None or right is None:
                return f"; first at row {number}"
            if left != right:
                return f"; first at row {number}, {right['evidence_id']} {right['locator']}"
    except PeritoError:
        return ""  # that the table cannot be read is said where it is held against its digest
    return ""


def file_problems(folder: Path, again: Path) -> Iterator[Problem]:
    """Every file that comes out again and is not there, or has other bytes."""
    for name in files_below(again):
        if not is_same_file(folder, again, name):
            yield Problem("bytes", name, "the file is not the one that comes out again")


def is_same_file(folder: Path, again: Path, name: str) -> bool:
    """Whether a file is in both folders with the same bytes."""
    filecmp.clear_cache()  # it trusts size and time, which whoever changed a file may have kept
    return (folder / name).is_file() and filecmp.cmp(folder / name, again / name, shallow=False)
