from __future__ import annotations

import hashlib
import json
import os
import pty
import termios
import zipfile

import pytest

CSV = b"id,text\n1,one\n2,two\n"


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.fixture
def source(tmp_path):
    file = tmp_path / "notes.csv"
    file.write_bytes(CSV)
    return file


@pytest.fixture
def archive(tmp_path):
    file = tmp_path / "export.zip"
    with zipfile.ZipFile(file, "w") as out:
        out.writestr("data/notes.csv", CSV)
        out.writestr("data/posts.jsonl", '{"text": "hola"}\n{"text": "adiós"}\n')
    return file


# --- add -----------------------------------------------------------------------------------------------


def test_the_receipt_names_the_file_by_the_digest_of_its_bytes(perito, small_case, source):
    added = perito("add", small_case, source, "--format", "document")
    assert added.code == 0
    assert added.text.split() == [digest(CSV), str(len(CSV)), "sealed", "notes.csv"]


@pytest.mark.parametrize("facts", [(), ("--acquired-at", "2026-03-20T10:30:00+01:00")])
def test_adding_the_same_again_changes_no_byte_of_the_case(facts, perito, small_case, source, bytes_of):
    assert perito("add", small_case, source, "--format", "document", *facts).code == 0
    before = bytes_of(small_case)
    again = perito("add", small_case, source, "--format", "document", *facts)
    assert "was sealed" in again.text
    assert bytes_of(small_case) == before


def test_other_facts_on_the_same_bytes_are_recorded_and_nothing_is_sealed_twice(perito, small_case, source):
    perito("add", small_case, source, "--format", "document", "--acquired-at", "2026-03-20")
    again = perito("add", small_case, source, "--format", "document", "--acquired-at", "2026-03-21")
    assert again.text.split()[2] == "recorded"
    assert dict(json.loads(perito("check", small_case, "--json").out)["checked"])["objects"] == 1


def test_what_was_stated_of_an_acquisition_is_kept(perito, small_case, source):
    facts = {
        "platform": "x",
        "origin": "a letter",
        "acquired_by": "A. Nalyst",
        "tool": "post",
        "tool_version": "1",
        "legal_basis": "order 12/2026",
        "terms": "none",
    }
    options = [part for name, value in facts.items() for part in (f"--{name.replace('_', '-')}", value)]
    added = perito(
        "add", small_case, source, "--format", "document", "--acquired-at", "2026-03-20", *options, "--json"
    )
    (receipt,) = json.loads(added.out)
    assert receipt["evidence_id"] == digest(CSV)
    shown = json.loads(perito("show", small_case, digest(CSV), "--json").out)
    assert {name: shown[name] for name in facts} == facts


def test_several_files_are_sealed_all_or_none(refused, small_case, source, tmp_path):
    refused("add", small_case, source, tmp_path / "nowhere.csv", "--format", "document")
    assert not (small_case / "evidence" / "objects").exists()


def test_quiet_prints_no_receipt(perito, small_case, source):
    added = perito("add", small_case, source, "--format", "document", "--quiet")
    assert (added.code, added.out, added.err) == (0, b"", "")


def test_a_format_is_recognised_from_the_bytes_whatever_the_name(perito, small_case, tmp_path):
    file = tmp_path / "export.dat"
    file.write_bytes((small_case / "sources" / "counts.csv").read_bytes())
    assert perito("add", small_case, file).code == 0
    assert json.loads(perito("show", small_case, "export.dat", "--json").out)["format"] == "label_counts"


def test_bytes_that_no_format_fits_are_refused_with_the_way_out(refused, small_case, source, bytes_of):
    before = bytes_of(small_case)
    said = refused("add", small_case, source)
    assert "notes.csv" in said
    assert "document" in said
    assert bytes_of(small_case) == before


def test_two_formats_that_fit_equally_well_are_named(refused, small_case, source, monkeypatch):
    class _Twin:
        def sniff(self, *_: object) -> float:
            return 0.9

    monkeypatch.setattr("perito.formats.formats", lambda: {"first": _Twin(), "second": _Twin()})
    said = refused("add", small_case, source)
    assert "'first'" in said
    assert "'second'" in said
    assert "name the format" in said.lower()


