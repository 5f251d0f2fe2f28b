"""Commands that hand a case over: export, import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from perito.cli.keys import opened_key, passphrase_file_option
from perito.cli.output import case_argument, json_option, progress, quiet_option, write_json
from perito.errors import CaseError, Missing

if TYPE_CHECKING:
    from perito.evidence.keys import SigningKey, VerifierKey
    from perito.evidence.log import Note
    from perito.handover import Exported, Imported

_PATH = click.Path(path_type=Path)
_by_option = click.option(
    "--by", default="", metavar="NAME", help="Who acts; by default PERITO_BY or the account."
)


@click.command("export")
@case_argument
@click.option("--bag", required=True, type=_PATH, metavar="OUT", help="The folder of the bag that is made.")
@click.option("--to", default="", metavar="NAME", help="To whom the case is handed over.")
@click.option("--redacted", is_flag=True, help="Make a redacted copy.")
@click.option("--without", multiple=True, metavar="PATH", help="Leave out this item; may be given again.")
@click.option("--reason", default="", metavar="TEXT", help="Why items are left out.")
@click.option("--unnamed", is_flag=True, help="Do not even give the digests of what is left out.")
@click.option(
    "--next-key", metavar="VKEY", help="The receiver's public key (or its file): it signs from now on."
)
@_by_option
@click.option(
    "--key", metavar="NAME", help="The key that signs the log; by default the case's own, if it is here."
)
@passphrase_file_option
@json_option
@quiet_option
def export_command(
    case: str,
    bag: Path,
    to: str,
    redacted: bool,
    without: tuple[str, ...],
    reason: str,
    unnamed: bool,
    next_key: str | None,
    by: str,
    key: str | None,
    passphrase_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make a BagIt bag of CASE: evidence, custody log, proofs, CASE graph, dossier.

    The act is in the log, and under its checkpoint, before the bag is made. A redacted copy leaves out what
    --without names, what lies in the vault, and the dossier; all that it shows is proved by the same
    checkpoint.

    \b
    Examples:
      perito export my-case --bag for-court --to "Court 4" --by "Unit 4"
      perito export my-case --bag for-press --redacted --without letters.csv --reason "names of witnesses"
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.handover import Terms, export_case

    terms = Terms(
        by=by,
        to=to,
        is_redacted=redacted,
        without=without,
        reason=reason,
        is_unnamed=unnamed,
        next_key=None if next_key is None else _verifier_keys(next_key)[-1],
    )
    signers = None if key is None else (_signing_key(key, passphrase_file),)
    done = export_case(case, bag, terms, signers=signers, progress=progress(quiet=quiet or as_json))
    if as_json:
        write_json(done.to_json())
    elif not quiet:
        _print_exported(done)


def _print_exported(done: Exported) -> None:
    cover = done.cover
    click.echo(f"{cover.items:>12,}  items")
    click.echo(f"{done.files:>12,}  files, {done.octets:,} bytes")
    click.echo(f"{cover.log_size:>12,}  log entries, root {cover.root}")
    for one in cover.withheld:
        click.echo(f"left out: {one.evidence_id or 'an item'}, log entry {one.index}: {one.reason}")
    if not cover.is_signed:
        click.echo(
            "the log is not signed: the bag shows that nothing changed on the way, not who made it", err=True
        )
    click.echo(done.bag)


@click.command("import")
@click.argument("bag", type=_PATH, metavar="BAG")
@click.argument("case", type=_PATH, metavar="CASE")
@click.option(
    "--trust", multiple=True, metavar="VKEY", help="A public key that you know from elsewhere, or its file."
)
@click.option("--known", type=_PATH, metavar="FILE", help="A checkpoint of the log that you had before.")
@_by_option
@click.option(
    "--key",
    envvar="PERITO_KEY",
    metavar="NAME",
    help="Your own key, which signs from now on; by default the one that PERITO_KEY names.",
)
@passphrase_file_option
@json_option
@quiet_option
def import_command(
    bag: Path,
    case: Path,
    trust: tuple[str, ...],
    known: Path | None,
    by: str,
    key: str | None,
    passphrase_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Check BAG and make the folder CASE of it; its log goes on with your receipt.

    Every file, item, log entry, signature and proof is checked. The first that does not hold is named, and
    nothing is kept. Nothing is ever fetched. Of a redacted copy, what cannot be checked is listed.

    \b
    Examples:
      perito import for-court case-7 --trust sender.vkey --by "Court 4"
      perito import for-court case-7 --trust sender.vkey --known checkpoint --key unit4.example/case-7
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.evidence.custody import operator
    from perito.handover import Reception, import_bag

    reception = Reception(
        by=by or operator() or "",
        trusted=tuple(one for text in trust for one in _verifier_keys(text)),
        known=None if known is None else _note(known),
        signer=None if key is None else _signing_key(key, passphrase_file),
    )
    done = import_bag(bag, case, reception, progress=progress(quiet=quiet or as_json))
    if as_json:
        write_json(done.to_json())
    elif not quiet:
        _print_imported(done)


def _print_imported(done: Imported) -> None:
    from perito.evidence import shown_name

    for what, number in done.checked:
        click.echo(f"{number:>12,}  {what}")
    for warning in done.warnings:
        click.echo(f"advised against: {shown_name(str(warning))}", err=True)
    for sentence in done.unchecked:
        click.echo(f"not checked: {shown_name(sentence)}", err=True)
    click.echo(f"received {done.cover.kind} from {shown_name(done.cover.sender)}: {done.case}")


def _verifier_keys(text: str) -> tuple[VerifierKey, ...]:
    """The keys in a text, or in the file of that name, one a line."""
    from perito.handover.keychain import parse_keys

    file = Path(text)
    if "+" in text and not file.is_file():
        return parse_keys([text])
    try:
        lines = file.read_text("utf-8").split()
    except (OSError, UnicodeDecodeError) as fault:
        raise Missing("the public key cannot be read", where=text, found=str(fault)) from fault
    if not lines:
        raise CaseError("the file holds no public key", where=text)
    return parse_keys(lines)


def _note(file: Path) -> Note:
    from perito.evidence.log import Note

    try:
        return Note.parse(file.read_bytes())
    except OSError as fault:
        raise Missing("the checkpoint cannot be read", where=str(file), found=str(fault.strerror)) from fault


def _signing_key(name: str, passphrase_file: Path | None) -> SigningKey:
    from perito.evidence.keyring import find_key

    return opened_key(find_key(name), passphrase_file)
