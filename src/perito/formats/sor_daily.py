"""`sor_daily`: daily statistics of the DSA Transparency Database, a row a day, platform, column and value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perito.clock import MICROSECONDS_PER_DAY
from perito.errors import Malformed
from perito.formats.base import Columns, SourceItem, excerpt
from perito.formats.parquet import MAGIC, read_parquet, row_locators
from perito.formats.published import CALENDAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa

_COLUMNS = ("start_date", "platform", "column", "entity", "variant", "count", "min", "mean", "max")
_FAR_DAYS = 5_000_000  # beyond every calendar, and in microseconds within 64 bits: the schema refuses it
_PLATFORMS = {
    "X": "x",
    "Facebook": "facebook",
    "Instagram": "instagram",
    "TikTok": "tiktok",
    "Snapchat": "snapchat",
    "YouTube": "youtube",
    "Pinterest": "pinterest",
    "Reddit": "reddit",
    "LinkedIn": "linkedin",
    "Threads": "threads",
    "Telegram": "telegram",
}


@dataclass(frozen=True)
class SorDaily:
    """The format. Durations are whole seconds; a mean where nothing was averaged is NULL, not zero."""

    title: Mapping[str, str]
    name: str = "sor_daily"
    tables: tuple[str, ...] = ("statement_stats",)

    def sniff(self, head: bytes, name: str) -> float:
        """Half sure of a Parquet file whose name says so: the bytes at the start say little."""
        return 0.5 if head.startswith(MAGIC) and name.startswith("sor_daily") else 0.0

    def read(self, item: SourceItem) -> Iterator[Columns]:
        """The rows of the file, in canonical columns."""
        import pyarrow as pa

        data = read_parquet(item)
        where = f"{item.name} ({item.evidence_id[:19]})"
        missing = [column for column in _COLUMNS if column not in data.column_names]
        if missing:
            raise Malformed(
                f"the column '{missing[0]}' is missing",
                where=where,
                found=excerpt(", ".join(data.column_names)),
            )
        days = data.schema.field("start_date").type
        if days != pa.date32():
            raise Malformed("'start_date' holds no dates", where=where, expected="date32", found=str(days))
        try:
            canonical = _canonical(data)
        except pa.ArrowException as error:
            raise Malformed(
                "a column has another type", where=where, found=excerpt(str(error).partition("\n")[0])
            ) from error
        yield Columns("statement_stats", canonical)


def _canonical(data: pa.Table) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    days = pc.cast(pc.cast(data["start_date"], pa.int32()), pa.int64())
    days = pc.max_element_wise(
        pc.min_element_wise(days, _FAR_DAYS, skip_nulls=False), -_FAR_DAYS, skip_nulls=False
    )
    averaged = pc.is_valid(data["min"])
    columns = {
        "day_us": pc.multiply(days, MICROSECONDS_PER_DAY),
        "day_basis": pa.repeat(CALENDAR, data.num_rows),
        "platform": _codes(data["platform"]),
        "platform_name": data["platform"],
        "dimension": data["column"],
        "entity": data["entity"],
        "variant": data["variant"],
        "count": data["count"],
        # The file writes a mean of zero where it has no minimum, that is, where nothing was averaged.
        "mean_s": pc.if_else(averaged, data["mean"], None),
        "min_s": data["min"],
        "max_s": data["max"],
        "locator": row_locators(data.num_rows),
    }
    return pa.table(columns)


def _codes(names: pa.ChunkedArray) -> pa.ChunkedArray:
    """Our names of the platforms. Names stay in Arrow: one that is no UTF-8 must cost its row alone."""
    import pyarrow as pa
    import pyarrow.compute as pc

    at = pc.index_in(pc.cast(names, pa.string()), value_set=pa.array(list(_PLATFORMS)))
    known = pa.array(list(_PLATFORMS.values())).take(at.combine_chunks())
    return pc.if_else(pc.is_valid(names), pc.coalesce(known, "other"), None)


FORMAT = SorDaily(
    title={
        "en": "DSA Transparency Database, daily statistics (Parquet)",
        "es": "Base de Datos de Transparencia de la DSA, estadísticas diarias (Parquet)",
    }
)
