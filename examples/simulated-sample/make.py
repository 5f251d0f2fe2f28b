# ruff: noqa: INP001  (a script of an example, no package)
"""Make the files of this example again: the world, the sealed design, the labels, and the truth beside them.

    python examples/simulated-sample/make.py OUT

OUT must not exist. `case.toml`, `label-book.toml` and `README.md` are copied; the rest is made. Every time is
written in this file, none is taken from a clock: `perito sample` stamps a design with the time of its
registration, so the design is drawn by a call that fixes that time.
"""

from __future__ import annotations

import io
import json
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import readers  # noqa: E402  (beside this file, not in the package)
import world  # noqa: E402

from perito.case import load_case  # noqa: E402
from perito.clock import instant_us  # noqa: E402
from perito.sampling import Request, draw_sample, frame_filter, load_label_book, next_readings, question_of  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

QUESTION = "how-many"
LABELS = 800
SECOND_READING = 0.3
REGISTERED_AT = "2026-03-17T09:00:00Z"
FIRST_DAY = datetime(2026, 3, 18, 9, tzinfo=UTC)  # of reading
KNOWN_POSITIVES, KNOWN_NEGATIVES = 60, 240
COPIED = ("case.toml", "label-book.toml", "README.md", "make.py", "readers.py", "world.py")
_EVIDENCE = "[[evidence]]\n"


def make(out: Path) -> None:
    """Write the whole example into a folder that does not exist.

    Raises:
        SystemExit: The design that comes out is not the one that the case file declares.
    """
    posts = world.posts()
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch) / "case"
        for folder in ("sources", "truth"):
            (work / folder).mkdir(parents=True)
        for name in COPIED:
            shutil.copy(HERE / name, work)
        write_world(work, posts)
        write_truth(work, posts)
        design_id = draw_and_read(work)
        write_known(work, posts)
        if f"samples/{design_id}/design.json" not in (work / "case.toml").read_text("utf-8"):
            raise SystemExit(f"make: the design is {design_id}, and case.toml declares another")
        keep(work, out, design_id)


def write_world(folder: Path, posts: Sequence[world.Post]) -> None:
    """What the invented platform gave: posts, view counters, and the scores of a classifier."""
    seen = instant_us(_iso(world.SEEN))
    shared = {"platform": "other", "observed_at_us": seen, "observed_basis": "capture_clock"}
    _parquet(
        folder / "sources" / "posts.parquet",
        [
            {
                "post_id": post.key,
                "native_id": post.key.partition(":")[2],
                "kind": "post",
                "account_id": f"other:{post.account}",
                "author_state": "present",
                "text": post.text,
                "text_state": "present",
                "lang": post.lang,
                "created_at_us": instant_us(_iso(post.created)),
                "created_basis": "server_utc",
                **shared,
            }
            for post in posts
        ],
    )
    _parquet(
        folder / "sources" / "engagement.parquet",
        [
            {
                "post_id": post.key,
                "metric": "view",
                "value": post.views,
                "value_kind": "hidden" if post.views is None else "exact",
                **shared,
            }
            for post in posts
        ],
    )
    _parquet(
        folder / "sources" / "scores.parquet",
        [
            {
                "item_id": post.key,
                "item_kind": "post",
                "platform": "other",
                "class": "resale",
                "model_id": world.MODEL[0],
                "model_version": world.MODEL[1],
                "score": post.score,
                "threshold": world.THRESHOLD,
                "threshold_version": "1",
            }
            for post in posts
        ],
    )


def write_truth(folder: Path, posts: Sequence[world.Post]) -> None:
    """What is so, of every post and in total. It lies beside the case and is no evidence."""
    kinds = [post.kind for post in posts]
    truth = {f"is_{name}": [kind == name for kind in kinds] for name in world.CLASSES}
    pq.write_table(
        pa.table({"post_id": [post.key for post in posts], **truth}),
        folder / "truth" / "items.parquet",
        compression="zstd",
    )
    totals = {
        "posts": len(posts),
        "classes": {name: _totals(posts, name) for name in world.CLASSES},
        "readers": {
            "sensitivity": readers.SENSITIVITY,
            "specificity": readers.SPECIFICITY,
            "unsure": readers.UNSURE,
        },
        "classifier": {"auc": world.AUC, "blind": world.BLIND},
    }
    (folder / "truth" / "truth.json").write_text(json.dumps(totals, indent=2) + "\n", "utf-8")


