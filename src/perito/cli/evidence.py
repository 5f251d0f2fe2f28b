"""Commands on sealed evidence: add, show, check."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from perito.cli.output import case_argument, json_option, print_report, quiet_option, write_json
from perito.errors import CaseError

if TYPE_CHECKING:
    from perito.evidence import Receipt

_FACTS = {
    "format": "Source format ('perito formats' lists them); recognised from the bytes if not given.",
    "platform": "Platform that it comes from, for example x.",
    "origin": "Where it was obtained: an address, a person, a request.",
    "acquired_by": "Who acquired it.",
    "tool": "With what it was acquired.",
    "tool_version": "In which version.",
    "legal_basis": "Under which authority.",
    "terms": "Under which terms of use.",
}


_Decorated = TypeVar("_Decorated", bound=Callable[..., object])


def _fact_options(function: _Decorated) -> _Decorated:
    for fact, words in reversed(_FACTS.items()):
        function = click.option(f"--{fact.replace('_', '-')}", metavar="TEXT", help=words)(function)
    return function


@click.command("add")
@case_argument
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@_fact_options
@click.option("--acquired-at", metavar="TIME", help="When it was acquired: a date, or a time with its zone.")
@json_option
@quiet_option
def add_command(
    case: str,
    paths: tuple[Path, ...],
    acquired_at: str | None,
    as_json: bool,
    quiet: bool,
    **facts: str | None,
) -> None:
    """Seal files into CASE and print a receipt for each. Adding the same bytes again changes nothing.

    Without --format the format is recognised from the bytes; 'document' keeps an item unread.
    'perito run' then builds the tables.

    \b
    Example:
      perito add my-case export.jsonl --platform x --acquired-at 2026-03-20T10:30:00+01:00
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.workflow import add_files

    for path in paths:
        if path.is_dir():
            raise CaseError(
                "a folder cannot be sealed", where=str(path), remedy="give its files, or an archive of them"
            )
    receipts = add_files(case, paths, acquired_at=acquired_at, facts=facts)
    if as_json:
        write_json([receipt.to_json() for receipt in receipts])
    elif not quiet:
        for receipt in receipts:
            _print_receipt(receipt)


def _print_receipt(receipt: Receipt) -> None:
    state = "sealed" if receipt.is_new else "recorded" if receipt.is_recorded else "was sealed"
    click.echo(f"{receipt.evidence_id}  {receipt.bytes:>12,}  {state}  {receipt.path}")
    if receipt.members:
        click.echo(f"    {receipt.members:,} members")
    for name, reason in receipt.refused_members:
        click.echo(f"    member refused: {name}: {reason}", err=True)


@click.command("show")
@case_argument
@click.argument("item", metavar="ITEM")
@click.argument("locator", required=False, metavar="[LOCATOR]")
@json_option
def show_command(case: str, item: str, locator: str | None, as_json: bool) -> None:
    """Print the sealed bytes behind ITEM (id, beginning of one, or path), or behind a LOCATOR in it.

    The bytes come out exactly as they were sealed. Only on a terminal, characters that could deceive a
    reader are shown as code points, and what is no text is not printed.

    \b
    Examples:
      perito show my-case sources/label_counts.csv row=3
      perito show my-case export.zip 'member=data/posts.jsonl;line=17#/text'
      perito show my-case sha256:89527950 > copy.csv
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.case import load_case
    from perito.cli.shown import described, write_bytes
    from perito.evidence import Store, resolve

    store = Store(load_case(case).evidence_folder)
    found = store.find(item)
    located = resolve(store, found.evidence_id, locator) if locator else None
    if as_json:
        write_json(
            {**found.to_json(), **({} if located is None else {"locator": locator, **described(located)})}
        )
    elif located is not None:
        write_bytes([located])
    else:
        with store.get(found.evidence_id) as stream:
            write_bytes(iter(lambda: stream.read(1 << 20), b""))


@click.command("check")
@case_argument
@json_option
@quiet_option
def check_command(case: str, as_json: bool, quiet: bool) -> None:
    """Hash everything sealed in CASE again and compare it with the index.

    Names every item that is missing, cut short or changed, and ends with 1 if there is one.

    \b
    Example:
      perito check my-case
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.case import load_case
    from perito.evidence import Store

    report = Store(load_case(case).evidence_folder).check()
    print_report(report, case, as_json=as_json, quiet=quiet)
