"""The order in which files reach the disk, writers that are killed, and several writers at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from perito.evidence.log import Log

WRITER = """
import sys
from perito.evidence.log import Log
log = Log(sys.argv[1])
for n in range(int(sys.argv[2]), int(sys.argv[3])):
    print(log.append({"n": n, "by": sys.argv[4]}), flush=True)
"""


def test_files_reach_the_disk_before_the_head_that_counts_on_them(tmp_path, monkeypatch):
    done = []
    opened, fsync, replace = os.open, os.fsync, os.replace
    paths = {}

    def noted_open(path, *args, **kwargs):
        handle = opened(path, *args, **kwargs)
        paths[handle] = str(path)
        return handle

    def noted_fsync(handle):
        done.append(("fsync", paths[handle]))
        fsync(handle)

    def noted_replace(source, target):
        done.append(("replace", str(source), str(target)))
        replace(source, target)

    log = Log(tmp_path / "log")
    log.append({"n": 0})
    monkeypatch.setattr(os, "open", noted_open)
    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    log.append({"n": 1})
    monkeypatch.undo()
    moves = [step for step in done if step[0] == "replace"]
    assert [Path(target).relative_to(log.path).as_posix() for _, _, target in moves] == [
        "tile/entries/000.p/2",
        "tile/0/000.p/2",
        "head",
    ]
    for move in moves:
        _, source, target = move
        assert ("fsync", source) in done[: done.index(move)]
        later = done[done.index(move) :]
        assert ("fsync", str(Path(target).parent)) in later
        if not target.endswith("head"):
            assert later.index(("fsync", str(Path(target).parent))) < later.index(moves[-1])


def start_writer(path, first, last, name="writer"):
    command = [sys.executable, "-c", WRITER, str(path), str(first), str(last), name]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def kill_rounds(path, rounds):
    """Kills a writer after it acknowledged some entries, again and again; every index that it told."""
    acknowledged = []
    for number in range(rounds):
        with start_writer(path, number * 1000, number * 1000 + 1000) as writer:
            read = writer.stdout.readline
            acknowledged += [(int(read()), number * 1000 + n) for n in range(1 + number % 5)]
            writer.kill()
    return acknowledged


def assert_kept(path, acknowledged):
    log = Log(path)
    for index, n in acknowledged:
        assert log.entry(index) == b'{"by":"writer","n":%d}' % n
    report = log.check()
    assert report.ok, report.problems
    assert log.append({"goes": "on"}) == log.size - 1


def test_a_writer_that_is_killed_again_and_again_loses_nothing(tmp_path):
    assert_kept(tmp_path / "log", kill_rounds(tmp_path / "log", 6))


@pytest.mark.long
def test_a_thousand_kills_lose_nothing(tmp_path):
    assert_kept(tmp_path / "log", kill_rounds(tmp_path / "log", 1000))


def test_writers_at_the_same_time_lose_nothing(tmp_path):
    path, each = tmp_path / "log", 20
    writers = [start_writer(path, 0, each, name) for name in ("a", "b", "c")]
    indexes = {}
    for name, writer in zip("abc", writers, strict=True):
        with writer:
            indexes[name] = [int(line) for line in writer.stdout]
    assert sorted(index for places in indexes.values() for index in places) == list(range(3 * each))
    log = Log(path)
    for name, places in indexes.items():
        assert [log.entry(i) for i in places] == [
            b'{"by":"%s","n":%d}' % (name.encode(), n) for n in range(each)
        ]
    assert log.check().ok


def test_a_reader_during_writes_sees_whole_states_only(tmp_path):
    path = tmp_path / "log"
    with start_writer(path, 0, 40) as writer:
        writer.stdout.readline()
        reader = Log(path)
        while writer.poll() is None:
            size = reader.size
            assert len(list(reader)) >= size
            assert reader.entry(size - 1).startswith(b'{"by":"writer"')
            assert len(reader.inclusion(0, size)) == (size - 1).bit_length()
    assert reader.size == 40
