"""A new case: a folder with a commented case file that can be loaded as it stands."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING

from perito.case.casefile import FILE_NAME, read_case
from perito.errors import CaseError
from perito.files import write_folder
from perito.ids import is_slug

if TYPE_CHECKING:
    from pathlib import Path

_NOT_IN_AN_ID = re.compile(r"[^a-z0-9._-]+")


def new_case(folder: Path, language: str = "es") -> Path:
    """Make a case folder; returns its case file.

    Raises:
        CaseError: The folder exists and is not empty, or its name gives no id.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CaseError("the folder is not empty", where=str(folder), remedy="name a new folder")
    identifier = _NOT_IN_AN_ID.sub("-", folder.resolve().name.lower()).strip("-._")
    if not is_slug(identifier):
        raise CaseError(f"'{folder.name}' gives no id for a case", remedy="use letters, digits and hyphens")
    template = (files("perito.case") / "template.toml").read_text("utf-8")
    content = template.replace("@ID@", identifier).replace("@LANGUAGE@", language).encode()
    read_case(content, folder)
    with write_folder(folder) as target:
        (target / FILE_NAME).write_bytes(content)
        (target / "sources").mkdir()
    return folder / FILE_NAME
