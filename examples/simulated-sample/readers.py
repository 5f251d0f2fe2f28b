# ruff: noqa: INP001  (a script of an example, no package)
"""Three simulated readers fill in task files of `perito sample`; a fourth settles what they read differently.

    python readers.py TRUTH TASKS.csv > filled.csv
    python readers.py TRUTH --settle FILLED.csv... > adjudication.csv

They stand in for people. TRUTH is a Parquet file with `post_id` and, for each class, a column `is_<class>`:
that of this folder, or `truth/items.parquet` of a case that `perito simulate` made. Each reader sees what is
there with a known sensitivity and specificity, sometimes cannot tell, and decides by a digest: the same task
gets the same answer whenever it is asked for. Who settles sees the truth. No time of reading is written
unless `make.py` gives the first day.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

if TYPE_CHECKING:
    from datetime import datetime
    from typing import TextIO

SENSITIVITY = {"reader-1": 0.97, "reader-2": 0.95, "reader-3": 0.93}
SPECIFICITY = {"reader-1": 0.997, "reader-2": 0.995, "reader-3": 0.993}
UNSURE = 0.005
SECONDS_A_READING = 20
SETTLED_BY = "reader-4"


def uniform(*what: str) -> float:
    """A number from 0 to below 1 that the words alone decide."""
    return int(hashlib.sha256("\n".join(what).encode()).hexdigest()[:13], 16) / 16**13


def truth_of(path: Path) -> dict[tuple[str, str], bool]:
    """Whether each item is of each class, by item and class."""
    table = pq.read_table(path).to_pydict()
    classes = [name for name in table if name.startswith("is_")]
    return {
        (item, name.removeprefix("is_")): bool(value)
        for name in classes
        for item, value in zip(table["post_id"], table[name], strict=True)
    }


def answer(row: dict[str, str], is_positive: bool) -> str:
    """What the reader says of the item: by sensitivity if it is of the class, by specificity if not."""
    task = (row["annotator_id"], row["item_id"], row["class"])
    if uniform("unsure", *task) < UNSURE:
        return "cannot_tell"
    reader = row["annotator_id"]
    chance = SENSITIVITY[reader] if is_positive else 1 - SPECIFICITY[reader]
    return "yes" if uniform("answer", *task) < chance else "no"


def filled(
    rows: list[dict[str, str]], truth: dict[tuple[str, str], bool], first_day: datetime | None = None
) -> list[dict[str, str]]:
    """The tasks with an answer, and with a time if the first day of reading is given."""
    places: dict[str, int] = defaultdict(int)
    found = []
    for row in rows:
        number = int(row["round"])
        places[row["annotator_id"]] += 1
        later = timedelta(days=3 * (number - 1), seconds=SECONDS_A_READING * places[row["annotator_id"]])
        found.append(
            {
                **row,
                "value": answer(row, truth[row["item_id"], row["class"]]),
                "labelled_at": _iso(first_day, later),
            }
        )
    return found


def settled(
    rows: list[dict[str, str]], truth: dict[tuple[str, str], bool], first_day: datetime | None = None
) -> list[dict[str, str]]:
    """An adjudication of every item that two readers read differently."""
    readings = defaultdict(list)
    for row in rows:
        readings[row["item_id"], row["class"]].append(row)
    found = []
    for (item, name), read in readings.items():
        if len({row["value"] for row in read}) == 1:
            continue
        later = timedelta(days=12, seconds=SECONDS_A_READING * len(found))
        task = read[0]["assignment_id"].rpartition(":")[0]
        found.append(
            {
                **read[0],
                "assignment_id": f"{task}:adjudication",
                "annotator_id": SETTLED_BY,
                "round": "adjudication",
                "blind": "false",
                "value": "yes" if truth[item, name] else "no",
                "labelled_at": _iso(first_day, later),
            }
        )
    return found


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a task file."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _iso(first_day: datetime | None, later: timedelta) -> str:
    return "" if first_day is None else (first_day + later).strftime("%Y-%m-%dT%H:%M:%SZ")


def write_rows(rows: list[dict[str, str]], stream: TextIO) -> None:
    """Rows as CSV."""
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def main(arguments: list[str]) -> None:
    """Answer a call from the command line."""
    truth = truth_of(Path(arguments[0]))
    is_settling = arguments[1] == "--settle"
    files = arguments[2:] if is_settling else arguments[1:]
    rows = [row for file in files for row in read_rows(Path(file))]
    made = settled(rows, truth) if is_settling else filled(rows, truth)
    with open(sys.stdout.fileno(), "w", encoding="utf-8", newline="", closefd=False) as out:
        write_rows(made, out)


if __name__ == "__main__":
    main(sys.argv[1:])
