"""Commands on sealed evidence: add, show, check."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from perito.cli.output import case_argument, json_option, print_report, quiet_option, write_json

_FACTS = ("format", "platform", "origin", "acquired_by", "tool", "tool_version", "legal_basis", "terms")


def _fact_options(command: click.Command) -> click.Command:
    for fact in reversed(_FACTS):
        command = click.option(f"--{fact.replace('_', '-')}", help=f"Acquisition record: {fact}.")(command)  # type: ignore[assignment]
    return command


@click.command("add")
@case_argument
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@_fact_options
@click.option("--acquired-at", help="When it was acquired: a date, or a time with its zone.")
@json_option
@quiet_option
def add_command(
    case: str, paths: tuple[Path, ...], acquired_at: str | None, as_json: bool, quiet: bool, **facts: str | None
) -> None:
    """Seal files into CASE and print a receipt for each. Adding the same bytes again changes nothing.

    Without --format the format is recognised from the bytes; 'document' keeps an item unread.
    """
    from perito.workflow import add_files

    receipts = add_files(case, paths, acquired_at=acquired_at, facts=facts)
    if as_json:
        write_json([receipt.to_json() for receipt in receipts])
    elif not quiet:
        for receipt in receipts:
            state = "sealed" if receipt.is_new else "recorded" if receipt.is_recorded else "was sealed"
            click.echo(f"{receipt.evidence_id}  {receipt.bytes:>12,}  {state}  {receipt.path}")
            for name, reason in receipt.refused_members:
                click.echo(f"    member refused: {name}: {reason}", err=True)


@click.command("show")
@case_argument
@click.argument("item", metavar="ITEM")
@click.argument("locator", required=False, metavar="[LOCATOR]")
@json_option
def show_command(case: str, item: str, locator: str | None, as_json: bool) -> None:
    """Print the sealed bytes behind ITEM (id, beginning of one, or path), or behind a LOCATOR in it.

    Example: perito show CASE sources/label_counts.csv row=3
    """
    from perito.case import load_case
    from perito.evidence import Store, resolve

    store = Store(load_case(case).evidence_folder)
    found = store.find(item)
    if as_json:
        write_json(found.to_json())
        return
    if locator:
        sys.stdout.buffer.write(resolve(store, found.evidence_id, locator) + b"\n")
        return
    with store.get(found.evidence_id) as stream:
        while block := stream.read(1 << 20):
            sys.stdout.buffer.write(block)


@click.command("check")
@case_argument
@json_option
def check_command(case: str, as_json: bool) -> None:
    """Hash everything sealed in CASE again and compare it with the index."""
    from perito.case import load_case
    from perito.evidence import Store

    report = Store(load_case(case).evidence_folder).check()
    if as_json:
        write_json(report.to_json())
        if not report.ok:
            raise click.exceptions.Exit(1)
    else:
        print_report(report, case)
