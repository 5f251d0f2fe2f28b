"""What the findings were computed with: versions, and a digest of the code itself."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING

from perito import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

_LIBRARIES = ("duckdb", "numpy", "pyarrow", "scipy")
_CODE_ENDINGS = (".py", ".toml", ".csv", ".json", ".css", ".j2")


@cache
def code_digest() -> str:
    """SHA-256 over every file of the package that a number or a sentence can depend on."""
    digest = hashlib.sha256()
    for name, content in sorted(_code_files(files("perito"), "")):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return f"sha256:{digest.hexdigest()}"


def environment() -> dict[str, object]:
    """Versions of the program, of Python and of the libraries that compute, and the digest of the code."""
    return {
        "perito": __version__,
        "code": code_digest(),
        "python": ".".join(platform.python_version_tuple()[:2]),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def _code_files(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _code_files(entry, f"{name}/")
        elif entry.name.endswith(_CODE_ENDINGS):
            yield name, entry.read_bytes()
