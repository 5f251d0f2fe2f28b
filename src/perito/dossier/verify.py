"""Verifying a dossier from itself alone, and a case from its sealed evidence.

A dossier: every file against the manifest; every table against its canonical digest; every number
recomputed in a fresh process, with one thread and with several; every number printed in the report
traced to its derivation. A case: that and more, from the sealed bytes on.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perito.case import FILE_NAME, load_case
from perito.dossier.build import REPORT_FILE, TABLES_FOLDER
from perito.dossier.custody_record import CUSTODY_FILE, custody_entry, note_in, read_custody
from perito.dossier.environment import Agreement, due_agreement
from perito.dossier.exhibits import EVIDENCE_FILE, evidence_entry
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
from perito.evidence.log import Checkpoint
from perito.evidence.states import UNHELD
from perito.formats import UNREAD
from perito.report import Problem, Report
from perito.tables import build_tables, listed_items, open_tables

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from perito.case import Case

_SIGNS_OF_A_DOSSIER = (MANIFEST, MANIFEST_DIGEST, REPORT_FILE)
_NOT_REBUILT = "items without bytes, for which the tables were not rebuilt"
_NOT_RUN = "case not run here: its dossier held against the sealed bytes"
_HELD_OTHERWISE = "items held otherwise since the dossier was made"
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
    store = Store(case.evidence_folder)
    report = guarded(folder, store.check)
    if not report.ok:
        return report
    report = report.joined(guarded(folder, _recomputed, case, store))
    if case.dossier_folder.is_dir():
        report = report.joined(guarded(folder, _dossier_report, case))
    return report


def _recomputed(case: Case, store: Store) -> Report:
    """Tables and findings of a case against what its sealed bytes give.

    Where bytes that were read are no longer held, the tables cannot be made again: the report says so, and
    the numbers are recomputed from the tables as they are.
    """
    gone = _unheld(store)
    if not case.tables_folder.exists() and not case.findings_folder.exists():
        return _not_run(case, store, gone)
    if gone:
        return _from_tables(case).joined(Report(checked=((_NOT_REBUILT, gone),)))
    told, agreement = read_told(case.findings_folder), _agreement(case)
    with tempfile.TemporaryDirectory(prefix="perito-verify-") as scratch:
        rebuilt = build_tables(
            store, Path(scratch) / TABLES_FOLDER, memory_limit_mb=case.engine.memory_limit_mb
        )
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


def _not_run(case: Case, store: Store, gone: int) -> Report:
    """A case that has not been run here, as after an import: its dossier against its sealed bytes."""
    if not case.dossier_folder.is_dir():
        what = "nothing has been computed in this case yet: run 'perito run' first"
        return Report((Problem("unbuilt", case.tables_folder.name, what),))
    if gone:
        return Report(checked=((_NOT_REBUILT, gone),))
    told, agreement = read_told(case.dossier_folder), _agreement(case)
    with tempfile.TemporaryDirectory(prefix="perito-verify-") as scratch:
        rebuilt = build_tables(store, Path(scratch) / TABLES_FOLDER)
        inputs = open_tables(case.dossier_folder / TABLES_FOLDER).inputs
        what = "the sealed evidence gives another table than the dossier has"
        problems = [
            Problem("table", name, what, str(inputs[name]), str(rebuilt.inputs.get(name)))
            for name in inputs
            if inputs[name] != rebuilt.inputs.get(name)
        ]
        report = Report(tuple(problems), (("tables rebuilt", len(rebuilt.inputs)), (_NOT_RUN, 1)))
        given = (case.folder, rebuilt.folder, told, agreement, case.dossier_folder)
        return report.joined(guarded(case.folder, numbers_report, *given))


def _unheld(store: Store) -> int:
    """How many of the items that are read into tables have no bytes any more."""
    return sum(
        item.state in UNHELD and (item.acquisition.format or UNREAD) != UNREAD
        for item in store.current_items()
    )


def _from_tables(case: Case) -> Report:
    told, agreement = read_told(case.findings_folder), _agreement(case)
    report = guarded(case.folder, tables_report, case.tables_folder, told)
    given = (case.folder, case.tables_folder, told, agreement, case.findings_folder)
    return report.joined(guarded(case.folder, numbers_report, *given))


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
    store = Store(case.evidence_folder)
    folder, items = case.dossier_folder, listed_items(store)
    problems = []
    if (folder / FILE_NAME).read_bytes() != case.file.read_bytes():
        problems.append(Problem("case", FILE_NAME, "the dossier is of another case file"))
    custody = read_custody(folder)
    entries = [custody_entry(item) for item in items]
    listed = [{key: entry[key] for key in entry if key != "proofs"} for entry in custody["items"]]
    otherwise = _held_otherwise(listed, entries)
    what = "the dossier does not list the items as they are sealed"
    if read_objects(folder / EVIDENCE_FILE, EVIDENCE_FILE) != [evidence_entry(item) for item in items]:
        problems.append(Problem("exhibit", EVIDENCE_FILE, what))
    if listed != entries:
        problems.append(Problem("exhibit", CUSTODY_FILE, what))
    counts = ((_HELD_OTHERWISE, otherwise),) if otherwise else ()
    return Report((*problems, *_continuation(store, custody)), counts)


def _held_otherwise(listed: list[dict[str, Any]], entries: list[dict[str, Any]]) -> int:
    """How many items are held otherwise since the dossier was made: purged, encrypted. The log says why.

    They are made equal in what is compared: a dossier stays true to its day.
    """
    changed = 0
    for told, entry in zip(listed, entries, strict=False):
        if told["evidence_id"] == entry["evidence_id"] and told["state"] != entry["state"]:
            told["state"], changed = entry["state"], changed + 1
    return changed


def _continuation(store: Store, custody: dict[str, Any]) -> Iterator[Problem]:
    """Whether the log of the case goes on from the checkpoint of its dossier."""
    checkpoint = Checkpoint.parse(note_in(custody).text)
    size = store.custody.size
    found = store.custody.log.root(checkpoint.size) if checkpoint.size <= size else None
    if found != checkpoint.root:
        yield Problem(
            "custody",
            CUSTODY_FILE,
            "the custody log does not continue the checkpoint of the dossier",
            expected=f"{checkpoint.root.hex()} at {checkpoint.size} entries",
            found=f"{size} entries" if found is None else found.hex(),
        )


def _noted(agreement: Agreement) -> Report:
    return Report(checked=((_NOTES[agreement], 1),)) if agreement in _NOTES else Report()
