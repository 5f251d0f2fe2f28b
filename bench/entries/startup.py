"""How long a user waits before anything happens."""

from __future__ import annotations

import sys

from measuring import PROGRAM, Row, Settings, median_used


def rows(settings: Settings) -> list[Row]:
    """`perito --help`, beside a Python that does nothing: most of it is not ours."""
    rounds = 1 if settings.is_smoke else 20
    python = median_used([sys.executable, "-c", "pass"], rounds)
    shown = median_used([*PROGRAM, "--help"], rounds)
    name = f"python {sys.version_info[0]}.{sys.version_info[1]}, doing nothing"
    return [Row("perito --help: wall", shown.wall_s, "s", peer=python.wall_s, peer_name=name, target=0.4)]
