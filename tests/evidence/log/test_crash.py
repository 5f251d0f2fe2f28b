"""Death and full disks at every system call: what was acknowledged stays, what was not does no harm."""

from __future__ import annotations

import errno
import os
import resource
import signal

import pytest

from perito.errors import EvidenceError
from perito.evidence.log import Log

CALLS = ("open", "fdopen", "fsync", "replace", "mkdir", "unlink", "rmdir", "pwrite", "ftruncate")

pytestmark = pytest.mark.usefixtures("quick")


def entries(count, start=0):
    return [b'{"n":%d}' % n for n in range(start, start + count)]


def interrupt_at(number, stop):
    """Lets `stop` happen in the place of one system call, counted from now."""
    calls = 0

    def replaced(name, original):
        def call(*args, **kwargs):
            nonlocal calls
            calls += 1
            if calls == number:
                stop(name)
            return original(*args, **kwargs)

        return call

    patch = pytest.MonkeyPatch()
    for name in CALLS:
        patch.setattr(os, name, replaced(name, getattr(os, name)))
    return patch


def act_and_die(act, number):
    """Runs the act in a child that dies in the place of a system call; whether it came to its end."""
    child = os.fork()
    if child == 0:
        try:
            interrupt_at(number, lambda _name: os.kill(os.getpid(), signal.SIGKILL))
            act()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFEXITED(status)


def assert_whole(path, key, acknowledged, possible):
    """The log holds what was acknowledged, or all of the write that died, and goes on."""
    before = Log(path)
    found = list(before)
    assert found in (acknowledged, possible)
    report = before.check()
    assert report.ok, report.problems
    checkpoint = before.checkpoint()
    assert checkpoint is None or checkpoint.root == before.root(checkpoint.size)
    log = Log(path, [key])
    assert log.append({"goes": "on"}) == len(found)
    assert list(Log(path)) == [*found, b'{"goes":"on"}']
    report = Log(path).check()
    assert report.ok, report.problems
    assert dict(report.checked)["temporary files"] == 0
    assert dict(report.checked)["unacknowledged files"] == 0


@pytest.mark.parametrize(("held", "more"), [(0, 1), (3, 1), (3, 300), (255, 1), (255, 2), (511, 1)], ids=str)
def test_death_at_any_system_call_of_an_append_loses_nothing(tmp_path, case_key, held, more):
    for number in range(1, 1000):
        path = tmp_path / str(number)
        Log(path, [case_key]).append_many(entries(held))
        acknowledged = entries(held)
        if held > 3:
            Log(path).append({"unsigned": True})
            acknowledged.append(b'{"unsigned":true}')
        log = Log(path, [case_key])
        new = entries(more, held)
        is_done = act_and_die(lambda log=log, new=new: log.append_many(new), number)
        assert_whole(path, case_key, acknowledged, acknowledged + new)
        if is_done:
            break
    assert is_done
    assert number > 15


def test_death_at_any_system_call_of_a_signature_leaves_a_good_checkpoint(tmp_path, case_key):
    for number in range(1, 1000):
        path = tmp_path / str(number)
        Log(path, [case_key]).append_many(entries(3))
        Log(path).append_many(entries(2, 3))
        is_done = act_and_die(lambda path=path: Log(path).sign(case_key), number)
        assert Log(path).checkpoint().size in (3, 5)
        assert_whole(path, case_key, entries(5), entries(5))
        if is_done:
            break
    assert is_done


def test_death_at_any_system_call_of_a_query_for_a_stamp_harms_nothing(tmp_path, case_key):
    for number in range(1, 1000):
        path = tmp_path / str(number)
        Log(path, [case_key]).append_many(entries(3))
        is_done = act_and_die(lambda path=path: Log(path).stamps.query(), number)
        assert len(Log(path).stamps.queries()) in ({1} if is_done else {0, 1})
        assert_whole(path, case_key, entries(3), entries(3))
        if is_done:
            break
    assert is_done


def test_what_two_deaths_leave_behind_does_not_come_back(tmp_path, case_key):
    # The second writer dies before it can clear up after the first; a third works with an old object.
    for number in range(1, 40):
        path = tmp_path / str(number)
        third = Log(path, [case_key])
        third.append_many(entries(3))
        act_and_die(lambda path=path: Log(path).append_many(entries(4, 100)), number)
        act_and_die(lambda path=path: Log(path).sign(case_key), number)
        size = third.size
        for data in entries(8, 200):
            third.append(data)
        assert list(third)[size:] == entries(8, 200)
        report = third.check()
        assert report.ok, report.problems


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_full_disk_at_any_system_call_is_an_error_and_loses_nothing(tmp_path, case_key, fault):
    met = []

    def full(name):
        met.append(name)
        raise OSError(fault, os.strerror(fault))

    for number in range(1, 1000):
        path = tmp_path / str(number)
        log = Log(path, [case_key])
        log.append_many(entries(255))
        met.clear()
        patch = interrupt_at(number, full)
        try:
            log.append_many(entries(2, 255))
            is_refused = False
        except EvidenceError:
            is_refused = True
        finally:
            patch.undo()
        assert list(log) == list(Log(path))
        if not is_refused:  # none was met, or one that does no harm: making a folder that is there
            assert met in ([], ["mkdir"])
            assert log.size == 257
        assert_whole(path, case_key, entries(255), entries(257))
        assert log.append({"same": "object"}) == log.size - 1
        if not met:
            break
    assert not met
    assert number > 30


def test_bytes_that_the_disk_does_not_take_are_an_error(tmp_path, case_key):
    log = Log(tmp_path / "log", [case_key])
    log.append_many(entries(3))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
        with pytest.raises(EvidenceError):
            log.append_many([{"n": "x" * 60_000}])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert_whole(log.path, case_key, entries(3), entries(3))
