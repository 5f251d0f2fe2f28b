"""The report: one HTML file in Spanish and English, read without script or network, made to be printed."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from perito.clock import iso_day
from perito.dossier.calibrated import tried
from perito.dossier.charts import draw
from perito.dossier.environment import environment
from perito.dossier.printing import Printer, anchor, quote
from perito.evidence.custody import act_words
from perito.evidence.items import STATES
from perito.findings import LANGUAGES, STATUSES, Finding, JoinedProvision, Language, Scope, Table, Text, Value
from perito.findings.output import CODE
from perito.findings.wording import version as wording_version
from perito.measures import describe
from perito.measures.labels import platform_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perito.case import Case
    from perito.clock import Period

# From here on a table is set smaller, may be broken over pages; a list is set in two columns.
_MOST_COLUMNS, _MOST_ROWS, _MOST_ENTRIES = 6, 8, 8


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """What the report itself says, by key and language."""
    return tomllib.loads((files("perito.dossier") / "words.toml").read_text("utf-8"))


def report_html(
    case: Case,
    findings: Sequence[Finding],
    evidence: Sequence[Mapping[str, Any]],
    custody: Mapping[str, Any],
) -> bytes:
    """The report as bytes of one HTML file.

    Args:
        case: What the case is about.
        findings: Its findings.
        evidence: The evidence manifest, one entry an item.
        custody: The custody record.
    """
    return _rendered(
        "report.html.j2",
        case=case,
        words_title=case.title.plain(case.language, {}),
        findings=findings,
        evidence=evidence,
        custody=custody,
        languages=languages_of(case),
        provisions=_joined_provisions(findings),
        tried=tried(findings),
        derivations=[(finding, finding.derivations(CODE)) for finding in findings],
    )


def expert_html(case: Case, custody: Mapping[str, Any]) -> bytes:
    """The page for the receiving expert: how to recompute the dossier, and what that does not show."""
    return _rendered("expert.html.j2", case=case, custody=custody, languages=languages_of(case))


def languages_of(case: Case) -> list[Language]:
    """Both languages, that of record first."""
    return [case.language, *(language for language in LANGUAGES if language != case.language)]


def _rendered(template: str, **given: object) -> bytes:
    css = Markup(_file("report.css"))  # noqa: S704  (our own file)
    return _environment().get_template(template).render(css=css, **given).encode()


@cache
def _environment() -> Environment:
    made = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=PackageLoader("perito.dossier", "templates"),
    )
    made.globals.update(
        word=_word,
        printer=_printer,
        plain=_plain,
        quote=quote,
        anchor=anchor,
        provision_anchor=_provision_anchor,
        period_words=_period_words,
        scope_words=_scope_words,
        numeric_columns=_numeric_columns,
        day_of=_day_of,
        untold_interval=_untold_interval,
        draw=_draw,
        describe=describe,
        statuses=STATUSES,
        environment=environment(),
        wording_version=wording_version(),
        most_columns=_MOST_COLUMNS,
        most_rows=_MOST_ROWS,
        most_entries=_MOST_ENTRIES,
        full=_full,
        places=_places,
        act_words=act_words,
        known_states=STATES,
    )
    return made


def _file(name: str) -> str:
    return (files("perito.dossier") / "templates" / name).read_text("utf-8")


def _word(key: str, language: Language, **quotes: str) -> Markup:
    """A phrase of the report, with verbatim insertions."""
    phrase = escape(words()[key][language])
    for name, inserted in quotes.items():
        phrase = phrase.replace(Markup("{%s}") % name, quote(inserted))
    return phrase


def _printer(language: Language, finding: Finding) -> Printer:
    return Printer(language, finding.numbers())


def _plain(text: Text, language: Language) -> Markup:
    """A text that refers to no number."""
    return Printer(language, {}).text(text)


def _draw(finding: Finding, language: Language) -> Markup:
    if finding.chart is None:
        return Markup()
    return Markup(draw(finding.chart[language], language, f"chart-{language}-{finding.id}"))  # noqa: S704


def _period_words(period: Period, language: Language) -> Markup:
    return _word("period_words", language, **{"from": iso_day(period.start_us), "to": iso_day(period.end_us)})


def _scope_words(printer: Printer, scope: Scope) -> Markup:
    """What a finding is about: platform, period, population and territory, where it is limited to one."""
    language, parts = printer.language, []
    if scope.platform:
        parts.append(_named("platform", printer.text(platform_text(scope.platform)), language))
    if scope.period:
        parts.append(_period_words(scope.period, language))
    for key, words_of_source in (("population", scope.population), ("territory", scope.territory)):
        if words_of_source:
            parts.append(_named(key, quote(words_of_source), language))
    return Markup("; ").join(parts)


def _named(key: str, value: Markup, language: Language) -> Markup:
    return Markup("{}: {}").format(_word(key, language), value)


def _untold_interval(finding: Finding) -> Value | None:
    """The first value of a finding, where it has an interval that the headline does not say."""
    first = finding.values[0] if finding.values else None
    if first is None or first.interval is None:
        return None
    segments = finding.headline.segments(LANGUAGES[0], finding.numbers())
    told = {segment.part for segment in segments if segment.derivation == first.derivation}
    return None if {"low", "high"} <= told else first


def _numeric_columns(table: Table) -> list[bool]:
    """For each column of a table, whether most of what it says are numbers."""
    columns = [[row.cells[at] for row in table.rows] for at in range(len(table.columns))]
    said = [[cell for cell in column if cell is not None] for column in columns]
    return [2 * sum(isinstance(cell, Value) for cell in column) > len(column) for column in said]


def _joined_provisions(findings: Sequence[Finding]) -> list[tuple[JoinedProvision, list[str]]]:
    """Each provision once, in order, with the ids of the findings that speak to its facts."""
    joined: dict[str, tuple[JoinedProvision, list[str]]] = {}
    for finding in findings:
        for rule in finding.provisions:
            joined.setdefault(_provision_anchor(rule), (rule, []))[1].append(finding.id)
    return list(joined.values())


def _provision_anchor(rule: JoinedProvision) -> str:
    """The fragment id of a provision; one that binds platforms from different days has one for each."""
    return f"provision-{rule.id}-{rule.in_force_from}"


def _day_of(instant: str | None) -> str:
    """The day alone where the record names no time of day."""
    return "–" if instant is None else instant.removesuffix("T00:00:00Z")


def _full(value: object) -> str:
    """A number of a derivation record exactly as the record has it."""
    return orjson.dumps(value).decode()


def _places(record: Mapping[str, Any], limit: int = 3) -> str:
    """Where a number came from: short digests and locators, the first few."""
    rows = record["rows"]
    shown = [f"{row['evidence_id'][7:15]} {row['locator']}".strip() for row in rows[:limit]]
    return "; ".join(shown) + (" …" if len(rows) > limit else "")
