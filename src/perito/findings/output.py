"""Findings as files: `findings.json`, and a derivation record for every number."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import orjson

from perito import __version__
from perito.files import write_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from perito.findings.finding import Finding

FINDINGS_FILE = "findings.json"
DERIVATIONS_FOLDER = "derivations"
SCHEMA_FILE = "findings.schema.json"
CODE = f"perito {__version__}"


def findings_json(findings: Sequence[Finding]) -> bytes:
    r"""The findings as `findings.json`: one object each, in the order of the questions.

    Example:
        >>> findings_json([])
        b'[]\n'
    """
    return _json([finding.to_json() for finding in findings])


def derivations_json(finding: Finding) -> bytes:
    """The derivation records of one finding."""
    return _json(finding.derivations(CODE))


def write_findings(findings: Sequence[Finding], folder: Path) -> None:
    """`findings.json` and `derivations/<finding>.json` in a folder, replaced whole."""
    with write_folder(folder) as target:
        put_findings(findings, target)


def put_findings(findings: Sequence[Finding], target: Path) -> None:
    """The same files into a folder that is being written."""
    (target / FINDINGS_FILE).write_bytes(findings_json(findings))
    (target / DERIVATIONS_FOLDER).mkdir()
    for finding in findings:
        (target / DERIVATIONS_FOLDER / f"{finding.id}.json").write_bytes(derivations_json(finding))


def findings_schema() -> bytes:
    """The JSON Schema of `findings.json`."""
    return (files("perito.findings") / SCHEMA_FILE).read_bytes()


def _json(value: Any) -> bytes:  # noqa: ANN401  (whatever JSON can hold)
    return orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n"
