"""Commands on signing keys: new, show, list, rotate. Keys lie outside every case."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from perito.cli.output import case_argument, json_option, write_json
from perito.errors import CaseError

if TYPE_CHECKING:
    from perito.evidence.keys import SigningKey

passphrase_file_option = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A file with the passphrase on its first line; otherwise PERITO_PASSPHRASE_FILE, PERITO_PASSPHRASE, "
    "or a prompt.",
)


def asked_passphrase(file: Path | None, words: str, *, confirm: bool = False) -> str:
    """A passphrase from a file, the environment or the terminal; never from the command line.

    Raises:
        CaseError: There is none, and nobody who could be asked.
        Missing: The file cannot be read.
    """
    from perito.evidence.keyring import passphrase_at_hand, passphrase_in

    given = passphrase_at_hand() if file is None else passphrase_in(file)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise CaseError(
            "a passphrase is needed, and there is no terminal to ask for it",
            remedy="give --passphrase-file, or set PERITO_PASSPHRASE_FILE or PERITO_PASSPHRASE",
        )
    answer: str = click.prompt(words, hide_input=True, confirmation_prompt=confirm, err=True)
    return answer


def opened_key(path: Path, file: Path | None) -> SigningKey:
    """The key in a key file, its passphrase asked for if it is protected.

    Raises:
        CaseError: The passphrase is wrong, or nobody can be asked for it.
    """
    from perito.evidence.keyring import is_protected
    from perito.evidence.keys import read_key

    passphrase = asked_passphrase(file, f"Passphrase of {path.name}") if is_protected(path) else None
    return read_key(path, passphrase)


@click.group("key")
def key_command() -> None:
    """Make, show and change the keys that sign custody logs.

    Keys lie in PERITO_KEYS, or in perito/keys in your configuration folder, protected by a passphrase and
    outside every case. Make one for each case: its name is the name of the log.

    \b
    Example:
      perito key new unit4.example/case-7
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)


@key_command.command("new")
@click.argument("name")
@click.option("--witness", is_flag=True, help="Make the key of a witness, who signs with the time.")
@click.option("--unprotected", is_flag=True, help="Keep it without a passphrase, readable by you only.")
@passphrase_file_option
@json_option
def new_command(
    name: str, witness: bool, unprotected: bool, passphrase_file: Path | None, as_json: bool
) -> None:
    """Make a key named NAME, for example an address and the case, and print its public part.

    \b
    Example:
      perito key new unit4.example/case-7 --passphrase-file passphrase.txt
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.evidence.keyring import keep_key, key_files
    from perito.evidence.keys import KeyKind, SigningKey

    if any(key.name == name for key in key_files().values()):
        raise CaseError(
            f"there is a key '{name}' already", remedy="change it with 'perito key rotate', or name another"
        )
    key = SigningKey.new(name, KeyKind.WITNESS if witness else KeyKind.LOG)
    phrase = None if unprotected else asked_passphrase(passphrase_file, "New passphrase", confirm=True)
    _print_key(keep_key(key, phrase), key.verifier.text, as_json=as_json)


@key_command.command("show")
@click.argument("name")
@click.option("--pem", is_flag=True, help="Print the public key as PEM, for other programs.")
def show_key_command(name: str, pem: bool) -> None:
    """Print the public part of the key NAME, to hand to those who check.

    \b
    Example:
      perito key show unit4.example/case-7
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.evidence.keyring import find_key
    from perito.evidence.keys import VerifierKey

    line = find_key(name).read_bytes().partition(b"\n")[0].decode()
    click.echo(VerifierKey.parse(line).pem().decode().rstrip("\n") if pem else line)


@key_command.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """List the keys that are here, by their public parts.

    \b
    Example:
      perito key list
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.evidence.keyring import key_files

    found = key_files()
    if as_json:
        write_json([{"file": str(path), "key": key.text} for path, key in found.items()])
        return
    for path, key in found.items():
        click.echo(f"{key.text}  {path}")


@key_command.command("rotate")
@case_argument
@click.option("--reason", required=True, metavar="TEXT", help="Why the key changes, in a sentence.")
@click.option(
    "--new-passphrase-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file with the passphrase of the new key, if it is another.",
)
@passphrase_file_option
def rotate_command(
    case: str, reason: str, new_passphrase_file: Path | None, passphrase_file: Path | None
) -> None:
    """Put a new key in the place of the one that signs the log of CASE, and record that in the log.

    Both keys sign that the new one follows. The old key file stays.

    \b
    Example:
      perito key rotate my-case --reason "yearly change"
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.case import load_case
    from perito.evidence import Store
    from perito.evidence.keyring import keep_key, own_key_file
    from perito.evidence.keys import SigningKey

    custody = Store(load_case(case).evidence_folder, signers=()).custody
    path = own_key_file(custody.log) if custody.log.signed_note() else None
    if path is None:
        raise CaseError(
            "the key that signs this log is not here",
            where=case,
            remedy="sign the log first with 'perito log sign', or bring the key",
        )
    old = opened_key(path, passphrase_file)
    phrase = asked_passphrase(new_passphrase_file or passphrase_file, "New passphrase", confirm=True)
    new = SigningKey.new(old.name)
    kept = keep_key(new, phrase)
    custody.rotate(old, new, reason=reason)
    _print_key(kept, new.verifier.text, as_json=False)


def _print_key(path: Path, text: str, *, as_json: bool) -> None:
    if as_json:
        write_json({"file": str(path), "key": text})
    else:
        click.echo(f"{text}\n{path}")
