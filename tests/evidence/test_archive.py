from __future__ import annotations

import errno
import gzip
import hashlib
import io
import os
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perito.errors import Missing
from perito.evidence.archive import WHOLE_ARCHIVE, Archive, kind_of, working_copy
from perito.evidence.entries import Limits

MIB = 1 << 20


def archive_of(data, name="x", limits=Limits()):  # noqa: B008  (frozen)
    stream = io.BytesIO(data)
    return Archive(stream, kind_of(stream, name), len(data), limits)


def read(data, name="x", limits=Limits()):  # noqa: B008  (frozen)
    return archive_of(data, name, limits).contents()


def names(contents):
    return [member.name for member in contents.members]


def refused(contents):
    return {refusal.name: refusal.reason for refusal in contents.refusals}


def zipped(*members, compression=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name) if isinstance(name, str) else name, data, compression)
    return out.getvalue()


def tarred(*members, mode="w", **options):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, **options) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name) if isinstance(name, str) else name
            if data is not None:
                info.size = len(data)
            archive.addfile(info, io.BytesIO(data or b""))
    return out.getvalue()


def packed(kind, members):
    return zipped(*members) if kind == "zip" else tarred(*members, mode="w:gz" if kind == "tar.gz" else "w")


def zip_entry(name, mode=0, flags=0):
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    info.flag_bits |= flags
    return info


def tar_entry(name, kind=tarfile.REGTYPE, size=0):
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info


def digest(data):
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


# --- kinds -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (zipped(("a", b"1")), "export", "zip"),
        (zipped(), "export", "zip"),
        (tarred(("a", b"1")), "export", "tar"),
        (tarred(("a", b"1"), mode="w:gz"), "export", "tar.gz"),
        (gzip.compress(b"no tar"), "a.json.gz", None),
        (b"id,text\n", "posts.csv", None),
        (b"", "posts.csv", None),
        (bytes(1024), "zeros", None),
        (b"<html>error 404", "export.ZIP", "zip"),
        (b"", "export.tgz", "tar.gz"),
    ],
    ids=("zip", "empty zip", "tar", "tar.gz", "gzip", "csv", "nothing", "zeros", "named zip", "named tgz"),
)
def test_the_kind_is_told_by_the_bytes_and_else_by_the_name(data, name, kind):
    stream = io.BytesIO(data)
    assert kind_of(stream, name) == kind
    assert stream.tell() == 0


# --- members -----------------------------------------------------------------------------------------

MEMBERS = st.lists(
    st.tuples(st.from_regex(r"[a-zñ]{1,8}(/[A-Z]{1,3})?", fullmatch=True), st.binary(max_size=64))
)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
@given(members=MEMBERS)
def test_every_member_is_addressed_by_place_name_digest_and_size(kind, members):
    data = packed(kind, members)
    contents = read(data, f"x.{kind}")
    assert [(m.position, m.name, m.evidence_id, m.bytes) for m in contents.members] == [
        (at, name, digest(body), len(body)) for at, (name, body) in enumerate(members, start=1)
    ]
    assert contents.refusals == ()
    for member, (_, body) in zip(contents.members, members, strict=True):
        with working_copy() as copy:
            archive_of(data, f"x.{kind}").copy_member(member.position, copy)
            copy.seek(0)
            assert copy.read() == body


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_members_of_the_same_name_are_both_kept_and_told_apart_by_position(pack):
    contents = read(pack(("a", b"1"), ("a", b"2"), ("A", b"3")))
    assert [(m.position, m.name) for m in contents.members] == [(1, "a"), (2, "a"), (3, "A")]
    assert len({m.evidence_id for m in contents.members}) == 3


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_directories_hold_no_bytes_and_are_passed_over(pack):
    folder = tar_entry("d", tarfile.DIRTYPE) if pack is tarred else "d/"
    contents = read(pack((folder, b""), ("d/a", b"1")))
    assert [(m.position, m.name) for m in contents.members] == [(2, "d/a")]
    assert contents.refusals == ()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_compression_of_the_standard_library_is_read(method):
    body = os.urandom(1000) * 3
    assert read(zipped(("a", body), compression=method)).members[0].evidence_id == digest(body)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_tar_dialect_is_read(form):
    name = "/".join(["folder" * 10] * 3)
    assert names(read(tarred((name, b"1"), ("b", bytes(700)), format=form))) == [name, "b"]


