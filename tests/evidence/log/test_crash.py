"""Death and full disks at every system call: what was acknowledged stays, what was not does no harm."""

from __future__ import annotations

import errno
import os
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
    def full(_name):
        raise OSError(fault, os.strerror(fault))

    for number in range(1, 1000):
        path = tmp_path / str(number)
        log = Log(path, [case_key])
        log.append_many(entries(255))
        patch = interrupt_at(number, full)
        try:
            log.append_many(entries(2, 255))
        except EvidenceError:
            is_done = False
        else:
            is_done = True
        finally:
            patch.undo()
        if number == 3:
            assert log.append({"same": "object"}) == log.size - 1
            continue
        assert_whole(path, case_key, entries(255), entries(257))
        if is_done:
            break
    assert is_done
