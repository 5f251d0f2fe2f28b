"""Commands on sealed evidence: add, show, check."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from perito.cli.output import case_argument, json_option, print_report, quiet_option, write_json
from perito.cli.vault import by_option, reason_option, role_option
from perito.errors import CaseError, LocatorError

if TYPE_CHECKING:
    from perito.evidence import Item, Receipt

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
@click.option("--confidential", is_flag=True, help="Encrypt them in the vault of the case as they are read.")
@click.option(
    "--hash-only", is_flag=True, help="The files are lists of digests (JSON or CSV): enter no bytes."
)
@json_option
@quiet_option
def add_command(
    case: str,
    paths: tuple[Path, ...],
    acquired_at: str | None,
    confidential: bool,
    hash_only: bool,
    as_json: bool,
    quiet: bool,
    **facts: str | None,
) -> None:
    """Seal files into CASE and print a receipt for each. Adding the same bytes again changes nothing.

    Without --format the format is recognised from the bytes; 'document' keeps an item unread.
    'perito run' then builds the tables.

    \b
    Examples:
      perito add my-case export.jsonl --platform x --acquired-at 2026-03-20T10:30:00+01:00
      perito add my-case interview.zip --confidential --format document
      perito add my-case digests-of-the-hotline.csv --hash-only
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.workflow import add_files

    for path in paths:
        if path.is_dir():
            raise CaseError(
                "a folder cannot be sealed", where=str(path), remedy="give its files, or an archive of them"
            )
    _let_seal(case)
    if hash_only:
        _declare(case, paths, acquired_at, facts, as_json=as_json, quiet=quiet)
        return
    receipts = add_files(case, paths, acquired_at=acquired_at, facts=facts, is_confidential=confidential)
    if as_json:
        write_json([receipt.to_json() for receipt in receipts])
    elif not quiet:
        for receipt in receipts:
            _print_receipt(receipt)


def _let_seal(case: str) -> None:
    """Refuses who may not bring evidence in, where the case names its people."""
    from perito.case import load_case
    from perito.evidence import Store
    from perito.evidence.roles import People

    loaded = load_case(case)
    People(loaded.folder).let(Store(loaded.evidence_folder).custody, "seal")


def _declare(
    case: str,
    paths: tuple[Path, ...],
    acquired_at: str | None,
    facts: dict[str, str | None],
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Enters what lists of digests name, and prints it."""
    from perito.case import load_case
    from perito.clock import instant_us
    from perito.evidence import Store
    from perito.evidence.digest_lists import declare_digests
    from perito.evidence.roles import People

    loaded = load_case(case)
    store, by = Store(loaded.evidence_folder), People(loaded.folder).acting().id
    at_us = None if acquired_at is None else instant_us(acquired_at)
    items = [
        one for path in paths for one in declare_digests(store, path, by=by, acquired_at_us=at_us, **facts)
    ]
    if as_json:
        write_json([item.to_json() for item in items])
        return
    for item in () if quiet else items:
        click.echo(f"{item.evidence_id}  {item.bytes:>12,}  {item.state}  {item.shown_path}")


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
@role_option
@reason_option
@by_option
@json_option
def show_command(
    case: str, item: str, locator: str | None, role: str | None, reason: str, by: str | None, as_json: bool
) -> None:
    """Print the sealed bytes behind ITEM (id, beginning of one, or path), or behind a LOCATOR in it.

    The bytes come out exactly as they were sealed. Only on a terminal, characters that could deceive a
    reader are shown as code points, and what is no text is not printed.

    The opening is an entry of the custody log. Confidential material needs --role and --reason.

    \b
    Examples:
      perito show my-case sources/label_counts.csv row=3
      perito show my-case export.zip 'member=data/posts.jsonl;line=17#/text'
      perito show my-case sha256:89527950 > copy.csv
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.case import load_case
    from perito.cli.shown import described, write_bytes
    from perito.evidence import Store, resolve
    from perito.evidence.people import opening

    loaded = load_case(case)
    store = Store(loaded.evidence_folder)
    found = store.find(item)
    if locator is not None:
        _expect_locator(locator, found)
    is_opened = locator is not None or not as_json
    if is_opened and not opening(store, loaded.folder, found, (role, reason, by), locator):
        click.echo("perito: the store cannot be written: this opening is not in its log", err=True)
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


def _expect_locator(text: str, item: Item) -> None:
    """Refuses what has not the form of a locator, before it counts as an opening."""
    from perito.evidence import Locator

    try:
        Locator.parse(text)
    except LocatorError as fault:
        where = f"{item.evidence_id} ({item.shown_path}), locator '{text}'"
        raise LocatorError(
            fault.what, where=where, expected=fault.expected, found=fault.found, remedy=fault.remedy
        ) from fault


@click.command("check")
@case_argument
@json_option
@quiet_option
def check_command(case: str, as_json: bool, quiet: bool) -> None:
    """Hash everything sealed in CASE again and compare it with index and custody log.

    Names every item that is missing, cut short or changed, and ends with 1 if there is one.

    \b
    Example:
      perito check my-case
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.case import load_case
    from perito.evidence import Store
    from perito.handover import check_received

    report = Store(load_case(case).evidence_folder).check().joined(check_received(case))
    print_report(report, case, as_json=as_json, quiet=quiet)
