"""Plan files: reading a plan from TOML, checking that it is possible, printing it with its meanings."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from functools import cache
from typing import TYPE_CHECKING, Any, get_type_hints

from perito.clock import instant_us
from perito.errors import CaseError, nearest
from perito.schema import enumeration
from perito.simulate.plan import AGE_BANDS, AGE_METHODS, CHANNELS, MAX_POSTS, Meaning, Plan

if TYPE_CHECKING:
    from pathlib import Path

_TOLERANCE = 1e-9  # shares that are written in decimals add up to one within this
_LONGEST_DAYS = 3650
_LARGEST = 1_000_000_000
_MOST_REPOSTS_PER_POST = 2.0  # the ids leave room for three a post
_SMALLEST_BLOCK, _LARGEST_BLOCK = 1_000, 1_000_000
_SIDES_PX = range(16, 1025)
_TABLE_OF_NUMBERS = "a table of numbers"


def _within(low: float, high: float, *, open_low: bool = False, open_high: bool = False) -> Callable[[Any], bool]:
    def check(value: Any) -> bool:  # noqa: ANN401  (a value of a file)
        if not _is_number(value) or not math.isfinite(value):
            return False
        above = value > low if open_low else value >= low
        return bool(above and (value < high if open_high else value <= high))

    return check


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _whole(low: int, high: int = _LARGEST) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _list_of(check: Callable[[Any], bool], least: int = 1) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, (list, tuple)) and len(value) >= least and all(map(check, value))


def _is_rising(value: Any) -> bool:  # noqa: ANN401
    return _list_of(_POSITIVE)(value) and all(a < b for a, b in zip(value, value[1:], strict=False))


def _is_date(value: Any) -> bool:  # noqa: ANN401
    if not isinstance(value, str):
        return False
    try:
        return 0 < instant_us(value) < instant_us("2060-01-01") and len(value) == len("2026-01-01")
    except CaseError:
        return False


def _platform_names() -> tuple[str, ...]:
    return tuple(enumeration("platform").values)


def _is_platform_list(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, (list, tuple)) and set(value) <= set(_platform_names())


_SHARE, _POSITIVE, _COUNT = _within(0, 1), _within(0, _LARGEST, open_low=True), _whole(1)

# Rule of a parameter: what a value (or each number of a table) must be, and how that is said.
_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "share": (_SHARE, "a number from 0 to 1"),
    "inside": (_within(0, 1, open_low=True, open_high=True), "a number between 0 and 1"),
    "below_one": (_within(0, 1, open_high=True), "a number from 0 to less than 1"),
    "below_half": (_within(0, 0.5, open_high=True), "a number from 0 to less than 0.5"),
    "positive": (_POSITIVE, "a number above 0"),
    "ratio": (_within(0, _LARGEST), "a number from 0"),
    "at_least_one": (_within(1, 1000), "a number from 1 to 1000"),
    "auc": (_within(0.5, 1, open_high=True), "a number from 0.5 to less than 1"),
    "whole": (_whole(0), "a whole number from 0"),
    "count": (_COUNT, "a whole number from 1"),
    "group": (_whole(2, 10_000), "a whole number from 2 to 10000"),
    "block": (_whole(_SMALLEST_BLOCK, _LARGEST_BLOCK), f"a whole number from {_SMALLEST_BLOCK} to {_LARGEST_BLOCK}"),
    "side": (_whole(_SIDES_PX.start, _SIDES_PX.stop - 1), "a whole number from 16 to 1024"),
    "date": (_is_date, "a date such as '2026-01-01'"),
    "platforms": (_is_platform_list, "a list of platforms"),
    "sizes": (_list_of(_whole(2, 10_000)), "a list of whole numbers from 2 to 10000"),
    "readers": (_list_of(_SHARE), "a list of numbers from 0 to 1"),
    "rising": (_is_rising, "a list of rising numbers above 0"),
    "parts": (_POSITIVE, "a number above 0"),
    "ages": (_SHARE, "a number from 0 to 1"),
    "channels": (_SHARE, "a number from 0 to 1"),
    "methods": (_SHARE, "a number from 0 to 1"),
    "platform_shares": (_SHARE, "a number from 0 to 1"),
    "platform_ratios": (_POSITIVE, "a number above 0"),
    "channel_ratios": (_POSITIVE, "a number above 0"),
}
_SUM_TO_ONE = {"parts", "ages", "channels"}
_KEYS: dict[str, Callable[[Plan], tuple[str, ...]]] = {
    "parts": lambda _: _platform_names(),
    "ages": lambda _: AGE_BANDS,
    "channels": lambda _: CHANNELS,
    "channel_ratios": lambda _: CHANNELS,
    "methods": lambda _: AGE_METHODS,
    "platform_shares": lambda plan: tuple(plan.platforms.shares),
    "platform_ratios": lambda plan: tuple(plan.platforms.shares),
}
_OPEN_KEYS = {"parts"}  # some of the names; elsewhere each of them has a value


def load_plan(path: Path) -> Plan:
    """The plan that a TOML file describes; what it leaves out keeps its default.

    Raises:
        CaseError: No such file, not TOML, an unknown section or parameter (with the nearest), a wrong value.
    """
    if not path.is_file():
        raise CaseError("there is no such plan", where=str(path), remedy="give the path of a TOML file")
    return read_plan(path.read_bytes(), str(path))


def read_plan(content: bytes, where: str = "plan") -> Plan:
    """The plan that the bytes of a plan file describe.

    Raises:
        CaseError: As `load_plan`.

    Example:
        >>> read_plan(b"[impressions]\\nboost = 3").impressions.boost
        3
        >>> read_plan(b"[impressions]\\nboots = 3")
        Traceback (most recent call last):
        perito.errors.CaseError: plan: [impressions]: there is no parameter 'boots'. Did you mean 'boost'?
    """
    try:
        said = tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise CaseError("the plan is not UTF-8", where=where, found=f"byte {error.start}") from None
    except tomllib.TOMLDecodeError as error:
        raise CaseError(f"the plan is not TOML: {error}", where=where) from None
    plan = Plan()
    sections = {section.name: getattr(plan, section.name) for section in fields(Plan)}
    changed = {name: _section(name, values, sections, where) for name, values in said.items()}
    plan = replace(plan, **changed)
    check_plan(plan, where)
    return plan


def _section(name: str, values: object, sections: Mapping[str, Any], where: str) -> Any:  # noqa: ANN401  (a section)
    if name not in sections:
        raise CaseError(f"there is no section '{name}'", where=where, remedy=nearest(name, sections))
    place = f"{where}: [{name}]"
    if not isinstance(values, dict):
        raise CaseError("expected a table", where=place, found=type(values).__name__)
    known = [parameter.name for parameter in fields(sections[name])]
    for key in values:
        if key not in known:
            raise CaseError(f"there is no parameter '{key}'", where=place, remedy=nearest(key, known))
    frozen = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    return replace(sections[name], **frozen)


@cache
def meanings(section: type) -> Mapping[str, Meaning]:
    """The meaning of every parameter of a section, by name."""
    hints = get_type_hints(section, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items()}


def check_plan(plan: Plan, where: str = "plan") -> None:
    """Refuse a plan with a value that its rule does not allow, or with values that cannot hold together.

    Raises:
        CaseError: Naming the parameter, what is expected and what was found.
    """
    for section in fields(Plan):
        values = getattr(plan, section.name)
        for name, meaning in meanings(type(values)).items():
            _check_value(plan, meaning.rule, getattr(values, name), f"{where}: [{section.name}] {name}")
    _check_together(plan, where)


def _check_value(plan: Plan, rule: str, value: Any, where: str) -> None:  # noqa: ANN401  (a value of a file)
    is_right, expected = _RULES[rule]
    if rule not in _KEYS:
        if not is_right(value):
            raise CaseError("the value is wrong", where=where, expected=expected, found=repr(value)[:80])
        return
    if not isinstance(value, Mapping) or not value:
        raise CaseError("the value is wrong", where=where, expected=_TABLE_OF_NUMBERS, found=repr(value)[:80])
    names = _KEYS[rule](plan)
    for key, number in value.items():
        if key not in names:
            raise CaseError(f"'{key}' has no place here", where=where, remedy=nearest(key, names))
        if not is_right(number):
            raise CaseError(
                "the value is wrong", where=f"{where}.{key}", expected=expected, found=repr(number)[:80]
            )
    missing = [] if rule in _OPEN_KEYS else [name for name in names if name not in value]
    if missing:
        raise CaseError(f"'{missing[0]}' has no value", where=where, remedy=f"give one for each of {', '.join(names)}")
    if rule in _SUM_TO_ONE and abs(math.fsum(value.values()) - 1) > _TOLERANCE:
        raise CaseError("the shares do not add up to 1", where=where, found=f"{math.fsum(value.values()):.6g}")


def _check_together(plan: Plan, where: str) -> None:
    """What each parameter may be alone and not with the others."""

    def refuse(place: str, what: str, expected: str, found: object) -> None:
        raise CaseError(what, where=f"{where}: {place}", expected=expected, found=str(found))

    if not 1 <= plan.time.days <= _LONGEST_DAYS:
        refuse("[time] days", "the period is too long", f"at most {_LONGEST_DAYS}", plan.time.days)
    if plan.generator.change_day >= plan.generator.days:
        refuse(
            "[generator] change_day", "the change is not inside the audit",
            f"less than {plan.generator.days}", plan.generator.change_day,
        )  # fmt: skip
    if len(plan.labels.sensitivity) != len(plan.labels.specificity):
        refuse(
            "[labels] specificity", "the readers differ in number",
            f"{len(plan.labels.sensitivity)} numbers", len(plan.labels.specificity),
        )  # fmt: skip
    if plan.reposts_per_post > _MOST_REPOSTS_PER_POST:
        refuse(
            "[cascades]", "the cascades are too large: root_mean / (1 - offspring_mean)",
            f"at most {_MOST_REPOSTS_PER_POST}", f"{plan.reposts_per_post:.3g}",
        )  # fmt: skip
    if plan.impressions.boost_from_day >= plan.time.days and plan.impressions.boost_from_day:
        refuse(
            "[impressions] boost_from_day", "the boost starts after the period",
            f"less than {plan.time.days}", plan.impressions.boost_from_day,
        )  # fmt: skip


def posts_number(text: str | float) -> int:
    """The number of posts that a text such as `250000`, `1e6` or `1_000_000` means.

    Raises:
        CaseError: Not a whole number from 1 to 10^9.

    Example:
        >>> posts_number("1e6")
        1000000
    """
    expected = f"a whole number from 1 to {MAX_POSTS:,}".replace(",", "_")
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number == int(number) and 1 <= number <= MAX_POSTS):
        raise CaseError("that is no number of posts", where="--posts", expected=expected, found=str(text)[:40])
    return int(number)


def plan_text(plan: Plan) -> str:
    """The plan as TOML, each parameter with its unit and meaning; reading it gives the same plan.

    Example:
        >>> read_plan(plan_text(Plan()).encode()) == Plan()
        True
    """
    lines: list[str] = []
    for section in fields(Plan):
        values = getattr(plan, section.name)
        about = str(type(values).__doc__).partition("\n")[0]
        lines += [f"# {about}", f"[{section.name}]"]
        for name, meaning in meanings(type(values)).items():
            lines.append(f"{name} = {_toml(getattr(values, name))}  # {meaning.about} [{meaning.unit}]")
        lines.append("")
    return "\n".join(lines)


def _toml(value: Any) -> str:  # noqa: ANN401  (a value of a plan)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f'"{key}" = {_toml(number)}' for key, number in value.items()) + " }"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else repr(value)
