"""Scenarios with planted truth for the measures on published counts.

Each draws, from a seeded generator, the rows that a study would have published and the parameters of the
question that is asked of them, and knows how to judge the finding against what was planted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perito.findings import Finding, Value
from perito.simulate.calibration.own_labels import OWN_LABELS
from perito.simulate.calibration.trial import Scenario, Trial, Verdict, covering, value_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

_CLASS = "planted class"


def _count(study: str, **columns: object) -> dict[str, Any]:
    """A row of the table `counts`."""
    return {"study": study, "kind": "count", "class": _CLASS, "reliability": "seen", **columns}


def sampled_total(draw: np.random.Generator, study: str, settings: Mapping[str, Any]) -> Trial:
    """A simple random sample without replacement from a population with a planted total."""
    population, positives, sample = settings["population"], settings["positives"], settings["sample"]
    hits = int(draw.hypergeometric(positives, population - positives, sample))
    row = _count(study, value=hits, base=sample, population=population)
    return Trial(
        (row,),
        "prevalence",
        {"ask": "total", "class": _CLASS, "study": study},
        lambda finding: covering(finding, "total", positives),
    )


def claimed_total(draw: np.random.Generator, study: str, settings: Mapping[str, Any]) -> Trial:
    """A claim "more than T" put to a sample from a population whose total is T (no claim holds) or more."""
    population, positives, sample = settings["population"], settings["positives"], settings["sample"]
    hits = int(draw.hypergeometric(positives, population - positives, sample))
    row = _count(study, value=hits, base=sample, population=population)

    def judge(finding: Finding) -> Verdict:
        p_value, threshold = value_of(finding, "p_value").estimate, value_of(finding, "threshold").estimate
        return Verdict(is_alarmed=p_value is not None and threshold is not None and p_value <= threshold)

    parameters = {"ask": "claim", "class": _CLASS, "study": study, "claim": settings["claim"]}
    return Trial((row,), "prevalence", parameters, judge)


def mislabelled_total(draw: np.random.Generator, study: str, settings: Mapping[str, Any]) -> Trial:
    """A sample whose labels err at a planted specificity; the sweep is asked at that specificity.

    Words in the place of a number ("not distinguishable from zero") count as covering: they claim nothing.
    """
    population, positives, sample = settings["population"], settings["positives"], settings["sample"]
    specificity = settings["specificity"]
    true_hits = int(draw.hypergeometric(positives, population - positives, sample))
    hits = true_hits + int(draw.binomial(sample - true_hits, 1 - specificity))
    row = _count(study, value=hits, base=sample, population=population)

    def judge(finding: Finding) -> Verdict:
        cell = finding.sensitivity[0].rows[0].cells[1]
        if not isinstance(cell, Value) or cell.interval is None:
            return Verdict(is_covered=True)
        low, high = cell.interval.low, cell.interval.high
        return Verdict(is_covered=low <= positives <= high, width=high - low)

    parameters = {"ask": "label-error", "class": _CLASS, "study": study, "specificities": [specificity]}
    return Trial((row,), "prevalence", parameters, judge)


def two_waves(draw: np.random.Generator, study: str, settings: Mapping[str, Any]) -> Trial:
    """Two waves of independent trials with planted rates; an alarm is an exact p of at most five per cent."""
    rates, tests = settings["rates"], settings["tests"]
    rows = []
    for wave, (rate, made) in enumerate(zip(rates, tests, strict=True), start=1):
        complied = int(draw.binomial(made, rate))
        for outcome, number in (("complied", complied), ("did not comply", made - complied)):
            rows.append(
                _count(study, kind="outcome", **{"class": outcome}, value=number, base=made, wave=wave)
            )

    def judge(finding: Finding) -> Verdict:
        verdict = covering(finding, "difference", rates[0] - rates[1])
        p_exact = value_of(finding, "p_exact").estimate
        return Verdict(verdict.is_covered, p_exact is not None and p_exact <= _FIVE_PER_CENT, verdict.width)

    return Trial(tuple(rows), "refusals", {"study": study}, judge)


def printed_survey(draw: np.random.Generator, study: str, settings: Mapping[str, Any]) -> Trial:
    """A survey of a planted share, printed in whole per cent."""
    share, persons = settings["share"], settings["persons"]
    answered = int(draw.binomial(persons, share))
    printed = (200 * answered + persons) // (2 * persons)
    row = _count(
        study,
        kind="survey",
        base=persons,
        share_numerator=printed,
        share_denominator=100,
        share_unit=100,
        printed=str(printed),
    )
    return Trial(
        (row,),
        "survey",
        {"shares": [{"study": study, "class": _CLASS}]},
        lambda finding: covering(finding, "share_1", share),
    )


def printed_parts(draw: np.random.Generator, study: str, settings: Mapping[str, Any]) -> Trial:
    """Removals by two channels and in total, printed in whole per cent, with an error planted in the total.

    With no error planted the parts add up within rounding, so any identity that fails is a false alarm.
    """
    notified = settings["notified"]
    split = draw.multinomial(notified, settings["shares"])
    figures = {"normal user": int(split[0]), "trusted flagger": int(split[1])}
    figures["all"] = figures["normal user"] + figures["trusted flagger"]
    rows = []
    for channel, removed in figures.items():
        printed = (200 * removed + notified) // (2 * notified)
        printed += settings["error_points"] if channel == "all" else 0
        rows.append(_removal(study, channel, min(100, printed)))

    def judge(finding: Finding) -> Verdict:
        return Verdict(is_alarmed=bool(value_of(finding, "identities_failed").estimate))

    return Trial(tuple(rows), "removal", {"study": study}, judge)


def _removal(study: str, channel: str, percent: int) -> dict[str, Any]:
    return _count(
        study,
        kind="rate",
        **{"class": "removed"},
        platform="several",
        series=channel,
        stage="any",
        base_is="notified",
        share_numerator=percent,
        share_denominator=100,
        share_unit=100,
        printed=str(percent),
        window_start_us=_MONTH_US[0],
        window_end_us=_MONTH_US[1],
        window_basis="calendar_date",
    )


_FIVE_PER_CENT = 0.05
_MONTH_US = (1_767_225_600_000_000, 1_769_904_000_000_000)  # January 2026, UTC

SCENARIOS: dict[str, Scenario] = {
    **OWN_LABELS,
    "claimed_total": claimed_total,
    "mislabelled_total": mislabelled_total,
    "printed_parts": printed_parts,
    "printed_survey": printed_survey,
    "sampled_total": sampled_total,
    "two_waves": two_waves,
}
