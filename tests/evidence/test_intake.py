"""Durability: whatever interrupts an addition, what was acknowledged is sealed, and the rest is not there."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import perito.evidence
from perito.errors import EvidenceError, SealBroken
from perito.evidence import Store
from perito.evidence.catalogue import Catalogue
from perito.evidence.custody import Custody
from perito.evidence.index import Index
from perito.evidence.ledger import Entering
from perito.evidence.objects import Objects

SOURCE_FOLDER = str(Path(perito.evidence.__file__).parent)
ALLOWED_AFTER_A_CRASH = {"object_unindexed", "interrupted"}
AT_REST = ["index.lock", "index.sqlite", "log", "objects"]


@pytest.fixture
def sources(tmp_path):
    folder = tmp_path / "sources"
    folder.mkdir()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("a.csv", "id\n1\n")
    bodies = {
        "a.csv": b"id\n1\n",
        "b.json": b"{}",
        "c.zip": archive.getvalue(),
        "d": bytes(70_000),
        "e": b"e",
    }
    for name, body in bodies.items():
        (folder / name).write_bytes(body)
    return sorted(folder.iterdir())


def sealed(path):
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def add_all(folder, sources, acknowledge):
    store = Store(folder)
    for path in sources[:3]:
        acknowledge([store.add(path)])
    acknowledge(store.add_many([(path, {}) for path in sources[3:]]))


class Interruption:
    """Ends the process at the n-th line of the store's own code that it comes to."""

    def __init__(self, at_line):
        self.lines, self.at_line = 0, at_line

    def __call__(self, frame, event, _):
        if not frame.f_code.co_filename.startswith(SOURCE_FOLDER):
            return None
        if event == "line":
            self.lines += 1
            if self.lines == self.at_line:
                os.kill(os.getpid(), signal.SIGKILL)
        return self


def lines_of_a_run(folder, sources):
    counter = Interruption(at_line=None)
    before = sys.gettrace()
    sys.settrace(counter)
    try:
        add_all(folder, sources, lambda _: None)
    finally:
        sys.settrace(before)
    return counter.lines