def test_names_that_are_no_utf8_are_kept_as_escapes():
    contents = read(tarred((b"caf\xe9".decode("utf-8", "surrogateescape"), b"1"), format=tarfile.GNU_FORMAT))
    assert names(contents) == ["caf\\xe9"]


def test_nul_bidirectional_controls_reserved_and_over_long_names_are_kept():
    data = zipped(("a_b", b"1"), ("a\u202egpj.exe", b"2"), ("CON", b"3"), ("x" * 5000, b"4"))
    contents = read(data.replace(b"a_b", b"a\0b"))
    assert names(contents) == ["a\\x00b", "a\u202egpj.exe", "CON", "x" * 5000]


# --- refusals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize("name", ["../evil", "/abs", "C:evil", "..\\evil"])
def test_a_member_whose_name_leaves_the_archive_is_refused_and_the_others_are_kept(pack, name):
    contents = read(pack((name, b"1"), ("good", b"2")))
    assert names(contents) == ["good"]
    assert list(refused(contents)) == [name]


@pytest.mark.parametrize(
    "entry",
    [
        tar_entry("link", tarfile.SYMTYPE),
        tar_entry("link", tarfile.LNKTYPE),
        tar_entry("link", tarfile.CHRTYPE),
        tar_entry("link", tarfile.BLKTYPE),
        tar_entry("link", tarfile.FIFOTYPE),
    ],
)
def test_links_and_devices_in_a_tar_are_refused(entry):
    contents = read(tarred((entry, None), ("good", b"2")))
    assert (names(contents), list(refused(contents))) == (["good"], ["link"])


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFDIR])
def test_links_and_devices_in_a_zip_are_refused(mode):
    contents = read(zipped((zip_entry("link", mode | 0o777), b"/etc/passwd"), ("good", b"2")))
    assert (names(contents), list(refused(contents))) == (["good"], ["link"])


def test_a_regular_file_of_a_unix_zip_is_kept():
    assert names(read(zipped((zip_entry("a", stat.S_IFREG | 0o644), b"1")))) == ["a"]


def test_an_encrypted_member_is_refused():
    data = bytearray(zipped(("secret", b"1"), ("good", b"2")))
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    contents = read(bytes(data))
    assert (names(contents), refused(contents)) == (["good"], {"secret": "the member is encrypted"})


def test_a_member_with_a_compression_that_nobody_reads_is_refused():
    data = bytearray(zipped(("odd", b"1"), ("good", b"2")))
    for magic, offset in ((b"PK\x01\x02", 10), (b"PK\x03\x04", 8)):
        at = data.index(magic)
        data[at + offset : at + offset + 2] = struct.pack("<H", 97)
    contents = read(bytes(data))
    assert (names(contents), list(refused(contents))) == (["good"], ["odd"])


def test_a_member_that_unpacks_to_more_than_200_times_its_size_is_refused():
    contents = read(zipped(("bomb", bytes(MIB)), ("good", b"2")))
    assert names(contents) == ["good"]
    assert refused(contents)["bomb"].startswith("budget")


def test_a_small_member_of_any_ratio_is_kept():
    assert names(read(zipped(("zeros", bytes(1 << 16))))) == ["zeros"]


def test_a_tar_gz_that_unpacks_to_more_than_200_times_its_size_is_stopped():
    contents = read(tarred(("good", b"1"), ("bomb", bytes(64 * MIB)), ("after", b"2"), mode="w:gz"))
    assert names(contents) == ["good"]
    assert set(refused(contents)) == {"bomb", WHOLE_ARCHIVE}
    assert all(reason.startswith("budget") for reason in refused(contents).values())