def test_an_added_file_is_part_of_the_next_run(perito, small_case, tmp_path):
    file = tmp_path / "more.csv"
    file.write_bytes((small_case / "sources" / "counts.csv").read_bytes().replace(b"kind", b"other"))
    perito("add", small_case, file, "--platform", "x", "--acquired-at", "2026-03-20")
    assert perito("run", small_case, "--quiet").code == 0
    finding = json.loads(perito("measure", small_case, "inventory", "--json").out)[0]
    assert {value["name"]: value["estimate"] for value in finding["values"]}["items"] == 2


# --- show ----------------------------------------------------------------------------------------------


def test_an_item_is_found_by_id_by_the_beginning_of_one_and_by_path(perito, small_case, source):
    perito("add", small_case, source, "--format", "document")
    for name in (digest(CSV), digest(CSV)[:15], "notes.csv"):
        assert perito("show", small_case, name).out == CSV


LOCATORS = {
    "row=0": b"id,text",
    "row=2": b"2,two",
    "line=2": b"1,one",
    "bytes=0-1": b"id",
}


@pytest.mark.parametrize("locator", LOCATORS)
def test_a_locator_gives_its_bytes_and_no_other(locator, perito, small_case, source):
    perito("add", small_case, source, "--format", "document")
    assert perito("show", small_case, "notes.csv", locator).out == LOCATORS[locator]


MEMBERS = {
    "member=data/notes.csv": CSV,
    "member=data/notes.csv;row=1": b"1,one",
    "member=data/posts.jsonl;line=2#/text": '"adiós"'.encode(),
}


@pytest.mark.parametrize("locator", MEMBERS)
def test_a_locator_leads_into_an_archive(locator, perito, small_case, archive):
    perito("add", small_case, archive, "--format", "document")
    assert perito("show", small_case, "export.zip", locator).out == MEMBERS[locator]


def test_a_member_has_an_id_of_its_own(perito, small_case, archive):
    perito("add", small_case, archive, "--format", "document")
    assert perito("show", small_case, digest(CSV)).out == CSV


def test_located_bytes_for_programs_are_text_or_else_hexadecimal(perito, small_case, tmp_path):
    file = tmp_path / "mixed.bin"
    file.write_bytes("año".encode() + b"\xff\x00")
    perito("add", small_case, file, "--format", "document")
    text = json.loads(perito("show", small_case, "mixed.bin", "bytes=0-3", "--json").out)
    raw = json.loads(perito("show", small_case, "mixed.bin", "bytes=4-5", "--json").out)
    assert (text["locator"], text["text"]) == ("bytes=0-3", "año")
    assert raw["hex"] == "ff00"


def on_a_terminal(started, *arguments: object) -> tuple[int, str]:
    """The program with its output on a terminal; gives the exit code and what the terminal was sent."""
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (24, 80))
    try:
        done = started(*arguments, stdout=follower, stderr=follower, capture_output=False)
        os.close(follower)
        return done.returncode, read_terminal(leader)
    finally:
        os.close(leader)


def read_terminal(leader: int) -> str:
    received = b""
    while True:
        try:
            block = os.read(leader, 1 << 16)
        except OSError:  # Linux says so when the other end is closed
            block = b""
        if not block:
            return received.decode("utf-8")
        received += block


def test_a_terminal_is_shown_text_without_what_could_drive_it(perito, started, small_case, tmp_path):
    hostile = tmp_path / "hostile.txt"
    hostile.write_bytes("red \x1b[31m and turned \u202e\tcaf\xe9\n".encode())
    perito("add", small_case, hostile, "--format", "document")
    code, seen = on_a_terminal(started, "show", small_case, "hostile.txt")
    assert code == 0
    assert "red \\u001b[31m and turned \\u202e\tcafé" in seen
    assert "\x1b" not in seen


def test_a_terminal_is_not_sent_what_is_no_text(perito, started, small_case, tmp_path):
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d")
    perito("add", small_case, picture, "--format", "document")
    code, seen = on_a_terminal(started, "show", small_case, "picture.png")
    assert code == 2
    assert "PNG" not in seen
    assert perito("show", small_case, "picture.png").out == picture.read_bytes()


def test_progress_is_shown_on_a_terminal_only(started, small_case):
    code, seen = on_a_terminal(started, "run", small_case)
    assert code == 0
    assert "questions:" in seen
    piped = started("run", small_case)
    assert piped.returncode == 0
    assert piped.stderr == b""


def test_quiet_shows_no_progress_on_a_terminal(started, small_case):
    assert on_a_terminal(started, "run", small_case, "--quiet") == (0, "")
