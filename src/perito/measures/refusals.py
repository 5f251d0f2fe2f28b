"""`refusals`: how often a generator complied, wave by wave, from counts that a tester published.

On published counts the interval is that of independent trials, printed under that condition: prompts and
testers repeat, and how much is not known. The words follow the interval of the difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perito.clock import Period, iso_day
from perito.findings import Column, Finding, Row, Source, Table, Text, Value
from perito.findings.charts import interval_chart
from perito.measures.inquiry import count
from perito.stats.proportion import clopper_pearson, two_proportions

if TYPE_CHECKING:
    from perito.measures.inquiry import Inquiry

_QUERY = """
SELECT study, kind, system, wave, class, value, base, base_is, window_start_us, window_end_us,
       sampling, note, reliability, evidence_id, locator
FROM counts
WHERE kind IN ('outcome', 'sub_count', 'comparator')
ORDER BY study, wave NULLS LAST, kind, class, evidence_id, locator
"""


@dataclass(frozen=True)
class Wave:
    """One wave: complied and not, of the tests made."""

    number: int
    complied: int
    refused: int | None
    tests: int
    period: Period | None
    testers: str | None
    system: str | None
    sources: tuple[Source, ...]

    @property
    def adds_up(self) -> bool:
        """Whether the two outcomes are all the tests."""
        return self.refused is not None and self.complied + self.refused == self.tests


def answer(inquiry: Inquiry) -> Finding:
    """Compliance in each wave, the difference between the first and the last, and the exact test.

    Raises:
        MeasureError: No published outcomes, or several studies and none named.
    """
    rows = _rows_of_study(inquiry)
    waves = _waves(inquiry, rows)
    rates = [_rate(inquiry, wave) for wave in waves]
    comparison = _comparison(inquiry, waves[0], waves[-1]) if len(waves) > 1 else ()
    values = (*rates, *comparison)
    counts = tuple(value for wave in waves for value in _counts(inquiry, wave))
    numbers = {value.name: value for value in (*values, *counts)}
    return inquiry.finding(
        scope=inquiry.scope(period=_period(waves), population=waves[0].testers),
        status="conditional",
        headline=_headline(inquiry, waves, values),
        values=values,
        counts=counts,
        series=tuple(
            table for table in (_wave_table(inquiry, waves), _sub_counts(inquiry, rows)) if table.rows
        ),
        conditions=_conditions(inquiry, rows),
        chart=interval_chart(
            [(rate.label, rate) for rate in rates], inquiry.text("axis"), numbers, is_share=True
        ),
    )


def _rows_of_study(inquiry: Inquiry) -> list[dict[str, Any]]:
    rows = inquiry.tables.rows(_QUERY)
    studies = sorted({row["study"] for row in rows if row["kind"] == "outcome"})
    study = inquiry.parameters.get("study") or (studies[0] if len(studies) == 1 else None)
    if study not in studies:
        found = ", ".join(studies) or "no published outcomes"
        raise inquiry.fail("no single study of generator trials fits", found=found, remedy="name the study")
    # Comparators stand under a study name of their own; they are printed, never given a rate.
    return [row for row in rows if row["study"] == study or row["kind"] == "comparator"]


def _waves(inquiry: Inquiry, rows: list[dict[str, Any]]) -> list[Wave]:
    complied, refused = inquiry.parameters["complied"], inquiry.parameters["refused"]
    outcomes = [row for row in rows if row["kind"] == "outcome" and row["wave"] is not None]
    numbers = sorted(
        {row["wave"] for row in outcomes if row["class"] == complied and row["value"] is not None}
    )
    if not numbers:
        raise inquiry.fail(
            f"no wave has a count of '{complied}'", remedy="name the outcome in parameters.complied"
        )
    return [_wave([row for row in outcomes if row["wave"] == n], n, complied, refused) for n in numbers]


def _wave(rows: list[dict[str, Any]], number: int, complied: str, refused: str) -> Wave:
    first = next(row for row in rows if row["class"] == complied)
    other = next((row for row in rows if row["class"] == refused), None)
    window = (first["window_start_us"], first["window_end_us"])
    return Wave(
        number=number,
        complied=first["value"],
        refused=other["value"] if other else None,
        tests=first["base"],
        period=None if None in window else Period(*window),
        testers=first["sampling"],
        system=first["system"],
        sources=tuple(Source(row["evidence_id"], row["locator"]) for row in (first, other) if row),
    )


def _period(waves: list[Wave]) -> Period | None:
    periods = [wave.period for wave in waves if wave.period]
    return Period(min(p.start_us for p in periods), max(p.end_us for p in periods)) if periods else None


def _when(inquiry: Inquiry, wave: Wave) -> Text:
    if wave.period is None:
        return inquiry.text("undated")
    return inquiry.text("dates", first=iso_day(wave.period.start_us), last=iso_day(wave.period.end_us - 1))


def _rate(inquiry: Inquiry, wave: Wave) -> Value:
    return Value(
        name=f"complied_wave_{wave.number}",
        label=inquiry.text("label_rate", wave=str(wave.number), when=_when(inquiry, wave)),
        estimate=wave.complied / wave.tests,
        unit="share",
        interval=clopper_pearson(wave.complied, wave.tests, inquiry.parameters["level"]),
        status="conditional",
        is_exact=False,
        sources=wave.sources,
    )


def _comparison(inquiry: Inquiry, first: Wave, last: Wave) -> tuple[Value, ...]:
    compared = two_proportions(first.complied, first.tests, last.complied, last.tests)
    sources = (*first.sources, *last.sources)
    return (
        Value(
            "difference", inquiry.text("label_difference"), compared.difference, "percentage_points",
            compared.interval, "conditional", is_exact=False, sources=sources,
        ),
        Value(
            "p_exact", inquiry.text("label_p_exact"), compared.p_exact, "probability",
            status="exact", is_exact=False, sources=sources,
        ),
    )  # fmt: skip


def _headline(inquiry: Inquiry, waves: list[Wave], values: tuple[Value, ...]) -> Text:
    words: dict[str, str | Text] = {
        "system": waves[0].system or "",
        "first_rate": _reference(values[0].name),
        "last_rate": _reference(values[len(waves) - 1].name),
        "first_tests": _reference(f"tests_wave_{waves[0].number}"),
        "last_tests": _reference(f"tests_wave_{waves[-1].number}"),
    }
    if len(waves) == 1:
        return inquiry.text("headline_one", **words)
    interval = values[len(waves)].interval
    if interval is not None and interval.low > 0:
        return inquiry.text("headline_fell", **words)
    if interval is not None and interval.high < 0:
        return inquiry.text("headline_rose", **words)
    return inquiry.text("headline_neither", **words)


def _reference(name: str) -> Text:
    return Text(f"{{{name}}}", f"{{{name}}}")


def _counts(inquiry: Inquiry, wave: Wave) -> tuple[Value, ...]:
    number = str(wave.number)
    return (
        count(
            f"complied_count_wave_{number}",
            inquiry.text("label_complied", wave=number),
            wave.complied,
            "requests",
            wave.sources,
        ),
        count(
            f"tests_wave_{number}",
            inquiry.text("label_tests", wave=number),
            wave.tests,
            "requests",
            wave.sources,
        ),
    )


def _wave_table(inquiry: Inquiry, waves: list[Wave]) -> Table:
    names = ("when", "tests", "complied", "refused", "adds_up")
    return Table(
        "waves",
        inquiry.text("title_waves"),
        tuple(Column(name, inquiry.text(f"column_{name}")) for name in names),
        tuple(_wave_row(inquiry, wave) for wave in waves),
        note=inquiry.text("note_waves"),
    )


def _wave_row(inquiry: Inquiry, wave: Wave) -> Row:
    label = inquiry.text("row_wave", wave=str(wave.number))
    refused = (
        None
        if wave.refused is None
        else Value("refused", label, wave.refused, "requests", sources=wave.sources)
    )
    return Row(
        label,
        (
            _when(inquiry, wave),
            Value("tests", label, wave.tests, "requests", sources=wave.sources),
            Value("complied", label, wave.complied, "requests", sources=wave.sources),
            refused,
            inquiry.text("yes" if wave.adds_up else "no"),
        ),
    )


def _sub_counts(inquiry: Inquiry, rows: list[dict[str, Any]]) -> Table:
    """Sub-counts as shares of their base, and comparators, which have no number of tests and so no rate."""
    names = ("of", "count", "share")
    listed = [row for row in rows if row["kind"] in {"sub_count", "comparator"}]
    return Table(
        "sub-counts",
        inquiry.text("title_sub_counts"),
        tuple(Column(name, inquiry.text(f"column_{name}")) for name in names),
        tuple(_sub_row(inquiry, row) for row in listed),
        note=inquiry.text("note_sub_counts"),
    )


def _sub_row(inquiry: Inquiry, row: dict[str, Any]) -> Row:
    source = (Source(row["evidence_id"], row["locator"]),)
    label = inquiry.text("row_sub", system=row["system"] or "", outcome=row["class"])
    if row["value"] is None or not row["base"]:
        return Row(label, (None, None, inquiry.text("no_rate")))
    interval = clopper_pearson(row["value"], row["base"], inquiry.parameters["level"])
    share = Value(
        "share",
        label,
        row["value"] / row["base"],
        "share",
        interval,
        "conditional",
        is_exact=False,
        sources=source,
    )
    return Row(
        label,
        (
            Value("of", label, row["base"], "requests", sources=source),
            Value("count", label, row["value"], "requests", sources=source),
            share,
        ),
    )


def _conditions(inquiry: Inquiry, rows: list[dict[str, Any]]) -> tuple[Text, ...]:
    notes = {row["note"] for row in rows if row["kind"] == "outcome" and row["note"]}
    return tuple(inquiry.text("condition_note", note=note) for note in sorted(notes))
