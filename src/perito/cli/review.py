"""The command `review`: start the review workbench of a case, keep its people, export its labels."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from perito.cli.output import case_argument, json_option, write_json
from perito.errors import CaseError

if TYPE_CHECKING:
    from perito.case import Case
    from perito.web.refused import Refused
    from perito.web.review import Review

_LIBRARIES = ("starlette", "uvicorn", "itsdangerous", "argon2")
_ROLES = click.Choice(["custodian", "analyst", "reviewer", "adjudicator", "reader"])
_PORT = 8400

password_option = click.option(
    "--password-stdin",
    is_flag=True,
    help="Read the password from the first line of stdin; asked if not given.",
)


class _Review(click.Group):
    """A group whose own options may stand behind CASE, like those of the other commands."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = next((at for at, word in enumerate(args) if at > 0 and word in self.commands), len(args))
        own, rest = args[:end], args[end:]
        if own and not own[0].startswith("-"):
            own = [*own[1:], own[0]]
        return super().parse_args(ctx, [*own, *rest])


@click.group("review", cls=_Review, invoke_without_command=True, subcommand_metavar="[COMMAND]")
@case_argument
@click.option("--design", metavar="DESIGN", help="Sampling design to put up; the only one if not given.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address; another than this machine's needs TLS."
)
@click.option(
    "--port", default=_PORT, show_default=True, type=click.IntRange(0, 65_535), help="Port; 0: any free one."
)
@click.option("--tls-cert", type=click.Path(path_type=Path), help="Certificate chain, PEM.")
@click.option("--tls-key", type=click.Path(path_type=Path), help="Its key, PEM.")
@click.pass_context
def review_command(
    context: click.Context,
    case: str,
    design: str | None,
    host: str,
    port: int,
    tls_cert: Path | None,
    tls_key: Path | None,
) -> None:
    """Open the review queue of CASE in a browser, for people to label the items of a sampling design.

    Serves this machine only, unless a certificate is given. Runs until it is stopped with Ctrl-C; what was
    recorded is on the disk at every moment. 'people' keeps who may sign in, 'export' seals the labels.

    \b
    Examples:
      perito review my-case people add ana --role reviewer
      perito review my-case
      perito review my-case export
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.case import load_case

    _need_the_extra()
    context.obj = load_case(case)
    if context.invoked_subcommand is None:
        if (tls_cert is None) != (tls_key is None):
            raise CaseError(
                "a certificate needs its key, and a key its certificate", where="--tls-cert, --tls-key"
            )
        tls = (tls_cert, tls_key) if tls_cert is not None and tls_key is not None else None
        _serve(context.obj, design, host, port, tls)


def _need_the_extra() -> None:
    """Refuse to start without the libraries.

    Raises:
        CaseError: Naming the extra that holds them.
    """
    from importlib.util import find_spec

    for library in _LIBRARIES:
        if find_spec(library) is None:
            raise CaseError(
                f"the review workbench needs the library '{library}'",
                remedy="install the extra: pip install 'perito[web]'",
            )


def _serve(case: Case, design: str | None, host: str, port: int, tls: tuple[Path, Path] | None) -> None:
    import asyncio
    import socket

    from perito.web.preparing import prepare
    from perito.web.serving import check_address, server

    check_address(host, tls)
    review = _opened(case)
    try:
        put_up = prepare(review, design)
        running = server(review, case.language, host, port, tls)
        _warn_of_nobody(review)
    except BaseException:
        review.close()
        raise
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()  # whoever reads the address may use it at once
        shown = f"[{host}]" if ":" in host else host
        scheme = "http" if tls is None else "https"
        click.echo(f"design {put_up.id}: {scheme}://{shown}:{listener.getsockname()[1]}/")
        asyncio.run(running.serve(sockets=[listener]))


def _opened(case: Case) -> Review:
    from perito.web.review import open_review

    return open_review(case.folder)


def _warn_of_nobody(review: Review) -> None:
    from perito.web.people import list_people

    if not list_people(review):
        click.echo("nobody can sign in yet: perito review CASE people add NAME --role custodian", err=True)


@review_command.group("people")
def people_group() -> None:
    """Who may sign in to the review."""


@people_group.command("add")
@click.argument("name")
@click.option("--role", type=_ROLES, required=True, help="What the person may do.")
@click.option(
    "--language", type=click.Choice(["en", "es"]), default=None, help="Of the pages; the case's if not given."
)
@password_option
@json_option
@click.pass_obj
def add_person_command(
    case: Case, name: str, role: str, language: str | None, password_stdin: bool, as_json: bool
) -> None:
    """Let NAME sign in; prints the pseudonym that stands in the labels."""
    from perito.web.people import add_person
    from perito.web.refused import Refused

    review = _opened(case)
    try:
        person = add_person(
            review, name, role, _password(from_stdin=password_stdin), language or case.language
        )
    except Refused as refused:
        raise _said(refused) from None
    finally:
        review.close()
    if as_json:
        write_json({"name": person.name, "role": person.role, "person_id": person.id})
    else:
        click.echo(f"{person.id}  {person.role}  {person.name}")


@people_group.command("list")
@json_option
@click.pass_obj
def list_people_command(case: Case, as_json: bool) -> None:
    """Everybody, with pseudonym and role."""
    from perito.web.people import list_people

    review = _opened(case)
    try:
        people = list_people(review)
    finally:
        review.close()
    if as_json:
        write_json(
            [
                {"name": one.name, "role": one.role, "person_id": one.id, "active": one.is_active}
                for one in people
            ]
        )
        return
    for one in people:
        click.echo(f"{one.id}  {one.role:<11}  {'' if one.is_active else '(shut out) '}{one.name}")


@people_group.command("password")
@click.argument("name")
@password_option
@click.pass_obj
def password_command(case: Case, name: str, password_stdin: bool) -> None:
    """Give NAME another password; ends that person's sessions."""
    from perito.web.people import change_password
    from perito.web.refused import Refused

    review = _opened(case)
    try:
        change_password(review, name, _password(from_stdin=password_stdin))
    except Refused as refused:
        raise _said(refused) from None
    finally:
        review.close()


