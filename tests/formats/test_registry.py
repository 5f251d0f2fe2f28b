"""The register of formats: found by name, recognised by their bytes, open to others."""

from pathlib import Path

import pytest

from perito import formats as register
from perito.errors import Ambiguous, Unrecognised
from perito.findings import LANGUAGES
from perito.formats import UNREAD, find, formats, recognise
from perito.formats.base import EXCERPT_LENGTH, excerpt
from perito.schema import table_names

SOURCES = Path(__file__).resolve().parents[2] / "examples" / "spain-2026" / "sources"
FILES = sorted(path for path in SOURCES.iterdir() if path.name != "SOURCE.md")


class Third:
    """A format of somebody else."""

    name = "third"
    title = {"en": "Third", "es": "Tercero"}  # noqa: RUF012
    tables = ("posts",)

    def __init__(self, score=0.0):
        self.score = score

    def sniff(self, head, name):  # noqa: ARG002
        return self.score


class Point:
    """An entry point, as an installed package offers one."""

    def __init__(self, name, loaded):
        self.name, self._loaded = name, loaded

    def load(self):
        return self._loaded


@pytest.fixture
def others(monkeypatch):
    def offer(**loaded):
        points = [Point(name, one) for name, one in loaded.items()]
        monkeypatch.setattr(
            register, "entry_points", lambda *, group: points if group == "perito.formats" else []
        )
        formats.cache_clear()

    yield offer
    formats.cache_clear()


@pytest.mark.parametrize("name", list(formats()))
def test_every_format_says_what_it_is_and_what_it_fills(name):
    one = find(name)
    assert one.name == name
    assert set(one.title) == set(LANGUAGES)
    assert all(one.title.values())
    assert set(one.tables) <= set(table_names())
    assert one.tables


def test_formats_are_listed_in_order():
    assert list(formats()) == sorted(formats())


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [("label_count", "'label_counts'"), ("sor-daily", "'sor_daily'"), ("documnt", f"'{UNREAD}'")],
)
def test_an_unknown_format_is_named_with_the_nearest(wrong, meant):
    with pytest.raises(Unrecognised) as caught:
        find(wrong)
    assert wrong in str(caught.value)
    assert meant in str(caught.value)


def test_what_is_kept_unread_has_no_format():
    with pytest.raises(Unrecognised):
        find(UNREAD)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_files_of_the_example_are_recognised(file):
    assert recognise(file.read_bytes()[:65_536], file.name) == file.stem


@pytest.mark.parametrize("head", [b"", b"hello", b"\x89PNG\r\n", b"\xff\xfe", b"a,b,c\n1,2,3\n"])
def test_bytes_that_fit_no_format_are_refused_with_a_way_out(head):
    with pytest.raises(Unrecognised) as caught:
        recognise(head, "notes.txt")
    assert "notes.txt" in str(caught.value)
    assert UNREAD in str(caught.value)


def test_a_format_of_somebody_else_is_found_and_recognised(others):
    others(third=Third(0.7))
    assert find("third").title["es"] == "Tercero"
    assert recognise(b"whatever", "a.bin") == "third"


def test_nobody_replaces_a_format_of_ours(others):
    others(label_counts=Third())
    assert find("label_counts").tables == ("counts",)


@pytest.mark.parametrize(
    ("one", "other", "is_clear"), [(0.9, 0.9, False), (0.9, 0.85, False), (0.9, 0.7, True)]
)
def test_two_formats_that_fit_almost_equally_well_are_ambiguous(others, one, other, is_clear):
    others(third=Third(one), fourth=Third(other))
    if is_clear:
        assert recognise(b"whatever", "a.bin") == "third"
    else:
        with pytest.raises(Ambiguous, match=r"a\.bin.*'fourth' and 'third'|a\.bin.*'third' and 'fourth'"):
            recognise(b"whatever", "a.bin")


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"a\x00b\x1b[2J", "a\\x00b\\x1b[2J"),
        ("a\u202eb", "a\\u202eb"),
        (b"\xff", "\\xff"),
        ("\ud800", "\\ud800"),
        ("a b", "a b"),
    ],
)
def test_an_excerpt_shows_what_could_deceive_as_its_code(raw, shown):
    assert excerpt(raw) == shown
    assert excerpt(shown) == shown


def test_an_excerpt_has_a_limit():
    assert len(excerpt("\0" * 1_000)) == len(excerpt(b"x" * 1_000)) == EXCERPT_LENGTH
