"""Runs the entries of the bench and prints a table and JSON: `python bench/run.py [ENTRY...]`.

Measures; judges nothing. It is no test and never fails a build.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import Row, Settings
from page import page

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).resolve().parent
ENTRIES = tuple(sorted(path.stem for path in (HERE / "entries").glob("*.py") if path.stem != "__init__"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for, print the table, and write the JSON if a file was named."""
    parser = _parser()
    given = parser.parse_args(arguments)
    unknown = sorted(set(given.entries) - set(ENTRIES))
    if unknown:
        parser.error(f"there is no entry '{unknown[0]}'; known: {', '.join(ENTRIES)}")
    settings = Settings(is_smoke=given.smoke, with_install=given.install)
    rows: list[Row] = []
    for name in given.entries or ENTRIES:
        rows += import_module(f"entries.{name}").rows(settings)
    outcome = {"machine": machine(), "smoke": given.smoke, "rows": [row.to_json() for row in rows]}
    for line in table(rows):
        print(line)
    if given.page:
        given.page.write_text(page(outcome), "utf-8")
    text = json.dumps(outcome, indent=2, ensure_ascii=False)
    if given.json:
        given.json.write_text(text + "\n", "utf-8")
    else:
        print(f"\n{text}")
    return 0


def machine() -> dict[str, object]:
    """What the numbers were taken on: they mean nothing elsewhere."""
    libraries = ("perito", "duckdb", "numpy", "pyarrow", "scipy", "orjson")
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in libraries},
    }


def _processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
        "unknown processor",
    )


def table(rows: Sequence[Row]) -> list[str]:
    """The rows in columns for people."""
    lines = [("what", "ours", "unit", "target", "peer", "ratio", "wall s", "peak MB")]
    for row in rows:
        peer = "" if row.peer is None else f"{row.peer:,.3g} ({row.peer_name})"
        target = "" if row.target is None else f"< {row.target:g}"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        walls, peaks = (_both(row, part) for part in ("wall_s", "peak_mb"))
        lines.append((row.name, f"{row.ours:,.3g}", row.unit, target, peer, ratio, walls, peaks))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def _both(row: Row, part: str) -> str:
    """What ours needed and what the peer needed, where it was taken."""
    taken = [getattr(used, part) for used in (row.ours_used, row.peer_used) if used is not None]
    return " : ".join(f"{one:,.3g}" for one in taken)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench/run.py", description=__doc__)
    parser.add_argument("entries", nargs="*", metavar="ENTRY", help=f"which of: {', '.join(ENTRIES)}")
    parser.add_argument("--smoke", action="store_true", help="smallest input, one round: does it run?")
    parser.add_argument("--install", action="store_true", help="measure a fresh install too (network)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the JSON there, not to stdout")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the page of the documentation there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
