"""What spares people: an account of what each was shown, caps, breaks, and a day off without a reason.

No claim is made that any of it protects: the studies disagree. Fewer items is what is known to help.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perito.clock import MICROSECONDS_PER_DAY, iso_day

if TYPE_CHECKING:
    import sqlite3

    from perito.web.settings import Settings

_MINUTE_US = 60_000_000


@dataclass(frozen=True)
class Pause:
    """Why a person is given nothing now (`away`, `break`, `cap`) and until when."""

    why: str
    until_us: int


@dataclass(frozen=True)
class Exposure:
    """What a person was shown on a day: items, pictures unblurred, and for how long."""

    items: int = 0
    pictures: int = 0
    revealed_us: int = 0


def exposure_of(connection: sqlite3.Connection, person_id: str, day: str) -> Exposure:
    """The account of a person on a UTC day."""
    row = connection.execute(
        "SELECT items, pictures, revealed_us FROM exposure WHERE person_id = ? AND day = ?", (person_id, day)
    ).fetchone()
    return Exposure() if row is None else Exposure(*row)


def pause_of(connection: sqlite3.Connection, settings: Settings, person_id: str, now: int) -> Pause | None:
    """Why a person gets no new item now; notes the work of this moment."""
    person = connection.execute("SELECT * FROM people WHERE person_id = ?", (person_id,)).fetchone()
    tomorrow_us = (now // MICROSECONDS_PER_DAY + 1) * MICROSECONDS_PER_DAY
    if person["away_until_us"] > now:
        return Pause("away", person["away_until_us"])
    if person["break_until_us"] > now:
        return Pause("break", person["break_until_us"])
    if is_capped(connection, settings, person_id, now):
        return Pause("cap", tomorrow_us)
    started = person["started_us"]
    if now - person["last_us"] >= settings.us("break_minutes") or started > now:
        started = now
    if now - started >= settings.us("work_minutes"):
        until = now + settings.us("break_minutes")
        connection.execute(
            "UPDATE people SET break_until_us = ?, started_us = 0, last_us = 0 WHERE person_id = ?",
            (until, person_id),
        )
        return Pause("break", until)
    connection.execute(
        "UPDATE people SET started_us = ?, last_us = ? WHERE person_id = ?", (started, now, person_id)
    )
    return None


def is_capped(connection: sqlite3.Connection, settings: Settings, person_id: str, now: int) -> bool:
    """Whether a person has been shown as much as a day allows."""
    shown = exposure_of(connection, person_id, iso_day(now))
    return (
        shown.items >= settings.items_a_day
        or shown.revealed_us >= settings.revealed_minutes_a_day * _MINUTE_US
    )


def start_item(connection: sqlite3.Connection, person_id: str, now: int) -> None:
    """Count an item that a person is shown."""
    add_exposure(connection, person_id, now, items=1)


def add_exposure(
    connection: sqlite3.Connection,
    person_id: str,
    now: int,
    *,
    items: int = 0,
    pictures: int = 0,
    revealed_us: int = 0,
) -> None:
    """Add to the account of a person for the day."""
    connection.execute(
        "INSERT INTO exposure VALUES (?, ?, ?, ?, ?) ON CONFLICT (person_id, day) DO UPDATE SET"
        " items = items + excluded.items, pictures = pictures + excluded.pictures,"
        " revealed_us = revealed_us + excluded.revealed_us",
        (person_id, iso_day(now), items, pictures, revealed_us),
    )


def take_the_day_off(connection: sqlite3.Connection, person_id: str, now: int) -> None:
    """Give a person nothing more until the next UTC day; nobody asks why."""
    until = (now // MICROSECONDS_PER_DAY + 1) * MICROSECONDS_PER_DAY
    connection.execute("UPDATE people SET away_until_us = ? WHERE person_id = ?", (until, person_id))
