"""The refusals of a sample: when its design, its labels or its state allow no number, and in what words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from perito.measures.labels import day_text, listed
from perito.measures.sampled.label_error import LEAST_INFORMATIVE
from perito.measures.sampled.words import clauses

if TYPE_CHECKING:
    from perito.findings import Text
    from perito.measures.inquiry import Inquiry
    from perito.measures.sampled.agreement import Agreement
    from perito.measures.sampled.design import Design
    from perito.measures.sampled.study import Study


# Items of unknown and of no views, as the basis of the population states them.
_NEVER_DRAWN = re.compile(r"(\d+) items with unknown and (\d+) with no views")


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
    said = clauses(study.inquiry, study.design, study.class_name)
    if not said:
        return study.inquiry.text("refusal_agreement")
    quoted = listed([study.inquiry.quoted(clause) for clause in said])
    return study.inquiry.text("refusal_agreement_clauses", clauses=quoted)


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
    return inquiry.text("refusal_unsettled") if study.has_unsettled_misses else None


def look_refusal(study: Study) -> Text | None:
    """R7 where no interval holds at every look, and the labels were looked at or may be at any time."""
    is_free = study.design.stopping == "anytime"
    if _holds_at_every_look(study) or not (is_free or is_looked_at(study)):
        return None
    return study.inquiry.text("refusal_anytime" if is_free else "refusal_looked")


def _holds_at_every_look(study: Study) -> bool:
    """Whether the number has such an interval: simple sample, every item read alike, no margins, no views."""
    asked = study.inquiry.parameters
    is_simple = len(study.design.strata) == 1 and not study.is_unequal and study.rule != "second-readings"
    is_plain = "margins" not in asked and asked.get("ask") != "exposure"
    return is_simple and is_plain and study.error_by != "validation"


def view_refusal(study: Study) -> Text | None:
    """R5: drawn in proportion to views, what nobody viewed could not be drawn."""
    design = study.design
    if design.weight != "views" or study.inquiry.parameters.get("ask") == "exposure":
        return None
    stated = _NEVER_DRAWN.search(design.population_basis or "")
    is_whole = stated is None or not any(int(number) for number in stated.groups())
    return None if is_whole else study.inquiry.text("refusal_unviewed")


def is_in_progress(study: Study) -> bool:
    """Whether labelling goes on, so that the order in which items are read matters."""
    return is_looked_at(study) or (study.design.stopping == "anytime" and study.read < study.design.drawn)


def is_looked_at(study: Study) -> bool:
    """Whether a number is asked for before the planned size of a design that fixed one."""
    design = study.design
    if design.stopping == "anytime":
        return False
    return design.is_registered and study.read < min(design.planned or 0, design.drawn)


def zero_refusal(study: Study, share: float, low: float) -> Text | None:
    """R3: after correction the number cannot be told from zero, or such labels could not have given it."""
    if study.error_by not in {"validation", "known-rates"}:
        return None
    if low > 1:
        return study.inquiry.text("refusal_impossible")
    return study.inquiry.text("refusal_zero") if share <= 0 or low <= 0 else None


def first_of(*texts: Text | None) -> Text | None:
    """The first refusal that applies."""
    return next((text for text in texts if text is not None), None)
