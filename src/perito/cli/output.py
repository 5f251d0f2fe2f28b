"""What commands share: JSON for programs, progress on stderr for people, printed findings and reports."""

from __future__ import annotations

import sys
from collections.abc import Sized
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from perito.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from perito.findings import Finding, Language
    from perito.report import Report


class Progress(Protocol):
    """Wraps the steps of some work, with a word for it."""

    def __call__(self, steps: Iterable[Any], word: str) -> Iterable[Any]:
        """The same steps, shown as they are taken."""


CHECK_FAILED = 1
_LANGUAGES = click.Choice(["en", "es"])


def _case_folder(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if Path(value).is_file():
        raise CaseError(
            "a case is a folder, and this is a file", where=value, remedy="give the folder that it lies in"
        )
    return value


case_argument = click.argument("case", callback=_case_folder, metavar="CASE")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
quiet_option = click.option("--quiet", is_flag=True, help="Print nothing but errors.")
language_option = click.option(
    "--language", type=_LANGUAGES, default="en", show_default=True, help="Language of the words."
)
case_language_option = click.option(
    "--language", type=_LANGUAGES, help="Language of what is printed here; the case's own if not given."
)


def write_json(value: object) -> None:
    """A value as indented JSON on stdout."""
    import orjson

    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def progress(*, quiet: bool) -> Progress:
    """Bars on stderr, on a terminal only."""
    is_shown = sys.stderr.isatty() and not quiet

    def shown(steps: Iterable[Any], word: str) -> Iterable[Any]:
        if not is_shown:
            return steps
        from tqdm import tqdm

        counted = steps if isinstance(steps, Sized) else list(steps)
        bar: Iterable[Any] = tqdm(counted, desc=word, file=sys.stderr, leave=False)
        return bar

    return shown


def print_findings(findings: Sequence[Finding], language: Language) -> None:
    """Each finding's headline, with its status; words of a source cannot deceive the terminal."""
    from perito.evidence import shown_name

    for finding in findings:
        click.secho(f"{finding.id}  [{finding.status}]", bold=True)
        click.echo(f"  {shown_name(finding.plain(finding.headline, language))}")


def print_report(report: Report, subject: str, *, as_json: bool = False, quiet: bool = False) -> None:
    """What was checked and every problem; ends the program with 1 if there is one.

    Raises:
        Exit: With 1, something did not hold.
    """
    if as_json:
        write_json(report.to_json())
    else:
        _print_checked(report, subject, quiet=quiet)
    if not report.ok:
        raise click.exceptions.Exit(CHECK_FAILED)


def _print_checked(report: Report, subject: str, *, quiet: bool) -> None:
    from perito.evidence import shown_name

    for what, number in () if quiet else report.checked:
        click.echo(f"{number:>12,}  {what}")
    for problem in report.problems:
        click.secho(f"differs: {shown_name(str(problem))}", fg="red", err=True)
    if not report.ok:
        number = len(report.problems)
        click.echo(
            f"perito: {subject}: {number} {'check' if number == 1 else 'checks'} did not hold", err=True
        )
    elif not quiet:
        click.echo(f"{subject}: everything holds")
