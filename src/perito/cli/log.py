"""Commands on the custody log: show, sign, cosign, witness, stamp, query, attach, proof, check, verify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perito.cli.keys import opened_key, passphrase_file_option
from perito.cli.output import (
    case_argument,
    json_option,
    language_option,
    print_report,
    quiet_option,
    write_json,
)
from perito.cli.trusted import trust_in, trust_options, trusted_keys_option, verifier_keys_in
from perito.errors import CaseError, Missing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perito.evidence import Custody, Store
    from perito.evidence.log import Stamp
    from perito.report import Report

_FILE = click.Path(path_type=Path)
certificates_option = click.option(
    "--certificates", is_flag=True, help="Ask for the authority's certificates in the token."
)


@click.group("log")
def log_command() -> None:
    """Read, sign, time-stamp and check the custody log of a case.

    \b
    Example:
      perito log show my-case
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)


@log_command.command("show")
@case_argument
@click.option("--item", metavar="ITEM", help="Only the acts on one item (id, beginning of one, or path).")
@click.option("--act", metavar="ACT", help="Only one kind of act, for example opened.")
@language_option
@json_option
def show_log_command(case: str, item: str | None, act: str | None, language: str, as_json: bool) -> None:
    """List the acts in the custody log of CASE, and say whether it is signed and time-stamped.

    \b
    Example:
      perito log show my-case --act opened
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    store = _store(case)
    item_id = None if item is None else store.find(item).evidence_id
    acts = [
        (index, entry)
        for index, entry in enumerate(store.custody.entries())
        if (item_id is None or item_id in entry.get("items", ())) and act in {None, entry.get("act")}
    ]
    if as_json:
        listed = [{"index": index, **entry} for index, entry in acts]
        write_json({"acts": listed, "state": store.custody.state().to_json()})
        return
    for index, entry in acts:
        _print_act(index, entry, language)
    _print_state(store.custody)


@log_command.command("sign")
@case_argument
@click.option(
    "--key", metavar="NAME", help="The key, by name or file; the log's own, or PERITO_KEY, if not given."
)
@passphrase_file_option
@quiet_option
def sign_command(case: str, key: str | None, passphrase_file: Path | None, quiet: bool) -> None:
    """Sign the custody log of CASE as it is. The first key that signs is the log's own from then on.

    \b
    Example:
      perito log sign my-case --key unit4.example/case-7
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito import clock
    from perito.evidence.keyring import find_key, own_key_file
    from perito.evidence.keys import KeyKind

    custody = _store(case).custody
    path = own_key_file(custody.log) if key is None else find_key(key)
    if path is None:
        raise CaseError(
            "no key is named that could sign this log",
            where=case,
            remedy="make one with 'perito key new', name it",
        )
    signer = opened_key(path, passphrase_file)
    custody.sign(signer, at_us=clock.now_us() if signer.kind is KeyKind.WITNESS else None)
    if not quiet:
        _print_state(custody)


@log_command.command("cosign")
@click.argument("checkpoint", type=_FILE)
@click.option("--key", required=True, metavar="NAME", help="The key of the witness, by name or file.")
@click.option(
    "--trust", "trusted", multiple=True, metavar="VKEY",
    help="The public key of the log (or its file), which has to have signed the checkpoint.",
)  # fmt: skip
@click.option("--out", required=True, type=_FILE, metavar="FILE", help="Where the signed checkpoint goes.")
@passphrase_file_option
def cosign_command(
    checkpoint: Path, key: str, trusted: tuple[str, ...], out: Path, passphrase_file: Path | None
) -> None:
    """Sign, as a witness, a CHECKPOINT that somebody brings: it was seen at this time. No case is needed.

    Keep a copy: with the next one it shows that one log continues the other.

    \b
    Example:
      perito log cosign checkpoint --key witness.example --trust unit4.vkey --out checkpoint.signed
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito import clock
    from perito.evidence.keyring import find_key
    from perito.evidence.log import Checkpoint
    from perito.evidence.log.witnessing import cosigned

    if out.exists():
        raise CaseError("there is a file already", where=str(out), remedy="name another one")
    signer = opened_key(find_key(key), passphrase_file)
    note = cosigned(
        _bytes_of(checkpoint), signer, at_us=clock.now_us(), trusted=verifier_keys_in(trusted) or ()
    )
    out.write_bytes(note.data)
    seen = Checkpoint.parse(note.text)
    click.echo(f"signed as witness: {seen.origin}, {seen.size} entries, root {seen.root.hex()}")
    click.echo(out)


@log_command.command("witness")
@case_argument
@click.argument("checkpoint", type=_FILE)
@click.option(
    "--key", "keys", required=True, multiple=True, metavar="VKEY",
    help="The public key of the witness, or its file; may be given again.",
)  # fmt: skip
@quiet_option
def witness_command(case: str, checkpoint: Path, keys: tuple[str, ...], quiet: bool) -> None:
    """Add to the checkpoint of CASE the signature that a witness gave to it elsewhere.

    The witness signs a copy of evidence/log/checkpoint with 'perito log cosign', or with another program of
    the same form (C2SP tlog-cosignature). If the log has grown since, give the witness the present one.

    \b
    Example:
      perito log witness my-case checkpoint.signed --key witness.vkey
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.evidence.log.witnessing import expect_witnesses

    custody = _store(case).custody
    custody.log.add_signatures(_bytes_of(checkpoint), *expect_witnesses(verifier_keys_in(keys) or ()))
    if not quiet:
        _print_state(custody)


