"""Prevalence on own labels: a registered sample, readers whose error is known, an interval that holds."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from perito.errors import StatsError
from perito.findings import Finding, Row, Value
from perito.measures.sampled.design import design_of
from perito.measures.sampled.label_error import FEW_POSITIVES
from perito.measures.sampled.readings import early_labels
from perito.measures.sampled.refusals import (
    agreement_refusal,
    design_refusal,
    error_refusal,
    first_of,
    is_in_progress,
    is_looked_at,
    label_refusal,
    look_refusal,
    view_refusal,
)
from perito.measures.sampled.series import (
    agreement_table,
    audit_table,
    book_table,
    design_table,
    present,
    rates_table,
    strata_table,
    text_list,
)
from perito.measures.sampled.study import Study, study_of
from perito.measures.sampled.words import (
    LABEL_TABLES,
    class_text,
    definition_text,
    resting_on,
    speaking,
    things,
)

if TYPE_CHECKING:
    from perito.findings import Scope, Text
    from perito.findings.value import Status
    from perito.measures.inquiry import Inquiry
    from perito.measures.sampled.agreement import Agreement
    from perito.measures.sampled.design import Design

_ASKED = {
    "total": "number",
    "share": "number",
    "rate": "pace",
    "exposure": "exposure",
    "label-error": "number",
    "claim": "family",
    "claims": "family",
    "classes": "family",
}
_FURTHER_TABLES = {"exposure": ("engagement",)}

_LABELLED = """
SELECT CAST(count(DISTINCT item_id) AS BIGINT) AS items,
       CAST(count(DISTINCT CASE WHEN value = 'yes' THEN item_id END) AS BIGINT) AS positives
FROM labels
WHERE class = $class AND role = 'sample'
"""


def answer(inquiry: Inquiry) -> Finding:
    """The finding for a question about the case's own labels; a refusal of the method sheet is a finding too.

    Raises:
        MeasureError: There is no such design, or several; the question is about another platform or period.
    """
    inquiry = speaking(inquiry, definition=True)
    asked = inquiry.parameters["ask"]
    module = import_module(f"perito.measures.prevalence.{_ASKED[asked]}")
    try:
        finding: Finding = module.answer(inquiry)
    except StatsError as error:
        if "margins" in inquiry.parameters:
            raise  # totals that the question gives, not what the sample holds
        finding = _unanswerable(inquiry, error)
    further = _FURTHER_TABLES.get(asked, ("posts",) if "margins" in inquiry.parameters else ())
    return resting_on(finding, (*LABEL_TABLES, *further))


def _unanswerable(inquiry: Inquiry, error: StatsError) -> Finding:
    """A sample that no estimator takes, as a finding: what is wrong with it, in the estimator's words."""
    name = inquiry.parameters.get("class") or inquiry.parameters.get("classes", ["–"])[0]
    reason = inquiry.text("refusal_figures", words=inquiry.quoted(error.what))
    return inquiry.refusal(reason, definition=definition_of(inquiry, None, name))


def design_for(inquiry: Inquiry, class_name: str) -> Design | Finding:
    """The design of the question, or the finding that refuses for want of one."""
    design = design_of(inquiry, class_name)
    reason = design_refusal(inquiry, design)
    if design is not None and reason is None:
        return design
    (labelled,) = inquiry.tables.rows(_LABELLED, **{"class": class_name})
    counts = inquiry.counts({"labelled": labelled["items"], "positives": labelled["positives"]}, "items")
    return inquiry.refusal(
        reason or inquiry.text("refusal_not_random"),
        counts=counts,
        series=present([design_table(inquiry, design, early_labels(inquiry, design, class_name))])
        if design
        else (),
        scope=scope_of(inquiry, design) if design else inquiry.scope(),
        definition=definition_of(inquiry, design, class_name),
    )


def examined(
    inquiry: Inquiry, design: Design, class_name: str
) -> tuple[Study, Agreement | None, Text | None]:
    """The study of a class, its readers' agreement if a minimum is preset, and what refuses a number."""
    study = study_of(inquiry, design, class_name)
    agreement = study.agreement() if design.minimum_alpha else None
    reason = first_of(
        label_refusal(study),
        view_refusal(study),
        agreement_refusal(study, agreement),
        error_refusal(study),
        look_refusal(study),
    )
    return study, agreement, reason


def refused(study: Study, reason: Text, shared: dict[str, Any], **further: Any) -> Finding:  # noqa: ANN401
    """The finding that refuses a number, with the specificity at which all positives could be errors."""
    if study.decided and study.error_by is None:
        share = study.hits / study.decided
        label = study.inquiry.text("label_all_errors")
        least = Value("specificity", label, 1 - share, "specificity", is_exact=False)
        table = study.inquiry.table("threshold", ("specificity",), [Row(label, (least,))])
        further = {**further, "sensitivity": (*further.get("sensitivity", ()), table)}
    return study.inquiry.refusal(reason, **shared, **further)


