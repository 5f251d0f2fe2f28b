"""Commands that list what there is: formats, measures, provisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from perito.cli.output import json_option, language_option, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perito.findings import Language
    from perito.law import Provision

_OPEN_FORMATS = {
    "table:<name>": {
        "en": "CSV, NDJSON or Parquet in the columns of a canonical table",
        "es": "CSV, NDJSON o Parquet con las columnas de una tabla canónica",
    },
    "document": {"en": "sealed and listed, not read", "es": "sellado e inventariado, no leído"},
}
_LABELS = {
    "in_force": {"en": "in force", "es": "en vigor"},
    "very_large": {"en": "for very large platforms", "es": "para plataformas de muy gran tamaño"},
    "authority": {"en": "authority", "es": "autoridad"},
    "fact_needed": {"en": "fact it needs", "es": "hecho que necesita"},
    "clock": {"en": "time limit", "es": "plazo"},
    "note": {"en": "note", "es": "nota"},
    "read": {"en": "how well it was read", "es": "cómo se leyó"},
}


@click.command("formats")
@language_option
@json_option
def formats_command(language: Language, as_json: bool) -> None:
    """List the source formats and the tables that each fills.

    \b
    Example:
      perito formats --language es
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.formats import formats

    if as_json:
        write_json(
            [{"name": n, "title": dict(f.title), "tables": list(f.tables)} for n, f in formats().items()]
        )
        return
    for name, source in formats().items():
        click.echo(f"{name:20} {source.title[language]}  -> {', '.join(source.tables)}")
    for name, words in _OPEN_FORMATS.items():
        click.echo(f"{name:20} {words[language]}")


@click.command("measures")
@click.argument("name", required=False, metavar="[MEASURE]")
@language_option
@json_option
def measures_command(name: str | None, language: Language, as_json: bool) -> None:
    """List the measures with their definitions, or one MEASURE with its parameters.

    \b
    Example:
      perito measures prevalence
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.measures import MEASURES, describe
    from perito.measures.reference import as_json as described_as_json
    from perito.measures.reference import as_text

    chosen = [describe(name)] if name else [describe(measure) for measure in MEASURES]
    if as_json:
        write_json([described_as_json(catalogue) for catalogue in chosen])
        return
    for catalogue in chosen:
        click.echo(as_text(catalogue, language, with_parameters=name is not None))


@click.command("provisions")
@click.argument("name", required=False, metavar="[ID]")
@language_option
@json_option
def provisions_command(name: str | None, language: Language, as_json: bool) -> None:
    """List the provisions with the dates from which they are in force, or one by its ID.

    \b
    Example:
      perito provisions dsa-34 --language es
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.law import provision, provisions

    chosen = [provision(name)] if name else list(provisions().values())
    if as_json:
        write_json([_provision_json(rule) for rule in chosen])
        return
    for rule in chosen:
        click.echo(_provision_line(rule, language))
        for line in _provision_facts(rule, language) if name else ():
            click.echo(f"    {line}")


def _provision_json(rule: Provision) -> dict[str, Any]:
    from dataclasses import asdict

    from perito.law import provision_words

    return {**asdict(rule), "words": {"es": asdict(provision_words(rule.id, "es"))}}


def _provision_line(rule: Provision, language: Language) -> str:
    from perito.law import provision_words

    since = rule.in_force_from or rule.in_force_vlop_from or "–"
    return f"{rule.id:18} {since:10}  {provision_words(rule.id, language).title}"


def _provision_facts(rule: Provision, language: Language) -> Iterator[str]:
    """What is known of one provision, each fact with its label; what nobody said is left out."""
    from perito.law import provision_words

    words = provision_words(rule.id, language)
    facts = {
        "in_force": _span(rule.in_force_from, rule.in_force_to),
        "very_large": _span(rule.in_force_vlop_from, rule.in_force_to),
        "authority": words.authority,
        "fact_needed": words.fact_needed,
        "clock": words.clock,
        "note": words.note,
        "read": f"{rule.confidence}: {rule.source}",
    }
    for label, fact in facts.items():
        if fact:
            yield f"{_LABELS[label][language]}: {fact}"


def _span(start: str | None, end: str | None) -> str | None:
    return None if start is None else f"[{start}, {end or '…'})"
