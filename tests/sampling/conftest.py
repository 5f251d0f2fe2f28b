"""Small cases to sample: posts and scores as CSV, a label book, and readers who follow a planted truth."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from typing import TYPE_CHECKING, Any

import pytest

from perito.case import Case, load_case
from perito.sampling import LabelBook, read_label_book

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

BOOK = """
id = "book"
version = "1"
minimum_alpha = 0.7

[[class]]
id = "cats"
title = { en = "Cats", es = "Gatos" }
definition = { en = "The post is about a cat.", es = "La publicación trata de un gato." }
clauses = [{ en = "a) Lions are no cats.", es = "a) Los leones no lo son." }]

[[class]]
id = "dogs"
title = { en = "Dogs", es = "Perros" }
definition = { en = "The post is about a dog.", es = "La publicación trata de un perro." }
"""
CASE = """
[case]
id = "small"
title = "Small"
period = { from = 2026-01-01, to = 2026-02-01 }

[[question]]
id = "how-many"
measure = "prevalence"
[question.parameters]
ask = "total"
class = "cats"
unit = "posts"
"""
EVIDENCE = """
[[evidence]]
path = "%s.csv"
format = "table:%s"
acquired_at = 2026-03-01
"""
POST = {
    "platform": "x",
    "kind": "post",
    "author_state": "present",
    "text_state": "present",
    "lang": "es",
    "created_at_us": "2026-01-10T00:00:00Z",
    "created_basis": "server_utc",
    "observed_at_us": "2026-02-10T00:00:00Z",
    "observed_basis": "server_utc",
}
_WORDS = ("casa", "calle", "tren", "lluvia", "mesa", "libro", "viento", "plaza", "noche", "puerta")


def is_cat(item: str) -> bool:
    """The planted truth: about one post in five."""
    return hashlib.sha256(item.encode()).digest()[0] < 52


def words(item: str) -> str:
    """Some words that follow from the id, with a cat in them where one was planted."""
    digest = hashlib.sha256(item.encode()).digest()
    chosen = [_WORDS[byte % len(_WORDS)] for byte in digest[1:6]]
    return " ".join([*chosen, "gato"] if is_cat(item) and digest[7] < 230 else chosen)


def posts(number: int, **more: Any) -> list[dict[str, Any]]:
    """So many posts."""
    ids = [f"x:{1000 + at}" for at in range(number)]
    return [{**POST, "post_id": one, "native_id": one[2:], "text": words(one), **more} for one in ids]


def scores(items: Iterable[str], **more: Any) -> list[dict[str, Any]]:
    """A score of each that knows something of the truth."""
    return [
        {
            "item_id": item,
            "item_kind": "post",
            "platform": "x",
            "class": "cats",
            "model_id": "oracle",
            "model_version": "1",
            "score": round(0.02 + 0.9 * is_cat(item) * (hashlib.sha256(item.encode()).digest()[9] / 255), 4),
            **more,
        }
        for item in items
    ]


def csv_bytes(rows: list[dict[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(
        out, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: None)  # whether seals outlast a power cut is tested elsewhere


@pytest.fixture
def book() -> LabelBook:
    return read_label_book(BOOK.encode())


@pytest.fixture
def make_case(tmp_path) -> Callable[..., Case]:
    """Makes a case of tables given as rows: `make_case(posts=[...], scores=[...])`."""

    def made(name: str = "case", question: str = "", **tables: list[dict[str, Any]]) -> Case:
        folder: Path = tmp_path / name
        folder.mkdir()
        declared = "".join(EVIDENCE % (table, table) for table in tables)
        (folder / "case.toml").write_text(CASE + question + declared, "utf-8")
        (folder / "label-book.toml").write_text(BOOK, "utf-8")
        for table, rows in tables.items():
            (folder / f"{table}.csv").write_bytes(csv_bytes(rows))
        return load_case(folder)

    return made


@pytest.fixture
def planted() -> Any:
    """The planted truth and the rows that follow from it."""

    class Planted:
        is_cat = staticmethod(is_cat)
        posts = staticmethod(posts)
        scores = staticmethod(scores)
        csv_bytes = staticmethod(csv_bytes)
        book_text = BOOK

    return Planted
