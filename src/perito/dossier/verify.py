"""Verifying a dossier from itself alone, and a case from its sealed evidence.

A dossier: every file against the manifest; every table against its canonical digest; every number
recomputed in a fresh process, with one thread and with several; every number printed in the report
traced to its derivation. A case: that and more, from the sealed bytes on.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from perito.case import FILE_NAME, load_case
from perito.dossier.build import REPORT_FILE, TABLES_FOLDER
from perito.dossier.compare import derivation_problems, finding_problems
from perito.dossier.environment import environment
from perito.dossier.manifest import MANIFEST, manifest_problems, read_manifest
from perito.dossier.recompute import recompute
from perito.dossier.trace import printed_numbers, trace_problems
from perito.errors import DossierError, PeritoError
from perito.evidence import Store
from perito.findings.output import DERIVATIONS_FOLDER, FINDINGS_FILE
from perito.report import Problem, Report
from perito.tables import TableSet, build_tables, open_tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LEAST_SEVERAL_THREADS = 2


def verify(path: str | os.PathLike[str]) -> Report:
    """Recompute and check a dossier, or a case with everything in it.

    Args:
        path: The folder of a dossier or of a case.

    Returns:
        What was checked, and every problem: the first file, row or number that differs comes first.

    Raises:
        DossierError: The folder is neither a dossier nor a case.
    """
    folder = Path(path)
    if (folder / MANIFEST).is_file():
        return verify_dossier(folder)
    if (folder / FILE_NAME).is_file():
        return verify_case(folder)
    raise DossierError(
        "neither a dossier nor a case", where=str(folder), expected=f"a folder with {MANIFEST} or {FILE_NAME}"
    )


def verify_dossier(folder: Path) -> Report:
    """Check a dossier from what is in it.

    Raises:
        DossierError: There is no manifest.
    """
    if not (folder / MANIFEST).is_file():
        raise DossierError("no dossier: the manifest is missing", where=str(folder / MANIFEST))
    try:
        manifest = read_manifest(folder)
    except DossierError as error:
        return Report((Problem("manifest", MANIFEST, error.what, found=error.found),))
    report = Report(tuple(manifest_problems(folder, manifest)), (("files", len(manifest["files"])),))
    try:
        tables = open_tables(folder / TABLES_FOLDER)
        report = report.joined(_tables_report(tables))
        told = _told(folder)
        same_code = manifest["environment"].get("code") == environment()["code"]
        report = report.joined(_recomputed(folder, tables.folder, told, same_code=same_code))
        report = report.joined(_traced(folder, told[1]))
    except PeritoError as error:
        report = report.joined(Report((Problem("unreadable", error.where or str(folder), error.what, error.expected, error.found),)))
    return report


def verify_case(folder: Path) -> Report:
    """Check a case: seals, tables rebuilt from the sealed bytes, findings recomputed, and its dossier.

    Raises:
        CaseError: The case file is wrong.
    """
    case = load_case(folder)
    store = Store(case.evidence_folder)
    report = store.check()
    if not report.ok:
        return report
    try:
        tables = open_tables(case.tables_folder)
        report = report.joined(_tables_report(tables))
        with tempfile.TemporaryDirectory(prefix="perito-verify-") as scratch:
            rebuilt = build_tables(store, Path(scratch) / TABLES_FOLDER)
            report = report.joined(Report(tuple(_rebuilt_problems(tables, rebuilt)), (("tables rebuilt", len(rebuilt.inputs)),)))
            told = _told(case.findings_folder)
            report = report.joined(_recomputed(folder, rebuilt.folder, told, same_code=True))
    except PeritoError as error:
        report = report.joined(Report((Problem("unreadable", error.where or str(folder), error.what, error.expected, error.found),)))
    if (case.dossier_folder / MANIFEST).is_file():
        report = report.joined(verify_dossier(case.dossier_folder))
    return report


Told = tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]


def _told(folder: Path) -> Told:
    """Findings and derivation records as the folder has them.

    Raises:
        DossierError: A file that is no JSON, or not of the expected form.
    """
    findings = _json(folder / FINDINGS_FILE)
    records: dict[str, dict[str, Any]] = {}
    for file in sorted((folder / DERIVATIONS_FOLDER).glob("*.json")):
        for record in _json(file):
            records[str(record.get("id"))] = record
    return findings, records


def _json(file: Path) -> list[dict[str, Any]]:
    try:
        content = orjson.loads(file.read_bytes())
        if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
            raise TypeError("a list of objects was expected")
    except (OSError, orjson.JSONDecodeError, TypeError) as error:
        raise DossierError("the file cannot be read", where=file.name, found=str(error)[:160]) from error
    return content


def _tables_report(tables: TableSet) -> Report:
    """Every table against its canonical digest."""
    problems = []
    for name, (digest, rows) in tables.inputs.items():
        try:
            found = tables.digest(name)
        except PeritoError as error:
            problems.append(Problem("table", name, error.what, error.expected, error.found))
            continue
        if found != (digest, rows):
            problems.append(
                Problem("table", name, "the rows are not those of the digest", f"{digest} ({rows} rows)", f"{found[0]} ({found[1]} rows)")
            )
    return Report(tuple(problems), (("tables", len(tables.inputs)),))


def _rebuilt_problems(tables: TableSet, rebuilt: TableSet) -> Iterator[Problem]:
    """Every table that the sealed bytes give otherwise, with the first row that differs."""
    for name in sorted({*tables.inputs, *rebuilt.inputs}):
        told, again = tables.inputs.get(name), rebuilt.inputs.get(name)
        if told != again:
            yield Problem(
                "table", name, "the sealed evidence gives another table",
                expected=str(told), found=f"{again}{_first_row(tables, rebuilt, name)}",
            )  # fmt: skip


def _first_row(tables: TableSet, rebuilt: TableSet, name: str) -> str:
    if name not in tables.inputs or name not in rebuilt.inputs:
        return ""
    try:
        one, other = tables.read(name).to_pylist(), rebuilt.read(name).to_pylist()
    except PeritoError:
        return ""
    for number, (left, right) in enumerate(zip(one, other, strict=False), start=1):
        if left != right:
            return f"; first at row {number}: {right.get('evidence_id', '')} {right.get('locator', '')}"
    return f"; first at row {min(len(one), len(other)) + 1}"


def _recomputed(folder: Path, tables: Path, told: Told, *, same_code: bool) -> Report:
    """Findings and numbers recomputed in fresh processes, with one thread and with several."""
    problems: list[Problem] = []
    findings, records = told
    several = max(_LEAST_SEVERAL_THREADS, os.cpu_count() or 1)
    for threads in (1, several):
        again = recompute(folder, tables, threads)
        problems += derivation_problems(records, again.derivations)
        problems += finding_problems(findings, again.findings, same_code=same_code)
        if problems:
            break
    checked: list[tuple[str, int]] = [("numbers recomputed", len(records)), ("findings", len(findings))]
    if not same_code:
        checked.append(("recomputed by another version of the code", 1))
    return Report(tuple(problems), tuple(checked))


def _traced(folder: Path, records: Mapping[str, Mapping[str, Any]]) -> Report:
    """Every number printed in the report against its derivation."""
    try:
        html = (folder / REPORT_FILE).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DossierError("the report cannot be read", where=REPORT_FILE, found=str(error)[:160]) from error
    problems = tuple(trace_problems(html, records))
    return Report(problems, (("numbers traced in the report", printed_numbers(html)),))