def acknowledged_until_killed(folder, sources, at_line):
    """The ids that a child process had acknowledged when it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        sys.settrace(Interruption(at_line))
        try:
            add_all(
                folder, sources, lambda done: [os.write(writing, f"{r.evidence_id}\n".encode()) for r in done]
            )
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as lines:
        acknowledged = lines.read().split()
    os.waitpid(child, 0)
    return acknowledged


def expect_sealed_and_mendable(folder, sources, acknowledged):
    store = Store(folder)
    report = store.check()
    assert {problem.kind for problem in report.problems} <= ALLOWED_AFTER_A_CRASH
    temporary = dict(report.checked)["temporary files"]
    assert set(acknowledged) <= {item.evidence_id for item in store.items()}
    for item_id in acknowledged:
        with store.get(item_id) as stream:
            assert f"sha256:{hashlib.sha256(stream.read()).hexdigest()}" == item_id
    receipts = store.add_many([(path, {}) for path in sources])
    assert receipts[0].temp_files_removed == temporary
    assert [receipt.evidence_id for receipt in receipts] == [sealed(path) for path in sources]
    after = store.check()
    assert after.ok
    assert dict(after.checked)["temporary files"] == 0
    assert sorted(path.name for path in folder.iterdir()) == AT_REST


def kill_at(folder, sources, points):
    interrupted = 0
    for at_line in points:
        acknowledged = acknowledged_until_killed(folder, sources, at_line)
        interrupted += len(acknowledged) < len(sources)
        expect_sealed_and_mendable(folder, sources, acknowledged)
        shutil.rmtree(folder)
    return interrupted


def test_a_kill_at_points_all_over_the_code_loses_nothing_that_was_acknowledged(tmp_path, sources):
    total = lines_of_a_run(tmp_path / "whole", sources)
    points = range(1, total, max(1, total // 60))
    assert kill_at(tmp_path / "evidence", sources, points) >= len(points) - 1


@pytest.mark.long
def test_a_kill_at_any_line_of_the_code_loses_nothing_that_was_acknowledged(tmp_path, sources):
    total = lines_of_a_run(tmp_path / "whole", sources)
    assert kill_at(tmp_path / "evidence", sources, range(1, total)) > 0


def test_temporary_files_of_a_killed_addition_are_counted_and_removed_by_the_next(tmp_path, sources):
    store = Store(tmp_path / "evidence")
    store.add(sources[0])
    left = tmp_path / "evidence" / "incoming-dead"
    left.mkdir()
    (left / "1.part").write_bytes(b"half")
    assert dict(store.check().checked)["temporary files"] == 1
    assert store.add(sources[0]).temp_files_removed == 1
    assert not left.exists()
    assert store.add(sources[0]).temp_files_removed == 0


def test_what_a_crashed_writer_had_committed_is_read_without_touching_a_byte(tmp_path, sources):
    """A write-ahead log that was not folded back, as a kill between commit and close leaves it."""
    folder = tmp_path / "evidence"
    Store(folder).add(sources[0])
    crashed = tmp_path / "crashed"
    index = Index(folder)
    connection = sqlite3.connect(index.path, isolation_level=None)
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    facts = Store(folder).items()[0].acquisition
    entering = Entering(Catalogue(connection), Custody(folder), Objects(folder))
    entering.acquire(facts, item_id=sealed(sources[0]), size=5, recorded_at_us=7, archive=None, contents=None)
    entering.write()
    shutil.copytree(folder, crashed)
    connection.close()
    before = {path.name: path.read_bytes() for path in crashed.iterdir() if path.is_file()}
    assert len(before["index.sqlite-wal"]) > 0
    (item,) = Store(crashed).items()
    assert [one.recorded_at_us for one in item.acquisitions][1:] == [7]
    assert Store(crashed).check().ok
    assert {path.name: path.read_bytes() for path in crashed.iterdir() if path.is_file()} == before


def test_a_first_addition_killed_before_the_index_was_filled_leaves_an_empty_store(tmp_path, sources):
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "index.sqlite").write_bytes(b"")
    assert Store(folder).items() == []
    assert Store(folder).check().ok
    Store(folder).add(sources[0])
    assert Store(folder).check().ok


def test_a_first_addition_killed_while_the_index_was_filled_leaves_an_empty_store(tmp_path, sources):
    (tmp_path / "making").mkdir()
    connection = sqlite3.connect(tmp_path / "making" / "index.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("BEGIN")
    for number in range(40):
        connection.execute(f"CREATE TABLE t{number} (a TEXT)")
    folder = tmp_path / "evidence"
    shutil.copytree(tmp_path / "making", folder)
    connection.close()
    assert (folder / "index.sqlite-wal").stat().st_size > 0
    assert Store(folder).items() == []
    Store(folder).add(sources[0])
    assert Store(folder).check().ok
    assert sorted(path.name for path in folder.iterdir()) == AT_REST


ADD = (
    "import sys; from perito.evidence import Store; s = Store(sys.argv[1]); [s.add(p) for p in sys.argv[2:]]"
)


def test_processes_that_add_at_the_same_time_lose_nothing(tmp_path):
    paths = []
    for number in range(30):
        paths.append(tmp_path / f"{number:02}.bin")
        paths[-1].write_bytes(bytes([number]) * (number * 997))
    folder = tmp_path / "evidence"
    shares = [paths[:20], paths[10:][::-1], paths[::2]]
    processes = [subprocess.Popen([sys.executable, "-c", ADD, folder, *share]) for share in shares]
    assert [process.wait() for process in processes] == [0, 0, 0]
    store = Store(folder)
    assert {item.evidence_id for item in store.items()} == {sealed(path) for path in paths}
    assert sorted({one.path for item in store.items() for one in item.acquisitions}) == [
        p.name for p in paths
    ]
    assert store.check().ok
    assert sorted(path.name for path in folder.iterdir()) == AT_REST


def test_an_addition_at_work_is_not_cleared_away_by_another(tmp_path, sources):
    """The second process comes while the first is between copying and recording."""
    script = (
        "import sys; from perito.evidence import Store, intake\n"
        "genuine = intake.make_durable\n"
        "def waiting(paths):\n"
        "    print('copied', flush=True); sys.stdin.readline(); genuine(paths)\n"
        "intake.make_durable = waiting\n"
        "Store(sys.argv[1]).add(sys.argv[2])\n"
    )
    folder = tmp_path / "evidence"
    Store(folder).add(sources[0])
    command = [sys.executable, "-c", script, folder, sources[1]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as slow:
        assert slow.stdout.readline() == "copied\n"
        assert Store(folder).add(sources[4]).temp_files_removed == 0
        slow.communicate("\n")
    assert slow.returncode == 0
    assert {item.path for item in Store(folder).items()} == {"a.csv", "b.json", "e"}
    assert Store(folder).check().ok


# --- the disk refuses --------------------------------------------------------------------------------


def failing(call, code):
    def fail(*_, **__):
        raise OSError(code, os.strerror(code))

    return lambda monkeypatch: monkeypatch.setattr(os, call, fail)


FULL = sqlite3.OperationalError("database or disk is full")
FULL.sqlite_errorcode = sqlite3.SQLITE_FULL


def full_index(monkeypatch):
    def fail(*_, **__):
        raise FULL

    monkeypatch.setattr(Catalogue, "add_acquisition", fail)


@pytest.mark.parametrize(
    "fault",
    [
        failing("write", errno.ENOSPC),
        failing("fsync", errno.EIO),
        failing("replace", errno.EROFS),
        failing("fchmod", errno.EPERM),
        full_index,
    ],
    ids=["disk full", "no fsync", "no rename", "no permission", "index full"],
)
@pytest.mark.parametrize("count", [1, 2])
def test_when_the_disk_refuses_nothing_is_sealed_and_the_store_is_as_before(tmp_path, sources, fault, count):
    folder = tmp_path / "evidence"
    store = Store(folder)
    store.add(sources[0])
    with pytest.MonkeyPatch.context() as monkeypatch:
        fault(monkeypatch)
        with pytest.raises(EvidenceError) as raised:
            store.add_many([(path, {}) for path in sources[1 : 1 + count]])
        assert not isinstance(raised.value, SealBroken)
    assert [item.path for item in store.items()] == ["a.csv"]
    assert store.check().ok
    assert sorted(path.name for path in folder.iterdir()) == AT_REST
    store.add_many([(path, {}) for path in sources])
    assert store.check().ok


def test_an_interruption_by_the_user_withdraws_what_was_not_recorded(tmp_path, sources, monkeypatch):
    store = Store(tmp_path / "evidence")
    store.add(sources[0])

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Catalogue, "add_acquisition", interrupt)
        with pytest.raises(KeyboardInterrupt):
            store.add(sources[1])
    report = store.check()
    assert report.ok
    assert dict(report.checked)["objects"] == 1


def test_many_files_are_forced_to_the_disk_where_the_system_cannot_do_it_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("perito.files._LIBC", object())
    forced = []
    genuine = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: forced.append(handle) or genuine(handle))
    paths = []
    for number in range(20):
        paths.append(tmp_path / f"{number}")
        paths[-1].write_bytes(bytes([number]))
    store = Store(tmp_path / "evidence")
    store.add_many([(path, {}) for path in paths])
    assert len(forced) > 20
    assert store.check().ok


def test_a_refusal_of_the_whole_file_system_to_be_forced_is_an_error(tmp_path, monkeypatch):
    class Refusing:
        @staticmethod
        def syncfs(_):
            return -1

    monkeypatch.setattr("perito.files._LIBC", Refusing)
    paths = []
    for number in range(20):
        paths.append(tmp_path / f"{number}")
        paths[-1].write_bytes(bytes([number]))
    store = Store(tmp_path / "evidence")
    with pytest.raises(EvidenceError):
        store.add_many([(path, {}) for path in paths])
    assert store.items() == []
    assert store.check().ok
