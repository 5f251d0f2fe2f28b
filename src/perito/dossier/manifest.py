"""The manifest of a dossier: the digest of every file in it, and a digest of the manifest beside it.

The manifest is RFC 8785 JSON, so that no byte of it can change without changing either what it says or
the form it must have.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rfc8785

from perito.dossier.environment import environment
from perito.dossier.reading import read_json
from perito.errors import DossierError
from perito.files import files_below
from perito.findings.wording import version as wording_version
from perito.report import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MANIFEST = "manifest.json"
MANIFEST_DIGEST = "manifest.sha256"
STRANGER = "stranger"
"""The kind of problem of what is neither a file nor a folder."""
FINDINGS_SCHEMA_VERSION = 1
DOSSIER_VERSION = 1
_SHOWN_CHARACTERS = 64


def write_manifest(folder: Path, case_id: str) -> None:
    """Write `manifest.json` and `manifest.sha256` for the files in a folder."""
    manifest: dict[str, Any] = {
        "case": case_id,
        "dossier_version": DOSSIER_VERSION,
        "edition": "full",
        "environment": environment(),
        "files": {name: _entry(folder / name) for name in files_below(folder)},
        "findings_schema": FINDINGS_SCHEMA_VERSION,
        "wording": wording_version(),
    }
    content = rfc8785.dumps(manifest)
    (folder / MANIFEST).write_bytes(content)
    (folder / MANIFEST_DIGEST).write_bytes(digest_line(content))


def read_manifest(folder: Path) -> dict[str, Any]:
    """What the manifest says.

    Raises:
        DossierError: It is no manifest of a dossier.
    """
    manifest = read_json(folder / MANIFEST, MANIFEST)
    if not isinstance(manifest, dict):
        raise DossierError("the manifest is no object", where=MANIFEST)
    for key in ("files", "environment"):
        if not isinstance(manifest.get(key), dict):
            raise DossierError(f"the manifest has no '{key}'", where=MANIFEST)
    version = manifest.get("dossier_version")
    if version != DOSSIER_VERSION:
        raise DossierError(
            "a dossier of another form than this version reads",
            where=MANIFEST,
            expected=str(DOSSIER_VERSION),
            found=str(version)[:_SHOWN_CHARACTERS],
            remedy="verify it with the version that made it",
        )
    return manifest


def manifest_problems(folder: Path, manifest: Mapping[str, Any]) -> Iterator[Problem]:
    """Every file that is missing, not listed or different, and a manifest that is not as it was written."""
    content = (folder / MANIFEST).read_bytes()
    if not _is_canonical(manifest, content):
        yield Problem("form", MANIFEST, "the manifest is not in the form in which it was written")
    beside = folder / MANIFEST_DIGEST
    if not beside.is_file():
        yield Problem("missing", MANIFEST_DIGEST, "the file is missing")
    elif (told := beside.read_bytes()) != digest_line(content):
        yield Problem(
            "digest", MANIFEST, f"the manifest and the digest in {MANIFEST_DIGEST} do not agree",
            expected=told.decode("utf-8", "replace")[:_SHOWN_CHARACTERS],
            found=hashlib.sha256(content).hexdigest(),
        )  # fmt: skip
    yield from _file_problems(folder, manifest["files"])


def digest_line(content: bytes) -> bytes:
    r"""What `manifest.sha256` holds for a manifest of that content, as `sha256sum` writes and checks it.

    Example:
        >>> digest_line(b"{}")[:20], digest_line(b"{}")[-14:]
        (b'44136fa355b3678a1146', b'manifest.json\n')
    """
    return f"{hashlib.sha256(content).hexdigest()}  {MANIFEST}\n".encode()


def _is_canonical(manifest: Mapping[str, Any], content: bytes) -> bool:
    try:
        return rfc8785.dumps(dict(manifest)) == content
    except rfc8785.CanonicalizationError:
        return False


def _file_problems(folder: Path, listed: Mapping[str, object]) -> Iterator[Problem]:
    files, strangers = _listing(folder)
    for name in strangers:
        yield Problem(STRANGER, name, "neither a file nor a folder: a dossier holds its files itself")
    files = [name for name in files if name not in {MANIFEST, MANIFEST_DIGEST}]
    for name in sorted({*listed, *files} - set(strangers)):
        if name not in files:
            yield Problem("missing", name, "the file is missing")
        elif name not in listed:
            yield Problem("unlisted", name, "the manifest does not list the file")
        else:
            yield from _entry_problems(folder, name, listed[name])


def _entry_problems(folder: Path, name: str, listed: object) -> Iterator[Problem]:
    try:
        found = _entry(folder / name)
    except OSError as error:
        yield Problem("unreadable", name, "the file cannot be read", found=str(error.strerror))
        return
    if found != listed:
        told = listed.get("sha256") if isinstance(listed, dict) else listed
        yield Problem(
            "digest", name, "the file is not the one in the manifest",
            expected=str(told)[:_SHOWN_CHARACTERS], found=str(found["sha256"]),
        )  # fmt: skip


def _listing(folder: Path) -> tuple[list[str], list[str]]:
    """The files below a folder, and what is neither file nor folder; links are not followed."""
    files: list[str] = []
    strangers: list[str] = []
    for place, folders, names in os.walk(folder):
        for name in (*names, *folders):
            path = Path(place, name)
            mode = path.lstat().st_mode
            if not stat.S_ISDIR(mode):
                (files if stat.S_ISREG(mode) else strangers).append(path.relative_to(folder).as_posix())
    return sorted(files), sorted(strangers)


def _entry(path: Path) -> dict[str, Any]:
    with path.open("rb") as stream:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(stream, "sha256").hexdigest()}
