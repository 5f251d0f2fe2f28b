"""A measure's words and parameters as data: one TOML file beside each measure's module."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from perito.errors import MeasureError, nearest
from perito.findings import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

_LISTS = ("condition", "assumption", "rival", "does_not_show")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a measure: its type, whether it is required, its default, and what it means."""

    name: str
    type: str
    about: Text
    is_required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """What a measure's TOML file says.

    `texts` are the sentences that its code chooses among; the lists hold those that always apply.
    """

    name: str
    version: str
    title: Text
    question: Text
    definition: Text
    tables: tuple[str, ...]
    parameters: Mapping[str, Parameter]
    texts: Mapping[str, Text]
    lists: Mapping[str, tuple[Text, ...]]

    def text(self, key: str, **quotes: str | Text) -> Text:
        """A sentence of the catalogue, with its verbatim insertions.

        Raises:
            MeasureError: The catalogue has no such sentence.
        """
        if key not in self.texts:
            raise MeasureError(f"the measure '{self.name}' has no text '{key}'", remedy=nearest(key, self.texts))
        return self.texts[key].quoting(**quotes)


@cache
def catalogue(name: str) -> Catalogue:
    """The catalogue of a measure.

    Raises:
        MeasureError: The file lacks a language or a key.
    """
    raw = tomllib.loads((files("perito.measures") / f"{name}.toml").read_text("utf-8"))
    return Catalogue(
        name=name,
        version=raw["version"],
        title=_text(raw["title"], name),
        question=_text(raw["question"], name),
        definition=_text(raw["definition"], name),
        tables=tuple(raw["tables"]),
        parameters={key: _parameter(key, entry, name) for key, entry in raw.get("parameters", {}).items()},
        texts={key: _text(entry, f"{name}.{key}") for key, entry in raw.get("text", {}).items()},
        lists={key: tuple(_text(entry, f"{name}.{key}") for entry in raw.get(key, [])) for key in _LISTS},
    )


def _text(entry: Mapping[str, str], where: str) -> Text:
    if sorted(entry) != ["en", "es"]:
        raise MeasureError("a text needs both languages", where=where, found=", ".join(sorted(entry)))
    return Text(entry["en"].strip(), entry["es"].strip())


def _parameter(name: str, entry: Mapping[str, Any], measure: str) -> Parameter:
    return Parameter(
        name=name,
        type=entry["type"],
        about=_text(entry["about"], f"{measure}.{name}"),
        is_required=entry.get("required", False),
        default=entry.get("default"),
        choices=tuple(entry.get("choices", ())),
    )
