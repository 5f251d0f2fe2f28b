"""The example case, run once; copies of its dossier to forge; and what a forger does to hide a change."""

import hashlib
import shutil
from pathlib import Path

import orjson
import pytest
import rfc8785

from perito import run_case
from perito.dossier.manifest import MANIFEST, MANIFEST_DIGEST, digest_line
from perito.dossier.reading import read_told
from perito.dossier.recompute import recompute

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "spain-2026"
BUILT = ("evidence", "tables", "findings", "dossier", ".perito-*")


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The example case after `run`. Tests read it; to change something they take a copy."""
    folder = tmp_path_factory.mktemp("built") / "spain-2026"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(*BUILT))
    run_case(folder)
    return folder


@pytest.fixture(scope="session")
def told(built):
    """What the untouched dossier says."""
    return read_told(built / "dossier")


@pytest.fixture(scope="session")
def again(built, tmp_path_factory):
    """What comes out of the untouched dossier once more."""
    out = tmp_path_factory.mktemp("again") / "out"
    recompute(built / "dossier", built / "dossier" / "tables", out, threads=1, with_report=True)
    return out


@pytest.fixture
def dossier(built, tmp_path):
    """A copy of the dossier, to be changed."""
    return Path(shutil.copytree(built / "dossier", tmp_path / "dossier"))


@pytest.fixture
def case(built, tmp_path):
    """A copy of the built case, to be changed."""
    return Path(shutil.copytree(built, tmp_path / "case"))


@pytest.fixture(scope="session")
def reseal():
    """A forger's last step: a manifest, and a digest of it, that fit the changed files."""

    def sealed(folder, environment=None):
        manifest = orjson.loads((folder / MANIFEST).read_bytes())
        names = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        manifest["files"] = {
            path.relative_to(folder).as_posix(): {
                "bytes": path.stat().st_size,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
            for path in names
            if path.name not in {MANIFEST, MANIFEST_DIGEST}
        }
        manifest["environment"].update(environment or {})
        content = rfc8785.dumps(manifest)
        (folder / MANIFEST).write_bytes(content)
        (folder / MANIFEST_DIGEST).write_bytes(digest_line(content))

    return sealed


@pytest.fixture(scope="session")
def edit_json():
    """Changes a JSON file in place."""

    def edited(file, change):
        content = orjson.loads(file.read_bytes())
        change(content)
        file.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")

    return edited


@pytest.fixture(scope="session")
def fingerprint():
    """Every file below a folder, with the digest of its bytes."""

    def taken(folder):
        return {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    return taken
