"""`perito new`: a case folder with a commented case file."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("new")
@click.argument("case", type=click.Path(path_type=Path), metavar="CASE")
@click.option(
    "--language", type=click.Choice(["en", "es"]), default="es", show_default=True, help="Language of record."
)
def new_command(case: Path, language: str) -> None:
    """Make the folder CASE with a case.toml that explains itself, and a folder for its sources.

    \b
    Example:
      perito new my-case --language en
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.case.template import new_case

    click.echo(str(new_case(case, language)))
