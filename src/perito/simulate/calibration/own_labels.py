"""Scenarios with planted truth for prevalence on own labels: strata, readers who err, second readings.

Populations are given by stratum, `[items, positives, drawn]`, so that a trial draws only how many positives
the sample holds. Every trial has a label book of its own, which keeps trials of one batch apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from perito.simulate.calibration.trial import Scenario, Trial, Verdict, covering, value_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from perito.findings import Finding

_CLASS = "planted class"
_REFERENCE = "reference"
_AT_US = 1_770_000_000_000_000


@dataclass
class _Sample:
    """The rows of one planted sample, as they are written down."""

    study: str
    strata: tuple[tuple[int, int, int], ...]
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def design(self) -> None:
        """The registered design with its strata."""
        is_simple = len(self.strata) == 1
        drawn, population = sum(n for _, _, n in self.strata), sum(size for size, _, _ in self.strata)
        self._row(
            "designs",
            design_id=self.study,
            question_id=self.study,
            item_kind="post",
            frame="planted population",
            frame_digest="0" * 64,
            population=population,
            label_book_id=self.study,
            label_book_version="1",
            method="simple" if is_simple else "stratified",
            planned=drawn,
            level=0.95,
            stopping="fixed",
            minimum_alpha=0.0,
            second_reading_share=0.0,
            seed="0",
        )
        for at, (size, _, n) in enumerate(self.strata, start=1):
            self._row(
                "strata", design_id=self.study, stratum=f"s{at}", position=at, population=size, sample=n
            )

    def draw(self, random: np.random.Generator) -> list[tuple[str, bool]]:
        """The items drawn from each stratum, and whether each is positive."""
        items: list[tuple[str, bool]] = []
        for at, (size, positives, n) in enumerate(self.strata, start=1):
            found = int(random.hypergeometric(positives, size - positives, n))
            names = [f"{self.study}/{at}/{number}" for number in range(n)]
            items += [(name, number < found) for number, name in enumerate(names)]
            for name in names:
                self._row(
                    "draws",
                    design_id=self.study,
                    item_id=name,
                    stratum=f"s{at}",
                    inclusion_prob=n / size,
                    stratum_population=size,
                    draw=len(self.rows["draws"]) + 1 if "draws" in self.rows else 1,
                )
        return items

    def read(self, item: str, round_: str, *, says: bool, role: str = "sample", reader: str = "") -> None:
        """One reading of an item."""
        self._row(
            "labels",
            item_id=item,
            label_book_id=self.study,
            label_book_version="1",
            annotator_id=reader or f"reader-{round_}",
            round=round_,
            role=role,
            value="yes" if says else "no",
            skipped=False,
            blind=True,
            view_mode="full",
            labelled_at_us=_AT_US,
            **{"class": _CLASS},
        )

    def _row(self, table: str, **columns: object) -> None:
        self.rows.setdefault(table, []).append(columns)

    def trial(self, truth: int, **parameters: object) -> Trial:
        """The question for the total, judged by whether its interval holds the truth."""
        asked = {"basis": "labels", "ask": "total", "design": self.study, "class": _CLASS, **parameters}
        return Trial((), "prevalence", asked, lambda finding: _judged(finding, truth), self.rows)


def _judged(finding: Finding, truth: int) -> Verdict:
    """A refusal claims nothing, and so covers."""
    if finding.status == "cannot_say":
        return Verdict(is_covered=True, is_alarmed=False)
    return covering(finding, "total", truth)


def _sample_of(study: str, settings: Mapping[str, Any]) -> tuple[_Sample, int]:
    strata = tuple((size, positives, n) for size, positives, n in settings["strata"])
    made = _Sample(study, strata)
    made.design()
    return made, sum(positives for _, positives, _ in strata)


def agreed_sample(draw: np.random.Generator, study: str, settings: Mapping[str, Any]) -> Trial:
    """Two readers without error: only the draw is left to chance."""
    made, truth = _sample_of(study, settings)
    for item, is_positive in made.draw(draw):
        for round_ in ("1", "2"):
            made.read(item, round_, says=is_positive)
    return made.trial(truth)


def misread_sample(draw: np.random.Generator, study: str, settings: Mapping[str, Any]) -> Trial:
    """One reader whose planted error is measured on items of known answer."""
    made, truth = _sample_of(study, settings)
    rates = {True: settings["sensitivity"], False: 1 - settings["specificity"]}

    def says(is_positive: bool) -> bool:
        return bool(draw.random() < rates[is_positive])

    for item, is_positive in made.draw(draw):
        made.read(item, "1", says=says(is_positive))
    for is_positive, number in zip((True, False), settings["known"], strict=True):
        for at in range(number):
            item = f"{study}/known/{is_positive}/{at}"
            made.read(item, "1", says=says(is_positive), role="validation")
            made.read(item, "adjudication", says=is_positive, role="validation", reader=_REFERENCE)
    return made.trial(truth)


def audited_sample(draw: np.random.Generator, study: str, settings: Mapping[str, Any]) -> Trial:
    """A first reader who errs; second readings without error.

    Each yes, and a random part of the rest,
    is read again without error and decided where the readings differ.
    """
    made, truth = _sample_of(study, settings)
    rates = {True: settings["sensitivity"], False: 1 - settings["specificity"]}
    for item, is_positive in made.draw(draw):
        first = bool(draw.random() < rates[is_positive])
        made.read(item, "1", says=first)
        if first or draw.random() < settings["again"]:
            made.read(item, "2", says=is_positive)
            if first != is_positive:
                made.read(item, "adjudication", says=is_positive, reader=_REFERENCE)
    return made.trial(truth, label_error="second-readings")


def claimed_of_sample(draw: np.random.Generator, study: str, settings: Mapping[str, Any]) -> Trial:
    """A claim "more than T" put to a sample by strata whose population holds T, or more."""
    made, _ = _sample_of(study, settings)
    for item, is_positive in made.draw(draw):
        for round_ in ("1", "2"):
            made.read(item, round_, says=is_positive)

    def judge(finding: Finding) -> Verdict:
        p_value, threshold = (value_of(finding, name).estimate for name in ("p_1", "threshold"))
        return Verdict(is_alarmed=p_value is not None and threshold is not None and p_value <= threshold)

    asked = {
        "basis": "labels",
        "ask": "claim",
        "design": study,
        "class": _CLASS,
        "claim": settings["claim"],
    }
    return Trial((), "prevalence", asked, judge, made.rows)


OWN_LABELS: Mapping[str, Scenario] = {
    "agreed_sample": agreed_sample,
    "audited_sample": audited_sample,
    "claimed_of_sample": claimed_of_sample,
    "misread_sample": misread_sample,
}
