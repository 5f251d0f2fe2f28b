"""Putting a dossier together: findings and report, and all that another person needs to recompute them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson

from perito.case import FILE_NAME
from perito.dossier.annex import put_annex
from perito.dossier.custody_record import put_custody
from perito.dossier.exhibits import EVIDENCE_FILE, EVIDENCE_TABLE, evidence_entry
from perito.dossier.manifest import MANIFEST, write_manifest
from perito.dossier.report import expert_html, report_html
from perito.evidence.custody import operator
from perito.files import write_folder
from perito.findings.output import SCHEMA_FILE, findings_schema, put_findings
from perito.tables import copy_tables, listed_items

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from perito.case import Case
    from perito.evidence import Store
    from perito.findings import Finding
    from perito.tables import TableSet

REPORT_FILE = "report.html"
EXPERT_FILE = "expert.html"
TABLES_FOLDER = "tables"


def build_dossier(
    case: Case, findings: Sequence[Finding], tables: TableSet, store: Store, folder: Path
) -> Path:
    """Write the dossier of a case; the folder is replaced whole, or left as it was.

    Args:
        case: The case.
        findings: Its findings, in the order of its questions.
        tables: The tables that they rest on.
        store: The sealed evidence.
        folder: Where the dossier goes.

    Returns:
        The folder.
    """
    items = listed_items(store)
    evidence = [evidence_entry(item) for item in items]
    needed = {given.table for finding in findings for given in finding.inputs}
    with write_folder(folder) as target:
        copy_tables(tables, {*needed, EVIDENCE_TABLE}, target / TABLES_FOLDER)
        (target / FILE_NAME).write_bytes(case.file.read_bytes())
        (target / EVIDENCE_FILE).write_bytes(_json(evidence))
        custody = put_custody(store, items, target, folder)
        put_papers(case, findings, evidence, custody, target)
        write_manifest(target, case.id)
    _record_publication(case, store, folder)
    return folder


def _record_publication(case: Case, store: Store, folder: Path) -> None:
    """Binds a manifest to the custody log, once: the same dossier made again is no new act."""
    digest = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    if not any(digest.encode() in entry for entry in store.custody.log.entries()):
        store.custody.record("published", by=operator(), case=case.id, manifest=digest)


def put_papers(
    case: Case,
    findings: Sequence[Finding],
    evidence: Sequence[Mapping[str, Any]],
    custody: Mapping[str, Any],
    target: Path,
) -> None:
    """Write what follows from the rest of a dossier: findings, derivations, annex, both pages.

    Verification writes the same files again elsewhere, and compares.

    Args:
        case: The case.
        findings: Its findings, in the order of its questions.
        evidence: The evidence manifest, one entry an item.
        custody: The custody record.
        target: The folder to write into.
    """
    put_findings(findings, target)
    put_annex(findings, target)
    (target / SCHEMA_FILE).write_bytes(findings_schema())
    (target / REPORT_FILE).write_bytes(report_html(case, findings, evidence, custody))
    (target / EXPERT_FILE).write_bytes(expert_html(case, custody))


def _json(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n"
