"""`removal_notified`: a published series of items detected, notified, and removed of those notified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perito.formats.base import Row, SourceItem
from perito.formats.delimited import DelimitedFormat, RowFault, one_of, required, whole
from perito.formats.published import day_span, printed_share, provenance

if TYPE_CHECKING:
    from collections.abc import Mapping

_MEASURES = {"detected": "detected", "notified": "notified", "removed": "removed"}
_ALL_MONITORED = "all monitored"


def _figure(cells: Mapping[str, str | None]) -> dict[str, Any]:
    match cells["unit"]:
        case "items":
            return {"kind": "volume", "value": whole(cells, "value"), "printed": cells["value"]}
        case "percent":
            return {"kind": "rate", **printed_share(cells["value"], "percent")}
        case other:
            raise RowFault(f"'unit' is '{other}', expected items or percent")


def _rows(cells: Mapping[str, str | None], item: SourceItem) -> tuple[Row, ...]:
    platform = required(cells, "platform")
    values = {
        "study": item.name,
        "platform": "several" if platform == _ALL_MONITORED else platform,
        "class": one_of(cells, "measure", _MEASURES),
        "series": cells["channel"],
        "stage": cells["time_window"],
        "base_is": cells["base"],
        **_figure(cells),
        **day_span(cells, "period_start", "period_end_inclusive"),
        **provenance(cells),
    }
    return (Row("counts", values),)


FORMAT = DelimitedFormat(
    name="removal_notified",
    title={
        "en": "Published series of notified and removed items (CSV)",
        "es": "Serie publicada de elementos notificados y retirados (CSV)",
    },
    tables=("counts",),
    columns=(
        "period", "period_start", "period_end_inclusive", "measure", "value", "unit", "base", "channel",
        "time_window", "platform", "note", "source", "status",
    ),
    map_record=_rows,
)  # fmt: skip
