"""What the findings were computed with, and what must therefore be the same when they are recomputed."""

from __future__ import annotations

import hashlib
import platform
from enum import IntEnum
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING

from perito import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

_LIBRARIES = (
    "babel", "duckdb", "jinja2", "numpy", "orjson", "pyarrow", "rfc8785", "scipy", "vl-convert-python",
    "xlsxwriter",
)  # fmt: skip
_CODE_ENDINGS = (".py", ".toml", ".csv", ".json", ".css", ".j2")


class Agreement(IntEnum):
    """What must come out the same: a newer version may say the same thing better, never another number."""

    VALUES = 1
    """Made by another version of the code: every number and its interval."""
    WORDS = 2
    """Made by this code with other versions of the libraries: also every word and every record."""
    BYTES = 3
    """Made by this code with these libraries: every byte of what follows from the tables."""


@cache
def code_digest() -> str:
    """SHA-256 over every file of the package that a number or a sentence can depend on."""
    digest = hashlib.sha256()
    for name, content in sorted(_code_files(files("perito"), "")):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return f"sha256:{digest.hexdigest()}"


def environment() -> dict[str, object]:
    """Versions of the program, of Python and of the libraries, and the digest of the code."""
    return {
        "perito": __version__,
        "code": code_digest(),
        "python": ".".join(platform.python_version_tuple()[:2]),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def due_agreement(made_with: Mapping[str, object]) -> Agreement:
    """What must come out the same of a dossier, given the environment that its manifest names.

    Example:
        >>> due_agreement({"code": "sha256:00"}).name, due_agreement(environment()).name
        ('VALUES', 'BYTES')
    """
    here = environment()
    if made_with.get("code") != here["code"]:
        return Agreement.VALUES
    return Agreement.BYTES if dict(made_with) == here else Agreement.WORDS


def _code_files(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _code_files(entry, f"{name}/")
        elif entry.name.endswith(_CODE_ENDINGS):
            yield name, entry.read_bytes()
