"""The settings of a review: `review.toml` in the case folder, or the values given here."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from perito.case.reader import Section
from perito.clock import MICROSECONDS_PER_SECOND
from perito.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE_NAME = "review.toml"
_LARGEST = 1_000_000
_MINUTE_US = 60 * MICROSECONDS_PER_SECOND


@dataclass(frozen=True)
class Settings:
    """How items are given out and how people are spared.

    Args:
        golden_every: About every how many labels an item with a known answer comes; 0: never.
        repeat_every: About every how many labels an item comes again; 0: never.
        repeat_gap: How many labels lie between at the least.
        lease_minutes: How long an item waits for its label before another person may get it.
        undo_minutes: How long a label may be taken back.
        items_a_day: Most items for a person in a day.
        revealed_minutes_a_day: Longest time in a day with pictures unblurred.
        work_minutes: How long a person works before a break.
        break_minutes: How long that break is.
        idle_minutes: After how long without a request a session ends.
        session_hours: After how long it ends in any case.
        golden: Known answers: the choice for each class, by item id.
    """

    golden_every: int = 25
    repeat_every: int = 25
    repeat_gap: int = 40
    lease_minutes: int = 30
    undo_minutes: int = 10
    items_a_day: int = 300
    revealed_minutes_a_day: int = 20
    work_minutes: int = 45
    break_minutes: int = 10
    idle_minutes: int = 30
    session_hours: int = 8
    golden: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def us(self, name: str) -> int:
        """A setting in minutes or hours as microseconds.

        Example:
            >>> Settings().us("break_minutes")
            600000000
        """
        return int(getattr(self, name)) * _MINUTE_US * (60 if name.endswith("_hours") else 1)


_WHOLE = tuple(name for name in Settings.__dataclass_fields__ if name != "golden")


def load_settings(case_folder: Path) -> Settings:
    """The settings in `review.toml` of a case folder; the defaults where it is not there.

    Raises:
        CaseError: Not TOML, or a key that is unknown or wrong.
    """
    path = case_folder / FILE_NAME
    return read_settings(path.read_bytes(), str(path)) if path.is_file() else Settings()


def read_settings(content: bytes, where: str = FILE_NAME) -> Settings:
    """The settings that the bytes of a file describe.

    Raises:
        CaseError: Not TOML, or a key that is unknown or wrong.

    Example:
        >>> read_settings(b"items_a_day = 80").items_a_day
        80
    """
    try:
        values = tomllib.loads(content.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CaseError("the file is no TOML", where=where, found=str(error)) from None
    root = Section(values, where, (*_WHOLE, "golden"))
    given: dict[str, Any] = {name: _whole(root, name) for name in _WHOLE if name in values}
    return Settings(**given, golden=_golden(root, where))


def _whole(root: Section, name: str) -> int:
    value = root.values[name]
    least = 0 if name.endswith("_every") else 1
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= _LARGEST:
        root.fail(name, "not a whole number in its range", expected=f"{least} to 1,000,000")
    return value


def _golden(root: Section, where: str) -> dict[str, dict[str, str]]:
    found = {}
    for entry in root.tables("golden"):
        one = Section(entry, f"{where}: [[golden]]", ("item", "answer"))
        found[one.text("item")] = {name: str(value) for name, value in one.table("answer").items()}
    return found
