"""Plan files: reading a plan from TOML, checking that it is possible, printing it with its meanings."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, get_type_hints

from perito.clock import MICROSECONDS_PER_SECOND, instant_us
from perito.errors import CaseError, nearest
from perito.schema import enumeration
from perito.simulate.plan import AGE_BANDS, AGE_METHODS, CHANNELS, DAY_S, MAX_POSTS, Meaning, Plan

if TYPE_CHECKING:
    from pathlib import Path

_TOLERANCE = 1e-9  # shares that are written in decimals add up to one within this
_LARGEST = 1_000_000_000
_MOST_REPOSTS_PER_POST = 2.0  # the ids leave room for three a post
_MOST_TRIALS = 5_000_000  # they are held in memory at once
_FIRST_DAY, _LAST_DAY = "2011-01-01", "2038-01-01"  # ids of X and of TikTok carry times between these
_BANDS_TRIED = 4
_DATE_LENGTH = len(_FIRST_DAY)
_TABLE_OF_NUMBERS = "a table of numbers"


def _within(
    low: float, high: float, *, open_low: bool = False, open_high: bool = False
) -> Callable[[Any], bool]:
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
    return _list_of(_POSITIVE)(value) and all(a < b for a, b in pairwise(value))


def _is_date(value: Any) -> bool:  # noqa: ANN401
    if not isinstance(value, str) or len(value) != _DATE_LENGTH:
        return False
    try:
        return instant_us(_FIRST_DAY) <= instant_us(value) < instant_us(_LAST_DAY)
    except CaseError:
        return False


def _platform_names() -> tuple[str, ...]:
    return tuple(enumeration("platform").values)


def _is_platform_list(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, (list, tuple)) and set(value) <= set(_platform_names())


_SHARE, _POSITIVE, _COUNT = _within(0, 1), _within(0, _LARGEST, open_low=True), _whole(1)
_FROM_0_TO_1, _ABOVE_0 = "a number from 0 to 1", "a number above 0"

# Rule of a parameter: what a value (or each number of a table) must be, and how that is said.
_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "share": (_SHARE, _FROM_0_TO_1),
    "inside": (_within(0, 1, open_low=True, open_high=True), "a number between 0 and 1"),
    "below_one": (_within(0, 1, open_high=True), "a number from 0 to less than 1"),
    "below_half": (_within(0, 0.5, open_high=True), "a number from 0 to less than 0.5"),
    "positive": (_POSITIVE, _ABOVE_0),
    "ratio": (_within(0, _LARGEST), "a number from 0"),
    "at_least_one": (_within(1, 1000), "a number from 1 to 1000"),
    "per_post": (_within(0, 100, open_low=True), "a number above 0 and at most 100"),
    "sigma": (_within(0, 10), "a number from 0 to 10"),
    "shape": (_within(0.05, 100), "a number from 0.05 to 100"),
    "background": (_within(0, 100_000), "a number from 0 to 100000"),
    "auc": (_within(0.5, 1, open_high=True), "a number from 0.5 to less than 1"),
    "whole": (_whole(0), "a whole number from 0"),
    "count": (_COUNT, "a whole number from 1"),
    "few": (_whole(1, 100), "a whole number from 1 to 100"),
    "days": (_whole(1, 3650), "a whole number from 1 to 3650"),
    "panel": (_whole(1, 10_000_000), "a whole number from 1 to 10000000"),
    "group": (_whole(2, 10_000), "a whole number from 2 to 10000"),
    "block": (_whole(1_000, 1_000_000), "a whole number from 1000 to 1000000"),
    "side": (_whole(16, 1024), "a whole number from 16 to 1024"),
    "date": (_is_date, f"a date from '{_FIRST_DAY}' to before '{_LAST_DAY}'"),
    "platforms": (_is_platform_list, "a list of platforms"),
    "sizes": (_list_of(_whole(2, 10_000)), "a list of whole numbers from 2 to 10000"),
    "readers": (_list_of(_SHARE), "a list of numbers from 0 to 1"),
    "rising": (_is_rising, "a list of rising numbers above 0"),
    "parts": (_POSITIVE, _ABOVE_0),
    "ages": (_SHARE, _FROM_0_TO_1),
    "channels": (_SHARE, _FROM_0_TO_1),
    "methods": (_SHARE, _FROM_0_TO_1),
    "platform_shares": (_SHARE, _FROM_0_TO_1),
    "platform_ratios": (_POSITIVE, _ABOVE_0),
    "channel_ratios": (_POSITIVE, _ABOVE_0),
}
_SUM_TO_ONE = {"parts", "ages", "channels"}
_BY_PLATFORM = {"parts", "platform_shares", "platform_ratios"}
_NAMES = {"ages": AGE_BANDS, "channels": CHANNELS, "channel_ratios": CHANNELS, "methods": AGE_METHODS}


def load_plan(path: Path) -> Plan:
    """The plan that a TOML file describes; what it leaves out keeps its default.

    Raises:
        CaseError: No such file, not TOML, an unknown section or parameter (with the nearest), a wrong value.
    """
    if not path.is_file():
        raise CaseError("there is no such plan", where=str(path), remedy="give the path of a TOML file")
    return read_plan(path.read_bytes(), str(path))


def read_plan(content: bytes, where: str = "plan") -> Plan:
    r"""The plan that the bytes of a plan file describe.

    Raises:
        CaseError: As `load_plan`.

    Example:
        >>> read_plan(b"[impressions]\nboost = 3").impressions.boost
        3
        >>> read_plan(b"[impressions]\nboots = 3")
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
    if rule in _BY_PLATFORM:
        needed = () if rule == "parts" else tuple(plan.platforms.shares)
        _check_numbers(rule, value, _platform_names(), needed, where)
    elif rule in _NAMES:
        _check_numbers(rule, value, _NAMES[rule], _NAMES[rule], where)
    elif not is_right(value):
        raise CaseError("the value is wrong", where=where, expected=expected, found=repr(value)[:80])


