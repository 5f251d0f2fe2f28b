"""`perito duty`: matches with lists of known abuse material that wait to be reported."""

from __future__ import annotations

import click

from perito.cli.output import case_argument, json_option, language_option, write_json
from perito.cli.vault import by_option
from perito.errors import CaseError


@click.command("duty")
@case_argument
@click.argument("item", required=False, metavar="[ITEM]")
@click.option("--authority", default="", metavar="TEXT", help="To whom ITEM was reported.")
@click.option("--reference", default="", metavar="TEXT", help="Number or date under which they received it.")
@by_option
@language_option
@json_option
def duty_command(
    case: str, item: str | None, authority: str, reference: str, by: str | None, language: str, as_json: bool
) -> None:
    """List the items of CASE that matched known abuse material and wait for a report, or record a report.

    Nothing of an item is shown. Without ITEM it lists; with ITEM, --authority and --reference it records.
    Ends with 1 while something waits.

    \b
    Examples:
      perito duty my-case
      perito duty my-case sha256:89527950 --authority 'the police' --reference 'entry 4711'
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.case import load_case
    from perito.evidence import Store
    from perito.evidence.duty import acknowledge_report, open_duties
    from perito.evidence.roles import People

    loaded = load_case(case)
    store = Store(loaded.evidence_folder)
    if item is not None:
        person = People(loaded.folder).let(store.custody, "report", by)
        found = store.find(item)
        acknowledge_report(
            store.custody, found.evidence_id, authority=authority, reference=reference, by=person.id
        )
    elif authority or reference:
        raise CaseError("a report is about an item", remedy="name it: perito duty CASE ITEM --authority ..")
    waiting = open_duties(store.custody)
    if as_json:
        write_json([{"evidence_id": one.evidence_id, "list_id": one.list_id} for one in waiting])
    else:
        for one in waiting:
            click.echo(one.words(language))
    if waiting and item is None:
        raise click.exceptions.Exit(1)
