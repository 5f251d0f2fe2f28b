"""What the tests of the handover share: a small case, and keys of three custodians."""

import sys
import zipfile
from pathlib import Path

import pytest

from perito.evidence import Store
from perito.evidence.keys import SigningKey

sys.path.insert(0, str(Path(__file__).parent))  # the tests import the small bags in bags.py

ORIGIN = "unit4.example/harbour"
CASE_FILE = """# the note of an analyst: ask J. Doe
[case]
id = "harbour"
title = { en = "Harbour \\u2028 1\\u007f", es = "Puerto" }
language = "en"
period = { from = 2026-01-01, to = 2026-02-01T00:00:00Z }

[[evidence]]
path = "letters.csv"
format = "document"
acquired_at = 2026-03-20

[[evidence]]
path = "witness.csv"
format = "document"
acquired_at = 2026-03-20
"""


@pytest.fixture(autouse=True)
def keys_folder(tmp_path, monkeypatch) -> Path:
    """Keys of nobody else; none signs unless a test says so."""
    folder = tmp_path / "keys"
    monkeypatch.setenv("PERITO_KEYS", str(folder))
    for name in ("PERITO_KEY", "PERITO_PASSPHRASE", "PERITO_PASSPHRASE_FILE", "PERITO_BY"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def keys() -> tuple[SigningKey, SigningKey, SigningKey]:
    """The keys of three custodians of one log."""
    return SigningKey.new(ORIGIN), SigningKey.new(ORIGIN), SigningKey.new(ORIGIN)


def small_case(folder: Path, signers: tuple[SigningKey, ...] = ()) -> Path:
    """A case of two files and an archive of two members, with an act that tells who looked at what."""
    folder.mkdir(parents=True)
    (folder / "case.toml").write_text(CASE_FILE)
    sources = folder.parent / f"{folder.name}-sources"
    sources.mkdir()
    (sources / "letters.csv").write_bytes(b"id,text\n1,hello\n")
    (sources / "witness.csv").write_bytes(b"id,name\n1,J. Doe\n")
    with zipfile.ZipFile(sources / "pages.zip", "w") as archive:
        archive.writestr("a/one.txt", "one")
        archive.writestr("two.txt", "two")
    store = Store(folder / "evidence", signers=signers)
    facts = {"format": "document", "acquired_by": "A. Nalyst", "acquired_at_us": 1_773_964_800_000_000}
    more = {"tool": "curl", "tool_version": "8.1", "origin": "request 7", "legal_basis": "order 1"}
    names = ("letters.csv", "witness.csv", "pages.zip")
    store.add_many([(sources / name, {**facts, **more}) for name in names])
    letters = store.find("letters.csv").evidence_id
    store.custody.record("opened", items=[letters], by="r.eader", reason="first look")
    return folder


@pytest.fixture
def case(tmp_path, keys) -> Path:
    """A small case whose log the first custodian signs."""
    return small_case(tmp_path / "case", keys[:1])