def _check_numbers(
    rule: str, value: object, known: tuple[str, ...], needed: tuple[str, ...], where: str
) -> None:
    """A table of numbers, each under a known name, and one under each name that is needed."""
    if not isinstance(value, Mapping) or not value:
        raise CaseError("the value is wrong", where=where, expected=_TABLE_OF_NUMBERS, found=repr(value)[:80])
    is_right, expected = _RULES[rule]
    for key, number in value.items():
        if key not in known:
            raise CaseError(f"'{key}' has no place here", where=where, remedy=nearest(key, known))
        if not is_right(number):
            found = repr(number)[:80]
            raise CaseError("the value is wrong", where=f"{where}.{key}", expected=expected, found=found)
    for name in needed:
        if name not in value:
            raise CaseError(f"'{name}' has no value", where=where, expected=", ".join(needed))
    if rule in _SUM_TO_ONE and abs(math.fsum(value.values()) - 1) > _TOLERANCE:
        total = f"{math.fsum(value.values()):.6g}"
        raise CaseError("the shares do not add up", where=where, expected="1", found=total)


def _check_together(plan: Plan, where: str) -> None:
    """What each parameter may be alone and not with the others."""
    captured_days = plan.time.days + plan.time.follow_up_days
    last_days = (instant_us(_LAST_DAY) // MICROSECONDS_PER_SECOND - plan.start_s) // DAY_S
    readers, gate, audit = len(plan.labels.sensitivity), plan.age_gate, plan.generator
    trials = 2 * audit.days * audit.prompts * audit.draws
    attempts = gate.testers * gate.attempts * len(plan.platforms.shares) * len(AGE_METHODS) * _BANDS_TRIED
    boost_day = plan.impressions.boost_from_day
    limits = (
        ("[time] days", "the capture lies too far in the future, in days", captured_days, last_days),
        ("[generator] days", "the audit goes on after the capture", audit.days, captured_days),
        ("[generator] change_day", "the change is not inside the audit", audit.change_day, audit.days - 1),
        ("[generator]", "too many trials", trials, _MOST_TRIALS),
        ("[age_gate]", "too many attempts", attempts, _MOST_TRIALS),
        ("[impressions] boost_from_day", "the boost starts too late", boost_day, plan.time.days - 1),
        ("[cascades]", "too many reposts a post", plan.reposts_per_post, _MOST_REPOSTS_PER_POST),
        ("[labels] specificity", "more specificities than readers", len(plan.labels.specificity), readers),
        ("[labels] sensitivity", "more sensitivities than readers", readers, len(plan.labels.specificity)),
    )  # fmt: skip
    for place, what, found, most in limits:
        if found > most:
            raise CaseError(what, where=f"{where}: {place}", expected=f"at most {most:g}", found=f"{found:g}")


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
        raise CaseError(
            "that is no number of posts", where="--posts", expected=expected, found=str(text)[:40]
        )
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
