"""The refusals of a sample: when its design, its labels or its state allow no number, and in what words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.measures.labels import day_text
from perito.measures.sampled.label_error import LEAST_INFORMATIVE

if TYPE_CHECKING:
    from perito.findings import Text
    from perito.measures.inquiry import Inquiry
    from perito.measures.sampled.agreement import Agreement
    from perito.measures.sampled.design import Design
    from perito.measures.sampled.study import Study


def design_refusal(inquiry: Inquiry, design: Design | None) -> Text | None:
    """R1, R5, and populations that cannot be: what the design alone forbids."""
    if design is None or not design.is_random:
        return inquiry.text("refusal_not_random")
    if design.book is None:
        return inquiry.text("refusal_no_book")
    held = [stratum.population for stratum in design.strata]
    if any(
        size is not None and size < stratum.drawn for size, stratum in zip(held, design.strata, strict=True)
    ):
        return inquiry.text("refusal_small_population")
    if design.population is not None and None not in held and sum(h or 0 for h in held) != design.population:
        return inquiry.text("refusal_population_parts")
    unreached = [s.name or design.id for s in design.strata if s.population != 0 and not s.drawn]
    if unreached:
        return inquiry.text("refusal_unreached", strata=", ".join(unreached))
    return None


def label_refusal(study: Study) -> Text | None:
    """L5, R5 for what was read, and no reading at all: what the labels forbid, whatever they agree on."""
    inquiry = study.inquiry
    changed = [other for other in study.others if other.items_only_there]
    if changed:
        since = min((o.since_us for o in changed if o.since_us is not None), default=None)
        if since is None:
            return inquiry.text("refusal_book_changed_undated")
        return inquiry.text("refusal_book_changed", day=day_text(since))
    if not study.read:
        return inquiry.text("refusal_unread")
    silent = [
        stratum.name or study.design.id
        for stratum in study.design.strata
        if stratum.population != 0 and not any(o.readings for o in study.of_stratum(stratum))
    ]
    if silent:
        return inquiry.text("refusal_silent", strata=", ".join(silent))
    return None


def agreement_refusal(study: Study, agreement: Agreement | None) -> Text | None:
    """L2: independent readers do not agree enough on the definition."""
    if agreement is None or not agreement.blocks(study.design.minimum_alpha):
        return None
    return study.inquiry.text("refusal_agreement")


def error_refusal(study: Study) -> Text | None:
    """R4: the error of the labels is unknown, or so large that they say too little."""
    inquiry, by = study.inquiry, study.error_by
    if by is None:
        return inquiry.text("refusal_error_unknown")
    if by == "validation" and study.rates.youden <= LEAST_INFORMATIVE:
        return inquiry.text("refusal_labels")
    if by == "known-rates":
        asked = inquiry.parameters
        if asked["known_sensitivity"] + asked["known_specificity"] - 1 <= float(LEAST_INFORMATIVE):
            return inquiry.text("refusal_labels")
    if not study.decided:
        return inquiry.text("refusal_undecided")
    return None


def look_refusal(study: Study) -> Text | None:
    """R7 where no interval holds at every look: strata, and draws of unequal chance."""
    if not is_looked_at(study):
        return None
    is_simple = len(study.design.strata) == 1 and not study.is_unequal and study.rule != "second-readings"
    return None if is_simple and study.error_by != "validation" else study.inquiry.text("refusal_looked")


def is_looked_at(study: Study) -> bool:
    """Whether a number is asked for before the planned size, or at any time by the design itself."""
    design = study.design
    if design.stopping == "anytime":
        return len(design.strata) > 1 or study.is_unequal
    return design.is_registered and study.read < min(design.planned or 0, design.drawn)


def zero_refusal(study: Study, share: float, low: float) -> Text | None:
    """R3: after correction the number cannot be told from zero."""
    if study.error_by not in {"validation", "known-rates"}:
        return None
    return study.inquiry.text("refusal_zero") if share <= 0 or low <= 0 else None


def first_of(*texts: Text | None) -> Text | None:
    """The first refusal that applies."""
    return next((text for text in texts if text is not None), None)
