"""The command line: thin commands over the library. Heavy modules load inside the command that needs them."""

from __future__ import annotations

import io
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click

from perito import __version__
from perito.cli.usage import call_error, file_error
from perito.errors import CaseError, PeritoError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["commands", "main"]

_COMMANDS = {
    "add": "perito.cli.evidence",
    "calibrate": "perito.cli.calibrate",
    "check": "perito.cli.evidence",
    "dossier": "perito.cli.work",
    "export": "perito.cli.handover",
    "duty": "perito.cli.duty",
    "formats": "perito.cli.lists",
    "import": "perito.cli.handover",
    "key": "perito.cli.keys",
    "log": "perito.cli.log",
    "match": "perito.cli.match",
    "measure": "perito.cli.work",
    "measures": "perito.cli.lists",
    "new": "perito.cli.new",
    "provisions": "perito.cli.lists",
    "purge": "perito.cli.purge",
    "review": "perito.cli.review",
    "run": "perito.cli.work",
    "sample": "perito.cli.sample",
    "score": "perito.cli.score",
    "show": "perito.cli.evidence",
    "simulate": "perito.cli.simulate",
    "vault": "perito.cli.vault",
    "verify": "perito.cli.work",
}

# The summaries stand here so that `perito --help` imports no command.
_SUMMARIES = {
    "add": "seal files into a case and print their receipts",
    "calibrate": "put what the measures promise to the test by planted truth",
    "check": "hash everything sealed again and compare it with index and log",
    "dossier": "build the dossier from the tables as they are",
    "export": "make a bag of a case for the next custodian, whole or redacted",
    "duty": "list matches that wait to be reported, or record a report",
    "formats": "list the source formats",
    "import": "check a bag and continue the case that it holds",
    "key": "make, show and change the keys that sign custody logs",
    "log": "read, sign, time-stamp and check the custody log",
    "match": "find copies and edited copies of pictures, and hashes in banks",
    "measure": "answer some questions of a case",
    "measures": "list the measures with their definitions",
    "new": "make a case folder with a commented case.toml",
    "provisions": "list the provisions with their dates",
    "purge": "delete the bytes of an item for good, with a proof",
    "review": "let people label the items of a sample, safely and blindly",
    "run": "seal, build tables, answer the questions, build the dossier",
    "sample": "draw a sample and seal its design before the first label",
    "score": "score posts by a model trained on the case's own labels, for strata",
    "show": "print the bytes behind an item or a row",
    "simulate": "make a case of simulated platforms with planted truth",
    "vault": "keep confidential evidence encrypted, and say for whom",
    "verify": "recompute and check a dossier or a case",
}

_STOPPED = 130  # by the user, as shells say it
_NOBODY_READS = 141  # the reader of our output went away, as shells say it


class _Commands(click.Group):
    """A group that imports a command's module when the command is asked for."""

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
            raise CaseError(f"there is no command '{name}'", remedy=nearest(name, _COMMANDS))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, _SUMMARIES[name]) for name in sorted(_COMMANDS)])


@click.command(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="perito")
def commands() -> None:
    """Sealed evidence, measured findings with honest error, and a dossier that can be recomputed.

    \b
    First steps:
      perito new my-case           make a case folder; then edit its case.toml
      perito run my-case           from the files to the dossier
      perito verify my-case        recompute and check all of it
      perito COMMAND --help        what a command does, with an example

    Exit codes: 0 done, 1 a check did not hold, 2 the input or the call is wrong.
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)


def main(arguments: Sequence[str] | None = None) -> int:
    """The program `perito`.

    Args:
        arguments: What follows the program's name; what the program was called with if None.

    Returns:
        The exit code. Every error is one line on stderr.
    """
    _print_whatever_comes()
    try:
        _invoke(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("perito: stopped", err=True)
        return _STOPPED
    except BrokenPipeError:
        # What is still in the buffer has nowhere to go; without this Python would try again, loudly.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _NOBODY_READS
    except (PeritoError, click.ClickException, OSError) as error:
        return _say(error)
    return 0


def _invoke(arguments: Sequence[str]) -> None:
    # Not click's own `main`: it ends with 1, our code for a check that did not hold, when a pipe breaks.
    with commands.make_context("perito", list(arguments)) as context:
        commands.invoke(context)


def _print_whatever_comes() -> None:
    """A character that the terminal's encoding lacks is printed as its code point, not as a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _say(error: PeritoError | click.ClickException | OSError) -> int:
    """The error on one line; gives the exit code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()  # `perito` alone: the help, which is what was needed
        return error.exit_code
    if isinstance(error, click.ClickException):
        error = call_error(error)
    elif isinstance(error, OSError):
        error = file_error(error)
    click.echo(f"perito: {error}", err=True)
    return error.exit_code