def _totals(posts: Sequence[world.Post], name: str) -> dict[str, float]:
    of_class = [post for post in posts if post.kind == name]
    counted = sum(post.views or 0 for post in posts)
    return {
        "total": len(of_class),
        "share": len(of_class) / len(posts),
        "share_of_views": sum(post.views or 0 for post in of_class) / counted,
    }


def draw_and_read(folder: Path) -> str:
    """Draw and seal the sample, have it read twice and settled; gives the id of the design."""
    whole = (folder / "case.toml").read_text("utf-8")
    truth = readers.truth_of(folder / "truth" / "items.parquet")
    declare_what_is_there(folder, whole)
    case = load_case(folder)
    question = question_of(case, QUESTION)
    request = Request(QUESTION, world.CLASSES, budget=LABELS, second_reading=SECOND_READING)
    book = load_label_book(folder / "label-book.toml")
    drawn = draw_sample(
        case, request, book, frame_filter(case, question, "posts"), at_us=instant_us(REGISTERED_AT)
    )
    first = readers.filled(readers.read_rows(drawn.folder / "to_label.csv"), truth, FIRST_DAY)
    _labels(folder / "sources" / "readings-1.csv", first)
    declare_what_is_there(folder, whole)
    case = load_case(folder)
    next_readings(case, question_of(case, QUESTION))
    second = readers.filled(readers.read_rows(drawn.folder / "to_label-2.csv"), truth, FIRST_DAY)
    _labels(folder / "sources" / "readings-2.csv", second)
    _labels(folder / "sources" / "adjudication.csv", readers.settled([*first, *second], truth, FIRST_DAY))
    (folder / "case.toml").write_text(whole, "utf-8")
    return drawn.plan.design.design_id


def declare_what_is_there(folder: Path, whole: str) -> None:
    """A case file without the evidence that has not been made yet."""
    head, *parts = whole.split(_EVIDENCE)
    kept = [part for part in parts if (folder / part.split('"')[1]).exists()]
    (folder / "case.toml").write_text(_EVIDENCE.join([head, *kept]), "utf-8")


def write_known(folder: Path, posts: Sequence[world.Post]) -> None:
    """Items of known answer, drawn at random from both sides, read by all three, and their answer."""
    rows = []
    for is_positive, number in ((True, KNOWN_POSITIVES), (False, KNOWN_NEGATIVES)):
        side = [post for post in posts if (post.kind == "resale") == is_positive]
        for post in sorted(side, key=lambda one: world.uniform("known", one.number))[:number]:
            rows += [_known(post, reader, str(at)) for at, reader in enumerate(readers.SENSITIVITY, start=1)]
    truth = readers.truth_of(folder / "truth" / "items.parquet")
    answers = [row for row in rows if row["round"] == "1"]
    settled = [
        {
            **row,
            "annotator_id": readers.SETTLED_BY,
            "round": "adjudication",
            "blind": "false",
            "value": "yes" if truth[row["item_id"], "resale"] else "no",
            "labelled_at": "2026-03-17T12:00:00Z",
        }
        for row in answers
    ]
    _labels(folder / "sources" / "known-answers.csv", [*readers.filled(rows, truth, FIRST_DAY), *settled])


def _known(post: world.Post, reader: str, number: str) -> dict[str, str]:
    return {
        "item_id": post.key,
        "item_kind": "post",
        "class": "resale",
        "label_book_id": "festival-book",
        "label_book_version": "1",
        "annotator_id": reader,
        "round": number,
        "role": "validation",
        "blind": "true",
        "view_mode": "text_only",
    }


def keep(work: Path, out: Path, design_id: str) -> None:
    """Put into `out` what ships: no store, no tables, and of the sample what was sealed."""
    out.mkdir(parents=True)
    for name in COPIED:
        shutil.copy(work / name, out)
    for folder in ("sources", "truth"):
        shutil.copytree(work / folder, out / folder)
    sealed = Path("samples") / design_id
    (out / sealed).mkdir(parents=True)
    for name in ("design.json", "label-book.toml"):
        shutil.copy(work / sealed / name, out / sealed)


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _parquet(path: Path, rows: list[dict[str, object]]) -> None:
    pq.write_table(pa.Table.from_pylist(rows), path, compression="zstd")


def _labels(path: Path, rows: Iterable[dict[str, str]]) -> None:
    out = io.StringIO()
    readers.write_rows(list(rows), out)
    path.write_bytes(out.getvalue().encode())


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004  (one argument)
        raise SystemExit("usage: make.py OUT")
    make(Path(sys.argv[1]))