@log_command.command("stamp")
@case_argument
@click.option("--tsa", required=True, metavar="URL", help="The address of the time authority.")
@trust_options
@certificates_option
def stamp_command(case: str, tsa: str, certificates: bool, **trust: Any) -> None:  # noqa: ANN401
    """Have the signed checkpoint of CASE time-stamped by the authority at an address (RFC 3161).

    Nothing but this address is contacted. If no good token comes back, that is an error, and the checkpoint
    stays unstamped.

    \b
    Example:
      perito log stamp my-case --tsa https://tsa.example/ts
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    stamps = _store(case).custody.log.stamps
    _print_stamp(stamps.stamp(tsa, trust_in(trust), certificates=certificates))


@log_command.command("query")
@case_argument
@click.option("--out", type=_FILE, metavar="FILE", help="Another place for a copy of the query.")
@certificates_option
def query_command(case: str, out: Path | None, certificates: bool) -> None:
    """Write a time-stamp query for the signed checkpoint of CASE, to be carried to an authority by hand.

    \b
    Example:
      perito log query my-case --out query.tsq
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    if out is not None and out.exists():
        raise CaseError("there is a file already", where=str(out), remedy="name another one")
    path = _store(case).custody.log.stamps.query(certificates=certificates)
    if out is not None:
        out.write_bytes(path.read_bytes())
    click.echo(out or path)


@log_command.command("attach")
@case_argument
@click.argument("response", type=_FILE)
@trust_options
def attach_command(case: str, response: Path, **trust: Any) -> None:  # noqa: ANN401
    """Keep the authority's RESPONSE to a query of CASE, if it answers it.

    \b
    Example:
      perito log attach my-case response.tsr --root roots.pem --policy 1.2.3.4
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    _print_stamp(_store(case).custody.log.stamps.attach(response.read_bytes(), trust_in(trust)))


@log_command.command("proof")
@case_argument
@click.argument("item", metavar="ITEM")
@click.option("--out", type=_FILE, metavar="FOLDER", help="The folder to write into; this one if not given.")
def proof_command(case: str, item: str, out: Path | None) -> None:
    """Write, for each act on ITEM, the entry of the log and the proof that it is there.

    \b
    Example:
      perito log proof my-case sources/label_counts.csv --out handover
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    store, folder = _store(case), out or Path()
    found = store.find(item)
    folder.mkdir(parents=True, exist_ok=True)
    for index, _ in store.custody.of_item(found.parent_id or found.evidence_id):
        proof, path = store.custody.proof(index), folder / f"{index:08}.tlog-proof"
        path.write_bytes(proof.data)
        path.with_suffix(".json").write_bytes(store.custody.log.entry(index))
        click.echo(path if proof.note.signatures else f"{path}  unsigned: nobody vouches for its root")


@log_command.command("check")
@case_argument
@json_option
@quiet_option
def check_log_command(case: str, as_json: bool, quiet: bool) -> None:
    """Hash the custody log of CASE again, and verify its signatures with the keys that it names.

    'perito check' does that too, and compares log, index and bytes with one another.

    \b
    Example:
      perito log check my-case
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    custody = _store(case).custody
    report = custody.log.check()
    if report.ok and not (as_json or quiet):
        _print_state(custody)
    print_report(report, case, as_json=as_json, quiet=quiet)


@log_command.command("verify")
@click.argument("path", type=_FILE)
@trusted_keys_option
@trust_options
@json_option
def verify_log_command(path: Path, keys: tuple[str, ...], as_json: bool, **trust: Any) -> None:  # noqa: ANN401
    """Hold the custody log of a case, a dossier or one proof against keys and certificates that you bring.

    Without --key it is held against the keys that it names itself, which shows damage only. With --root and
    --policy its time stamps have to hold.

    \b
    Examples:
      perito log verify my-case --key unit4.example/case-7+1a2b3c4d+AekyeRrm
      perito log verify dossier --root roots.pem --policy 1.2.3.4
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.dossier.custody_verify import verify_custody

    report = verify_custody(path, verifier_keys_in(keys), trust_in(trust))
    _print_verified(report, path, as_json=as_json)


def _store(case: str) -> Store:
    from perito.case import load_case
    from perito.evidence import Store

    return Store(load_case(case).evidence_folder)


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as fault:
        raise Missing("the checkpoint cannot be read", where=str(file), found=str(fault.strerror)) from fault


def _print_verified(report: Report, path: Path, *, as_json: bool) -> None:
    print_report(report, str(path), as_json=as_json)


def _print_act(index: int, entry: Mapping[str, Any], language: str) -> None:
    from perito.clock import iso
    from perito.evidence import shown_name
    from perito.evidence.custody import act_words

    what = act_words(str(entry.get("act")), language)
    at = iso(entry["at_us"]) if isinstance(entry.get("at_us"), int) else "-"
    items = " ".join(one[:19] for one in entry.get("items", ()))
    told = [str(entry[key]) for key in ("by", "reason", "authority", "manifest") if entry.get(key)]
    path = entry.get("record", {}).get("path") if isinstance(entry.get("record"), dict) else None
    line = "  ".join(part for part in (f"{index:>6}", at, what, items, path, *told) if part)
    click.echo(shown_name(line))


def _print_state(custody: Custody) -> None:
    for line in custody.state().lines():
        click.echo(line)


def _print_stamp(stamp: Stamp) -> None:
    from perito.clock import iso

    state = "stamped" if stamp.is_verified else "unverified: held against no trusted certificate"
    click.echo(f"{iso(stamp.time_us)}  {stamp.authority or '-'}  policy {stamp.policy}  {state}")
