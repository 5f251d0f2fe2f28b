"""Bags of others: accepted, advised against, refused, each for the reason that RFC 8493 gives."""

import os

import bagit
import pytest
from bags import PAYLOAD, hand_made_bag, manifest
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import EvidenceError, Missing
from perito.handover.bag_reading import Bag, check_bag

SOUND = manifest(PAYLOAD)
DECLARED = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


def kinds(bag) -> set[str]:
    return {problem.kind for problem in check_bag(bag).report.problems}


@pytest.mark.parametrize("version", ["1.0", "0.97"])
def test_a_sound_bag_is_accepted_without_a_word(tmp_path, version):
    found = check_bag(hand_made_bag(tmp_path, version=version))
    assert found.report.ok
    assert found.warnings == ()
    assert dict(found.report.checked) == {"files": 2, "bytes": 20, "manifests": 2}
    assert found.info == (("Payload-Oxum", "20.2"),)


def test_a_bag_without_payload_is_a_bag(tmp_path):
    (tmp_path / "data").mkdir()
    assert kinds(hand_made_bag(tmp_path, payload={})) == set()


@pytest.mark.parametrize("ending", [b"\r\n", b"\r"])
def test_the_three_line_ends_are_all_read(tmp_path, ending):
    changed = {
        name: data.replace(b"\n", ending)
        for name, data in {"manifest-sha512.txt": SOUND, "bagit.txt": DECLARED}.items()
    }
    assert kinds(hand_made_bag(tmp_path, changed=changed)) == set()


def test_other_separators_that_python_takes_for_line_ends_are_part_of_a_name(tmp_path):
    payload = {"data/a\u2028b\x0bc\x85d.txt": b"x"}
    assert kinds(hand_made_bag(tmp_path, payload=payload)) == set()


def test_a_last_line_without_its_end_and_digests_in_capitals_are_read(tmp_path):
    digest, _, path = manifest({"data/a": b"x"}).decode().rstrip("\n").partition("  ")
    changed = {"manifest-sha512.txt": f"{digest.upper()}\t {path}".encode()}
    assert kinds(hand_made_bag(tmp_path, payload={"data/a": b"x"}, changed=changed)) == set()


def test_tag_files_in_utf_16_are_read_and_advised_against(tmp_path):
    changed = {
        "bagit.txt": DECLARED.replace(b"UTF-8", b"UTF-16"),
        "manifest-sha512.txt": SOUND.decode().encode("utf-16"),
        "bag-info.txt": "Payload-Oxum: 20.2\n".encode("utf-16"),
    }
    bag = hand_made_bag(tmp_path, changed=changed)
    tags = {name: (bag / name).read_bytes() for name in ("bagit.txt", "manifest-sha512.txt", "bag-info.txt")}
    (bag / "tagmanifest-sha512.txt").write_bytes(manifest(tags).decode().encode("utf-16"))
    found = check_bag(bag)
    assert found.report.ok
    assert [one.where for one in found.warnings] == ["bagit.txt"]


# --- what is forbidden -------------------------------------------------------------------------------