@people_group.command("remove")
@click.argument("name")
@click.pass_obj
def remove_command(case: Case, name: str) -> None:
    """Shut NAME out; the labels stay."""
    from perito.web.people import set_active

    review = _opened(case)
    try:
        set_active(review, name, is_active=False)
    finally:
        review.close()


@review_command.command("book")
@click.option("--reason", required=True, help="Why the definitions change.")
@click.pass_obj
def book_command(case: Case, reason: str) -> None:
    """Adopt label-book.toml of the case as a new version; every item is read anew under it."""
    from perito.web.changes import replace_book

    review = _opened(case)
    try:
        book = replace_book(review, reason)
    finally:
        review.close()
    click.echo(f"{book.id} {book.version} is in force")


@review_command.command("withdraw")
@click.argument("item")
@click.option("--reason", required=True, help="Why nobody is to be shown it.")
@click.pass_obj
def withdraw_command(case: Case, item: str, reason: str) -> None:
    """Show ITEM to nobody any more, for example when it was purged; labels already made stay."""
    from perito.web.changes import withdraw_item

    review = _opened(case)
    try:
        withdraw_item(review, item, reason)
    finally:
        review.close()


@review_command.command("export")
@json_option
@click.pass_obj
def export_command(case: Case, as_json: bool) -> None:
    """Seal the labels so far into CASE as evidence; 'perito run' then builds their tables."""
    from perito.evidence import Store
    from perito.web.export import seal_labels

    review = _opened(case)
    try:
        sealed = seal_labels(review, Store(case.evidence_folder), None)
    finally:
        review.close()
    if as_json:
        write_json([vars(one) for one in sealed])
        return
    for one in sealed:
        click.echo(f"{one.evidence_id}  {one.rows:>9,} rows  {one.path}")


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def _said(refused: Refused) -> CaseError:
    from perito.web.words import Words

    return CaseError(Words("en")(f"refused.{refused.code}", **refused.facts).rstrip("."))