def parts(study: Study, agreement: Agreement | None) -> dict[str, Any]:
    """Scope, definition, counts, tables and conditions of a finding on own labels."""
    inquiry, design = study.inquiry, study.design
    tables = [
        design_table(inquiry, design, study.early),
        strata_table(study),
        book_table(inquiry, design, [study.class_name]),
        agreement_table(inquiry, agreement) if agreement else None,
        rates_table(study),
        audit_table(study),
    ]
    return {
        "scope": scope_of(inquiry, design),
        "definition": definition_of(inquiry, design, study.class_name),
        "counts": counts_of(study),
        "series": present(tables),
        "conditions": conditions_of(study, agreement),
    }


def scope_of(inquiry: Inquiry, design: Design) -> Scope:
    """What the finding is about: the frame of the design.

    Raises:
        MeasureError: The question is about another platform or period than the sample.
    """
    asked = inquiry.question.scope
    if asked.platform and design.platform and asked.platform != design.platform:
        raise inquiry.fail(
            "the question's platform is not the one that was sampled",
            expected=design.platform,
            found=asked.platform,
        )
    if asked.period and design.period and asked.period != design.period:
        raise inquiry.fail(
            "the question's period is not the period that was sampled",
            expected=str(design.period.to_json()),
            found=str(asked.period.to_json()),
            remedy="leave the period out, or draw a sample of the other one",
        )
    return inquiry.scope(platform=design.platform, period=design.period, population=design.frame)


def status_of(study: Study) -> Status:
    """`estimated` under a registered design with measured label error; else the interval has conditions."""
    is_known = study.design.is_registered and not study.early and study.error_by != "known-rates"
    return "estimated" if is_known else "conditional"


def counts_of(study: Study) -> tuple[Value, ...]:
    """The exact integers: positives, values, what could not be labelled, and labels that do not count."""
    design, outcomes = study.design, study.outcomes
    numbers = {
        "hits": study.hits,
        "sample": design.drawn,
        "read": study.read,
        "decided": study.decided,
        "undecided": study.items("undecided"),
        "contested": study.contested,
        "skipped": study.items("skipped"),
        "unread": study.items("unread"),
        "outside": study.outside,
        "repeated": sum(outcome.repeated * outcome.items for outcome in outcomes),
        "dependent": sum(outcome.dependent * outcome.items for outcome in outcomes),
        "other_books": sum(other.labels for other in study.others),
    }
    if design.population is not None:
        numbers["population"] = design.population
    if len(design.strata) > 1:
        lowest = study.of_stratum(design.strata[0])
        by = "first" if study.rule == "first" else "final"
        numbers["elusion_read"] = sum(o.items for o in lowest if getattr(o, by) in {"yes", "no"})
        numbers["elusion_hits"] = sum(o.items for o in lowest if getattr(o, by) == "yes")
    if study.early:
        numbers["early"] = study.early
    if study.error_by == "validation":
        numbers["known_positives"] = study.rates.positives
    return study.inquiry.counts(numbers, study.inquiry.parameters["unit"])


def conditions_of(study: Study, agreement: Agreement | None) -> tuple[Text, ...]:
    """What the number rests on beyond its interval, as far as it applies."""
    design, text = study.design, study.inquiry.text
    is_elusive = len(design.strata) > 1
    few = study.error_by == "validation" and study.rates.positives < FEW_POSITIVES
    return text_list(
        [
            text("condition_elusion") if is_elusive else None,
            text(f"condition_by_{study.error_by}") if study.error_by else None,
            text("condition_few_positives") if few else None,
            text("condition_response"),
            text("condition_frame") if design.frame else None,
            None if design.is_registered else text("condition_unregistered"),
            text("condition_early") if study.early else None,
            text("condition_contested") if study.contested else None,
            text("condition_replaces", reason=study.inquiry.quoted(design.reason))
            if design.replaces
            else None,
            text("condition_outside") if study.outside else None,
            text("condition_repeated") if any(o.repeated for o in study.outcomes) else None,
            text("condition_dependent") if any(o.dependent for o in study.outcomes) else None,
            text("condition_other_books") if study.others else None,
            _agreement_condition(study, agreement),
            text("refusal_looked") if is_looked_at(study) else None,
            text("condition_order") if is_in_progress(study) else None,
        ]
    )


def _agreement_condition(study: Study, agreement: Agreement | None) -> Text | None:
    if agreement is None:
        return None
    if agreement.refusal:
        return study.inquiry.text(f"agreement_{agreement.refusal}")
    if not agreement.is_judged:
        return study.inquiry.text("condition_not_judged")
    return study.inquiry.text("condition_nearly_constant") if agreement.is_nearly_constant else None


def with_elusion(study: Study, sentence: Text) -> Text:
    """A headline with the elusion count beside it, where the sample has strata."""
    if len(study.design.strata) == 1:
        return sentence
    return study.inquiry.text("headline_with_elusion", sentence=sentence)


def spoken(study: Study) -> dict[str, str | Text]:
    """What the sentences about a class need: what is counted, and the class."""
    return {"things": things(study.inquiry), "class": study.named}


def definition_of(inquiry: Inquiry, design: Design | None, class_name: str) -> Text:
    """The measure's definition, locked to the label book's."""
    book, version = (design.book if design else None) or ("–", "–")
    return inquiry.catalogue.definition.quoting(
        book=book,
        version=version,
        class_definition=definition_text(inquiry, design, class_name) if design else inquiry.text("not_said"),
        **{"class": class_text(inquiry, design, class_name) if design else inquiry.quoted(class_name)},
    )
