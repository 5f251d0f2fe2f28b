"""The report: one HTML file in Spanish and English, readable without script or network, made to be printed."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from perito.clock import iso, iso_day
from perito.dossier.charts import draw
from perito.dossier.environment import environment
from perito.dossier.printing import Printer, anchor, quote
from perito.findings import LANGUAGES, STATUSES, Finding, Language, Text
from perito.findings.output import CODE
from perito.findings.wording import version as wording_version
from perito.measures import describe
from perito.measures.labels import platform_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perito.case import Case


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """What the report itself says, by key and language."""
    return tomllib.loads((files("perito.dossier") / "words.toml").read_text("utf-8"))


def report_html(
    case: Case, findings: Sequence[Finding], evidence: Sequence[Mapping[str, Any]], custody: Sequence[Mapping[str, Any]]
) -> bytes:
    """The report as bytes of one HTML file.

    Args:
        case: What the case is about.
        findings: Its findings.
        evidence: The evidence manifest, one entry an item.
        custody: When each item was sealed.
    """
    template = _environment().get_template("report.html.j2")
    order = [case.language, *(language for language in LANGUAGES if language != case.language)]
    html = template.render(
        case=case,
        words_title=case.title.plain(case.language, {}),
        findings=findings,
        evidence=evidence,
        custody=custody,
        languages=order,
        css=Markup(_file("report.css")),  # noqa: S704  (our own file)
        derivations=[(finding, finding.derivations(CODE)) for finding in findings],
    )
    return html.encode()


def expert_html(case: Case, command: str = "perito verify .") -> bytes:
    """The page for the receiving expert: how to recompute the dossier, and what that does not show."""
    html = _environment().get_template("expert.html.j2").render(
        case=case,
        languages=[case.language, *(language for language in LANGUAGES if language != case.language)],
        css=Markup(_file("report.css")),  # noqa: S704  (our own file)
        command=command,
    )
    return html.encode()


@cache
def _environment() -> Environment:
    made = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        loader=PackageLoader("perito.dossier", "templates"),
    )
    made.globals.update(
        word=_word,
        printer=_printer,
        plain=_plain,
        quote=quote,
        anchor=anchor,
        iso=iso,
        iso_day=iso_day,
        draw=_draw,
        describe=describe,
        platform_text=platform_text,
        statuses=STATUSES,
        environment=environment(),
        wording_version=wording_version(),
        full=_full,
        places=_places,
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


def _full(value: object) -> str:
    """A number of a derivation record exactly as the record has it."""
    return orjson.dumps(value).decode()


def _places(record: Mapping[str, Any], limit: int = 3) -> str:
    """Where a number came from: short digests and locators, the first few."""
    rows = record["rows"]
    shown = [f"{row['evidence_id'][7:15]} {row['locator']}".strip() for row in rows[:limit]]
    return "; ".join(shown) + (" …" if len(rows) > limit else "")
