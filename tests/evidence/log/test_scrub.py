from __future__ import annotations

import os
import shutil

import pytest

from perito.evidence.keys import SigningKey
from perito.evidence.log import Log

pytestmark = pytest.mark.usefixtures("quick")


def entries(count, start=0):
    return [b'{"n":%d}' % n for n in range(start, start + count)]


def files_of(log):
    return sorted(
        path.relative_to(log.path).as_posix()
        for path in log.path.rglob("*")
        if path.is_file() and path.name != "lock"
    )


def write(path, data):
    path.chmod(0o644)
    path.write_bytes(data)


def unseen_flips(log, step=1):
    """Every bit flip that `check` does not name the file of."""
    unseen = []
    for name in files_of(log):
        (log.path / name).chmod(0o644)
        with (log.path / name).open("r+b", buffering=0) as stream:
            data = stream.read()
            for position in range(0, 8 * len(data), step):
                os.pwrite(stream.fileno(), bytes([data[position // 8] ^ 1 << position % 8]), position // 8)
                if not any(name in problem.where for problem in Log(log.path).check().problems):
                    unseen.append((name, position))
                os.pwrite(stream.fileno(), data[position // 8 :][:1], position // 8)
    return unseen


def kinds(log, **arguments):
    return [problem.kind for problem in Log(log.path).check(**arguments).problems]


def places(log):
    return {problem.where for problem in Log(log.path).check().problems}


def swap(log, name, place, data):
    path = log.path / name
    held = path.read_bytes()
    write(path, held[:place] + data + held[place + len(data) :])


# --- every flip ------------------------------------------------------------------------------------------


def test_every_single_bit_flip_in_a_small_log_is_named(log, witness_key):
    log.append_many(entries(2))
    log.append({"n": 2})
    log.sign(witness_key, at_us=1_000_000)
    assert len(files_of(log)) == 7
    assert log.check().ok
    assert unseen_flips(log) == []
    assert log.check().ok


def test_every_single_bit_flip_in_an_unsigned_log_is_named(tmp_path):
    log = Log(tmp_path / "log")
    log.append_many(entries(3))
    assert unseen_flips(log) == []


def test_flips_in_full_tiles_and_bundles_are_named(log):
    log.append_many(entries(3))
    log.append_many(entries(600, 3))
    assert unseen_flips(log, step=997) == []


@pytest.mark.long
def test_every_flip_in_full_tiles_and_bundles_is_named(log):
    log.append_many(entries(3))
    log.append_many(entries(300, 3))
    assert unseen_flips(log) == []


def test_flips_in_stamped_checkpoints_are_named(log, authority):
    log.append_many(entries(3))
    query = log.stamps.query()
    log.stamps.attach(authority.answer(query.read_bytes()), authority.trust)
    assert dict(log.check().checked)["stamps"] == 1
    assert unseen_flips(log, step=11) == []


# --- which one is damaged --------------------------------------------------------------------------------


def test_a_sound_log_is_counted(log, witness_key):
    log.append_many(entries(600))
    log.sign(witness_key, at_us=1_000_000)
    report = log.check()
    assert report.ok
    assert dict(report.checked) == {
        "entries": 600,
        "bytes": sum(2 + len(data) for data in entries(600)) + 32 * 602,
        "tiles": 4,
        "bundles": 3,
        "unacknowledged files": 0,
        "signatures": 2,
        "stamps": 0,
        "temporary files": 0,
    }


@pytest.mark.parametrize("size", [300, 256])
def test_a_changed_entry_is_named_and_nothing_else(log, size):
    log.append_many(entries(size))
    swap(log, "tile/entries/000", 7, b"7")  # {"n":0} becomes {"n":7}
    assert kinds(log) == ["entry"]
    assert places(log) == {"tile/entries/000: entry 0"}


def test_a_changed_entry_at_the_edge_is_named_and_nothing_else(log):
    log.append_many(entries(300))
    swap(log, "tile/entries/001.p/44", 7, b"0")
    assert places(log) == {"tile/entries/001.p/44: entry 256"}


@pytest.mark.parametrize("name", ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"])
def test_a_changed_tile_is_named_and_nothing_else(log, name):
    log.append_many(entries(300))
    swap(log, name, 3, b"????")
    assert kinds(log) == ["tile"]
    assert places(log) == {name}


def test_a_changed_tile_two_levels_up_is_named_and_nothing_else(log):
    log.append_many(entries(65_536 + 300))
    swap(log, "tile/1/000", 3, b"????")
    assert places(log) == {"tile/1/000"}


def test_an_entry_and_its_tile_changed_together_are_seen_by_the_tile_above(log):
    log.append_many(entries(300))
    other = Log(log.path.parent / "other")
    other.append_many([b'{"n":7}', *entries(299, 1)])
    for name in ("tile/entries/000", "tile/0/000"):
        write(log.path / name, (other.path / name).read_bytes())
    assert kinds(log) == ["tile", "checkpoint"]
    assert places(log) == {"tile/0/000", "checkpoint"}


def test_a_log_rewritten_up_to_its_head_is_seen_by_the_checkpoint(log):
    log.append_many(entries(300))
    other = Log(log.path.parent / "other")
    other.append_many([b'{"n":7}', *entries(299, 1)])
    for name in files_of(other):
        write(log.path / name, (other.path / name).read_bytes())
    assert kinds(log) == ["checkpoint"]


def test_a_log_rewritten_and_signed_again_is_seen_by_who_brings_the_key(log, case_key):
    log.append_many(entries(3))
    other = Log(log.path.parent / "other", [SigningKey.new(case_key.name)])
    other.append_many(entries(3, 1))
    assert other.check().ok
    assert "origin" in kinds(other, keys=[case_key.verifier])
    assert kinds(log, keys=[case_key.verifier]) == []


@pytest.mark.parametrize("name", ["tile/entries/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/0/000"])
def test_a_file_that_is_gone_is_named_and_nothing_else(log, name):
    log.append_many(entries(300))
    (log.path / name).unlink()
    assert kinds(log) == ["missing"]
    assert places(log) == {name}


def test_tile_and_bundle_gone_together_are_both_named(log):
    log.append_many(entries(300))
    (log.path / "tile/0/000").unlink()
    (log.path / "tile/entries/000").unlink()
    assert places(log) >= {"tile/0/000", "tile/entries/000"}


def test_a_log_without_its_head_falls_back_on_the_checkpoint(log):
    log.append_many(entries(300))
    (log.path / "head").unlink()
    assert kinds(log) == []
    (log.path / "checkpoint").unlink()
    assert kinds(log) == ["head"]


@pytest.mark.parametrize("data", [b"", b"300\n", b"999999999\n" + b"A" * 43 + b"=\n", b"\xff", b"0300\n"])
def test_a_head_that_cannot_be_right_is_named_and_the_rest_still_looked_at(log, data):
    log.append_many(entries(300))
    write(log.path / "head", data)
    assert places(log) == {"head"}
    assert dict(Log(log.path).check().checked)["entries"] == 300
    swap(log, "tile/entries/000", 7, b"7")
    assert places(log) == {"head", "tile/entries/000: entry 0"}


def test_all_the_files_of_a_log_gone_are_a_problem(log):
    log.append_many(entries(300))
    shutil.rmtree(log.path / "tile")
    assert "head" in kinds(log)


def test_strangers_among_the_tiles_are_named(log):
    log.append_many(entries(3))
    for name in ("tile/0/0", "tile/notes.txt", "tile/64/000", "tile/entries/000.bak"):
        path = log.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    assert kinds(log) == ["stranger"] * 4


def test_what_a_crash_left_is_counted_and_is_no_problem(log):
    log.append_many(entries(3))
    (log.path / "tile/entries/000.p/7").write_bytes(b"")
    (log.path / "tile/0/005").write_bytes(b"")
    (log.path / "incoming").mkdir(exist_ok=True)
    (log.path / "incoming/0").write_bytes(b"")
    report = log.check()
    assert report.ok
    assert dict(report.checked)["unacknowledged files"] == 2
    assert dict(report.checked)["temporary files"] == 1


def test_an_earlier_state_of_a_tile_is_looked_at_too(log):
    log.append_many(entries(3))
    log.append_many(entries(2, 3))
    for name, place in (("tile/entries/000.p/3", 7), ("tile/0/000.p/3", 0)):
        before = (log.path / name).read_bytes()
        swap(log, name, place, b"?")
        assert places(log) == {name}
        write(log.path / name, before)


# --- signatures ------------------------------------------------------------------------------------------


def test_a_signature_by_a_key_that_the_folder_does_not_name_is_a_problem(log):
    log.append_many(entries(3))
    stranger = SigningKey.new("stranger.example")
    write(log.path / "checkpoint", log.signed_note().signed_by(stranger).data)
    assert kinds(log) == ["signature"]


def test_a_checkpoint_without_a_known_key_is_a_problem(log, case_key):
    log.append_many(entries(3))
    (log.path / "log.vkey").unlink()
    assert "origin" in kinds(log)
    assert kinds(log, keys=[case_key.verifier]) == []
    assert "origin" in kinds(log, keys=[])


def test_a_damaged_key_file_is_one_problem(log, case_key):
    log.append_many(entries(3))
    write(log.path / "log.vkey", b"no key\n")
    assert places(log) == {"log.vkey"}
    assert kinds(log) == ["signature"]


def test_a_checkpoint_of_a_log_that_was_never_as_long_is_a_problem(log):
    log.append_many(entries(5))
    other = Log(log.path.parent / "other")
    other.append_many(entries(3))
    write(log.path / "head", (other.path / "head").read_bytes())
    for name in ("tile/0/000.p/3", "tile/entries/000.p/3"):
        (log.path / name).write_bytes((other.path / name).read_bytes())
    assert kinds(log) == ["checkpoint"]
