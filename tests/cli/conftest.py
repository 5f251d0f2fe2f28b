"""The program as a user meets it: exit code, stdout, stderr; a small case, and one that was run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from perito.cli import main

PROGRAM = (sys.executable, "-c", "import sys; from perito.cli import main; sys.exit(main())")

HEADER = (
    "study,platform,generator,row,class,count,denominator,denominator_is,population,population_basis,"
    "window_start,window_end_inclusive,window_days,as_of,sampling,label_method,definition,note,source,status"
)
ROW = "Study,x,,count,kind,7,1500,sample,60000,counted,2026-01-01,2026-01-31,31,,random,readers,,,here,seen"
CASE = """
[case]
id = "small"
title = "A small case"
language = "en"
period = { from = 2026-01-01, to = 2026-02-01 }

[[evidence]]
path = "sources/counts.csv"
format = "label_counts"
platform = "x"
acquired_at = 2026-03-20

[[question]]
id = "how-many"
measure = "prevalence"
[question.parameters]
ask = "total"
class = "kind"
unit = "posts"

[[question]]
id = "inventory"
measure = "inventory"
"""


@dataclass(frozen=True)
class Outcome:
    """What a call of the program came to."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode("utf-8")


Call = Callable[..., Outcome]


@pytest.fixture
def perito(capfdbinary) -> Call:
    """Calls the program in this process."""

    def call(*arguments: object) -> Outcome:
        capfdbinary.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capfdbinary.readouterr()
        return Outcome(code, captured.out, captured.err.decode("utf-8"))

    return call


@pytest.fixture
def refused(perito) -> Callable[..., str]:
    """Calls the program, which must refuse: nothing on stdout, one line on stderr, which is given back."""

    def call(*arguments: object, code: int = 2) -> str:
        outcome = perito(*arguments)
        assert (outcome.code, outcome.out) == (code, b""), outcome
        assert outcome.err.startswith("perito: ")
        assert outcome.err.endswith("\n")
        assert len(outcome.err.splitlines()) == 1, outcome.err
        return outcome.err.removeprefix("perito: ").rstrip("\n")

    return call


@pytest.fixture
def started() -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Runs the program in a process of its own; keyword arguments are those of `subprocess.run`."""

    def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[bytes]:
        given = {"capture_output": True, "timeout": 60, **options}
        return subprocess.run([*PROGRAM, *map(str, arguments)], check=False, **given)

    return run


def make_case(folder: Path) -> Path:
    (folder / "sources").mkdir(parents=True)
    (folder / "case.toml").write_text(CASE, "utf-8")
    (folder / "sources" / "counts.csv").write_text(f"{HEADER}\n{ROW}\n", "utf-8")
    return folder


@pytest.fixture
def small_case(tmp_path) -> Path:
    """A case with one file of one count and two questions, nothing built yet."""
    return make_case(tmp_path / "small")


@pytest.fixture(scope="session")
def built_once(tmp_path_factory) -> Path:
    folder = make_case(tmp_path_factory.mktemp("built") / "small")
    assert main(["run", str(folder), "--quiet"]) == 0
    return folder


@pytest.fixture
def built_case(built_once, tmp_path) -> Path:
    """The small case, already run, to be changed at will."""
    return Path(shutil.copytree(built_once, tmp_path / "built"))


@pytest.fixture
def with_records(small_case) -> Callable[..., Path]:
    """Puts records into the file of the small case, after the header; the first is a good one."""

    def write(*records: bytes, header: bytes = HEADER.encode()) -> Path:
        content = b"".join(record + b"\n" for record in (header, ROW.encode(), *records))
        (small_case / "sources" / "counts.csv").write_bytes(content)
        return small_case

    return write


@pytest.fixture
def bytes_of() -> Callable[[Path], dict[str, bytes]]:
    """Every file below a folder, with its bytes."""

    def read(folder: Path) -> dict[str, bytes]:
        paths = (path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}

    return read
