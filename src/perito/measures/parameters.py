"""Checking a question's parameters against what its measure takes, before work starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perito.errors import MeasureError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perito.measures.catalogue import Catalogue, Parameter


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _list_of(check: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and bool(value) and all(check(entry) for entry in value)


def _is_range(value: object) -> bool:
    return _list_of(_is_whole)(value) and len(value) == 2 and value[0] <= value[1]  # type: ignore[arg-type,index]  # noqa: PLR2004


_CHECKS: dict[str, tuple[Callable[[object], bool], str]] = {
    "text": (lambda value: isinstance(value, str) and bool(value), "a text"),
    "texts": (_list_of(lambda value: isinstance(value, str)), "a list of texts"),
    "whole": (lambda value: _is_whole(value) and value >= 0, "a whole number"),  # type: ignore[operator]
    "share": (lambda value: _is_number(value) and 0 <= value <= 1, "a share between 0 and 1"),  # type: ignore[operator]
    "shares": (
        _list_of(lambda value: _is_number(value) and 0 <= value <= 1),  # type: ignore[operator]
        "a list of shares between 0 and 1",
    ),
    "range": (_is_range, "two whole numbers, the smaller first"),
    "records": (_list_of(lambda value: isinstance(value, dict)), "a list of tables"),
    "flag": (lambda value: isinstance(value, bool), "true or false"),
}


def check_parameters(given: Mapping[str, Any], catalogue: Catalogue, where: str) -> dict[str, Any]:
    """The parameters of a question with defaults filled in.

    Raises:
        MeasureError: An unknown, missing or wrong parameter; the message names the nearest or what is expected.
    """
    for name in given:
        if name not in catalogue.parameters:
            raise MeasureError(
                f"the measure '{catalogue.name}' takes no parameter '{name}'",
                where=where,
                remedy=nearest(name, catalogue.parameters) if catalogue.parameters else "leave it out",
            )
    return {
        name: value
        for name, parameter in catalogue.parameters.items()
        if (value := _checked(given.get(name), parameter, f"{where} parameters.{name}")) is not None
    }


def _checked(value: object, parameter: Parameter, where: str) -> object:
    if value is None:
        if parameter.is_required:
            raise MeasureError("the parameter is missing", where=where, expected=_CHECKS[parameter.type][1])
        return parameter.default
    is_right, expected = _CHECKS[parameter.type]
    if not is_right(value):
        raise MeasureError("the parameter is wrong", where=where, expected=expected, found=repr(value)[:80])
    if parameter.choices and value not in parameter.choices:
        raise MeasureError(
            f"'{value}' is not a choice", where=where, remedy=nearest(str(value), parameter.choices)
        )
    return value
