"""The measures described for people and programs, from their catalogues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perito.findings.text import LANGUAGES, Language

if TYPE_CHECKING:
    from perito.findings import Text
    from perito.measures.catalogue import Catalogue, Parameter

_INDENT = "    "


def as_text(catalogue: Catalogue, language: Language, *, with_parameters: bool = False) -> str:
    """A measure's name, title, definition and what it does not show; its parameters if asked."""
    lines = [f"{catalogue.name}@{catalogue.version}  {words(catalogue.title, language)}"]
    lines.append(_INDENT + words(catalogue.definition, language))
    lines += [f"{_INDENT}- {words(text, language)}" for text in catalogue.lists["does_not_show"]]
    if with_parameters:
        lines += [_parameter_line(parameter, language) for parameter in catalogue.parameters.values()]
    return "\n".join(lines)


def _parameter_line(parameter: Parameter, language: Language) -> str:
    facts = [parameter.type, "required" if parameter.is_required else "optional"]
    facts += [] if parameter.default is None else [f"default {parameter.default}"]
    facts += [f"one of {', '.join(parameter.choices)}"] if parameter.choices else []
    facts += [f"only with {other} = {' or '.join(values)}" for other, values in parameter.only.items()]
    return f"{_INDENT}{parameter.name} ({'; '.join(facts)}): {words(parameter.about, language)}"


def as_json(catalogue: Catalogue) -> dict[str, Any]:
    """A measure as one JSON object."""

    def both(text: Text) -> dict[str, str]:
        return {language: words(text, language) for language in LANGUAGES}

    return {
        "name": catalogue.name,
        "version": catalogue.version,
        "title": both(catalogue.title),
        "definition": both(catalogue.definition),
        "tables": list(catalogue.tables),
        "does_not_show": [both(text) for text in catalogue.lists["does_not_show"]],
        "parameters": [
            {
                "name": parameter.name,
                "type": parameter.type,
                "required": parameter.is_required,
                "default": parameter.default,
                "choices": list(parameter.choices),
                "only": {other: list(values) for other, values in parameter.only.items()},
                "fields": dict(parameter.fields),
                "one_of": dict(parameter.one_of),
                "about": both(parameter.about),
            }
            for parameter in catalogue.parameters.values()
        ],
    }


def words(text: Text, language: Language) -> str:
    """A catalogue's words with the marks of citations taken away; insertions stay as they are."""
    return text.template(language).replace("‹", "").replace("›", "")
