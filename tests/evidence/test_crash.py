"""Kills at random instants, full disks at every write: what was acknowledged stays, the rest does no harm."""

from __future__ import annotations

import errno
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from perito.errors import EvidenceError
from perito.evidence import Store

MENDED_BY_THE_NEXT = {"object_unindexed", "interrupted", "object_present"}
CALLS = ("open", "write", "fdopen", "fsync", "fchmod", "replace", "mkdir", "unlink", "pwrite", "ftruncate")

# Adds files of its own making, one by one and in batches, and names each that was acknowledged.
WORK = """
import os, sys
from perito.evidence import Store
folder, sources, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = Store(folder, signers=())
print("ready", flush=True)
for number in range(10_000):
    batch = []
    for part in range(1 + number % 3):
        path = os.path.join(sources, f"{seed}-{number}-{part}")
        with open(path, "wb") as stream:
            stream.write(f"{seed} {number} {part}".encode() * (1 + number % 700))
        batch.append((path, {"platform": "x"}))
    receipts = store.add_many(batch)
    os.write(1, "".join(f"{receipt.evidence_id}\\n" for receipt in receipts).encode())
"""


def killed_after(folder, sources, seed, delay_s):
    """Starts the work, kills it after a while, and gives what it had acknowledged."""
    command = [sys.executable, "-c", WORK, str(folder), str(sources), str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "ready\n"
        time.sleep(delay_s)
        child.send_signal(signal.SIGKILL)
        printed = child.stdout.read()
    return [line for line in printed.split("\n")[:-1] if line]


def digest_of(store, item_id):
    with store.get(item_id) as stream:
        return "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()


def assert_nothing_lost_or_falsely_sealed(folder, acknowledged):
    """What was acknowledged is there with its bytes; what is listed is sealed; the next addition mends."""
    store = Store(folder, signers=())
    problems = [p for p in store.check().problems if p.kind not in MENDED_BY_THE_NEXT]
    assert problems == []
    listed = {item.evidence_id for item in store.items()}
    lost = set(acknowledged) - listed
    falsely_sealed = {item_id for item_id in listed if digest_of(store, item_id) != item_id}
    assert (lost, falsely_sealed) == (set(), set())
    seals = (entry for entry in store.custody.entries() if entry["act"] == "sealed")
    logged = {name for entry in seals for name in entry["items"]}
    assert listed <= logged
    return len(listed)


def kill_rounds(tmp_path, rounds, seed, rounds_a_store=20):
    """Kills so often, at instants that a seed draws; several rounds go on in the same store."""
    delays, figures = random.Random(seed), {"rounds": 0, "acknowledged": 0, "swept": 0}
    for number in range(rounds):
        place = tmp_path / f"{number // rounds_a_store}"
        folder, sources = place / "evidence", place / "sources"
        sources.mkdir(parents=True, exist_ok=True)
        if number % rounds_a_store == 0:
            shutil.rmtree(tmp_path / f"{number // rounds_a_store - 1}", ignore_errors=True)
            everything = set()
        everything |= set(killed_after(folder, sources, number, delays.uniform(0.0, 0.12)))
        assert_nothing_lost_or_falsely_sealed(folder, everything)
        after = sources / "after"
        after.write_bytes(f"after {number}".encode())
        receipt = Store(folder, signers=()).add(after)
        report = Store(folder, signers=()).check()
        assert report.ok, report.problems
        assert dict(report.checked)["temporary files"] == 0
        figures["rounds"] += 1
        figures["swept"] += receipt.temp_files_removed
        everything.add(receipt.evidence_id)
        figures["acknowledged"] += len(everything) if (number + 1) % rounds_a_store == 0 else 0
    return figures


def test_a_store_that_is_killed_again_and_again_loses_nothing_and_seals_nothing_falsely(tmp_path):
    assert kill_rounds(tmp_path, 15, seed=20260109)["rounds"] == 15


@pytest.mark.long
def test_a_thousand_kills_lose_nothing_and_seal_nothing_falsely(tmp_path):
    figures = kill_rounds(tmp_path, 1_000, seed=20260110)
    assert figures["rounds"] == 1_000
    print(figures)  # noqa: T201  (the figures of a long run)


# --- the disk is full ------------------------------------------------------------------------------------


def interrupt_at(number, code):
    """Lets one call of the system fail, counted from now."""
    calls = 0
    patch = pytest.MonkeyPatch()

    def replaced(name, original):
        def call(*args, **kwargs):
            nonlocal calls
            calls += 1
            if calls == number:
                raise OSError(code, os.strerror(code))
            return original(*args, **kwargs)

        return call

    for name in CALLS:
        patch.setattr(os, name, replaced(name, getattr(os, name)))
    return patch, lambda: calls


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_full_disk_at_any_call_of_an_addition_loses_nothing_and_seals_nothing_falsely(tmp_path, code):
    files = []
    for number in range(3):
        files.append(tmp_path / f"{number}")
        files[-1].write_bytes(bytes([number]) * 3000)
    for number in range(1, 1000):
        folder = tmp_path / "at" / f"{number}"
        folder.parent.mkdir(exist_ok=True)
        first = Store(folder, signers=()).add(files[0]).evidence_id
        store = Store(folder, signers=())
        patch, calls = interrupt_at(number, code)
        try:
            added = [receipt.evidence_id for receipt in store.add_many([(path, {}) for path in files[1:]])]
        except (EvidenceError, OSError):
            added = []
        finally:
            patch.undo()
        assert_nothing_lost_or_falsely_sealed(folder, [first, *added])
        again = store.add_many([(path, {}) for path in files])
        report = store.check()
        assert report.ok, (number, report.problems)
        assert again[0].evidence_id == first
        shutil.rmtree(folder)
        if calls() < number:
            break
    assert calls() < number
    assert number > 40


@contextmanager
def small_disk(folder, size_kb):
    """A file system in memory of that size."""
    folder.mkdir()
    options = f"size={size_kb}k"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.skipif(shutil.which("mount") is None, reason="there is no program 'mount' here")
@pytest.mark.parametrize("size_kb", [160, 200, 256, 333, 512])
def test_a_disk_that_fills_up_stops_the_store_with_everything_acknowledged_intact(tmp_path, size_kb):
    with small_disk(tmp_path / "disk", size_kb) as disk:
        acknowledged, refused = [], 0
        store = Store(disk / "evidence", signers=())
        for number in range(200):
            path = tmp_path / f"{number}"
            path.write_bytes(random.Random(number).randbytes(3000 + 37 * number))
            try:
                acknowledged.append(store.add(path).evidence_id)
            except EvidenceError:
                refused += 1
                if refused > 5:
                    break
        assert refused
        assert_nothing_lost_or_falsely_sealed(disk / "evidence", acknowledged)
        shutil.copytree(disk / "evidence", tmp_path / "moved")
    moved = Store(tmp_path / "moved", signers=())
    moved.add(tmp_path / "0")
    assert moved.check().ok
    assert set(acknowledged) <= {item.evidence_id for item in moved.items()}
