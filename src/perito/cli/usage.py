"""Faults of a call, and of the files around it, as errors of ours: what, where, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from perito.errors import CaseError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator


def call_error(error: click.ClickException) -> CaseError:
    """What the option parser refuses.

    Example:
        >>> print(call_error(click.UsageError("Got unexpected extra argument (b)")))
        got unexpected extra argument (b). See 'perito --help'.
    """
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "perito"
    where, help_remedy = path.removeprefix("perito").strip(), f"see '{path} --help'"
    match error:
        case click.NoSuchOption():
            what = f"there is no option '{error.option_name}'"
            return CaseError(what, where=where, remedy=nearest(error.option_name, _options(context)))
        case click.MissingParameter() if error.param is not None:
            return CaseError(f"{_shown(error.param, context)} is missing", where=where, remedy=help_remedy)
        case click.BadParameter() if error.param is not None:
            place = f"{where} {_shown(error.param, context)}".strip()
            return CaseError(_sentence(error.message), where=place, remedy=help_remedy)
    return CaseError(_sentence(error.format_message()), where=where, remedy=help_remedy)


def file_error(error: OSError) -> CaseError:
    """What the operating system refuses: no permission, no space, a file that went away.

    Example:
        >>> print(file_error(PermissionError(13, "Permission denied", "case/tables")))
        case/tables: permission denied. Check the path, its permissions and the free space.
    """
    return CaseError(
        _sentence(error.strerror or str(error)),
        where=str(error.filename or ""),
        remedy="check the path, its permissions and the free space",
    )


def _shown(parameter: click.Parameter, context: click.Context | None) -> str:
    if isinstance(parameter, click.Option):
        return max(parameter.opts, key=len)
    name = parameter.make_metavar(context) if context else parameter.human_readable_name
    return name.strip("[]").removesuffix("...")


def _options(context: click.Context | None) -> Iterator[str]:
    for parameter in context.command.get_params(context) if context else ():
        if isinstance(parameter, click.Option):
            yield from (name for name in parameter.opts if name.startswith("--"))


def _sentence(text: str) -> str:
    """On one line, without the capital and the full stop that our own sentences do without."""
    line = " ".join(text.split()).rstrip(".")
    return line[:1].lower() + line[1:]
