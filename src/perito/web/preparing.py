"""From a design to a review: its items are written down, with the readings that are to be made of each."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from perito.errors import CaseError
from perito.evidence import Store
from perito.tables import open_tables
from perito.web.design import Design
from perito.web.review import fact, state_fact
from perito.web.sources import (
    book_of_design,
    find_design,
    golden_items,
    items_of,
    opened,
    second_readings,
    with_held_media,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator

    from perito.web.book import Book
    from perito.web.design import Item
    from perito.web.review import Review


def prepare(review: Review, design_id: str | None = None) -> Design:
    """Put the items of a design up for review; done once, later calls only check that it is the same design.

    Args:
        review: The review.
        design_id: Which design; may be left out where the case has one.

    Raises:
        Missing: The tables have not been built.
        CaseError: No design, more than one, another than the one under review, no label book, or known
            answers that fit no item or class.
    """
    with review.base.reading() as connection:
        stated = fact(connection, "design")
    if stated is not None:
        design = Design.from_text(stated)
        if design_id not in (None, design.id):
            raise CaseError(
                f"the design '{design.id}' is under review", where=str(review.folder), found=str(design_id),
                remedy="finish and export it, then move the folder 'review' away",
            )  # fmt: skip
        return design
    tables = open_tables(review.folder / "tables")
    with opened(tables) as engine:
        design = find_design(engine, tables, design_id)
        book = book_of_design(engine, tables, review.folder, design)
        golden = golden_items(engine, tables, list(review.settings.golden))
        store = Store(review.folder / "evidence")
        drawn = with_held_media(items_of(engine, design.id), store)
        second = second_readings(store, design.id)
        fill(review, design, book, drawn, with_held_media(golden, store), second)
    return design


def fill(
    review: Review,
    design: Design,
    book: Book,
    items: Iterable[Item],
    golden: Iterable[Item] = (),
    second: Collection[str] | None = None,
) -> None:
    """Write items and readings into an empty review.

    Args:
        review: The review.
        design: The design.
        book: The label book.
        items: The items of the sample.
        golden: Items with known answers, which are in `review.settings.golden`.
        second: The items that a registered design chose for a second reading; None: by lot.

    Raises:
        CaseError: Known answers that fit no item or class.
    """
    with review.base.writing() as connection:
        _check_answers(review, book)
        number = adopt(connection, book, review.clock.now_us(), by=None, reason=None)
        seed = fact(connection, "seed") or ""
        connection.executemany(_INSERT_ITEM, _item_rows(items, seed, design.second_share, second))
        connection.executemany(_INSERT_GOLDEN, _item_rows(golden, seed, 0.0))
        _state_answers(connection, review)
        state_fact(connection, "design", design.to_text())
        state_fact(connection, "flagged_readings", str(design.flagged_readings))
        open_slots(connection, number)
        (planned,) = connection.execute("SELECT count(*) FROM slots").fetchone()
        state_fact(connection, "planned", str(planned))


_INSERT_ITEM = (
    "INSERT OR IGNORE INTO items (item_id, item_kind, platform, queue, stratum, draw, is_doubled, content)"
    " VALUES (?, ?, ?, 'sample', ?, ?, ?, ?)"
)
_INSERT_GOLDEN = _INSERT_ITEM.replace("'sample'", "'golden'")


def _item_rows(
    items: Iterable[Item], seed: str, share: float, second: Collection[str] | None = None
) -> Iterator[tuple[Any, ...]]:
    for item in items:
        lot = int.from_bytes(hashlib.sha256(f"{seed}|double|{item.item_id}".encode()).digest()[:7])
        content = json.dumps(item.content, ensure_ascii=False)
        is_doubled = int(lot < share * (1 << 56) if second is None else item.item_id in second)
        yield (
            item.item_id, item.item_kind, item.platform, item.stratum, item.draw, is_doubled, content,
        )  # fmt: skip


def open_slots(connection: sqlite3.Connection, book_no: int) -> None:
    """Open the readings that the design plans for every item of the sample."""
    for number, condition in ((1, "1"), (2, "is_doubled")):
        connection.execute(
            "INSERT INTO slots (item_no, book_no, round, queue, position, state)"
            " SELECT item_no, ?, ?, 'sample', coalesce(draw, item_no), 'open' FROM items"
            f" WHERE queue = 'sample' AND NOT is_withdrawn AND {condition}",
            (book_no, number),
        )


def adopt(connection: sqlite3.Connection, book: Book, now: int, *, by: str | None, reason: str | None) -> int:
    """Write a label book into the review; gives its number."""
    number = connection.execute(
        "INSERT INTO books (book_id, version, content, adopted_us, adopted_by, reason)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (book.id, book.version, book.to_text(), now, by, reason),
    ).lastrowid
    return int(number or 0)


def _check_answers(review: Review, book: Book) -> None:
    names = {one.id for one in book.classes}
    for item_id, answer in review.settings.golden.items():
        if set(answer) != names or not set(answer.values()) <= set(book.answers):
            raise CaseError(
                "the known answer does not fit the label book", where=f"review.toml: [[golden]] {item_id}",
                expected=f"an answer for each of {', '.join(sorted(names))}",
            )  # fmt: skip


def _state_answers(connection: sqlite3.Connection, review: Review) -> None:
    for item_id, answer in review.settings.golden.items():
        row = connection.execute("SELECT item_no, queue FROM items WHERE item_id = ?", (item_id,)).fetchone()
        if row is None or row["queue"] != "golden":
            raise CaseError(
                "the item with a known answer cannot be used",
                where=f"review.toml: [[golden]] {item_id}",
                expected="a post of the case that is not in the sample",
                found="none" if row is None else "one in the sample",
            )
        connection.execute(
            "INSERT INTO answers VALUES (?, ?)", (row["item_no"], json.dumps(dict(answer), sort_keys=True))
        )
