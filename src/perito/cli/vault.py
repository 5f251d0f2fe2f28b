"""`perito vault`: for whom confidential evidence is encrypted, and the encryption of what lies plain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from perito.cli.output import case_argument, json_option, write_json
from perito.errors import CaseError

if TYPE_CHECKING:
    from perito.evidence.vault import Recipient

reason_option = click.option("--reason", default="", metavar="TEXT", help="Why, in a sentence.")
role_option = click.option("--role", metavar="ROLE", help="In which of your roles: custodian, analyst, ...")
by_option = click.option("--by", metavar="NAME", help="Who you are, where the case has no people.toml.")


@click.group("vault")
def vault_command() -> None:
    """Keep confidential evidence encrypted, with age, for several people.

    \b
    Examples:
      perito vault new case-7
      perito vault recipients my-case --add case-7=age1.. --add recovery=age1..
      perito vault lock my-case sources/export.zip --reason 'names of victims'
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)


@vault_command.command("new")
@click.argument("name", metavar="NAME")
@click.option("--unprotected", is_flag=True, help="No passphrase: whoever reads the file has the key.")
def new_identity_command(name: str, *, unprotected: bool) -> None:
    """Make the identity NAME in the folder of the keys, and print its public part for 'recipients'.

    \b
    Example:
      perito vault new case-7
    """  # noqa: D301
    from perito.evidence.keyring import passphrase_at_hand
    from perito.evidence.vault import new_identity

    passphrase = None if unprotected else passphrase_at_hand()
    if passphrase is None and not unprotected:
        passphrase = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True)
    path, recipient = new_identity(name, passphrase)
    click.echo(f"{path}\n{recipient.key}")


@vault_command.command("recipients")
@case_argument
@click.option("--add", "added", multiple=True, metavar="NAME=KEY", help="Encrypt for this public key too.")
@click.option("--remove", "removed", multiple=True, metavar="NAME", help="No longer encrypt for this one.")
@role_option
@reason_option
@by_option
@json_option
def recipients_command(
    case: str,
    *,
    added: tuple[str, ...],
    removed: tuple[str, ...],
    role: str | None,
    reason: str,
    by: str | None,
    as_json: bool,
) -> None:
    """List or change for whom the vault of CASE is encrypted: the case's key and a recovery key at least.

    What was encrypted before stays as it was, until 'perito vault rewrap' encrypts it anew.

    \b
    Example:
      perito vault recipients my-case --add case-7=age1.. --add recovery=age1..
    """  # noqa: D301
    from perito.case import load_case
    from perito.evidence import Store
    from perito.evidence.people import change_recipients
    from perito.evidence.vault import Vault

    loaded = load_case(case)
    vault = Vault(loaded.evidence_folder)
    if added or removed:
        change_recipients(
            Store(loaded.evidence_folder),
            loaded.folder,
            added=[_recipient(text) for text in added],
            removed=removed,
            said=(role, reason, by),
        )
    listed = vault.recipients()
    if as_json:
        write_json([{"name": one.name, "key": one.key} for one in listed])
        return
    for one in listed:
        click.echo(f"{one.key}  {one.name}")


@vault_command.command("lock")
@case_argument
@click.argument("items", nargs=-1, required=True, metavar="ITEM...")
@reason_option
@by_option
def lock_command(case: str, items: tuple[str, ...], reason: str, by: str | None) -> None:
    """Encrypt ITEMs that lie plain in CASE, and delete the plain bytes of the store.

    Deleted bytes can be brought back on many media, and the file from which an item was added is not
    touched: seal what is confidential with 'perito add --confidential' from the start.

    \b
    Example:
      perito vault lock my-case sources/export.zip --reason 'names of victims'
    """  # noqa: D301
    from perito.case import load_case
    from perito.evidence import Store
    from perito.evidence.roles import People
    from perito.evidence.vault_store import lock

    loaded = load_case(case)
    store = Store(loaded.evidence_folder)
    person = People(loaded.folder).let(store.custody, "seal", by)
    for name in items:
        item = lock(store, store.find(name).evidence_id, by=person.id, reason=reason or None)
        click.echo(f"{item.evidence_id}  {item.bytes:>12,}  {item.state}  {item.shown_path}")


@vault_command.command("rewrap")
@case_argument
@click.argument("items", nargs=-1, metavar="[ITEM]...")
@role_option
@reason_option
@by_option
def rewrap_command(case: str, items: tuple[str, ...], role: str | None, reason: str, by: str | None) -> None:
    """Encrypt ITEMs of CASE (all in the vault, if none is named) anew for those who are recipients now.

    Needs an identity that opens them. The plain bytes and their digest stay the same; the log has the new
    digest of the encrypted file. Whoever has a copy of the former file and an identity for it can still
    read that.

    \b
    Example:
      perito vault rewrap my-case --reason 'A. N. left the unit'
    """  # noqa: D301
    from perito.case import load_case
    from perito.evidence import Store
    from perito.evidence.people import rewrapping

    loaded = load_case(case)
    store = Store(loaded.evidence_folder)
    every = [one for one in store.items() if one.state == "encrypted" and one.parent_id is None]
    chosen = [store.find(name) for name in items] or every
    for item in rewrapping(store, loaded.folder, chosen, (role, reason, by)):
        click.echo(f"{item.evidence_id}  {item.bytes:>12,}  encrypted anew  {item.shown_path}")


def _recipient(text: str) -> Recipient:
    from perito.evidence.vault import Recipient

    name, equals, key = text.partition("=")
    if not equals:
        raise CaseError("a recipient is a name and a key", expected="NAME=age1..", found=text[:80])
    return Recipient.of(name, key)
