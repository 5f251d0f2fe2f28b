"""`proceedings`: a register of decisions and proceedings, with dates as precise as they are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perito.clock import day_bounds_us
from perito.errors import CaseError
from perito.formats.base import Row, SourceItem
from perito.formats.delimited import DelimitedFormat, RowFault, required, whole
from perito.formats.published import CALENDAR, provenance

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLATFORMS = {"X": "x", "TikTok": "tiktok", "Instagram": "instagram", "Facebook": "facebook"}


def _platform(addressee: str) -> str:
    return "several" if ";" in addressee else _PLATFORMS.get(addressee, "other")


def _dates(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        start_us, end_us = day_bounds_us(text)
    except CaseError as error:
        raise RowFault(str(error)) from None
    return {"date": text, "date_start_us": start_us, "date_end_us": end_us, "date_basis": CALENDAR}


def _rows(cells: Mapping[str, str | None], item: SourceItem) -> tuple[Row, ...]:  # noqa: ARG001
    addressee = required(cells, "addressee")
    values = {
        "proceeding_id": required(cells, "id"),
        "authority": required(cells, "authority"),
        "jurisdiction": required(cells, "jurisdiction"),
        "platform": _platform(addressee),
        "addressee": addressee,
        "instrument": cells["instrument"],
        "articles": cells["articles"],
        **_dates(cells["date"]),
        "event": required(cells, "event"),
        "subject": cells["subject"],
        "amount_eur": whole(cells, "amount_eur"),
        "state": cells["state"],
        **provenance(cells),
    }
    return (Row("proceedings", values),)


FORMAT = DelimitedFormat(
    name="proceedings",
    title={"en": "Register of proceedings (CSV)", "es": "Registro de procedimientos (CSV)"},
    tables=("proceedings",),
    columns=(
        "id", "authority", "jurisdiction", "addressee", "instrument", "articles", "date", "event", "subject",
        "amount_eur", "state", "note", "source", "status",
    ),
    map_record=_rows,
)  # fmt: skip
