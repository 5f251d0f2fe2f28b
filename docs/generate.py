"""Writes docs/reference/ from what ships with the package, so that no reference can be out of date.

`python docs/generate.py` writes the pages. With `--check` it names those that are not what would be
written, and ends with 1 if there is one.
"""

from __future__ import annotations

import json
import sys
import tomllib
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from perito.cli import commands
from perito.formats import formats
from perito.law import provision_words, provisions
from perito.measures import MEASURES, describe
from perito.measures.reference import words
from perito.schema import reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from perito.findings import Language
    from perito.measures import Catalogue
    from perito.measures.catalogue import Parameter

HERE = Path(__file__).resolve().parent
FOLDER = HERE / "reference"
DATA = tomllib.loads((HERE / "generate.toml").read_text("utf-8"))
MARK = "<!-- Made by docs/generate.py: change what it is made from, not this page. -->\n"
HELP_COLUMNS = 100
NONE = "–"


def commands_page() -> Iterator[str]:
    """What every command prints for `--help`."""
    root = _context(commands, "perito")
    yield from ("# Commands", "", "```text", commands.get_help(root), "```")
    for name in commands.list_commands(root):
        command = commands.get_command(root, name)
        if command is not None:
            yield from (
                "",
                f"## {name}",
                "",
                "```text",
                command.get_help(_context(command, name, root)),
                "```",
            )


def case_file_page() -> Iterator[str]:
    """The keys of `case.toml`, and the template that `perito new` writes."""
    yield from (
        "# The case file",
        "",
        "`case.toml` in the case folder. An unknown key is an error that names the",
    )
    yield "nearest known one."
    for part in DATA["case_file"]:
        yield from ("", f"## `{part['section']}`", "")
        rows = ((f"`{key}`", *facts) for key, *facts in part["keys"])
        yield from _table("Key | Type | If not given | Meaning", rows)
    template = (files("perito.case") / "template.toml").read_text("utf-8")
    filled = template.replace("@ID@", "my-case").replace("@LANGUAGE@", "es")
    yield from ("", "## What `perito new` writes", "", "```toml", filled.strip(), "```")


def measures_page(language: Language) -> Iterator[str]:
    """The measures with definitions, parameters, and what they do not show."""
    yield from (f"# {_say('measures', language)}", "", _say("measures_intro", language))
    for name in MEASURES:
        yield from _measure_lines(describe(name), language)


def _measure_lines(measure: Catalogue, language: Language) -> Iterator[str]:
    yield from ("", f"## `{measure.name}@{measure.version}`: {words(measure.title, language)}")
    yield from ("", words(measure.definition, language))
    yield from ("", f"{_say('reads', language)}: {_names(measure.tables)}.")
    if measure.parameters:
        yield from ("", f"**{_say('parameters', language)}**", "")
        rows = (_parameter_row(parameter, language) for parameter in measure.parameters.values())
        yield from _table(_say("parameter_head", language), rows)
    for key, texts in measure.lists.items():
        if texts:
            yield from ("", f"**{_say(key, language)}**", "")
            yield from (f"* {words(text, language)}" for text in texts)


def _parameter_row(parameter: Parameter, language: Language) -> tuple[str, ...]:
    about = [words(parameter.about, language)]
    if parameter.choices:
        about.append(f"{_say('one_of', language)} {_names(parameter.choices)}")
    about += [
        f"{_say('only', language)} `{other}` = {_names(values)}" for other, values in parameter.only.items()
    ]
    default = NONE if parameter.default is None else f"`{json.dumps(parameter.default, ensure_ascii=False)}`"
    given = _say("required", language) if parameter.is_required else default
    return f"`{parameter.name}`", parameter.type, given, "; ".join(about)


def formats_page(language: Language) -> Iterator[str]:
    """The source formats with the tables that they fill."""
    yield from (f"# {_say('formats', language)}", "", _say("formats_intro", language), "")
    rows = [
        (f"`{name}`", one.title[language], _names(one.tables), _names(getattr(one, "columns", ())))
        for name, one in formats().items()
    ]
    rows.append(("`table:<name>`", _say("table_format", language), _say("that_one", language), NONE))
    rows.append(("`document`", _say("document_format", language), NONE, NONE))
    yield from _table(_say("format_head", language), rows)


def provisions_page(language: Language) -> Iterator[str]:
    """The provisions with dates, authority and the fact that each needs."""
    yield from (f"# {_say('provisions', language)}", "", _say("provisions_intro", language), "")
    rows = []
    for rule in provisions().values():
        said = provision_words(rule.id, language)
        dates = [date or NONE for date in (rule.in_force_from, rule.in_force_to, rule.in_force_vlop_from)]
        rows.append((f"`{rule.id}`", said.title, *dates, said.authority, said.fact_needed, rule.confidence))
    yield from _table(_say("provision_head", language), rows)


def _say(key: str, language: Language) -> str:
    return str(DATA["words"][key][language])


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or NONE


def _table(head: str, rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield from (f"| {head} |", "|" + "---|" * (head.count("|") + 1))
    yield from (f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows)


def _context(command: click.Command, name: str, parent: click.Context | None = None) -> click.Context:
    settings = {**command.context_settings, "terminal_width": HELP_COLUMNS}
    return click.Context(command, info_name=name, parent=parent, **settings)


PAGES: dict[str, Callable[[], Iterable[str]]] = {
    "commands.md": commands_page,
    "case-file.md": case_file_page,
    "tables.md": lambda: [reference("en").rstrip("\n")],
    "tables.es.md": lambda: [reference("es").rstrip("\n")],
    "measures.md": partial(measures_page, "en"),
    "measures.es.md": partial(measures_page, "es"),
    "formats.md": partial(formats_page, "en"),
    "formats.es.md": partial(formats_page, "es"),
    "provisions.md": partial(provisions_page, "en"),
    "provisions.es.md": partial(provisions_page, "es"),
}


def pages() -> dict[str, str]:
    """Every page by its name, as it should be."""
    return {name: "\n".join([MARK, *lines()]) + "\n" for name, lines in PAGES.items()}


def outdated() -> list[str]:
    """The names of the pages that are not what would be written now, or that nothing writes."""
    there = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.md")}
    wanted = pages()
    return sorted(name for name in {*there, *wanted} if there.get(name) != wanted.get(name))


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` compare them."""
    if arguments == ["--check"]:
        names = outdated()
        for name in names:
            print(f"docs/reference/{name} is out of date: run 'python docs/generate.py'", file=sys.stderr)
        return 1 if names else 0
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
