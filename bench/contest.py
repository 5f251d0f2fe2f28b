"""Ours and a peer, each in a process of its own, in turn, on the same input: CPU time, wall, peak memory.

A contender is a small script. It prints one JSON object as its last line:
`{"answer": ..., "cpu_s": ..., "wall_s": ..., "peak_mb": ...}`. The answer has to be the same for all; the
times are those of the work alone, without starting Python, importing, compiling or reading the input, which
would drown them. Peak memory is that of the whole process.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measuring import Row, Used, environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from measuring import Settings

HERE = Path(__file__).resolve().parent
_ENVIRONMENTS = HERE / ".environments"
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS"),
    "1",
)


@dataclass(frozen=True)
class Contender:
    """One who takes part.

    Args:
        name: Who, with the version.
        command: What to start; it prints answer and times as its last line.
    """

    name: str
    command: Sequence[str | Path]


def ours(script: str, *arguments: object) -> Contender:
    """This project, by a script in `peers/` run with this Python."""
    return Contender("perito", [sys.executable, HERE / "peers" / script, *map(str, arguments)])


def peer(settings: Settings, requirements: str, script: str, *arguments: object) -> Contender | None:
    """A peer, by a script in `peers/` run in an environment of its own; None in a smoke run without one.

    Args:
        settings: How the bench was called.
        requirements: The name of a file in `requirements/` without `.txt`; its first line names the peer.
        script: The script's file name.
        *arguments: What the script is given.
    """
    file = HERE / "requirements" / f"{requirements}.txt"
    folder = _ENVIRONMENTS / f"{requirements}-{hashlib.sha256(file.read_bytes()).hexdigest()[:12]}"
    python = folder / "bin" / "python"
    if not (folder / "made").exists():
        if settings.is_smoke:
            return None
        environment(folder, "-r", str(file))
        (folder / "made").touch()
    name = file.read_text("utf-8").splitlines()[0].replace("==", " ")
    return Contender(name, [python, HERE / "peers" / script, *map(str, arguments)])


def contest(
    name: str,
    contenders: Sequence[Contender | None],
    rounds: int,
    *,
    one_thread: bool = False,
    size: int | None = None,
) -> list[Row]:
    """A row for every peer: medians over rounds in which all take turns; the first contender is ours.

    Args:
        name: What is done.
        contenders: Ours first; a peer that is None is left out.
        rounds: How often each is run.
        one_thread: Whether libraries are held to one thread.
        size: How large the input is, in the units of the name.

    Raises:
        SystemExit: A contender failed, or gave another answer.
    """
    present = [one for one in contenders if one is not None]
    runs: dict[str, list[Used]] = {one.name: [] for one in present}
    answers: dict[str, Any] = {}
    for _ in range(rounds):
        for one in present:
            answers[one.name], used = _run(one, one_thread=one_thread)
            runs[one.name].append(used)
    first, *others = present
    for other in others:
        if answers[other.name] != answers[first.name]:
            raise SystemExit(
                f"bench: {name}: {other.name} says {answers[other.name]}, {first.name} {answers[first.name]}"
            )
    medians = {who: _median(used) for who, used in runs.items()}
    mine = medians[first.name]
    if not others:
        return [Row(name, mine.cpu_s, "CPU s", ours_used=mine, size=size)]
    return [
        Row(
            name, mine.cpu_s, "CPU s", peer=medians[other.name].cpu_s, peer_name=other.name,
            ours_used=mine, peer_used=medians[other.name], size=size,
        )
        for other in others
    ]  # fmt: skip


def _run(one: Contender, *, one_thread: bool) -> tuple[Any, Used]:
    held = {**os.environ, **(_ONE_THREAD if one_thread else {})}
    done = subprocess.run(one.command, stdout=subprocess.PIPE, env=held, check=False)
    if done.returncode:
        raise SystemExit(f"bench: {' '.join(map(str, one.command))} ended with {done.returncode}")
    said = json.loads(done.stdout.splitlines()[-1])
    return said["answer"], Used(said["wall_s"], said["cpu_s"], said["peak_mb"])


def _median(used: Sequence[Used]) -> Used:
    return Used(
        *(statistics.median(getattr(one, part) for one in used) for part in ("wall_s", "cpu_s", "peak_mb"))
    )
