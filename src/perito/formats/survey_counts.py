"""`survey_counts`: shares that surveys published, with sample size, ages, recall and wording."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.formats.base import Row, SourceItem
from perito.formats.delimited import DelimitedFormat, one_of, required, whole
from perito.formats.published import as_of, day_span, printed_share, provenance

if TYPE_CHECKING:
    from collections.abc import Mapping

_FORMS = {"percent": "percent", "fraction as printed": "fraction"}


def _rows(cells: Mapping[str, str | None], item: SourceItem) -> tuple[Row, ...]:
    values = {
        "study": required(cells, "survey"),
        "kind": "survey",
        "platform": item.platform,
        "class": required(cells, "measure"),
        "territory": cells["country"],
        "ages": cells["ages"],
        "base": whole(cells, "n"),
        "base_is": "persons interviewed",
        "base_status": cells["n_status"],
        "sampling": cells["sampling"],
        "recall": cells["recall"],
        **printed_share(cells["value"], one_of(cells, "value_form", _FORMS)),
        **day_span(cells, "fieldwork_start", "fieldwork_end"),
        **as_of(cells["published"]),
        **provenance(cells),
    }
    return (Row("counts", values),)


FORMAT = DelimitedFormat(
    name="survey_counts",
    title={"en": "Published survey shares (CSV)", "es": "Proporciones publicadas de encuestas (CSV)"},
    tables=("counts",),
    columns=(
        "survey", "country", "fieldwork_start", "fieldwork_end", "published", "ages", "n", "n_status",
        "sampling", "measure", "recall", "value", "value_form", "note", "source", "status",
    ),
    map_record=_rows,
)  # fmt: skip
