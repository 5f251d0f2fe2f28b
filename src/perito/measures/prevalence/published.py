"""The published count of a class: k of n sampled items, from a population of N, in a period."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from perito.clock import Period
from perito.errors import nearest
from perito.findings import LANGUAGES, Source, Text, unit_name
from perito.measures.inquiry import source_of

if TYPE_CHECKING:
    from perito.measures.inquiry import Inquiry

_QUERY = """
SELECT study, platform, class, value, base, population, population_basis, window_start_us, window_end_us,
       definition, sampling, label_method, reliability, note, evidence_id, locator
FROM counts
WHERE kind = $kind
ORDER BY study, platform NULLS FIRST, class, evidence_id, locator
"""
_DERIVED = "derived"


@dataclass(frozen=True)
class PublishedCount:
    """k hits in a sample of n from a population of N items, as a study published them.

    `population` is None where the study names none; `frame` says what was sampled, in the study's words;
    `source` is the row's place in the evidence.
    """

    study: str
    platform: str | None
    class_name: str
    hits: int
    sample: int
    population: int | None
    population_basis: str | None
    frame: str | None
    period: Period | None
    definition: str | None
    sampling: str | None
    label_method: str | None
    is_verified: bool
    note: str | None
    source: Source

    @property
    def share(self) -> Fraction:
        """k/n, exactly."""
        return Fraction(self.hits, self.sample)

    @property
    def is_population_derived(self) -> bool:
        """Whether the population was worked out from other figures; its basis then begins with `derived`."""
        return (self.population_basis or "").casefold().startswith(_DERIVED)


def published_count(inquiry: Inquiry, class_name: str) -> PublishedCount:
    """The published count of a class, of the question's study where it names one.

    Raises:
        MeasureError: No such class or study, several that fit, a row without k and n, or a question about
            another period than the one that was counted.
    """
    rows = inquiry.tables.rows(_QUERY, kind="count")
    study = inquiry.parameters.get("study")
    if study:
        rows = _narrowed(inquiry, rows, "study", study)
    if inquiry.question.scope.platform:
        rows = _narrowed(inquiry, rows, "platform", inquiry.question.scope.platform)
    rows = _narrowed(inquiry, rows, "class", class_name)
    if len(rows) > 1:
        studies = ", ".join(sorted({row["study"] for row in rows}))
        raise inquiry.fail(f"several counts of '{class_name}' fit", found=studies, remedy="name the study")
    published = _count(inquiry, rows[0])
    _check_period(inquiry, published)
    return published


def class_words(inquiry: Inquiry, class_name: str) -> Text:
    """A class as the study names it, in quotation marks, with the question's gloss for other readers."""
    plain = inquiry.text("class_name", name=class_name)
    gloss = inquiry.parameters.get("class_gloss", {}).get(class_name, {})
    templates = {
        language: inquiry.text("class_name_glossed").template(language).replace("{gloss}", f"{{{language}}}")
        if language in gloss
        else plain.template(language)
        for language in LANGUAGES
    }
    return Text(templates["en"], templates["es"], {"name": class_name, **gloss})


def things(inquiry: Inquiry, unit: str | None = None) -> Text:
    """What is counted, in words; or the words of another unit."""
    name = unit or inquiry.parameters["unit"]
    return Text(unit_name(name, "en"), unit_name(name, "es"))


def _narrowed(inquiry: Inquiry, rows: list[dict[str, Any]], column: str, name: str) -> list[dict[str, Any]]:
    fitting = [row for row in rows if row[column] == name]
    if not fitting:
        known = {str(row[column]) for row in rows}
        remedy = nearest(name, known) if known else "seal published counts first"
        raise inquiry.fail(f"no published count has the {column} '{name}'", remedy=remedy)
    return fitting


def _count(inquiry: Inquiry, row: dict[str, Any]) -> PublishedCount:
    if row["value"] is None or not row["base"]:
        raise inquiry.fail(
            f"the count of '{row['class']}' has no hits or no sample size", found=row["locator"]
        )
    window = (row["window_start_us"], row["window_end_us"])
    return PublishedCount(
        study=row["study"],
        platform=row["platform"],
        class_name=row["class"],
        hits=row["value"],
        sample=row["base"],
        population=row["population"],
        population_basis=row["population_basis"],
        frame=_frame(inquiry, row),
        period=None if None in window else Period(*window),
        definition=row["definition"],
        sampling=row["sampling"],
        label_method=row["label_method"],
        is_verified=row["reliability"] == "seen",
        note=row["note"],
        source=source_of(row),
    )


def _frame(inquiry: Inquiry, row: dict[str, Any]) -> str | None:
    """What the study says that it sampled: the definition in its row on the sample itself."""
    samples = inquiry.tables.rows(_QUERY, kind="sample")
    same = [s for s in samples if (s["study"], s["platform"]) == (row["study"], row["platform"])]
    return same[0]["definition"] if len(same) == 1 else None


def _check_period(inquiry: Inquiry, published: PublishedCount) -> None:
    asked = inquiry.question.scope.period
    if asked and published.period and asked != published.period:
        raise inquiry.fail(
            "the question's period is not the period that was counted",
            expected=str(published.period.to_json()),
            found=str(asked.to_json()),
            remedy="leave the period out, or ask about the period that was counted",
        )
