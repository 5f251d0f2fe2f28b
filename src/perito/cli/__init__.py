"""The command line: thin commands over the library. Heavy modules load inside the command that needs them."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from perito import __version__
from perito.errors import PeritoError

_COMMANDS = {
    "add": "perito.cli.evidence",
    "check": "perito.cli.evidence",
    "dossier": "perito.cli.work",
    "formats": "perito.cli.lists",
    "measure": "perito.cli.work",
    "measures": "perito.cli.lists",
    "new": "perito.cli.new",
    "provisions": "perito.cli.lists",
    "run": "perito.cli.work",
    "show": "perito.cli.evidence",
    "verify": "perito.cli.work",
}


class _Commands(click.Group):
    """A group that imports a command's module when the command is asked for, and says errors in one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(_COMMANDS[cmd_name]), f"{cmd_name}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in _COMMANDS:
            from perito.errors import CaseError, nearest

            raise CaseError(f"there is no command '{name}'", remedy=nearest(name, _COMMANDS))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, _SUMMARIES[name]) for name in sorted(_COMMANDS)])


# The summaries stand here so that `perito --help` imports no command.
_SUMMARIES = {
    "add": "seal files into a case and print their receipts",
    "check": "hash everything sealed again and compare it with the index",
    "dossier": "build the dossier from the tables as they are",
    "formats": "list the source formats",
    "measure": "answer some questions of a case",
    "measures": "list the measures with their definitions",
    "new": "make a case folder with a commented case.toml",
    "provisions": "list the provisions with their dates",
    "run": "seal, build tables, answer the questions, build the dossier",
    "show": "print the bytes behind an item or a row",
    "verify": "recompute and check a dossier or a case",
}


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="perito")
def commands() -> None:
    """Sealed evidence, measured findings with honest error, and a dossier that can be recomputed.

    Exit codes: 0 done, 1 a check did not hold, 2 the input or the call is wrong.
    """


def main() -> None:
    """The program `perito`."""
    try:
        commands.main(standalone_mode=False)
    except PeritoError as error:
        click.echo(f"perito: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("perito: stopped", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
