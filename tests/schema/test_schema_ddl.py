"""SQL: the statements run in DuckDB, refuse what Arrow refuses, and the views show what they say."""

import math
from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perito.errors import SchemaError
from perito.schema import Column, Table, arrow_schema, ddl, enumeration, table, tables, views, violations

ITEM = "sha256:" + "0" * 64
TYPES = {
    "text": "VARCHAR",
    "bigint": "BIGINT",
    "integer": "INTEGER",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
}


@pytest.fixture(scope="module")
def module_connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(ddl())
        connection.execute(views())
        yield connection


@pytest.fixture
def connection(module_connection: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    module_connection.begin()
    yield module_connection
    module_connection.rollback()


def some_value(column: Column) -> Any:
    if column.enum:
        return next(iter(enumeration(column.enum).values))
    if column.type in {"bigint", "integer"}:
        return max(1, int(column.minimum or 0))
    return {"text": f"some {column.name}", "double": 0.5, "boolean": False}[column.type]


def full_row(of: Table) -> dict[str, Any]:
    return {column.name: some_value(column) for column in of.columns}


def arrow(of: Table, *rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=arrow_schema(of))


def insert(connection: duckdb.DuckDBPyConnection, of: Table, *rows: dict[str, Any]) -> None:
    given_rows = arrow(of, *rows)
    connection.register("given_rows", given_rows)
    connection.execute(f'INSERT INTO "{of.name}" SELECT * FROM given_rows')


every_table = pytest.mark.parametrize("of", tables().values(), ids=list(tables()))


@every_table
def test_each_table_is_created_with_its_columns_types_and_comments(
    connection: duckdb.DuckDBPyConnection, of: Table
) -> None:
    found = connection.execute(
        "SELECT column_name, data_type, is_nullable, comment FROM duckdb_columns() "
        "WHERE table_name = ? ORDER BY column_index",
        [of.name],
    ).fetchall()
    assert found == [(c.name, TYPES[c.type], not c.required, c.about.en) for c in of.columns]


@every_table
def test_a_full_row_is_taken_by_sql_and_by_arrow_and_comes_back_unchanged(
    connection: duckdb.DuckDBPyConnection, of: Table
) -> None:
    row = full_row(of)
    assert violations(of, arrow(of, row)) == []
    insert(connection, of, row)
    back = connection.sql(f'SELECT * FROM "{of.name}"').to_arrow_table()
    assert back.column_names == list(of.column_names)
    assert back.to_pylist() == [row]


@every_table
def test_a_row_with_only_what_is_required_is_taken(connection: duckdb.DuckDBPyConnection, of: Table) -> None:
    row = {c.name: some_value(c) if c.required or c.null_if else None for c in of.columns}
    for group in of.any_of:
        row[group[0]] = "some id"
    assert violations(of, arrow(of, row)) == []
    insert(connection, of, row)


def telling_values(column: Column) -> list[Any]:
    """Values at the edges of what the column may hold, and just outside."""
    values: list[Any] = [None]
    if column.enum:
        allowed = enumeration(column.enum)
        values += ["", "no such value", *list(allowed.values)[:2]]
        values += [prefix + rest for prefix in allowed.prefixes for rest in ("", "a", "%")]
    if column.type == "double":
        values += [math.nan, math.inf, -math.inf]
    for bound in (column.minimum, column.maximum):
        if bound is not None:
            values += [type(some_value(column))(bound + step) for step in (-1, 0, 1)]
    return values


@every_table
def test_at_the_edges_of_each_column_sql_and_arrow_say_the_same(of: Table) -> None:
    with duckdb.connect() as connection:
        connection.execute(ddl(keys=False))
        for column in of.columns:
            for value in telling_values(column):
                row = {**full_row(of), column.name: value}
                found = {v.column for v in violations(of, arrow(of, row))}
                assert not (value is None and column.required) or column.name in found
                assert takes(connection, of, row) == (not found), (column.name, value)


def takes(connection: duckdb.DuckDBPyConnection, of: Table, row: dict[str, Any]) -> bool:
    try:
        insert(connection, of, row)
    except duckdb.ConstraintException:
        return False
    return True


CELLS = st.one_of(
    st.none(),
    st.integers(-3, 3),
    st.sampled_from([-(2**62), 2**62, 2**31 - 1, 101, 257]),
    st.sampled_from(
        [
            "",
            "x",
            "hidden",
            "exact",
            "reaction:",
            "reaction:love",
            "reaction:%",
            "server_utc",
            "Yes",
            "<13",
            "'",
        ]
    ),
    st.sampled_from([0.0, 0.5, 1.5, -0.5, float("nan"), float("inf")]),
    st.booleans(),
)
KINDS = {"text": str, "bigint": int, "integer": int, "double": float, "boolean": bool}


@st.composite
def rows_with_changes(draw: st.DrawFn) -> tuple[Table, dict[str, Any]]:
    of = draw(st.sampled_from(list(tables().values())))
    row = full_row(of)
    for name in draw(st.lists(st.sampled_from(of.column_names), min_size=1, max_size=3)):
        kind = KINDS[of.column(name).type]
        cell = draw(CELLS.filter(lambda value, kind=kind: value is None or type(value) is kind))
        if not (of.column(name).type == "integer" and cell is not None and abs(cell) >= 2**31):
            row[name] = cell
    return of, row


@settings(deadline=None, derandomize=True)
@given(rows_with_changes())
def test_sql_and_arrow_refuse_the_same_rows(case: tuple[Table, dict[str, Any]]) -> None:
    of, row = case
    is_right = violations(of, arrow(of, row)) == []
    with duckdb.connect() as fresh:
        statement = next(s for s in ddl().split("CREATE TABLE ") if s.startswith(f'"{of.name}"'))
        fresh.execute("CREATE TABLE " + statement.split("COMMENT ON")[0])
        assert takes(fresh, of, row) == is_right


@every_table
def test_the_same_row_twice_is_refused_where_keys_are_declared(
    connection: duckdb.DuckDBPyConnection, of: Table
) -> None:
    with pytest.raises(duckdb.ConstraintException):
        insert(connection, of, full_row(of), full_row(of))


def test_without_keys_the_same_row_may_be_loaded_twice() -> None:
    of = table("posts")
    with duckdb.connect() as connection:
        connection.execute(ddl(keys=False))
        insert(connection, of, full_row(of), full_row(of))
        assert connection.execute("SELECT count(*) FROM posts").fetchall() == [(2,)]


def test_statements_are_the_same_each_time_and_in_spanish_differ_in_comments_only() -> None:
    assert ddl() == ddl()
    assert views() == views()

    def without_comments(text: str) -> list[str]:
        return [line for line in text.splitlines() if not line.startswith("COMMENT ON")]

    assert without_comments(ddl("es")) == without_comments(ddl("en"))
    assert ddl("es") != ddl("en")
    with duckdb.connect() as connection:
        connection.execute(ddl("es"))


def test_comments_in_an_unknown_language_are_refused() -> None:
    with pytest.raises(SchemaError):
        ddl("fr")


def observed(post_id: str, at_us: int, locator: str, text: str) -> dict[str, Any]:
    times = {"observed_at_us": at_us, "created_at_us": 0, "edited_at_us": None}
    return {**full_row(table("posts")), "post_id": post_id, "text": text, "locator": locator, **times}


def test_the_current_view_has_the_latest_observation_of_each_post(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    insert(
        connection,
        table("posts"),
        observed("x:1", 10, "line=1", "first"),
        observed("x:1", 30, "line=2", "last"),
        observed("x:1", 20, "line=3", "middle"),
        observed("x:2", 5, "line=5", "tie, later locator"),
        observed("x:2", 5, "line=4", "tie, earlier locator"),
    )
    found = connection.execute("SELECT post_id, text FROM posts_current ORDER BY post_id").fetchall()
    assert found == [("x:1", "last"), ("x:2", "tie, earlier locator")]


def test_the_current_view_keeps_one_row_per_counter_of_a_post(connection: duckdb.DuckDBPyConnection) -> None:
    of = table("engagement")
    rows = [
        {**full_row(of), "metric": metric, "value": value, "observed_at_us": at_us}
        for metric, value, at_us in (("view", 1, 1), ("view", 9, 2), ("like", 3, 1))
    ]
    insert(connection, of, *rows)
    found = connection.execute("SELECT metric, value FROM engagement_current ORDER BY metric").fetchall()
    assert found == [("like", 3), ("view", 9)]


@every_table
def test_a_current_view_has_the_columns_of_its_table(
    connection: duckdb.DuckDBPyConnection, of: Table
) -> None:
    if of.current:
        view = connection.sql(f'SELECT * FROM "{of.name}_current"').to_arrow_table()
        assert view.column_names == list(of.column_names)


def test_the_readable_view_shows_utc_to_the_microsecond(connection: duckdb.DuckDBPyConnection) -> None:
    insert(connection, table("posts"), observed("x:1", 1_767_916_800_000_001, "line=1", "t"))
    found = connection.execute(
        "SELECT observed_at_utc::VARCHAR, created_at_utc::VARCHAR, edited_at_utc FROM posts_readable"
    ).fetchall()
    assert found == [("2026-01-09 00:00:00.000001", "1970-01-01 00:00:00", None)]


@every_table
def test_a_readable_view_shows_every_time_and_nothing_else_changes(
    connection: duckdb.DuckDBPyConnection, of: Table
) -> None:
    names = [c.name.removesuffix("_us") + "_utc" if c.is_time else c.name for c in of.columns]
    if any(c.is_time for c in of.columns):
        assert connection.sql(f'SELECT * FROM "{of.name}_readable"').to_arrow_table().column_names == names
    else:
        with pytest.raises(duckdb.CatalogException):
            connection.execute(f'SELECT * FROM "{of.name}_readable"')


def test_the_earliest_and_latest_times_allowed_can_be_shown(connection: duckdb.DuckDBPyConnection) -> None:
    column = table("posts").column("observed_at_us")
    for at_us, year in ((column.minimum, "0001"), (column.maximum, "9999")):
        insert(connection, table("posts"), observed(f"x:{year}", int(at_us or 0), "l", "t"))
        ((shown,),) = connection.execute(
            "SELECT observed_at_utc::VARCHAR FROM posts_readable WHERE post_id = ?", [f"x:{year}"]
        ).fetchall()
        assert shown.startswith(year)
