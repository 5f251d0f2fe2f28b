"""`agreement`: do independent readers agree under this definition, who errs how, and do they drift?

Alpha with its interval, agreement on positives and negatives, raw agreement and the contested share; the
coefficient of Gwet last and never alone. Agreement is not truth: readers trained alike can share one error.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from perito.errors import StatsError
from perito.findings import Finding, Row, Table, Text, Value, verbatim
from perito.findings.charts import interval_chart
from perito.measures.inquiry import count
from perito.measures.prevalence.labels import definition_of, scope_of
from perito.measures.sampled.agreement import Agreement, Reading, agreement_of
from perito.measures.sampled.design import Design, design_of, without_design
from perito.measures.sampled.readings import early_labels, items_outside, outcomes, readings_by_person
from perito.measures.sampled.series import (
    agreement_value,
    book_table,
    design_table,
    present,
    text_list,
)
from perito.measures.sampled.words import class_text, speaking
from perito.stats.agreement import dawid_skene
from perito.stats.proportion import clopper_pearson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.measures.inquiry import Inquiry
    from perito.stats.agreement import DawidSkene

_DECIDED = {"no": 0.0, "yes": 1.0}
_DRIFT = """
WITH numbered AS (
  SELECT item_id, annotator_id, role, value,
         row_number() OVER (PARTITION BY item_id, annotator_id, role
                            ORDER BY labelled_at_us NULLS LAST, round, evidence_id, locator) AS n
  FROM labels
  WHERE class = $class AND label_book_id = $book AND label_book_version = $version AND NOT skipped
    AND round <> 'adjudication' AND (role = 'sample' OR role = 'relabel') AND (value = 'yes' OR value = 'no')
)
SELECT f.value AS before_value, a.value AS after_value, CAST(count(*) AS BIGINT) AS items
FROM numbered AS f JOIN numbered AS a ON a.item_id = f.item_id AND a.annotator_id = f.annotator_id
WHERE f.role = 'sample' AND a.role = 'relabel' AND f.n = 1 AND a.n = 1
GROUP BY f.value, a.value
ORDER BY before_value NULLS LAST, after_value NULLS LAST
"""


def answer(inquiry: Inquiry) -> Finding:
    """How far independent readings of the sample agree, or why that cannot be said (L1, L3, L4).

    Raises:
        MeasureError: There is no such design, or several fit.
    """
    inquiry = speaking(inquiry)
    name = inquiry.parameters["class"]
    design = design_of(inquiry, name) or without_design(inquiry, name)
    if design.book is None:
        definition = definition_of(inquiry, None, name)
        return inquiry.refusal(inquiry.text("refusal_no_book"), definition=definition)
    readings = readings_by_person(inquiry, design, name)
    found = outcomes(inquiry, design, name)
    dependent = sum(outcome.dependent * outcome.items for outcome in found)
    level = inquiry.parameters["level"]
    agreement = agreement_of(
        readings, dependent=dependent, metric=inquiry.parameters["metric"], level=level, seed=inquiry.seed
    )
    numbers = {
        "double_read": agreement.items,
        "readings": agreement.readings,
        "readers": len({reader for _, reader, _ in readings}),
        "dependent": dependent,
        "repeated": sum(outcome.repeated * outcome.items for outcome in found),
        "unread_values": agreement.unread_values,
        "outside": items_outside(inquiry, design, name) if design.drawn else 0,
    }
    shared = {
        "scope": scope_of(inquiry, design),
        "definition": definition_of(inquiry, design, name),
        "counts": inquiry.counts(numbers, "number"),
    }
    tables = [
        design_table(inquiry, design, early_labels(inquiry, design, name)) if design.drawn else None,
        book_table(inquiry, design, [name]),
        drift_table(inquiry, design, name),
    ]
    if agreement.refusal:
        reason = inquiry.text(f"agreement_{agreement.refusal}")
        return inquiry.refusal(reason, **shared, series=present(tables))
    return _finding(inquiry, design, agreement, shared, [readers_table(inquiry, readings), *tables])


def _finding(
    inquiry: Inquiry,
    design: Design,
    agreement: Agreement,
    shared: dict[str, Any],
    tables: Sequence[Table | None],
) -> Finding:
    name = inquiry.parameters["class"]
    values = tuple(agreement_value(inquiry, key, found) for key, found in agreement.estimates.items())
    minimum = Value("minimum", inquiry.text("fact_minimum_alpha"), design.minimum_alpha, "probability")
    drawn = [(value.label, value) for value in values if value.estimate is not None]
    conditions = [
        inquiry.text("refusal_agreement") if agreement.blocks(design.minimum_alpha) else None,
        inquiry.text("condition_nearly_constant") if agreement.is_nearly_constant else None,
        inquiry.text("condition_dependent") if shared["counts"][3].estimate else None,
        inquiry.text("condition_repeated") if shared["counts"][4].estimate else None,
        inquiry.text("condition_outside") if shared["counts"][6].estimate else None,
        inquiry.text("condition_second_readings"),
    ]
    is_said = values[0].estimate is not None
    return inquiry.finding(
        **shared,
        status="estimated",
        headline=inquiry.text(
            "headline" if is_said else "headline_without_alpha",
            **{"class": class_text(inquiry, design, name)},
        ),
        values=(*values, *((minimum,) if design.minimum_alpha else ())),
        series=present(tables),
        conditions=text_list(conditions),
        chart=interval_chart(drawn, inquiry.text("axis_agreement"), {}, is_share=True),
    )


def readers_table(inquiry: Inquiry, readings: Sequence[Reading]) -> Table | None:
    """What each reader calls positives and negatives, under the model of Dawid and Skene; by pseudonym."""
    decided = [(item, reader, value) for item, reader, value in readings if value in _DECIDED]
    readers = sorted({reader for _, reader, _ in decided})
    if len(readers) <= 1:
        return None
    items = {item: at for at, item in enumerate(sorted({item for item, _, _ in decided}))}
    table = np.full((len(readers), len(items)), np.nan)
    for item, reader, value in decided:
        table[readers.index(reader), items[item]] = _DECIDED[value]
    try:
        model = dawid_skene(table)
    except StatsError:  # one value alone, or a model that does not settle: no table rather than a wrong one
        return None
    rows = [_reader_row(inquiry, model, at, reader, table) for at, reader in enumerate(readers)]
    return inquiry.table("readers", ("read", "finds", "rejects"), rows)


def _reader_row(inquiry: Inquiry, model: DawidSkene, at: int, reader: str, table: Any) -> Row:  # noqa: ANN401
    read = count("read", inquiry.text("column_read"), int((~np.isnan(table[at])).sum()), "items")
    rates = {"finds": model.confusion[at, 1, 1], "rejects": model.confusion[at, 0, 0]}
    cells = (_rate(inquiry, name, float(rate)) for name, rate in rates.items())
    return Row(verbatim(reader), (read, *cells))


def _rate(inquiry: Inquiry, name: str, rate: float) -> Value | None:
    if math.isnan(rate):
        return None
    return Value(name, inquiry.text(f"column_{name}"), rate, "share", is_exact=False)


def drift_table(inquiry: Inquiry, design: Design, class_name: str) -> Table | None:
    """The same readers on the same items later: yes-rates, agreement, and the exact test of a change."""
    book, version = design.book or ("", "")
    rows = inquiry.tables.rows(_DRIFT, **{"class": class_name, "book": book, "version": version})
    cells = {(row["before_value"], row["after_value"]): row["items"] for row in rows}
    items = sum(cells.values())
    if not items:
        return None
    lost, gained = cells.get(("yes", "no"), 0), cells.get(("no", "yes"), 0)
    kept = cells.get(("yes", "yes"), 0)
    shares = {"before": kept + lost, "after": kept + gained, "same": items - lost - gained}
    made = [
        Row(inquiry.text(f"drift_{name}"), (_share(inquiry, name, number, items),))
        for name, number in shares.items()
    ]
    label = inquiry.text("drift_p")
    test = Value("p", label, change_p(lost, gained), "probability", is_exact=False)
    first = Row(inquiry.text("drift_items"), (count("items", inquiry.text("drift_items"), items, "items"),))
    return inquiry.table("drift", ("measured",), [first, *made, Row(label, (test,))])


def _share(inquiry: Inquiry, name: str, number: int, items: int) -> Value:
    ends = clopper_pearson(number, items, inquiry.parameters["level"])
    label: Text = inquiry.text(f"drift_{name}")
    return Value(name, label, number / items, "share", ends, "estimated", is_exact=False)


def change_p(lost: int, gained: int) -> float:
    """The exact p-value of as many changes one way and the other, if both were as likely (McNemar 1947).

    Twice the smaller tail of the binomial law with one half, at most 1.

    Example:
        >>> change_p(12, 2)
        0.012939453125
    """
    n, few = lost + gained, min(lost, gained)
    below = sum(math.comb(n, at) for at in range(few + 1))
    return min(1.0, float(2 * below / 2**n))
