"""The commands in README, tutorials and how-to pages are run, and must print what the pages show.

In a `console` block a line that starts with `$ ` is a command (with the lines of its here-document), and what
follows is its output. A line `…` stands for any lines, `…` inside a line for any text; a comment that ends in
a number is the exit code. Nothing shown means that nothing is printed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from perito.cli import commands

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    str(page.relative_to(ROOT))
    for pattern in ("tutorial*.md", "how-to/*.md")
    for page in (ROOT / "docs").glob(pattern)
)
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXIT_CODE = re.compile(r"\s# .*?(\d)$")


@dataclass
class Step:
    """One command of a page, and what the page says that it prints."""

    command: str
    shown: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        stated = EXIT_CODE.search(self.command)
        return int(stated[1]) if stated else 0

    @property
    def pattern(self) -> str:
        lines = [
            "(?:.*\n)*?" if line.strip() == "…" else re.escape(line).replace("…", ".*") + "\n"
            for line in self.shown
        ]
        return "".join(lines)


def steps_of(page: str) -> list[Step]:
    return [step for block in BLOCK.findall((ROOT / page).read_text("utf-8")) for step in steps_in(block)]


def steps_in(block: str) -> list[Step]:
    steps: list[Step] = []
    end = None
    for line in block.splitlines():
        if end is not None:
            steps[-1].command += f"\n{line}"
            end = None if line == end else end
        elif line.startswith("$ "):
            steps.append(Step(line.removeprefix("$ ")))
            end = "END" if "<<'END'" in line else None
        else:
            steps[-1].shown.append(line)
    return steps


@pytest.fixture
def workplace(tmp_path) -> Path:
    """What the pages take for granted: the folder of the project with its example, and nothing built."""
    built = shutil.ignore_patterns("evidence", "tables", "findings", "dossier", ".perito-*")
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=built)
    shutil.copy(ROOT / "README.md", tmp_path)
    return tmp_path


def run(step: Step, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", step.command.replace(".venv/bin/", "")],
        cwd=folder,
        env={**os.environ, "PATH": path, "LC_ALL": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_print_what_the_page_shows(page, workplace):
    for step in steps_of(page):
        done = run(step, workplace)
        assert done.returncode == step.exit_code, f"{page}: $ {step.command}\n{done.stdout}"
        printed = done.stdout and done.stdout.replace("\u00a0", " ").rstrip("\n") + "\n"
        assert re.fullmatch(step.pattern, printed), f"{page}: $ {step.command}\n{printed}"


def test_the_console_commands_of_the_readme_work_after_its_first_command(workplace):
    steps = steps_of("README.md")
    assert len(steps) > 1
    assert run(Step("perito run examples/spain-2026 --quiet"), workplace).returncode == 0
    for step in steps:
        done = run(step, workplace)
        assert done.returncode == 0, done.stdout
        assert done.stdout


@pytest.mark.parametrize("name", commands.list_commands(None))
def test_every_command_has_an_example_that_is_run(name):
    every = [step.command for page in (*PAGES, "README.md") for step in steps_of(page)]
    assert any(re.search(rf"\bperito {name}\b", command) for command in every)


def test_a_page_that_shows_another_output_than_the_real_one_does_not_match():
    step = steps_in("$ echo seventeen\n…\nseven…\n")[0]
    assert re.fullmatch(step.pattern, "first\nseventeen\n")
    assert not re.fullmatch(step.pattern, "first\neighteen\n")
    assert not re.fullmatch(step.pattern, "seventeen\nmore\n")
