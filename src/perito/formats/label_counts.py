"""`label_counts`: counts of a labelled random sample, as a study published them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.clock import MICROSECONDS_PER_DAY
from perito.formats.base import Row, SourceItem
from perito.formats.delimited import DelimitedFormat, RowFault, one_of, required, whole
from perito.formats.published import as_of, day_span, provenance

if TYPE_CHECKING:
    from collections.abc import Mapping

_KINDS = {"sample": "sample", "count": "count", "recheck": "recheck"}


def _rows(cells: Mapping[str, str | None], item: SourceItem) -> tuple[Row, ...]:
    window = day_span(cells, "window_start", "window_end_inclusive")
    _check_days(cells, window)
    values = {
        "study": required(cells, "study"),
        "kind": one_of(cells, "row", _KINDS),
        "platform": cells["platform"] or item.platform,
        "system": cells["generator"],
        "class": required(cells, "class"),
        "value": whole(cells, "count"),
        "base": whole(cells, "denominator"),
        "base_is": cells["denominator_is"],
        "population": whole(cells, "population"),
        "population_basis": cells["population_basis"],
        "sampling": cells["sampling"],
        "label_method": cells["label_method"],
        "definition": cells["definition"],
        "printed": cells["count"],
        **window,
        **as_of(cells["as_of"]),
        **provenance(cells),
    }
    return (Row("counts", values),)


def _check_days(cells: Mapping[str, str | None], window: Mapping[str, int]) -> None:
    days = whole(cells, "window_days")
    if days is None or not window:
        return
    span = (window["window_end_us"] - window["window_start_us"]) // MICROSECONDS_PER_DAY
    if days != span:
        raise RowFault(f"'window_days' is {days}, but the dates span {span} days")


FORMAT = DelimitedFormat(
    name="label_counts",
    title={
        "en": "Published counts of a labelled random sample (CSV)",
        "es": "Recuentos publicados de una muestra aleatoria etiquetada (CSV)",
    },
    tables=("counts",),
    columns=(
        "study", "platform", "generator", "row", "class", "count", "denominator", "denominator_is",
        "population", "population_basis", "window_start", "window_end_inclusive", "window_days", "as_of",
        "sampling", "label_method", "definition", "note", "source", "status",
    ),
    map_record=_rows,
)  # fmt: skip
