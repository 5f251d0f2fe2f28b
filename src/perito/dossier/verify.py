"""Verifying a dossier from itself alone, and a case from its sealed evidence.

A dossier: every file against the manifest; every table against its canonical digest; every number
recomputed in a fresh process, with one thread and with several; every number printed in the report
traced to its derivation. A case: that and more, from the sealed bytes on.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from perito.case import FILE_NAME, load_case
from perito.dossier.build import REPORT_FILE, TABLES_FOLDER
from perito.dossier.environment import Agreement, due_agreement
from perito.dossier.exhibits import CUSTODY_FILE, EVIDENCE_FILE, custody_entry, evidence_entry
from perito.dossier.manifest import MANIFEST, MANIFEST_DIGEST, STRANGER, read_manifest
from perito.dossier.reading import read_objects, read_told
from perito.dossier.stages import (
    exhibits_report,
    files_report,
    guarded,
    numbers_report,
    rebuilt_report,
    tables_report,
    trace_report,
)
from perito.errors import DossierError
from perito.evidence import Store
from perito.report import Problem, Report
from perito.tables import build_tables, listed_items

if TYPE_CHECKING:
    import os

    from perito.case import Case

_SIGNS_OF_A_DOSSIER = (MANIFEST, MANIFEST_DIGEST, REPORT_FILE)
_NOTES = {
    Agreement.VALUES: "made by another version of the code and judged by its values alone",
    Agreement.WORDS: "made with other versions of the libraries and not compared byte by byte",
}


def verify(path: str | os.PathLike[str]) -> Report:
    """Recompute and check a dossier, or a case with everything in it. Nothing is written there.

    Args:
        path: The folder of a dossier or of a case.

    Returns:
        What was checked, and every problem: the first file, row or number that differs comes first.

    Raises:
        DossierError: The folder is neither a dossier nor a case.
        CaseError: It is a case, and its case file is wrong.
    """
    folder = Path(path)
    if any((folder / name).is_file() for name in _SIGNS_OF_A_DOSSIER):
        return verify_dossier(folder)
    if (folder / FILE_NAME).is_file():
        return verify_case(folder)
    raise DossierError(
        "neither a dossier nor a case", where=str(folder), expected=f"a folder with {MANIFEST} or {FILE_NAME}"
    )


def verify_dossier(folder: Path) -> Report:
    """Check a dossier from what is in it.

    Raises:
        DossierError: There is no dossier.
    """
    if not any((folder / name).is_file() for name in _SIGNS_OF_A_DOSSIER):
        raise DossierError("there is no dossier", where=str(folder), expected=f"a folder with {MANIFEST}")
    try:
        manifest = read_manifest(folder)
    except DossierError as error:
        return Report((Problem("manifest", MANIFEST, error.what, error.expected, error.found),))
    report = guarded(folder, files_report, folder, manifest)
    if any(problem.kind == STRANGER for problem in report.problems):
        return report  # a pipe would stop whoever reads it
    agreement, told = due_agreement(manifest["environment"]), read_told(folder)
    report = report.joined(guarded(folder, tables_report, folder / TABLES_FOLDER, told))
    report = report.joined(guarded(folder, exhibits_report, folder, told))
    report = report.joined(guarded(folder, numbers_report, folder, folder / TABLES_FOLDER, told, agreement))
    report = report.joined(guarded(folder, trace_report, folder, told))
    return report.joined(_noted(agreement))


def verify_case(folder: Path) -> Report:
    """Check a case: seals, tables rebuilt from the sealed bytes, findings recomputed, and its dossier.

    Raises:
        CaseError: The case file is wrong.
    """
    case = load_case(folder)
    report = guarded(folder, Store(case.evidence_folder).check)
    if not report.ok:
        return report
    report = report.joined(guarded(folder, _recomputed, case))
    if case.dossier_folder.is_dir():
        report = report.joined(guarded(folder, _dossier_report, case))
    return report


def _recomputed(case: Case) -> Report:
    """Tables and findings of a case against what its sealed bytes give."""
    told, agreement = read_told(case.findings_folder), _agreement(case)
    with tempfile.TemporaryDirectory(prefix="perito-verify-") as scratch:
        rebuilt = build_tables(Store(case.evidence_folder), Path(scratch) / TABLES_FOLDER)
        report = guarded(case.folder, rebuilt_report, case.tables_folder, rebuilt, agreement)
        report = report.joined(guarded(case.folder, tables_report, case.tables_folder, told))
        return report.joined(
            guarded(
                case.folder,
                numbers_report,
                case.folder,
                rebuilt.folder,
                told,
                agreement,
                case.findings_folder,
            )
        )


def _agreement(case: Case) -> Agreement:
    """What must agree in a case: its dossier's manifest says with what code it was last run."""
    try:
        return due_agreement(read_manifest(case.dossier_folder)["environment"])
    except DossierError:  # no dossier, or a broken one, of which its own check says so
        return Agreement.WORDS


def _dossier_report(case: Case) -> Report:
    """The dossier of a case, its files named from the case's folder."""
    checked = verify_dossier(case.dossier_folder)
    checked = checked.joined(guarded(case.dossier_folder, _belonging_report, case))
    named = [
        Problem(p.kind, f"{case.dossier_folder.name}/{p.where}", p.what, p.expected, p.found)
        for p in checked.problems
    ]
    return Report(tuple(named), checked.checked)


def _belonging_report(case: Case) -> Report:
    """Whether a dossier is of this case: its case file, and the items that are sealed."""
    folder, items = case.dossier_folder, listed_items(Store(case.evidence_folder))
    problems = []
    if (folder / FILE_NAME).read_bytes() != case.file.read_bytes():
        problems.append(Problem("case", FILE_NAME, "the dossier is of another case file"))
    for name, entry in ((EVIDENCE_FILE, evidence_entry), (CUSTODY_FILE, custody_entry)):
        if read_objects(folder / name, name) != [entry(item) for item in items]:
            problems.append(
                Problem("exhibit", name, "the dossier does not list the items as they are sealed")
            )
    return Report(tuple(problems))


def _noted(agreement: Agreement) -> Report:
    return Report(checked=((_NOTES[agreement], 1),)) if agreement in _NOTES else Report()
