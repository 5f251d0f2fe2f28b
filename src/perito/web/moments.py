"""The time of the server, and whether it can be trusted: a clock that jumps stops the recording of labels."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from perito.clock import MICROSECONDS_PER_SECOND, now_us
from perito.web.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

_JUMP_US = 60 * MICROSECONDS_PER_SECOND


def _steady_us() -> int:
    return time.monotonic_ns() // 1_000


class Clock:
    """The machine's clock, watched by one that nobody can set.

    Args:
        wall_us: Microseconds since the epoch.
        steady_us: Microseconds since any instant, never set back.

    Example:
        >>> times = iter([0, 5_000_000_000])
        >>> clock = Clock(lambda: next(times), lambda: 0)
        >>> clock.trusted_us(0)
        Traceback (most recent call last):
        perito.web.refused.Refused: clock_jumped
    """

    def __init__(
        self, wall_us: Callable[[], int] = now_us, steady_us: Callable[[], int] = _steady_us
    ) -> None:
        self._wall_us, self._steady_us = wall_us, steady_us
        self._start = wall_us() - steady_us()

    def now_us(self) -> int:
        """The time as the machine has it."""
        return self._wall_us()

    def trusted_us(self, last_us: int) -> int:
        """The time for a record.

        Args:
            last_us: The time of the record before.

        Raises:
            Refused: The clock was set by more than a minute while the server ran, or is behind that record.
        """
        now = self._wall_us()
        jumped_us = now - self._steady_us() - self._start
        if abs(jumped_us) > _JUMP_US:
            raise Refused("clock_jumped", seconds=jumped_us // MICROSECONDS_PER_SECOND)
        if now < last_us - _JUMP_US:
            raise Refused("clock_jumped", seconds=(now - last_us) // MICROSECONDS_PER_SECOND)
        return max(now, last_us)
