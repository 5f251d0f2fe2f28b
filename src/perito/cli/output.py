"""What commands share: JSON for programs, progress on stderr for people, printed findings and reports."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.findings import Finding, Language
    from perito.report import Report

Progress = Callable[[Iterable[Any], str], Iterable[Any]]

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
quiet_option = click.option("--quiet", is_flag=True, help="Print nothing but errors.")
case_argument = click.argument("case", type=click.Path(file_okay=False), metavar="CASE")


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

        bar: Iterable[Any] = tqdm(list(steps), desc=word, file=sys.stderr, leave=False)
        return bar

    return shown


def print_findings(findings: Sequence[Finding], language: Language) -> None:
    """Each finding's headline, with its status."""
    for finding in findings:
        click.secho(f"{finding.id}  [{finding.status}]", bold=True)
        click.echo(f"  {finding.plain(finding.headline, language)}")


def print_report(report: Report, subject: str) -> None:
    """What was checked and every problem; ends the program with 1 if there is one."""
    for what, number in report.checked:
        click.echo(f"{number:>12,}  {what}")
    for problem in report.problems:
        click.secho(f"differs: {problem}", fg="red", err=True)
    if not report.ok:
        click.echo(f"perito: {subject}: {len(report.problems)} checks did not hold", err=True)
        sys.exit(1)
    click.echo(f"{subject}: everything holds")
