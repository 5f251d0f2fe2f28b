"""Asking: from the questions of a case to findings that hold the rules every finding obeys.

Three rules stand above every measure. A provision is joined only if it was in force over the whole
period of the conduct; otherwise the finding is refused. The wording rules hold. Every number has its
derivation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from perito.findings import LANGUAGES, Finding, JoinedProvision, Text
from perito.findings.wording import check_finding
from perito.law import in_force, provision, provision_words
from perito.measures import answer_of, describe
from perito.measures.inquiry import Inquiry
from perito.measures.parameters import check_parameters

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perito.case import Case, Question
    from perito.engine import Tables

PROVISIONS = "provisions"


def check_question(question: Question, where: str) -> None:
    """Refuse a question that cannot be asked, before work starts.

    Raises:
        MeasureError: Unknown measure or parameter.
        LawError: Unknown provision.
    """
    catalogue = describe(question.measure, where)
    parameters = check_parameters(question.parameters, catalogue, where)
    for identifier in parameters.get(PROVISIONS, ()):
        provision(identifier)


def ask(question: Question, case: Case, tables: Tables, where: str = "") -> Finding:
    """The finding that answers one question of a case.

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
    finding = _with_provisions(answer_of(question.measure)(inquiry), inquiry).placed()
    check_finding(finding)
    return finding


def ask_all(questions: Iterable[Question], case: Case, tables: Tables) -> list[Finding]:
    """The findings of several questions, in order."""
    return [ask(question, case, tables) for question in questions]


def _with_provisions(finding: Finding, inquiry: Inquiry) -> Finding:
    """The finding with the provisions its question names, or refused because one was not in force."""
    joined = []
    for name in inquiry.parameters.get(PROVISIONS, []):
        force = in_force(provision(name), finding.scope.period or inquiry.case_period, finding.scope.platform)
        if not force.holds:
            reason = _REFUSALS[force.reason].quoting(citation=_words(name, "title"), since=force.from_text or "")
            return inquiry.refusal(reason, scope=finding.scope)
        joined.append(
            JoinedProvision(
                id=name,
                title=_words(name, "title"),
                authority=_words(name, "authority"),
                fact_needed=_words(name, "fact_needed"),
                in_force_from=force.from_text or "",
                confidence=provision(name).confidence,
            )
        )
    return replace(finding, provisions=tuple(joined))


def _words(name: str, field: str) -> Text:
    """What the register says of a provision, verbatim, in both languages."""
    words = {language: getattr(provision_words(name, language), field) or "" for language in LANGUAGES}
    return Text("{words_en}", "{words_es}", {"words_en": words["en"], "words_es": words["es"]})


_REFUSALS = {
    "not_yet": Text(
        "Cannot say: {citation} was not in force over the whole period of the conduct (in force from {since}).",
        "No se puede decir: {citation} no estaba en vigor durante todo el periodo de la conducta (en vigor desde {since}).",
    ),
    "no_longer": Text(
        "Cannot say: {citation} was no longer in force at the end of the period of the conduct.",
        "No se puede decir: {citation} ya no estaba en vigor al final del periodo de la conducta.",
    ),
    "undated": Text(
        "Cannot say: {citation} has no date of entry into force in the register, so it is joined to no finding.",
        "No se puede decir: {citation} no tiene fecha de entrada en vigor en el registro y no se une a ninguna conclusión.",
    ),
    "not_addressed": Text(
        "Cannot say: {citation} binds only very large platforms, and this one is not in the register of designations.",
        "No se puede decir: {citation} obliga solo a plataformas de muy gran tamaño y esta no figura en el registro "
        "de designaciones.",
    ),
}
