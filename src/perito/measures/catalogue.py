"""A measure's words and parameters as data: one TOML file beside each measure's module, and a common one."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from perito.errors import MeasureError, nearest
from perito.findings import LANGUAGES, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMON = "common"
_LISTS = ("condition", "assumption", "rival", "does_not_show")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a measure: its type, whether it is required, its default, and what it means.

    Args:
        name: Its name in `case.toml`.
        type: A type that `perito.measures.parameters` knows.
        about: What it means.
        is_required: Whether the question must give it.
        default: What it is where the question does not.
        choices: What it may be, where that is a closed list.
        only: Other parameters and the values of theirs that it belongs to; empty where it always does.
        fields: For records: the keys that each must have, with the type of each.
        one_of: For records: keys of which each must have exactly one, with the type of each.
    """

    name: str
    type: str
    about: Text
    is_required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    one_of: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Catalogue:
    """What a measure's TOML file says.

    `texts` are the sentences that its code chooses among, those of the common file included; the lists
    hold those that always apply.
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

        Example:
            >>> catalogue("removal").text("yes").es
            'sí'
        """
        if key not in self.texts:
            raise MeasureError(
                f"the measure '{self.name}' has no text '{key}'", remedy=nearest(key, self.texts)
            )
        return self.texts[key].quoting(**quotes)


@cache
def catalogue(name: str) -> Catalogue:
    """The catalogue of a measure.

    Raises:
        MeasureError: The file lacks a language or a key.

    Example:
        >>> sorted(catalogue("proceedings").parameters)
        ['published_total_eur']
    """
    raw, common = _read(name), _read(COMMON)
    try:
        shared = {key: common["parameters"][key] for key in raw.get("shared_parameters", ())}
        return Catalogue(
            name=name,
            version=raw["version"],
            title=_text(raw["title"], name),
            question=_text(raw["question"], name),
            definition=_text(raw["definition"], name),
            tables=tuple(raw["tables"]),
            parameters=_parameters({**raw.get("parameters", {}), **shared}, name),
            texts=_texts({**common["text"], **raw.get("text", {})}, name),
            lists={key: tuple(_text(entry, f"{name}.{key}") for entry in raw.get(key, [])) for key in _LISTS},
        )
    except KeyError as error:
        raise MeasureError("a key is missing in the measure's words", where=f"{name}.toml {error}") from error


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((files("perito.measures") / f"{name}.toml").read_text("utf-8"))


def _texts(entries: Mapping[str, Mapping[str, str]], name: str) -> dict[str, Text]:
    return {key: _text(entry, f"{name}.{key}") for key, entry in entries.items()}


def _text(entry: Mapping[str, str], where: str) -> Text:
    if sorted(entry) != sorted(LANGUAGES):
        raise MeasureError("a text needs both languages", where=where, found=", ".join(sorted(entry)))
    return Text(entry["en"].strip(), entry["es"].strip())


def _parameters(entries: Mapping[str, Mapping[str, Any]], measure: str) -> dict[str, Parameter]:
    return {
        name: Parameter(
            name=name,
            type=entry["type"],
            about=_text(entry["about"], f"{measure}.{name}"),
            is_required=entry.get("required", False),
            default=entry.get("default"),
            choices=tuple(entry.get("choices", ())),
            only={other: tuple(values) for other, values in entry.get("only", {}).items()},
            fields=entry.get("fields", {}),
            one_of=entry.get("one_of", {}),
        )
        for name, entry in entries.items()
    }