HARMS = {
    "no declaration": ({"bagit.txt": None}, "declaration"),
    "a space before the colon": ({"bagit.txt": DECLARED.replace(b":", b" :")}, "declaration"),
    "two spaces after it": ({"bagit.txt": DECLARED.replace(b": ", b":  ")}, "declaration"),
    "a third line": ({"bagit.txt": DECLARED + b"More: 1\n"}, "declaration"),
    "an empty line": ({"bagit.txt": DECLARED + b"\n"}, "declaration"),
    "lines in another order": ({"bagit.txt": b"\n".join(reversed(DECLARED.split(b"\n")))}, "declaration"),
    "a byte-order mark": ({"bagit.txt": b"\xef\xbb\xbf" + DECLARED}, "declaration"),
    "another version": ({"bagit.txt": DECLARED.replace(b"1.0", b"0.96")}, "version"),
    "an encoding that unpacks": ({"bagit.txt": DECLARED.replace(b"UTF-8", b"zlib")}, "encoding"),
    "a manifest in another encoding": ({"manifest-sha512.txt": SOUND + b"\xff\n"}, "encoding"),
    "metadata in another encoding": ({"bag-info.txt": b"Note: \xff\n"}, "encoding"),
    "no payload manifest": ({"manifest-sha512.txt": None}, "manifest"),
    "a line that is no entry": ({"manifest-sha512.txt": SOUND + b"what is this\n"}, "manifest"),
    "an empty line in a manifest": ({"manifest-sha512.txt": SOUND + b"\n\n"}, "manifest"),
    "a digest of another length": ({"manifest-sha512.txt": SOUND + b"abcd  data/x\n"}, "manifest"),
    "an unknown algorithm": ({"manifest-rot13.txt": b""}, "algorithm"),
    "an algorithm in capitals": (
        {"manifest-SHA512.txt": SOUND, "manifest-sha512.txt": None},
        "algorithm",
    ),
    "a file listed twice": ({"manifest-sha512.txt": SOUND + SOUND}, "duplicate"),
    "a file listed twice with two digests": (
        {"manifest-sha512.txt": SOUND + manifest({"data/letter.txt": b"other"})},
        "duplicate",
    ),
    "a file that is not there": ({"data/letter.txt": None}, "missing"),
    "a file that is not listed": ({"data/stranger.txt": b""}, "unlisted"),
    "a manifest that lists a part only": ({"manifest-sha256.txt": manifest({}, "sha256")}, "unlisted"),
    "a changed byte": ({"data/letter.txt": b"Dear Sip\n"}, "digest"),
    "a payload of another size": ({"bag-info.txt": b"Payload-Oxum: 21.2\n"}, "oxum"),
    "a size stated twice": ({"bag-info.txt": b"Payload-Oxum: 20.2\nPayload-Oxum: 20.2\n"}, "oxum"),
    "a size that is none": ({"bag-info.txt": b"Payload-Oxum: all of it\n"}, "oxum"),
    "metadata without a label": ({"bag-info.txt": b"Payload-Oxum: 20.2\nnothing\n"}, "info"),
    "metadata with an empty label": ({"bag-info.txt": b"Payload-Oxum: 20.2\n: x\n"}, "info"),
    "metadata with a space before the colon": ({"bag-info.txt": b"Payload-Oxum: 20.2\nNote : x\n"}, "info"),
    "parts to be fetched": ({"fetch.txt": b"http://example.org/x 4 data/x\n"}, "fetch"),
    "parts to be fetched, none": ({"fetch.txt": b""}, "fetch"),
    "a tag manifest that lists payload": ({"tagmanifest-sha512.txt": SOUND}, "path"),
    "a tag manifest without the payload manifest": (
        {"tagmanifest-sha512.txt": manifest({"bagit.txt": DECLARED})},
        "unlisted",
    ),
    "a tag file that is listed and not there": (
        {"tagmanifest-sha512.txt": manifest({"about.txt": b"", "manifest-sha512.txt": SOUND})},
        "missing",
    ),
    "a tag manifest that lists itself": (
        {"tagmanifest-sha512.txt": manifest({"tagmanifest-sha512.txt": b"", "manifest-sha512.txt": SOUND})},
        "path",
    ),
    "a changed tag file": (
        {"tagmanifest-sha512.txt": manifest({"bagit.txt": b"other", "manifest-sha512.txt": SOUND})},
        "digest",
    ),
}


@pytest.mark.parametrize("harm", HARMS)
def test_what_the_specification_forbids_is_refused(tmp_path, harm):
    changed, kind = HARMS[harm]
    assert kind in kinds(hand_made_bag(tmp_path, changed=changed))


@pytest.mark.parametrize(
    "path",
    [
        "data/../../outside.txt",
        "../outside.txt",
        "/etc/passwd",
        "~/outside.txt",
        "C:/outside.txt",
        "data\\..\\..\\outside.txt",
        "\\\\host\\share",
        "data/./letter.txt",
        "data//letter.txt",
        "./data/letter.txt",
        "*data/letter.txt",
        "bag-info.txt",
        "data/%2e%2e/%2e%2e/outside.txt",
        "data/%41.txt",
        "data/100%.txt",
        "data/" + "x" * 256,
    ],
)
def test_a_path_that_leads_elsewhere_or_is_spelled_oddly_is_refused_and_never_opened(tmp_path, path):
    outside = tmp_path / "outside.txt"
    outside.write_bytes(b"secret")
    bag = tmp_path / "bag"
    hand_made_bag(bag, changed={"manifest-sha512.txt": SOUND + manifest({path: b"secret"})})
    found = check_bag(bag).report.problems
    assert [(one.kind, one.where) for one in found] == [("path", "manifest-sha512.txt, line 3")]


def test_percent_encoded_line_ends_and_percent_signs_lead_to_their_files(tmp_path):
    payload = {"data/100%.txt": b"x", "data/two\nlines.txt": b"y"}
    listed = b"".join(
        manifest({encoded: data})
        for encoded, data in (("data/100%25.txt", b"x"), ("data/two%0Alines.txt", b"y"))
    )
    bag = hand_made_bag(tmp_path, payload=payload, changed={"manifest-sha512.txt": listed})
    assert kinds(bag) == set()


