"""Commands that list what there is: formats, measures, provisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from perito.cli.output import json_option, write_json

if TYPE_CHECKING:
    from perito.findings import Language

language_option = click.option(
    "--language", type=click.Choice(["en", "es"]), default="en", show_default=True, help="Language of the words."
)


@click.command("formats")
@language_option
@json_option
def formats_command(language: Language, as_json: bool) -> None:
    """List the source formats and the tables that each fills."""
    from perito.formats import formats

    if as_json:
        write_json([{"name": n, "title": dict(f.title), "tables": list(f.tables)} for n, f in formats().items()])
        return
    for name, source in formats().items():
        click.echo(f"{name:20} {source.title[language]}  -> {', '.join(source.tables)}")
    click.echo("table:<name>         CSV, NDJSON or Parquet in the columns of a canonical table")
    click.echo("document             sealed and listed, not read")


@click.command("measures")
@click.argument("name", required=False, metavar="[MEASURE]")
@language_option
@json_option
def measures_command(name: str | None, language: Language, as_json: bool) -> None:
    """List the measures with their definitions, or one MEASURE with its parameters."""
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
    """List the provisions with the dates from which they are in force, or one by its ID."""
    from dataclasses import asdict

    from perito.law import provision, provision_words, provisions

    chosen = [provision(name)] if name else list(provisions().values())
    if as_json:
        write_json([asdict(rule) for rule in chosen])
        return
    for rule in chosen:
        words = provision_words(rule.id, language)
        since = rule.in_force_from or rule.in_force_vlop_from or "undated"
        until = f" to {rule.in_force_to}" if rule.in_force_to else ""
        click.echo(f"{rule.id:18} {since}{until}  {words.title}")
        if name:
            click.echo(f"  {words.authority}\n  {words.fact_needed}\n  {words.clock or ''}\n  {rule.confidence}: {rule.source}")
