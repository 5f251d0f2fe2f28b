"""Checking a question's parameters against what its measure takes, before work starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perito.errors import MeasureError, nearest
from perito.findings import LANGUAGES
from perito.schema import enumeration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perito.measures.catalogue import Catalogue, Parameter

LARGEST_WHOLE = 2**53  # beyond it neither a float nor a JSON reader tells neighbouring numbers apart
_ENDS = 2


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_WHOLE


def _is_share(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1


def _is_level(value: object) -> bool:
    return _is_share(value) and value not in {0, 1}


def _list_of(check: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and bool(value) and all(map(check, value))


def _is_distinct(value: object) -> bool:
    return isinstance(value, list) and len(set(value)) == len(value)


def _is_platform(value: object) -> bool:
    return isinstance(value, str) and value in enumeration("platform").values


def _is_range(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == _ENDS
        and all(map(_is_whole, value))
        and bool(value[0] <= value[1])
    )


def _is_glossary(value: object) -> bool:
    return (
        isinstance(value, dict)
        and bool(value)
        and all(isinstance(gloss, dict) and set(gloss) <= set(LANGUAGES) for gloss in value.values())
        and all(gloss and all(map(_is_text, gloss.values())) for gloss in value.values())
    )


_CHECKS: dict[str, tuple[Callable[[object], bool], str]] = {
    "text": (_is_text, "a text"),
    "texts": (lambda value: _list_of(_is_text)(value) and _is_distinct(value), "a list of texts, none twice"),
    "platforms": (
        lambda value: _list_of(_is_platform)(value) and _is_distinct(value),
        f"a list of platforms, none twice: {', '.join(enumeration('platform').values)}",
    ),
    "whole": (_is_whole, "a whole number from 0 to 2^53"),
    "positive": (lambda value: _is_whole(value) and value != 0, "a whole number from 1 to 2^53"),
    "share": (_is_share, "a share between 0 and 1"),
    "shares": (_list_of(_is_share), "a list of shares between 0 and 1"),
    "level": (_is_level, "a share between 0 and 1, ends excluded"),
    "range": (_is_range, "two whole numbers, the smaller first"),
    "records": (_list_of(lambda value: isinstance(value, dict)), "a list of tables"),
    "glossary": (_is_glossary, '"words of the source" = { es = "..", en = ".." }, one language or both'),
}


def check_parameters(given: Mapping[str, Any], catalogue: Catalogue, where: str) -> dict[str, Any]:
    """The parameters of a question with defaults filled in; those that do not belong to it are left out.

    Raises:
        MeasureError: An unknown, missing, wrong or idle parameter; the message names the nearest or what
            is expected.

    Example:
        >>> from perito.measures.catalogue import catalogue
        >>> check_parameters({}, catalogue("removal"), "case.toml")
        {'change_threshold': 0.25}
    """
    for name in given:
        if name not in catalogue.parameters:
            raise MeasureError(
                f"the measure '{catalogue.name}' takes no parameter '{name}'",
                where=where,
                remedy=nearest(name, catalogue.parameters) if catalogue.parameters else "leave it out",
            )
    checked: dict[str, Any] = {}
    for name, parameter in catalogue.parameters.items():
        place = f"{where} parameters.{name}"
        if not _belongs(parameter, given):
            _refuse_idle(given, parameter, place)
            continue
        value = _checked(given.get(name), parameter, place)
        if value is not None:
            checked[name] = value
    return checked


def _belongs(parameter: Parameter, given: Mapping[str, Any]) -> bool:
    return all(given.get(other) in values for other, values in parameter.only.items())


def _refuse_idle(given: Mapping[str, Any], parameter: Parameter, where: str) -> None:
    """A parameter that the question would not use is a misunderstanding, not a detail."""
    if parameter.name in given:
        needed = " and ".join(f"{other} = {' or '.join(values)}" for other, values in parameter.only.items())
        raise MeasureError("the question does not use this parameter", where=where, expected=f"only {needed}")


def _checked(value: object, parameter: Parameter, where: str) -> object:
    if value is None:
        if parameter.is_required:
            raise MeasureError("the parameter is missing", where=where, expected=_CHECKS[parameter.type][1])
        return parameter.default
    _check_type(value, parameter.type, where)
    if parameter.choices and value not in parameter.choices:
        raise MeasureError(
            f"'{value}' is not a choice", where=where, remedy=nearest(str(value), parameter.choices)
        )
    if isinstance(value, list) and parameter.fields:
        for number, record in enumerate(value, start=1):
            _check_record(record, parameter, f"{where} number {number}")
    return value


def _check_type(value: object, type_: str, where: str) -> None:
    is_right, expected = _CHECKS[type_]
    if not is_right(value):
        raise MeasureError("the parameter is wrong", where=where, expected=expected, found=repr(value)[:80])


def _check_record(record: Mapping[str, object], parameter: Parameter, where: str) -> None:
    """A record has every field, exactly one of the alternatives if there are any, and nothing else."""
    known = {**parameter.fields, **parameter.one_of}
    chosen = [key for key in record if key in parameter.one_of]
    if not set(parameter.fields) <= set(record) <= set(known) or len(chosen) != bool(parameter.one_of):
        alternatives = [" | ".join(parameter.one_of)] if parameter.one_of else []
        raise MeasureError(
            "the record is wrong",
            where=where,
            expected=", ".join([*parameter.fields, *alternatives]),
            found=", ".join(record) or "nothing",
        )
    for key, value in record.items():
        _check_type(value, known[key], f"{where} {key}")
