"""What the tables of a case say of a sample: its design, label book, items, and what is shown of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perito.errors import CaseError, EvidenceError, Missing, nearest
from perito.schema import arrow_schema, table
from perito.web.book import book_from_file, book_from_rows
from perito.web.design import Design, Item

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import duckdb

    from perito.evidence import Store
    from perito.tables import TableSet
    from perito.web.book import Book

_BATCH = 10_000
_WITH_BYTES = ("sealed", "encrypted")
_BOOK_FILE = "label-book.toml"
_MEDIA = (
    "media_id", "kind", "content_id", "width", "height", "duration_s", "alt_text", "mime", "pdq",
)  # fmt: skip
_POST = ("text", "text_state", "lang", "created_at_us", "evidence_id", "locator")


def standing_of(store: Store, evidence_id: str) -> str:
    """How the store holds an item: one of its states, or `missing`."""
    try:
        return store.standing(evidence_id).state
    except EvidenceError:
        return "missing"


def with_held_media(items: Iterable[Item], store: Store) -> Iterator[Item]:
    """The items, where of a medium whose bytes are not held only the digest is left."""
    for item in items:
        for medium in item.content["media"]:
            content_id = medium["content_id"]
            if content_id is not None and standing_of(store, content_id) not in _WITH_BYTES:
                medium["content_id"], medium["digest"] = None, content_id
        yield item


def opened(tables: TableSet) -> duckdb.DuckDBPyConnection:
    """A DuckDB over the tables that are needed here; those that the case lacks are empty."""
    import duckdb

    engine = duckdb.connect(config={"threads": 2})
    for name in ("designs", "strata", "label_classes", "draws", "posts", "media"):
        if name in tables.inputs:
            rows = f"read_parquet('{_quoted(tables.path(name))}')"
            engine.execute(f"CREATE VIEW {name} AS SELECT * FROM {rows}")
        else:
            engine.register("nothing", arrow_schema(table(name)).empty_table())
            engine.execute(f"CREATE TABLE {name} AS SELECT * FROM nothing")  # cursors miss what is registered
    return engine


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _rows(engine: duckdb.DuckDBPyConnection, query: str, *values: object) -> Iterator[dict[str, Any]]:
    found = engine.cursor().execute(query, list(values))
    names = [column[0] for column in found.description or ()]
    while batch := found.fetchmany(_BATCH):
        for row in batch:
            yield dict(zip(names, row, strict=True))


def find_design(engine: duckdb.DuckDBPyConnection, tables: TableSet, design_id: str | None) -> Design:
    """The design that was named, or the only one; with the registered facts where it was registered.

    Raises:
        Missing: No sample was drawn.
        CaseError: There is no such design, or there are several and none is named.
    """
    if "draws" not in tables.inputs:
        raise Missing(
            "no sample was drawn in this case", where=str(tables.folder),
            remedy="draw one with 'perito sample', and run the case",
        )  # fmt: skip
    known = [row["design_id"] for row in _rows(engine, "SELECT DISTINCT design_id FROM draws ORDER BY 1")]
    if design_id is None and len(known) != 1:
        raise CaseError(
            "the case has several designs", expected="--design", remedy="known: " + ", ".join(known)
        )
    chosen = design_id or known[0]
    if chosen not in known:
        raise CaseError(f"there is no design '{chosen}'", where="--design", remedy=nearest(chosen, known))
    query = (
        "SELECT stratum, max(stratum_population) population FROM draws WHERE design_id = ?"
        " GROUP BY 1 ORDER BY 1"
    )
    order = _order_of_strata(engine, tables, chosen)
    strata = {row["stratum"] or "all": row["population"] or 0 for row in _rows(engine, query, chosen)}
    strata = dict(sorted(strata.items(), key=lambda entry: order.get(entry[0], len(order))))
    return Design(chosen, strata, **_registered(engine, tables, chosen))


def _order_of_strata(engine: duckdb.DuckDBPyConnection, tables: TableSet, design_id: str) -> dict[str, int]:
    """The place of each registered stratum."""
    if "strata" not in tables.inputs:
        return {}
    query = "SELECT stratum, min(position) place FROM strata WHERE design_id = ? GROUP BY 1"
    return {row["stratum"]: row["place"] for row in _rows(engine, query, design_id)}


def _registered(engine: duckdb.DuckDBPyConnection, tables: TableSet, design_id: str) -> dict[str, Any]:
    """The facts of a registered design: a first «yes» gets two further readings, others by lot one."""
    if "designs" not in tables.inputs:
        return {}
    for row in _rows(engine, "SELECT * FROM designs WHERE design_id = ?", design_id):
        return {
            "second_share": row["second_reading_share"],
            "flagged_readings": 3,
            "level": row["level"],
            "precision": row["precision"],
            "method": row["method"],
        }
    return {}


def second_readings(store: Store, design_id: str) -> frozenset[str] | None:
    """The items that a registered design chose for a second reading; None where the design fixed none.

    Raises:
        Malformed: The sealed design cannot be read.
    """
    from perito.sampling.register import registered_designs

    for one in registered_designs(store):
        if one.design_id == design_id:
            return frozenset(one.design.readings["second"])
    return None


def book_of_design(engine: duckdb.DuckDBPyConnection, tables: TableSet, folder: Path, design: Design) -> Book:
    """The label book that the design was registered with, or `label-book.toml` of the case.

    Raises:
        CaseError: There is neither.
    """
    if {"designs", "label_classes"} <= set(tables.inputs):
        query = (
            "SELECT DISTINCT l.*, d.minimum_alpha FROM label_classes l JOIN designs d"
            " USING (label_book_id, label_book_version) WHERE d.design_id = ? ORDER BY l.locator, l.language"
        )
        rows = list(_rows(engine, query, design.id))
        if rows:
            return book_from_rows(rows, rows[0]["minimum_alpha"])
    return book_of_folder(folder)


def book_of_folder(folder: Path) -> Book:
    """The label book in `label-book.toml` of a case folder.

    Raises:
        CaseError: There is none, or it is wrong.
    """
    from perito.sampling.label_book import load_label_book

    return book_from_file(load_label_book(folder / _BOOK_FILE))


def items_of(engine: duckdb.DuckDBPyConnection, design_id: str) -> Iterator[Item]:
    """The items of a design in the order of drawing, each once."""
    drawn = (
        "SELECT item_id, any_value(item_kind) item_kind, any_value(platform) platform,"
        " arg_min(stratum, draw) stratum, min(draw) draw FROM draws WHERE design_id = ? GROUP BY item_id"
    )
    return _with_content(engine, drawn, design_id)


def golden_items(engine: duckdb.DuckDBPyConnection, tables: TableSet, wanted: list[str]) -> Iterator[Item]:
    """The posts of those ids; what the case lacks is left out."""
    if "posts" not in tables.inputs or not wanted:
        return iter(())
    chosen = (
        "SELECT post_id item_id, 'post' item_kind, any_value(platform) platform, NULL stratum, NULL draw"
        " FROM posts WHERE list_contains(?, post_id) GROUP BY post_id"
    )
    return _with_content(engine, chosen, wanted)


def _with_content(engine: duckdb.DuckDBPyConnection, chosen: str, value: object) -> Iterator[Item]:
    """The chosen items, with the last observed words and the media of each."""
    post = ", ".join(f"arg_max(struct_pack(v := p.{name}), p.observed_at_us).v AS {name}" for name in _POST)
    media = ", ".join(f"{name} := m.{name}" for name in _MEDIA)
    query = (
        f"WITH chosen AS MATERIALIZED ({chosen}), words AS (SELECT p.post_id, {post} FROM posts p"
        " WHERE p.post_id IN (SELECT item_id FROM chosen) GROUP BY p.post_id),"
        f" held AS (SELECT c.item_id, m.position, struct_pack({media}) medium FROM chosen c"
        " JOIN media m ON m.post_id = c.item_id"
        f" UNION SELECT c.item_id, m.position, struct_pack({media}) FROM chosen c"
        " JOIN media m ON m.media_id = c.item_id),"
        " pictures AS (SELECT item_id, list(medium ORDER BY position, medium.media_id) media"
        " FROM held GROUP BY item_id)"
        " SELECT chosen.*, words.* EXCLUDE (post_id), pictures.media FROM chosen"
        " LEFT JOIN words ON words.post_id = chosen.item_id LEFT JOIN pictures USING (item_id)"
        " ORDER BY draw, item_id"
    )
    for row in _rows(engine, query, value):
        content = {name: row[name] for name in _POST}
        content["media"] = [dict(one) for one in row["media"] or ()]
        yield Item(row["item_id"], row["item_kind"], row["platform"], row["stratum"], row["draw"], content)
