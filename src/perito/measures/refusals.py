"""`refusals`: how often a generator complied, wave by wave, from counts that a tester published.

On published counts the interval is that of independent trials, printed under that condition: prompts and
testers repeat, and how much is not known. The words follow the interval of the difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perito.clock import Period, iso_day
from perito.findings import Finding, Row, Source, Table, Text, Value
from perito.findings.charts import interval_chart
from perito.measures.inquiry import count, source_of
from perito.measures.labels import reference, references
from perito.stats.proportion import clopper_pearson, two_proportions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.measures.inquiry import Inquiry

_QUERY = """
SELECT study, kind, system, wave, class, value, base, window_start_us, window_end_us, sampling, note,
       evidence_id, locator
FROM counts
WHERE kind IN ('outcome', 'sub_count', 'comparator')
ORDER BY study, wave NULLS LAST, kind, system NULLS FIRST, class, evidence_id, locator
"""


@dataclass(frozen=True)
class Wave:
    """One wave: complied and not, of the tests made; None where the source gives no number."""

    number: int
    complied: int | None
    refused: int | None
    tests: int | None
    period: Period | None
    testers: str | None
    system: str | None
    sources: tuple[Source, ...]

    @property
    def rate(self) -> tuple[int, int] | None:
        """Complied and tests, where both were published."""
        return (self.complied, self.tests) if self.complied is not None and self.tests else None

    @property
    def adds_up(self) -> bool | None:
        """Whether the two outcomes are all the tests; None where one of the three is not published."""
        if self.complied is None or self.refused is None or self.tests is None:
            return None
        return self.complied + self.refused == self.tests


def answer(inquiry: Inquiry) -> Finding:
    """Compliance in each wave, the difference between the first and the last, and the exact test.

    Raises:
        MeasureError: No published outcomes, several studies and none named, or two counts of one outcome.
    """
    rows = _rows_of_study(inquiry)
    waves = _waves(inquiry, rows)
    rated = [wave for wave in waves if wave.rate]
    series = tuple(table for table in (_wave_table(inquiry, waves), _sub_counts(inquiry, rows)) if table.rows)
    shared = {
        "scope": inquiry.scope(period=_period(waves), population=waves[0].testers),
        "series": series,
        "conditions": _conditions(inquiry, rows, waves),
    }
    if not rated:
        return inquiry.refusal(inquiry.text("refusal_no_rate"), **shared)
    rates = [_rate(inquiry, wave) for wave in rated]
    comparison = _comparison(inquiry, rated[0], rated[-1]) if len(rated) > 1 else ()
    return inquiry.finding(
        **shared,
        status="conditional",
        headline=_headline(inquiry, rated, comparison),
        values=(*rates, *comparison),
        counts=tuple(value for wave in rated for value in _counts(inquiry, wave)),
        chart=interval_chart([(rate.label, rate) for rate in rates], inquiry.text("axis"), {}, is_share=True),
    )


def _rows_of_study(inquiry: Inquiry) -> list[dict[str, Any]]:
    """The rows of the study, and of comparators in the same file, which stand under a name of their own."""
    rows = inquiry.tables.rows(_QUERY)
    studies = sorted({row["study"] for row in rows if row["kind"] == "outcome"})
    study = inquiry.parameters.get("study") or (studies[0] if len(studies) == 1 else None)
    if study not in studies:
        found = ", ".join(studies) or "no published outcomes"
        raise inquiry.fail("no single study of generator trials fits", found=found, remedy="name the study")
    files = {row["evidence_id"] for row in rows if row["study"] == study}
    return [
        row
        for row in rows
        if row["study"] == study or (row["kind"] == "comparator" and row["evidence_id"] in files)
    ]


def _waves(inquiry: Inquiry, rows: Sequence[dict[str, Any]]) -> list[Wave]:
    outcomes = [row for row in rows if row["kind"] == "outcome" and row["wave"] is not None]
    if not any(row["class"] == inquiry.parameters["complied"] for row in outcomes):
        known = ", ".join(sorted({row["class"] for row in outcomes}))
        raise inquiry.fail(
            f"no wave has an outcome '{inquiry.parameters['complied']}'",
            found=known,
            remedy="name the outcome in parameters.complied",
        )
    numbers = sorted({row["wave"] for row in outcomes})
    return [_wave(inquiry, [row for row in outcomes if row["wave"] == number]) for number in numbers]


def _wave(inquiry: Inquiry, rows: Sequence[dict[str, Any]]) -> Wave:
    complied, refused = (
        _outcome(inquiry, rows, inquiry.parameters[name]) for name in ("complied", "refused")
    )
    first = complied or rows[0]
    window = (first["window_start_us"], first["window_end_us"])
    return Wave(
        number=first["wave"],
        complied=complied["value"] if complied else None,
        refused=refused["value"] if refused else None,
        tests=first["base"],
        period=None if None in window else Period(*window),
        testers=first["sampling"],
        system=first["system"],
        sources=tuple(source_of(row) for row in (complied, refused) if row),
    )


def _outcome(inquiry: Inquiry, rows: Sequence[dict[str, Any]], name: str) -> dict[str, Any] | None:
    found = [row for row in rows if row["class"] == name]
    if len(found) > 1:
        raise inquiry.fail(
            f"wave {found[0]['wave']} has several counts of '{name}'",
            found=", ".join(row["locator"] for row in found),
            remedy="seal a file in which each outcome stands once",
        )
    return found[0] if found else None


def _period(waves: Sequence[Wave]) -> Period | None:
    periods = [wave.period for wave in waves if wave.period]
    return Period(min(p.start_us for p in periods), max(p.end_us for p in periods)) if periods else None


def _when(inquiry: Inquiry, wave: Wave) -> Text:
    if wave.period is None:
        return inquiry.text("undated")
    return inquiry.text("dates", first=iso_day(wave.period.start_us), last=iso_day(wave.period.end_us - 1))


def _rate(inquiry: Inquiry, wave: Wave) -> Value:
    complied, tests = wave.rate or (0, 0)
    return Value(
        name=f"complied_wave_{wave.number}",
        label=inquiry.text("label_rate", wave=str(wave.number), when=_when(inquiry, wave)),
        estimate=complied / tests,
        unit="share",
        interval=clopper_pearson(complied, tests, inquiry.parameters["level"]),
        status="conditional",
        is_exact=False,
        sources=wave.sources,
    )


def _comparison(inquiry: Inquiry, first: Wave, last: Wave) -> tuple[Value, Value]:
    """First minus last with its interval, and the exact p-value."""
    compared = two_proportions(*(first.rate or (0, 0)), *(last.rate or (0, 0)), inquiry.parameters["level"])
    sources = (*first.sources, *last.sources)
    difference = Value(
        name="difference",
        label=inquiry.text("label_difference"),
        estimate=compared.difference,
        unit="percentage_points",
        interval=compared.interval,
        status="conditional",
        is_exact=False,
        sources=sources,
    )
    label = inquiry.text("label_p_exact")
    p_exact = Value("p_exact", label, compared.p_exact, "probability", is_exact=False, sources=sources)
    return difference, p_exact


def _headline(inquiry: Inquiry, rated: Sequence[Wave], comparison: Sequence[Value]) -> Text:
    """What the interval of the difference allows to be said, and no more."""
    first, last = rated[0].number, rated[-1].number
    words: dict[str, str | Text] = {
        "system": rated[0].system or inquiry.text("the_system"),
        "last_rate": reference(f"complied_wave_{last}"),
        "first_tests": reference(f"tests_wave_{first}"),
        "last_tests": reference(f"tests_wave_{last}"),
        **references("first_rate", f"complied_wave_{first}"),
    }
    if not comparison or comparison[0].interval is None:
        return inquiry.text("headline_one", **words)
    interval = comparison[0].interval
    direction = "fell" if interval.low > 0 else "rose" if interval.high < 0 else "neither"
    return inquiry.text(f"headline_{direction}", **words)


def _counts(inquiry: Inquiry, wave: Wave) -> tuple[Value, ...]:
    number, (complied, tests) = str(wave.number), wave.rate or (0, 0)
    named = (
        (f"complied_count_wave_{number}", "label_complied", complied),
        (f"tests_wave_{number}", "label_tests", tests),
    )
    return tuple(
        count(name, inquiry.text(label, wave=number), counted, "requests", wave.sources)
        for name, label, counted in named
    )


def _wave_table(inquiry: Inquiry, waves: Sequence[Wave]) -> Table:
    columns = ("when", "tests", "complied", "refused", "adds_up")
    return inquiry.table("waves", columns, [_wave_row(inquiry, wave) for wave in waves])


def _wave_row(inquiry: Inquiry, wave: Wave) -> Row:
    label = inquiry.text("row_wave", wave=str(wave.number))
    numbers = {"tests": wave.tests, "complied": wave.complied, "refused": wave.refused}
    cells = [
        None if number is None else count(name, label, number, "requests", wave.sources)
        for name, number in numbers.items()
    ]
    sums = inquiry.text("unknown_sum") if wave.adds_up is None else inquiry.verdict(wave.adds_up)
    return Row(label, (_when(inquiry, wave), *cells, sums))


def _sub_counts(inquiry: Inquiry, rows: Sequence[dict[str, Any]]) -> Table:
    """Sub-counts as shares of their base, and comparators, which have no number of tests and so no rate."""
    listed = [row for row in rows if row["kind"] != "outcome"]
    return inquiry.table("sub-counts", ("of", "count", "share"), [_sub_row(inquiry, row) for row in listed])


def _sub_row(inquiry: Inquiry, row: dict[str, Any]) -> Row:
    sources = (source_of(row),)
    system = row["system"] or inquiry.text("the_system")
    label = inquiry.text("row_sub", system=system, outcome=row["class"])
    hits, base = row["value"], row["base"]
    if hits is None or not base:
        return Row(label, (None, None, inquiry.text("no_rate")))
    interval = clopper_pearson(hits, base, inquiry.parameters["level"])
    share = Value(
        name="share",
        label=label,
        estimate=hits / base,
        unit="share",
        interval=interval,
        status="conditional",
        is_exact=False,
        sources=sources,
    )
    counted = [
        count(name, label, number, "requests", sources) for name, number in (("of", base), ("count", hits))
    ]
    return Row(label, (*counted, share))


def _conditions(inquiry: Inquiry, rows: Sequence[dict[str, Any]], waves: Sequence[Wave]) -> tuple[Text, ...]:
    """What the source notes on an outcome, and waves without a rate."""
    incomplete = [
        inquiry.text("condition_incomplete", wave=str(wave.number)) for wave in waves if not wave.rate
    ]
    noted = [row for row in rows if row["kind"] == "outcome" and row["wave"] is not None and row["note"]]
    notes = [
        inquiry.text(
            "condition_note",
            what=inquiry.text("noted_outcome", outcome=row["class"], wave=str(row["wave"])),
            note=row["note"],
        )
        for row in noted
    ]
    return (*incomplete, *notes)
