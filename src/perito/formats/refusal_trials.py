"""`refusal_trials`: outcomes of generator trials, wave by wave, as a tester published them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.formats.base import Row, SourceItem
from perito.formats.delimited import DelimitedFormat, RowFault, one_of, required, whole
from perito.formats.published import day_span, provenance

if TYPE_CHECKING:
    from collections.abc import Mapping

_KINDS = {"outcome": "outcome", "sub-count of complied": "sub_count", "comparator": "comparator"}


def _rows(cells: Mapping[str, str | None], item: SourceItem) -> tuple[Row, ...]:
    kind = one_of(cells, "row_is", _KINDS)
    trials, base = whole(cells, "tests"), whole(cells, "of")
    if kind == "outcome" and trials != base:
        raise RowFault(f"an outcome 'of' {base}, but the wave has {trials} tests")
    values = {
        "study": required(cells, "study"),
        "kind": kind,
        "platform": item.platform,
        "system": cells["system"],
        "wave": whole(cells, "wave"),
        "class": required(cells, "outcome"),
        "value": whole(cells, "count"),
        "base": base,
        "base_is": "tests of the wave" if kind == "outcome" else cells["row_is"],
        "printed": cells["count"],
        "sampling": cells["tester"],
        **day_span(cells, "date_start", "date_end"),
        **provenance(cells),
    }
    return (Row("counts", values),)


FORMAT = DelimitedFormat(
    name="refusal_trials",
    title={
        "en": "Published outcomes of generator trials (CSV)",
        "es": "Resultados publicados de pruebas a generadores (CSV)",
    },
    tables=("counts",),
    columns=(
        "study", "wave", "date_start", "date_end", "tests", "outcome", "count", "of", "row_is", "system",
        "tester", "note", "source", "status",
    ),
    map_record=_rows,
)  # fmt: skip