@pytest.mark.parametrize("target", ["letter.txt", "/etc/passwd", "nowhere", "."])
def test_a_link_is_refused_wherever_it_leads(tmp_path, target):
    bag = hand_made_bag(tmp_path)
    (bag / "data" / "link").symlink_to(target)
    assert "link" in kinds(bag)


def test_a_pipe_in_the_payload_is_refused_without_waiting_for_it(tmp_path):
    bag = hand_made_bag(tmp_path)
    os.mkfifo(bag / "data" / "pipe")
    assert "link" in kinds(bag)


def test_a_link_that_takes_the_place_of_a_file_after_the_first_look_is_not_followed(tmp_path):
    bag = Bag(hand_made_bag(tmp_path / "bag"))
    letter = bag.folder / "data" / "letter.txt"
    letter.rename(tmp_path / "letter.txt")
    letter.symlink_to(tmp_path / "letter.txt")
    assert [one.kind for one in bag.check().report.problems] == ["unreadable"]


def test_a_file_that_grows_while_it_is_read_is_not_read_on(tmp_path):
    bag = Bag(hand_made_bag(tmp_path / "bag"))
    (bag.folder / "data" / "letter.txt").write_bytes(b"x" * 5_000_000)
    assert [one.kind for one in bag.check().report.problems] == ["size"]


def test_a_file_that_shrinks_before_it_is_read_is_named(tmp_path):
    bag = Bag(hand_made_bag(tmp_path / "bag"))
    (bag.folder / "data" / "letter.txt").write_bytes(b"")
    assert [one.kind for one in bag.check().report.problems] == ["size"]


def test_a_pipe_that_takes_the_place_of_a_file_is_not_waited_for(tmp_path):
    bag = Bag(hand_made_bag(tmp_path / "bag"))
    letter = bag.folder / "data" / "letter.txt"
    letter.unlink()
    os.mkfifo(letter)
    assert [one.kind for one in bag.check().report.problems] == ["unreadable"]


def test_a_tag_file_of_a_size_that_nobody_needs_is_not_read(tmp_path):
    bag = hand_made_bag(tmp_path)
    with (bag / "manifest-sha512.txt").open("r+b") as file:
        file.truncate((1 << 28) + 1)
    assert "size" in kinds(bag)


def test_a_tag_file_that_is_no_manifest_is_held_against_its_digest_too(tmp_path):
    bag = hand_made_bag(tmp_path, changed={"notes/about.txt": b"about"})
    assert kinds(bag) == set()
    (bag / "notes/about.txt").write_bytes(b"abouT")
    assert kinds(bag) == {"digest"}


def test_metadata_may_go_on_in_the_next_line(tmp_path):
    bag = hand_made_bag(tmp_path, changed={"bag-info.txt": b"Payload-Oxum: 20.2\nNote: one\n\ttwo\n"})
    assert check_bag(bag).info[1] == ("Note", "one two")


def test_a_copy_never_overwrites(tmp_path):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy/letter.txt").write_text("mine")
    with pytest.raises(EvidenceError):
        Bag(hand_made_bag(tmp_path / "bag")).copy(tmp_path / "copy")
    assert (tmp_path / "copy/letter.txt").read_text() == "mine"


def test_a_huge_file_is_refused_before_a_byte_of_it_is_read(tmp_path):
    bag = Bag(hand_made_bag(tmp_path / "bag"))
    with (bag.folder / "data" / "letter.txt").open("r+b") as file:
        file.truncate(1 << 40)  # takes no room on the disk; reading it would take many minutes
    assert kinds(bag.folder) == {"oxum"}


def test_a_name_that_is_no_text_is_refused(tmp_path):
    bag = hand_made_bag(tmp_path)
    (bag / "data" / os.fsdecode(b"\xff.txt")).write_bytes(b"")
    assert "path" in kinds(bag)


def test_a_copy_ends_at_the_first_fault(tmp_path):
    changed = {"data/letter.txt": b"Dear Sip\n"}
    bag = Bag(hand_made_bag(tmp_path / "bag", changed=changed))
    assert [one.kind for one in bag.copy(tmp_path / "copy").report.problems] == ["digest"]
    assert not (tmp_path / "copy" / "pictures").exists()


def test_a_copy_holds_the_payload_byte_by_byte(tmp_path):
    assert Bag(hand_made_bag(tmp_path / "bag")).copy(tmp_path / "copy").report.ok
    assert {path: (tmp_path / "copy" / path[5:]).read_bytes() for path in PAYLOAD} == PAYLOAD


