"""The case around the data: published counts, a receipt, and the case file that declares what there is."""

from __future__ import annotations

import csv
import io
from importlib.resources import files
from typing import TYPE_CHECKING

from perito.clock import iso, iso_day
from perito.simulate.plan import DAY_S
from perito.simulate.scores import LABEL_CLASS
from perito.simulate.trials import GENERATOR

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from perito.simulate.world import World

RECEIPTS_FILE = "receipts.txt"
COUNTS_FILE = "counts.csv"
PICTURES_FILE = "pictures.zip"
_MICRO = 1_000_000


def receipts_text(world: World) -> str:
    """The document that evidences the receipt of the notices."""
    return (
        "Acknowledgement of receipt, simulated.\n"
        "Every notice whose row names this document was received at the time that the row gives.\n"
        f"Simulation of {world.posts} posts with seed {world.seed}.\n"
    )


def counts_csv(world: World, totals: Mapping[str, int], sample: int) -> str:
    """Published counts as rows of the table `counts`: the sample of posts, and the trials of both waves."""
    rows = [_sample_row(world, totals, sample), *_trial_rows(world, totals)]
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _sample_row(world: World, totals: Mapping[str, int], sample: int) -> dict[str, object]:
    return {
        "study": "simulated sample",
        "kind": "count",
        "platform": "several",
        "class": LABEL_CLASS,
        "value": totals["sample_planted"],
        "base": sample,
        "base_is": "posts drawn",
        "population": world.posts,
        "population_basis": "all posts of the simulation",
        **_window(world.start_s, world.end_s),
        "sampling": "simple random sample without replacement",
        "label_method": "the planted truth itself: these labels have no error",
        "definition": "the simulation planted the post in the class",
        "source": "simulation",
        "reliability": "seen",
    }


def _trial_rows(world: World, totals: Mapping[str, int]) -> list[dict[str, object]]:
    plan, rows = world.plan.generator, list[dict[str, object]]()
    days = {1: (0, plan.change_day), 2: (plan.change_day, plan.days)}
    for wave, (first, last) in days.items():
        trials, complied = (totals[f"{what}.forbidden.wave_{wave}"] for what in ("trials", "complied"))
        for outcome, value in (("complied", complied), ("did not comply", trials - complied)):
            row: dict[str, object] = {
                "study": "simulated audit",
                "kind": "outcome",
                "class": outcome,
                "system": GENERATOR,
                "wave": wave,
                "value": value,
                "base": trials,
                "base_is": "trials of the wave that did not fail",
                **_window(world.start_s + first * DAY_S, world.start_s + last * DAY_S),
                "sampling": f"{plan.prompts} registered prompts, every day",
                "source": "simulation",
                "reliability": "seen",
            }
            if trials:
                rows.append(row)
    return rows


def _window(start_s: int, end_s: int) -> dict[str, object]:
    return {
        "window_start_us": iso(start_s * _MICRO),
        "window_end_us": iso(end_s * _MICRO),
        "window_basis": "calendar_date",
    }


def case_text(world: World, parquet: Mapping[str, str], pictures: int) -> str:
    """The case file: what the simulation is, the questions that can be asked, and each file as evidence.

    Args:
        world: The world.
        parquet: Table of each Parquet file, by its path in the case; the truth is left out.
        pictures: How many pictures were made.
    """
    made = f" --media {pictures}" if pictures else ""
    command = f"perito simulate --posts {world.posts} --seed {world.seed} --plan truth/plan.toml{made} OUT"
    filled = (files("perito.simulate") / "case_template.toml").read_text("utf-8")
    for name, value in {
        "ID": f"simulated-{world.seed}",
        "SEED": world.seed,
        "POSTS": world.posts,
        "COMMAND": command,
        "FROM": iso_day(world.start_s * _MICRO),
        "TO": iso_day(world.end_s * _MICRO),
    }.items():
        filled = filled.replace(f"@{name}@", str(value))
    declared = [(path, f"table:{name}") for path, name in sorted(parquet.items()) if "/" not in name]
    declared += [(f"sources/{COUNTS_FILE}", "table:counts"), (f"sources/{RECEIPTS_FILE}", "document")]
    declared += [(f"sources/{PICTURES_FILE}", "document")] if pictures else []
    return filled + "".join(_evidence(world, path, format_) for path, format_ in declared)


def _evidence(world: World, path: str, format_: str) -> str:
    from perito import __version__

    return f"""
[[evidence]]
path = "{path}"
format = "{format_}"
origin = "simulation"
acquired_by = "perito simulate"
acquired_at = {iso(world.delivery_us)}
tool = "perito simulate"
tool_version = "{__version__}"
legal_basis = "none needed: nothing here is real"
terms = "CC0-1.0"
"""


def write_case(
    folder: Path, world: World, totals: Mapping[str, int], sample: int, parquet: Mapping[str, str]
) -> None:
    """Write counts, receipt and case file into a folder, once the case file is known to be readable.

    Args:
        folder: The case folder.
        world: The world.
        totals: Exact totals of what is in the tables.
        sample: Size of the sample of posts.
        parquet: Table of each Parquet file, by its path in the case.
    """
    from perito.case import FILE_NAME, read_case

    text = case_text(world, parquet, totals["pictures"])
    read_case(text.encode(), folder)
    (folder / "sources" / COUNTS_FILE).write_bytes(counts_csv(world, totals, sample).encode())
    (folder / "sources" / RECEIPTS_FILE).write_bytes(receipts_text(world).encode())
    (folder / FILE_NAME).write_bytes(text.encode())