def test_members_that_share_their_bytes_are_stopped_by_the_ratio_of_the_whole():
    """The overlapping kind of bomb: each entry looks harmless, all point at the same compressed bytes."""
    data = zipped(("a", os.urandom(100) * 500))
    directory = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entry = data[directory:end]
    tail = bytearray(data[end:])
    count = 3000
    tail[8:12] = struct.pack("<HH", count, count)
    tail[12:16] = struct.pack("<I", len(entry) * count)
    contents = read(data[:directory] + entry * count + bytes(tail))
    assert 0 < len(contents.members) < count
    assert len(contents.members) + len(contents.refusals) == count
    assert {reason.split(":")[0] for reason in refused(contents).values()} == {"budget"}


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_each_limit_can_be_set_and_names_itself(pack):
    data = pack(("a", bytes(100)), ("b", b"2"), ("c", b"3"))
    assert names(read(data, limits=Limits(member_bytes=50))) == ["b", "c"]
    assert names(read(data, limits=Limits(members=1))) == ["a"]
    total = read(data, limits=Limits(total_bytes=2 if pack is zipped else 1024))
    assert names(total) != ["a", "b", "c"]
    assert any("budget" in refusal.reason for refusal in total.refusals)


def test_a_sparse_file_is_refused(tmp_path):
    header = tar_entry("sparse", tarfile.GNUTYPE_SPARSE)
    header.size = 512
    block = bytearray(header.tobuf(tarfile.GNU_FORMAT))
    block[386:398], block[398:410] = b"%011o " % 0, b"%011o " % 512
    block[483:495] = b"%011o " % (1 << 32)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    contents = read(bytes(block) + bytes(512) + tarred(("good", b"2")))
    assert names(contents) == ["good"]
    assert "sparse" in refused(contents)


# --- damage ------------------------------------------------------------------------------------------


def test_a_zip_without_its_directory_is_one_refusal_and_no_member():
    contents = read(zipped(("a", os.urandom(500)))[:300])
    assert (contents.members, list(refused(contents))) == ((), [WHOLE_ARCHIVE])


def test_a_file_that_only_its_name_calls_an_archive_is_one_refusal():
    for name in ("page.zip", "page.tar", "page.tar.gz"):
        assert list(refused(read(b"<html>error 404", name))) == [WHOLE_ARCHIVE]


