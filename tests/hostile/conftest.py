"""A case with one file of any content, and the program to run over it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from perito.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CASE = """
[case]
id = "hostile"
title = "What may come in"
language = "en"
period = { from = 2026-01-01, to = 2026-02-01 }

[[evidence]]
path = "sources/%s"
format = "%s"
platform = "x"
acquired_at = 2026-03-20

[[question]]
id = "inventory"
measure = "inventory"
"""


class Said(NamedTuple):
    """What a call of the program came to."""

    code: int
    out: str
    err: str


@pytest.fixture
def case_with(tmp_path) -> Callable[..., Path]:
    """A case that declares one file of that content."""

    def make(content: bytes, name: str = "export.jsonl", form: str = "table:counts") -> Path:
        folder = tmp_path / "case"
        (folder / "sources").mkdir(parents=True, exist_ok=True)
        (folder / "case.toml").write_text(CASE % (name, form), "utf-8")
        (folder / "sources" / name).write_bytes(content)
        return folder

    return make


@pytest.fixture
def perito(capfd) -> Callable[..., Said]:
    """Calls the program in this process."""

    def call(*arguments: object) -> Said:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        return Said(code, *capfd.readouterr())

    return call
