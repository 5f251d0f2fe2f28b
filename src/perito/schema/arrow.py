"""The canonical tables in Arrow: schemas, casts without loss, and checks that name row, column and reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from perito.errors import SchemaError, nearest
from perito.schema.model import enumeration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perito.schema.shape import Column, NullRule, Table

_ARROW_TYPES: dict[str, pa.DataType] = {
    "text": pa.string(),
    "bigint": pa.int64(),
    "integer": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "decimal(18,6)": pa.decimal128(18, 6),
}
_SHOWN_LENGTH = 80


class Violation(NamedTuple):
    """A value that the schema does not allow: row number from 0, column, and reason."""

    row: int
    column: str
    reason: str


def arrow_schema(table: Table) -> pa.Schema:
    """The Arrow schema of a table: types and nullability, no metadata.

    Example:
        >>> from perito.schema import table
        >>> arrow_schema(table("rejects")).names
        ['platform', 'reason', 'excerpt', 'evidence_id', 'locator']
    """
    return pa.schema([pa.field(c.name, _ARROW_TYPES[c.type], nullable=not c.required) for c in table.columns])


def cast_columns(table: Table, data: pa.Table) -> pa.Table:
    """The same rows in the canonical columns, order and types; columns that are not there become NULL.

    Only casts that lose nothing are made: whole numbers to wider numbers, any form of text to text.
    A float never becomes a text or a whole number, a timestamp never a count of microseconds.

    Raises:
        SchemaError: A column that the table does not have, or has twice; a required column that is
            missing; values that cannot be cast without loss.

    Example:
        >>> from perito.schema import table
        >>> given = pa.table({"locator": ["row=1"], "evidence_id": ["sha256:00"], "reason": ["no id"]})
        >>> cast_columns(table("rejects"), given).to_pylist()[0]["platform"] is None
        True
    """
    where = f"table '{table.name}'"
    for name in data.column_names:
        if name not in table:
            raise SchemaError(
                f"there is no column '{name}'", where=where, remedy=nearest(name, table.column_names)
            )
    if len(set(data.column_names)) != len(data.column_names):
        raise SchemaError("a column occurs twice", where=where, found=", ".join(data.column_names))
    arrays = [_cast(column, data, where) for column in table.columns]
    return pa.table(arrays, schema=arrow_schema(table))


def violations(table: Table, data: pa.Table) -> list[Violation]:
    """Every value of canonical rows that the schema does not allow, by row, then in the order of columns.

    Checked: required values, enumerations, bounds, finite doubles, a basis for every time, columns
    that are NULL by rule, groups of columns of which one is needed. Keys across files are not.

    Raises:
        SchemaError: The columns are not the canonical ones; bring them there with `cast_columns`.

    Example:
        >>> from perito.schema import table
        >>> given = pa.table({"evidence_id": ["sha256:00"], "locator": ["row=1"], "reason": [None]})
        >>> violations(table("rejects"), cast_columns(table("rejects"), given))
        [Violation(row=0, column='reason', reason='a value is required')]
    """
    expected = arrow_schema(table)
    if not data.schema.equals(expected, check_metadata=False):
        raise SchemaError(
            "the columns are not the canonical ones",
            where=f"table '{table.name}'",
            expected=_listed(expected),
            found=_listed(data.schema),
            remedy="cast them with cast_columns first",
        )
    found = [v for column in table.columns for v in _column_violations(table, column, data)]
    found += [v for group in table.any_of for v in _group_violations(group, data)]
    place = {name: position for position, name in enumerate(table.column_names)}
    return sorted(found, key=lambda v: (v.row, place[v.column], v.reason))


def _cast(column: Column, data: pa.Table, where: str) -> pa.ChunkedArray:
    target = _ARROW_TYPES[column.type]
    if column.name not in data.column_names:
        if column.required:
            raise SchemaError(f"the required column '{column.name}' is missing", where=where)
        return pa.chunked_array([pa.nulls(data.num_rows, target)])
    given = data.column(column.name)
    if given.type.equals(target):
        return given
    if not _is_lossless(given.type, column.type):
        raise _cast_error(column, given.type, where, "")
    try:
        return pc.cast(given, target)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise _cast_error(column, given.type, where, f": {error}") from error


def _cast_error(column: Column, given: pa.DataType, where: str, detail: str) -> SchemaError:
    return SchemaError(
        f"column '{column.name}' cannot be read without loss",
        where=where,
        expected=column.type,
        found=f"{given}{detail}",
        remedy="give it in the type that the schema names",
    )


def _is_lossless(given: pa.DataType, wanted: str) -> bool:
    kind = given.value_type if pa.types.is_dictionary(given) else given
    is_whole = pa.types.is_integer(kind) or pa.types.is_decimal(kind)  # fractions fail in the cast
    allowed = {
        "text": pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind),
        "bigint": is_whole,
        "integer": is_whole,
        "double": pa.types.is_floating(kind) or pa.types.is_integer(kind),
        "boolean": pa.types.is_boolean(kind),
        "decimal(18,6)": pa.types.is_decimal(kind),
    }
    return bool(pa.types.is_null(kind) or allowed[wanted])


def _column_violations(table: Table, column: Column, data: pa.Table) -> Iterator[Violation]:
    values = data.column(column.name)
    if column.required:
        yield from _where(pc.is_null(values), column.name, "a value is required")
    if column.type == "text":
        yield from _not_utf8(column, values)
    if column.enum:
        yield from _outside_enumeration(column, column.enum, values)
    if column.type == "double":
        yield from _where(pc.invert(pc.is_finite(values)), column.name, "not a finite number")
    if column.minimum is not None:
        low = pc.less(values, pa.scalar(column.minimum, values.type))
        yield from _where(low, column.name, f"below {column.minimum}", values)
    if column.maximum is not None:
        high = pc.greater(values, pa.scalar(column.maximum, values.type))
        yield from _where(high, column.name, f"above {column.maximum}", values)
    if column.basis and not table.column(column.basis).required:
        unfounded = pc.and_(pc.is_valid(values), pc.is_null(data.column(column.basis)))
        yield from _where(unfounded, column.basis, f"'{column.name}' has a value and no basis")
    if column.null_if:
        yield from _against_rule(column, column.null_if, data)


def _not_utf8(column: Column, values: pa.ChunkedArray) -> Iterator[Violation]:
    """Arrow and Parquet readers take any bytes as text: look at each value only if that happened."""
    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        for row, raw in enumerate(pc.cast(values, pa.binary()).to_pylist()):
            if raw is not None and not _is_utf8(raw):
                yield Violation(row, column.name, f"{_shown(raw)}: not UTF-8")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _outside_enumeration(column: Column, name: str, values: pa.ChunkedArray) -> Iterator[Violation]:
    allowed = enumeration(name)
    is_known = pc.is_in(values, value_set=pa.array(list(allowed.values), pa.string()))
    for prefix in allowed.prefixes:
        is_longer = pc.greater(pc.binary_length(values), len(prefix.encode()))
        is_known = pc.or_(is_known, pc.and_(pc.starts_with(values, prefix), is_longer))
    unknown = pc.and_(pc.is_valid(values), pc.invert(is_known))
    yield from _where(unknown, column.name, f"not a value of '{name}'", values)


def _against_rule(column: Column, rule: NullRule, data: pa.Table) -> Iterator[Violation]:
    decider = data.column(rule.column)
    must_be_null = pc.fill_null(pc.equal(decider, pa.scalar(rule.equals, decider.type)), fill_value=False)
    condition = f"'{rule.column}' is {rule.equals}"
    is_null = pc.is_null(data.column(column.name))
    yield from _where(
        pc.and_(must_be_null, pc.invert(is_null)), column.name, f"has a value although {condition}"
    )
    yield from _where(
        pc.and_(pc.invert(must_be_null), is_null), column.name, f"is NULL and not because {condition}"
    )


def _group_violations(group: tuple[str, ...], data: pa.Table) -> Iterator[Violation]:
    missing = pc.is_null(data.column(group[0]))
    for name in group[1:]:
        missing = pc.and_(missing, pc.is_null(data.column(name)))
    yield from _where(missing, group[0], f"one of {', '.join(group)} is needed")


def _where(
    mask: pa.ChunkedArray, column: str, reason: str, values: pa.ChunkedArray | None = None
) -> Iterator[Violation]:
    """A violation for each true row of the mask; NULL counts as false."""
    rows = pc.indices_nonzero(pc.fill_null(mask, fill_value=False))
    if values is None:
        yield from (Violation(row, column, reason) for row in rows.to_pylist())
        return
    bad = values.take(rows)
    if pa.types.is_string(bad.type):
        bad = pc.cast(bad, pa.binary())  # it may be no UTF-8
    for row, value in zip(rows.to_pylist(), bad.to_pylist(), strict=True):
        yield Violation(row, column, f"{_shown(value)}: {reason}")


def _shown(value: object) -> str:
    text = repr(value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value)
    return text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 1] + "…"


def _listed(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} {field.type}" for field in schema)
