"""Asking: from the questions of a case to findings that hold the rules every finding obeys.

Three rules stand above every measure. A provision is joined only if it was in force over the whole
period of the conduct; otherwise the finding is refused. The wording rules hold. Every number has its
derivation.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from perito.errors import LawError, MeasureError, StatsError
from perito.findings import LANGUAGES, Finding, JoinedProvision, Text
from perito.findings.wording import check_finding
from perito.law import in_force, provision, provision_words
from perito.law.reference import certain_start_us
from perito.measures import answer_of, describe
from perito.measures.inquiry import Inquiry
from perito.measures.labels import bilingual, platform_text
from perito.measures.parameters import check_parameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perito.case import Case, Question
    from perito.engine import Tables
    from perito.law import InForce

_NAMED = re.compile(r"\{([^{}]+)\}")  # what a template leaves open
PROVISIONS = "provisions"
PLATFORMS = "platforms"


def check_question(question: Question, where: str) -> None:
    """Refuse a question that cannot be asked, before work starts.

    Raises:
        MeasureError: Unknown measure or parameter.
        LawError: Unknown provision.
    """
    catalogue = describe(question.measure, where)
    parameters = check_parameters(question.parameters, catalogue, where)
    for name in parameters.get(PROVISIONS, ()):
        try:
            provision(name)
        except LawError as error:
            raise LawError(
                error.what, where=f"{where} parameters.{PROVISIONS}", remedy=error.remedy
            ) from None


def ask(question: Question, case: Case, tables: Tables, where: str = "") -> Finding:
    """The finding that answers one question of a case.

    In a redacted copy a question that cannot be asked of what is left is answered `cannot_say`.

    Raises:
        MeasureError: The question cannot be asked of these tables.
        WordingError: The measure's words break the wording rules.
    """
    where = where or f"question '{question.id}'"
    catalogue = describe(question.measure, where)
    inquiry = Inquiry(
        question=question,
        where=where,
        parameters=check_parameters(question.parameters, catalogue, where),
        catalogue=catalogue,
        tables=tables,
        case_period=case.period,
    )
    answered = _answer(inquiry) if case.withheld is None else _answer_of_the_rest(inquiry, case.withheld)
    finding = _with_provisions(answered, inquiry).placed()
    check_finding(finding)
    return finding


def _answer_of_the_rest(inquiry: Inquiry, left_out: str) -> Finding:
    """The answer that a redacted copy gives: with the condition that it is one, or that there is none."""
    try:
        finding = _answer(inquiry)
    except MeasureError:
        return inquiry.refusal(_unanswered(left_out), definition=_unlocked(inquiry.catalogue.definition))
    return replace(finding, conditions=(*finding.conditions, _of_what_is_left(left_out)))


def _unlocked(definition: Text) -> Text:
    """A measure's definition where nothing is there to which it could be locked."""
    names = {name for language in LANGUAGES for name in _NAMED.findall(definition.template(language))}
    return definition.quoting(**dict.fromkeys(names - definition.quotes.keys(), "–"))


def _unanswered(left_out: str) -> Text:
    """Why a question has no answer in a redacted copy."""
    return Text(
        "This copy is redacted (left out: {withheld}), and what it holds does not answer the question.",
        "Esta copia está expurgada (omitido: {withheld}) y lo que contiene no responde a la pregunta.",
        {"withheld": left_out},
    )


def _of_what_is_left(left_out: str) -> Text:
    """What an answer in a redacted copy is about."""
    return Text(
        "This copy is redacted (left out: {withheld}): the answer is about what it holds, and can differ from"
        " that of the whole case.",
        "Esta copia está expurgada (omitido: {withheld}): la respuesta se refiere a lo que contiene y puede"
        " diferir de la del caso completo.",
        {"withheld": left_out},
    )


def _answer(inquiry: Inquiry) -> Finding:
    """The measure's answer; figures that no estimator can take are told with the question that met them."""
    try:
        return answer_of(inquiry.catalogue.name)(inquiry)
    except StatsError as error:
        raise MeasureError(
            f"the figures cannot be: {error.what}",
            where=inquiry.where,
            expected=error.expected,
            found=error.found,
            remedy="correct the file that they come from, or leave the question out",
        ) from error


def _with_provisions(finding: Finding, inquiry: Inquiry) -> Finding:
    """The finding with the provisions its question names, or refused because one was not in force."""
    period = finding.scope.period or inquiry.case_period
    platforms = inquiry.parameters.get(PLATFORMS) or [finding.scope.platform]
    joined = []
    for name in inquiry.parameters.get(PROVISIONS, ()):
        forces = {platform: in_force(provision(name), period, platform) for platform in platforms}
        failing = [platform for platform, force in forces.items() if not force.holds]
        if failing:
            reason = _not_joined(inquiry, name, failing[0], forces[failing[0]])
            return inquiry.refusal(reason, scope=finding.scope, definition=finding.definition)
        joined.append(_joined(name, list(forces.values())))
    return replace(finding, provisions=tuple(joined))


def _not_joined(inquiry: Inquiry, name: str, platform: str | None, force: InForce) -> Text:
    """Why a provision cannot be joined."""
    reason = "without_platform" if force.reason == "not_addressed" and platform is None else force.reason
    return inquiry.text(
        f"provision_{reason}",
        provision=_words(name, "title"),
        platform=platform_text(platform),
        since=force.from_text or "",
    )


def _joined(name: str, forces: Sequence[InForce]) -> JoinedProvision:
    """The provision with the latest of the starts that bind the platforms."""
    starts = [force.from_text for force in forces if force.from_text is not None]
    return JoinedProvision(
        id=name,
        title=_words(name, "title"),
        authority=_words(name, "authority"),
        fact_needed=_words(name, "fact_needed"),
        in_force_from=max(starts, key=certain_start_us),
        confidence=provision(name).confidence,
    )


def _words(name: str, field: str) -> Text:
    """What the register says of a provision, verbatim, in both languages."""
    return bilingual(getattr(provision_words(name, "en"), field), getattr(provision_words(name, "es"), field))