def test_a_folder_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(Missing):
        check_bag(tmp_path / "none")


# --- what is advised against -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "payload",
    [
        {"data/A.txt": b"1", "data/a.txt": b"2"},
        {"data/e\u0301.txt": b"1", "data/\u00e9.txt": b"2"},
        {"data/stra\u00dfe": b"1", "data/strasse": b"2"},
        {"data/aux.txt": b"1"},
        {"data/what?.txt": b"1"},
        {"data/end.": b"1"},
    ],
)
def test_names_that_other_systems_cannot_hold_apart_or_at_all_are_advised_against(tmp_path, payload):
    found = check_bag(hand_made_bag(tmp_path, payload=payload))
    assert found.report.ok
    assert [one.kind for one in found.warnings] == ["discouraged"]


@pytest.mark.parametrize(
    ("changed", "algorithms"),
    [
        ({"bag-info.txt": None}, ("sha512",)),
        ({"about.txt": b"", "tagmanifest-sha512.txt": None}, ("sha512",)),
        ({}, ("md5",)),
        ({}, ("sha1",)),
    ],
)
def test_what_the_specification_advises_against_is_a_warning(tmp_path, changed, algorithms):
    bag = hand_made_bag(tmp_path, changed=changed, algorithms=algorithms)
    for name, data in changed.items():
        if data is None and name.startswith("tagmanifest"):
            (bag / name).unlink(missing_ok=True)
    found = check_bag(bag)
    assert found.report.ok
    assert found.warnings


@pytest.mark.parametrize(
    "changed",
    [
        {"manifest-sha512.txt": SOUND + SOUND},
        {"manifest-sha512.txt": SOUND.replace(b"  data", b" *data")},
        {"manifest-sha512.txt": SOUND.replace(b"  data", b"  ./data")},
        {"bag-info.txt": b"Payload-Oxum : 20.2\n"},
        {
            "manifest-sha512.txt": manifest({"data/letter.txt": PAYLOAD["data/letter.txt"]}),
            "manifest-sha256.txt": manifest(
                {"data/pictures/harbour.pgm": PAYLOAD["data/pictures/harbour.pgm"]}, "sha256"
            ),
        },
    ],
)
def test_the_older_version_allows_what_the_newer_one_forbids(tmp_path, changed):
    for version, is_ok in (("0.97", True), ("1.0", False)):
        bag = hand_made_bag(tmp_path / version, version=version, changed=changed)
        assert check_bag(bag).report.ok is is_ok


# --- against the suite and the library of others -----------------------------------------------------


@pytest.mark.shared
def test_the_conformance_suite_is_judged_as_its_folders_say(shared_data):
    bags = sorted((shared_data / "evidence" / "bagit" / "v1.0").glob("*/*"))
    judged = {bag.name: check_bag(bag).report.ok for bag in bags}
    assert judged == {bag.name: bag.parent.name == "valid" for bag in bags}
    assert len(judged) == 5


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("bagit-with-invalid-whitespace", "declaration"),
        ("notAllManifestsListAllFiles", "unlisted"),
        ("same-filename-listed-twice-with-different-hashes", "duplicate"),
        ("same-filename-listed-twice-with-the-same-hash", "duplicate"),
    ],
)
def test_the_invalid_bags_of_the_suite_are_refused_for_what_their_names_say(shared_data, name, kind):
    assert kind in kinds(shared_data / "evidence" / "bagit" / "v1.0" / "invalid" / name)


@pytest.mark.parametrize(
    "harm",
    [
        "a space before the colon",
        "another version",
        "an unknown algorithm",
        "a manifest that lists a part only",
        "parts to be fetched, none",
        "a tag manifest without the payload manifest",
    ],
)
def test_bags_that_the_common_library_wrongly_accepts_are_refused(tmp_path, harm):
    bag = hand_made_bag(tmp_path, changed=HARMS[harm][0])
    assert bagit.Bag(str(bag)).is_valid()
    assert kinds(bag)


@given(data=st.data())
def test_no_changed_byte_of_a_bag_goes_unseen(tmp_path_factory, data):
    bag = hand_made_bag(tmp_path_factory.mktemp("bag"), algorithms=("sha256", "sha512"))
    path = data.draw(st.sampled_from(sorted(path for path in bag.rglob("*") if path.is_file())))
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    was_letter_case = bytes(content).lower() == path.read_bytes().lower() and "manifest" in path.name
    path.write_bytes(bytes(content))
    found = check_bag(bag)
    # The case of a digest's letters carries nothing; one tag manifest still vouches for the other files.
    assert not found.report.ok or (was_letter_case and path.name.startswith("tagmanifest"))
