"""Changes in the middle of a review: another label book, an item that nobody is to be shown any more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from perito.errors import CaseError, Missing
from perito.web.preparing import adopt, open_slots
from perito.web.review import book_in_force, state_fact
from perito.web.sources import book_of_folder

if TYPE_CHECKING:
    from perito.web.book import Book
    from perito.web.review import Review


def replace_book(review: Review, reason: str, book: Book | None = None) -> Book:
    """Adopt another version of the label book; every item is read anew under it.

    Readings under the old version stay as they are, with that version. Who has an item open is told when the
    answer is sent, and nothing is recorded of it.

    Args:
        review: The review.
        reason: Why.
        book: The book; `label-book.toml` of the case if not given.

    Raises:
        CaseError: Nothing is under review, or the version was in force before.
    """
    new = book or book_of_folder(review.folder)
    with review.base.writing() as connection:
        old = book_in_force(connection)
        known = connection.execute(
            "SELECT 1 FROM books WHERE book_id = ? AND version = ?", (new.id, new.version)
        ).fetchone()
        if known:
            raise CaseError(
                "this version of the label book was adopted before", where=f"{new.id} {new.version}",
                remedy="give the changed label book a version of its own",
            )  # fmt: skip
        connection.execute(
            "UPDATE slots SET state = 'closed' WHERE book_no = ? AND state IN ('open', 'passed', 'held')",
            (old.number,),
        )
        connection.execute(
            "UPDATE conflicts SET state = 'withdrawn' WHERE book_no = ? AND state IN ('open', 'held')",
            (old.number,),
        )
        connection.execute("DELETE FROM passes")
        number = adopt(connection, new, review.clock.now_us(), by=None, reason=reason)
        open_slots(connection, number)
        (planned,) = connection.execute("SELECT count(*) FROM slots").fetchone()
        state_fact(connection, "planned", str(planned))
        return book_in_force(connection)


def withdraw_item(review: Review, item_id: str, reason: str) -> None:
    """Show an item to nobody any more; labels already made stay.

    Raises:
        Missing: The item is not under review.
    """
    with review.base.writing() as connection:
        row = connection.execute("SELECT item_no FROM items WHERE item_id = ?", (item_id,)).fetchone()
        if row is None:
            raise Missing(f"the item '{item_id}' is not under review", where=str(review.folder))
        item_no = row["item_no"]
        connection.execute("UPDATE items SET is_withdrawn = 1 WHERE item_no = ?", (item_no,))
        connection.execute(
            "UPDATE slots SET state = 'closed' WHERE item_no = ? AND state IN ('open', 'passed', 'held')",
            (item_no,),
        )
        connection.execute(
            "UPDATE conflicts SET state = 'withdrawn' WHERE item_no = ? AND state IN ('open', 'held')",
            (item_no,),
        )
        state_fact(
            connection,
            f"withdrawn {item_id}",
            json.dumps({"item_id": item_id, "at_us": review.clock.now_us(), "reason": reason}),
        )
