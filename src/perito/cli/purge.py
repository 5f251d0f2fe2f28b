"""`perito purge`: the bytes of an item deleted for good, with a proof of what was there."""

from __future__ import annotations

import click

from perito.cli.output import case_argument, json_option, write_json
from perito.cli.vault import by_option, role_option


@click.command("purge")
@case_argument
@click.argument("item", metavar="ITEM")
@click.option("--reason", required=True, metavar="TEXT", help="Why, in a sentence.")
@click.option("--authority", required=True, metavar="TEXT", help="Who ordered or allowed it, by reference.")
@role_option
@by_option
@click.option("--yes", is_flag=True, help="Do not ask again.")
@json_option
def purge_command(
    case: str,
    item: str,
    reason: str,
    authority: str,
    role: str | None,
    by: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Delete the bytes of ITEM from CASE for good. Its record, its digests and their proofs stay.

    The proofs go to 'purged/' in the case. The file from which the item was added is not touched: while it
    lies where the case declares it, 'perito run' refuses to seal it again.

    \b
    Example:
      perito purge my-case sources/export.zip --reason 'retention ended' --authority 'order 12/2026' --yes
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.case import load_case
    from perito.evidence import Store
    from perito.evidence.purging import purge_with_proof

    loaded = load_case(case)
    store = Store(loaded.evidence_folder)
    found = store.find(item)
    if not yes:
        click.confirm(
            f"Delete the bytes of {found.shown_path} ({found.evidence_id}) for good?", abort=True, err=True
        )
    record = purge_with_proof(
        store, loaded.folder, found, reason=reason, authority=authority, role=role, by=by
    )
    if as_json:
        write_json(record.to_json())
    else:
        click.echo(f"{record.evidence_id}  {record.bytes:>12,}  purged")
        for path in record.proofs:
            click.echo(f"    proof: {path}")
