"""The manifest of a dossier: the digest of every file in it, and a digest of the manifest beside it.

The manifest is RFC 8785 JSON, so that no byte of it can change without changing either what it says or
the form it must have.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson
import rfc8785

from perito.dossier.environment import environment
from perito.errors import DossierError
from perito.files import files_below
from perito.findings.wording import version as wording_version
from perito.report import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MANIFEST = "manifest.json"
MANIFEST_DIGEST = "manifest.sha256"
FINDINGS_SCHEMA_VERSION = 1
DOSSIER_VERSION = 1


def write_manifest(folder: Path, case_id: str) -> None:
    """Write `manifest.json` and `manifest.sha256` for the files in a folder."""
    content = rfc8785.dumps(
        {
            "case": case_id,
            "dossier_version": DOSSIER_VERSION,
            "edition": "full",
            "environment": environment(),
            "files": {name: _entry(folder / name) for name in files_below(folder)},
            "findings_schema": FINDINGS_SCHEMA_VERSION,
            "wording": wording_version(),
        }
    )
    (folder / MANIFEST).write_bytes(content)
    (folder / MANIFEST_DIGEST).write_bytes(_digest_line(content))


def read_manifest(folder: Path) -> dict[str, Any]:
    """What the manifest says.

    Raises:
        DossierError: It is no manifest of a dossier.
    """
    file = folder / MANIFEST
    try:
        manifest = orjson.loads(file.read_bytes())
        if not isinstance(manifest["files"], dict) or not isinstance(manifest["environment"], dict):
            raise TypeError("files and environment are objects")
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise DossierError("the manifest cannot be read", where=str(file), found=str(error)[:160]) from error
    return dict(manifest)


def manifest_problems(folder: Path, manifest: Mapping[str, Any]) -> Iterator[Problem]:
    """Every file that is missing, not listed or different, and a manifest that is not as it was written."""
    content = (folder / MANIFEST).read_bytes()
    if rfc8785.dumps(dict(manifest)) != content:
        yield Problem("form", MANIFEST, "the manifest is not in the form in which it was written")
    beside = folder / MANIFEST_DIGEST
    if not beside.is_file():
        yield Problem("missing", MANIFEST_DIGEST, "the file is missing")
    elif beside.read_bytes() != _digest_line(content):
        yield Problem(
            "digest", MANIFEST, "the manifest and the digest beside it do not agree",
            expected=beside.read_text("utf-8", "replace")[:64], found=hashlib.sha256(content).hexdigest(),
        )  # fmt: skip
    yield from _file_problems(folder, manifest["files"])


def _file_problems(folder: Path, listed: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    there = [name for name in files_below(folder) if name not in {MANIFEST, MANIFEST_DIGEST}]
    for name in sorted({*listed, *there}):
        if name not in there:
            yield Problem("missing", name, "the file is missing")
        elif name not in listed:
            yield Problem("unlisted", name, "the manifest does not list the file")
        elif (found := _entry(folder / name)) != listed[name]:
            yield Problem(
                "digest", name, "the file is not the one in the manifest",
                expected=str(listed[name].get("sha256")), found=str(found["sha256"]),
            )  # fmt: skip


def _entry(path: Path) -> dict[str, Any]:
    with path.open("rb") as stream:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(stream, "sha256").hexdigest()}


def _digest_line(content: bytes) -> bytes:
    return f"{hashlib.sha256(content).hexdigest()}  {MANIFEST}\n".encode()