def test_a_member_with_a_wrong_checksum_is_refused_and_the_others_are_kept():
    body = os.urandom(500)
    data = zipped(("bad", body), ("good", b"2"), compression=zipfile.ZIP_STORED)
    contents = read(data.replace(body, body[::-1]))
    assert (names(contents), refused(contents)) == (["good"], {"bad": "damaged"})


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_tar_that_is_cut_short_keeps_what_was_read_and_says_so(mode):
    data = tarred(*((f"f{at}", os.urandom(5000)) for at in range(5)), mode=mode)
    contents = read(data[: len(data) * 3 // 5])
    assert 0 < len(contents.members) < 5
    assert WHOLE_ARCHIVE in refused(contents)


def test_a_tar_whose_end_mark_is_missing_says_that_it_may_be_cut_short():
    whole = tarred(("a", b"1"), ("b", b"2"))
    contents = read(whole[:2048])
    assert names(contents) == ["a", "b"]
    assert "cut short" in refused(contents)[WHOLE_ARCHIVE]


def test_a_damaged_header_inside_a_tar_is_not_taken_for_its_end():
    data = bytearray(tarred(("a", b"1"), ("b", b"2"), ("c", b"3")))
    data[1024 + 5] ^= 1
    contents = read(bytes(data))
    assert (names(contents), list(refused(contents))) == (["a"], [WHOLE_ARCHIVE])


def test_a_tar_gz_whose_checksum_is_wrong_says_so():
    data = bytearray(tarred(("a", b"1"), mode="w:gz"))
    data[-6] ^= 1
    contents = read(bytes(data))
    assert names(contents) == ["a"]
    assert refused(contents)[WHOLE_ARCHIVE].startswith("damaged")


def test_a_tar_header_with_a_negative_size_does_not_send_the_reader_back_for_ever():
    block = bytearray(tar_entry("back").tobuf(tarfile.GNU_FORMAT))
    block[124:136] = b"\xff" * 10 + b"\xfc\x00"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    contents = read(tarred(("a", b"1"))[:1024] + bytes(block) + bytes(10240))
    assert names(contents)[:1] == ["a"]
    assert contents.refusals


def test_a_tar_header_that_asks_for_a_gigabyte_is_refused_without_reading_it():
    block = tar_entry("pax", tarfile.XHDTYPE, 1 << 30).tobuf(tarfile.GNU_FORMAT)
    contents = read(block + bytes(4 * MIB))
    assert contents.members == ()
    assert "header" in refused(contents)[WHOLE_ARCHIVE]


def test_a_chain_of_long_name_headers_is_a_refusal_and_no_crash():
    link = tar_entry("././@LongLink", tarfile.GNUTYPE_LONGNAME, 1).tobuf(tarfile.GNU_FORMAT)
    contents = read((link + b"a" + bytes(511)) * 5000 + bytes(1024))
    assert (contents.members, list(refused(contents))) == ((), [WHOLE_ARCHIVE])


PRISTINE = {
    "zip": zipped(("a.csv", b"id\n1\n" * 30), ("b/c.json", b"{}"), ("d", os.urandom(90))),
    "tar": tarred(("a.csv", b"id\n1\n" * 30), ("b/c.json", b"{}")),
    "tar.gz": tarred(("a.csv", b"id\n1\n" * 30), ("b/c.json", b"{}"), mode="w:gz"),
}


@settings(max_examples=300)
@given(st.sampled_from(sorted(PRISTINE)), st.data())
def test_no_damage_makes_the_reading_fail(kind, data):
    damaged = bytearray(PRISTINE[kind])
    for at in data.draw(st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=8)):
        damaged[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    for raw in (bytes(damaged), bytes(damaged[:cut])):
        contents = read(raw, f"x.{kind}")
        positions = [one.position for one in (*contents.members, *contents.refusals)]
        assert len(positions) == len(set(positions))


class FailingDisk(io.BytesIO):
    def read(self, size=-1):
        raise OSError(errno.EIO, f"Input/output error after {size} bytes")


def test_a_fault_of_the_disk_is_not_taken_for_damage_of_the_archive():
    with pytest.raises(OSError, match="Input/output"):
        Archive(FailingDisk(PRISTINE["tar"]), "tar", len(PRISTINE["tar"]), Limits()).contents()


def test_a_member_that_needs_more_memory_than_there_is_is_refused(monkeypatch):
    """A dictionary of four gigabytes can be asked for by a handful of bytes."""

    def exhaust(*_, **__):
        raise MemoryError

    monkeypatch.setattr(zipfile.ZipFile, "open", exhaust)
    assert refused(read(PRISTINE["zip"]))["a.csv"].startswith("budget")


# --- reading one member, listing ---------------------------------------------------------------------


@pytest.mark.parametrize("position", [2, 3, 9])
def test_a_member_that_is_refused_or_not_there_cannot_be_read(position):
    body = os.urandom(500)
    data = zipped(("good", b"1"), ("../evil", b"2"), ("bad", body), compression=zipfile.ZIP_STORED)
    with working_copy() as copy, pytest.raises(Missing):
        archive_of(data.replace(body, body[::-1])).copy_member(position, copy)


def test_a_listing_names_entries_and_refusals_without_reading_bytes():
    body = os.urandom(500)
    data = zipped(("bad", body), ("../evil", b"2"), compression=zipfile.ZIP_STORED)
    found = archive_of(data.replace(body, body[::-1])).listing()
    assert [(one.position, one.name) for one in found] == [(1, "bad"), (2, "../evil")]


@pytest.mark.shared
def test_the_hostile_zip_gives_three_members_and_three_refusals(shared_data):
    """Its six entries: `evidence/SOURCE.md` beside it. Nothing is unpacked."""
    data = Path(shared_data, "evidence", "hostile.zip").read_bytes()
    contents = read(data)
    assert names(contents) == ["a\u202egpj.exe", "A.txt", "a.txt"]
    assert [m.evidence_id for m in contents.members] == [digest(b"z"), digest(b"1"), digest(b"2")]
    assert list(refused(contents)) == ["../../evil.txt", "/abs.txt", "bomb.bin"]
    assert refused(contents)["bomb.bin"].startswith("budget")
