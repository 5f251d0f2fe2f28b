"""The report: one file in two languages, its every number traced and its every word sober."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files

import pytest

from perito.case import load_case
from perito.case.casefile import read_case
from perito.dossier.environment import code_digest, environment
from perito.dossier.report import expert_html, languages_of, report_html, words
from perito.dossier.trace import trace
from perito.findings import LANGUAGES, Column, Finding, Row, Scope, Table, Text, Value
from perito.findings.output import CODE
from perito.findings.wording import refused_words

LARGEST_BYTES = 1_000_000
PARTS = {"section", "h1", "h2", "h3", "table", "tr", "th", "td", "figure", "svg", "li", "dt", "dd"}
FAMILIES = {"signed_", "held_", "status_", "meaning_", "confidence_", "language_", "statistic_"}


@pytest.fixture(scope="module")
def html(built):
    return (built / "dossier" / "report.html").read_text("utf-8")


class Page(HTMLParser):
    """The words of a page outside quotes and pictures, by language, and its elements."""

    VOID = frozenset({"meta", "input", "br"})

    def __init__(self, text):
        super().__init__()
        self.open, self.elements = [], []
        self.words = dict.fromkeys(LANGUAGES, "")
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.elements.append((tag, given, [outer[0] for outer in self.open]))
        if tag not in self.VOID:
            outer = self.open[-1] if self.open else ("", "en", False)
            is_quote = "q" in (given.get("class") or "").split() or tag in {"svg", "style", "code"}
            self.open.append((tag, given.get("lang", outer[1]), outer[2] or is_quote))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag  # every element is closed where it was opened

    def handle_data(self, data):
        if self.open and not self.open[-1][2]:
            self.words[self.open[-1][1]] += f" {data}"


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


# --- the example ----------------------------------------------------------------------------------------


def test_every_number_of_the_report_is_traced_and_nothing_in_it_can_act(html, told):
    report = trace(html, told.records)
    assert report.problems == ()
    assert dict(report.checked)["numbers traced in the report"] > 4 * len(told.records)


def test_every_derivation_is_printed_in_full_once_and_can_be_linked_to(page, told):
    full = [
        given["data-d"]
        for _, given, _ in page.elements
        if given.get("data-p") == "estimate" and "data-form" in given
    ]
    assert full == list(told.records) or sorted(full) == sorted(told.records)
    links = {given["href"] for tag, given, _ in page.elements if tag == "a" and "data-d" in given}
    rows = {f"#{given['id']}" for tag, given, _ in page.elements if tag == "tr" and "id" in given}
    assert links <= rows


def test_ids_are_unique(page):
    ids = [given["id"] for _, given, _ in page.elements if "id" in given]
    assert len(ids) == len(set(ids))


def test_the_wording_rules_hold_on_what_is_printed_outside_quotes(page):
    for language in LANGUAGES:
        assert len(page.words[language]) > 10_000
        assert refused_words(page.words[language], language) == []


def test_both_languages_have_the_same_parts(page):
    parts = {language: [] for language in LANGUAGES}
    inside = None
    for tag, given, outer in page.elements:
        inside = given["lang"] if tag == "main" else inside
        if "main" in outer and tag in PARTS:
            parts[inside].append(tag)
    assert len(parts["en"]) > 1000
    assert parts["en"] == parts["es"]


def test_the_language_of_record_comes_first_and_is_chosen(page, built):
    radios = [given for tag, given, _ in page.elements if tag == "input"]
    assert [given["id"] for given in radios] == ["language-es", "language-en"]
    assert ["checked" in given for given in radios] == [True, False]
    assert languages_of(load_case(built)) == ["es", "en"]


def test_the_summary_prints_the_headline_interval_of_every_finding_that_has_one(html, told):
    for language in LANGUAGES:
        summary = html[html.index(f'id="{language}-summary"') : html.index(f'id="{language}-reading"')]
        for finding in told.findings:
            first = finding["values"][0] if finding["values"] else {"interval": None}
            if first["interval"]:
                for end in ("low", "high"):
                    assert f'data-d="{first["derivation"]}" data-p="{end}"' in summary


def test_every_finding_says_its_status_and_what_it_does_not_show_before_its_tables(html, told):
    for finding in told.findings:
        section = html[html.index(f'id="es-{finding["id"]}"') :].partition("</section>")[0]
        assert f'class="badge {finding["status"]}"' in section.partition("<table")[0]
        assert "does_not_show" in section.partition("<table")[0]


def test_tables_have_captions_or_a_heading_and_headers_a_scope(page):
    for tag, given, outer in page.elements:
        if tag == "th":
            assert given.get("scope") in {"col", "row", "rowgroup"}
        if tag == "section":
            assert "id" in given
        if tag in {"svg", "figcaption"}:
            assert "figure" in outer


def test_no_heading_level_is_skipped(page):
    for language in LANGUAGES:
        inside, last = False, 0
        for tag, given, _ in page.elements:
            if tag == "main":
                inside, last = given["lang"] == language, 0
            if inside and re.fullmatch("h[1-6]", tag):
                assert int(tag[1]) <= last + 1
                last = int(tag[1])


def test_the_report_is_one_file_of_bearable_size(html):
    assert len(html.encode()) < LARGEST_BYTES
    assert "<script" not in html
    assert "default-src 'none'" in html


def test_addresses_stand_in_quotes_and_namespaces_only(html):
    bare = re.sub(r'<span class="q[^>]*>[^<]*</span>|xmlns(?::xlink)?="[^"]*"', "", html)
    assert re.findall(r"https?:", bare) == []


def test_every_phrase_is_there_in_both_languages_and_is_used():
    folder = files("perito.dossier")
    printing = [*(folder / "templates").iterdir(), *folder.iterdir()]
    sources = "".join(one.read_text("utf-8") for one in printing if one.name.endswith((".j2", ".py")))
    for key, phrases in words().items():
        assert sorted(phrases) == ["en", "es"], key
        assert all(phrases.values()), key
        family = f"{key.partition('_')[0]}_"
        assert f'"{key}"' in sources or (family in FAMILIES and f'"{family}" ~' in sources), key


def test_phrases_hold_the_wording_rules():
    for key, phrases in words().items():
        for language in LANGUAGES:
            assert refused_words(phrases[language], language) == [], key


# --- hostile and odd content ----------------------------------------------------------------------------

HOSTILE = (
    '</td></table><script>alert(1)</script><a href="https://example.org" data-d="x">1</a>'
    "\u202egnp.exe\x07 =1+1"
)


def hostile_custody():
    """A record in which every word that another could have written is hostile."""
    return {
        "items": [
            {
                "path": HOSTILE, "sealed_at": "t", "acquisitions": ["t", "u"], "evidence_id": "x",
                "state": HOSTILE, "proofs": [HOSTILE],
            }
        ],
        "log": {
            "origin": HOSTILE, "size": 3, "root": HOSTILE, "checkpoint": HOSTILE, "acts": {HOSTILE: 2},
            "signatures": [
                {"key": HOSTILE, "by": "log", "at": None},
                {"key": HOSTILE, "by": "witness", "at": HOSTILE},
            ],
            "stamps": [
                dict.fromkeys(("time", "authority", "policy", "serial", "nonce", "file"), HOSTILE)
            ],
        },
    }  # fmt: skip


CASE = """
[case]
id = "c"
title = { en = '<b>1</b>', es = '</title><script>2</script>' }
mandate = { en = '<i>3</i>', es = '<i>4</i>' }
language = "en"
period = { from = 2026-01-01, to = 2026-02-01 }
"""


def hostile_finding():
    number = Value("n", Text("a number", "un número"), 20, "items")
    cell = Value("share", Text("share", "proporción"), 0.5, "share")
    table = Table(
        "t",
        Text("{x}", "{x}", {"x": HOSTILE}),
        (Column("share", Text("share", "proporción")), Column("words", Text("{x}", "{x}", {"x": HOSTILE}))),
        (Row(Text("{x}", "{x}", {"x": HOSTILE}), (cell, HOSTILE)), Row(Text("b", "b"), (None, "w" * 3000))),
    )
    return Finding(
        id="q", measure="inventory", measure_version="1", status="exact",
        question=Text("{x}", "{x}", {"x": HOSTILE}),
        definition=Text("d", "d"),
        headline=Text("{n} of {x}", "{n} de {x}", {"x": HOSTILE}),
        scope=Scope("x", None, HOSTILE, HOSTILE),
        values=(number,), series=(table,), does_not_show=(Text("{x}", "{x}", {"x": HOSTILE}),),
    ).placed()  # fmt: skip


def item(**changes):
    texts = ("parent_id", "media_type", "format", "platform", "origin", "acquired_at", "acquired_by", "tool",
             "tool_version", "legal_basis", "terms")  # fmt: skip
    return {**dict.fromkeys(texts), "evidence_id": "sha256:" + "0" * 64, "path": "a", "bytes": 1, **changes}


def hostile_report(tmp_path, language="en"):
    case = read_case(CASE.encode(), tmp_path)
    evidence = [
        item(
            path=HOSTILE,
            **dict.fromkeys(
                (
                    "format",
                    "origin",
                    "acquired_at",
                    "acquired_by",
                    "tool",
                    "tool_version",
                    "legal_basis",
                    "terms",
                ),
                HOSTILE,
            ),
        ),
        item(),
    ]
    custody = hostile_custody()
    return report_html(replace(case, language=language), [hostile_finding()], evidence, custody).decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_words_of_case_evidence_and_sources_are_inert(tmp_path, language):
    html = hostile_report(tmp_path, language)
    records = {record["id"]: record for record in hostile_finding().derivations(CODE)}
    assert trace(html, records).problems == ()
    Page(html)
    assert "<script" not in html
    assert not set(html) & set("\u202e\x07")


def test_a_column_of_numbers_is_set_to_the_right_and_one_of_words_is_not(tmp_path):
    html = hostile_report(tmp_path)
    head = re.search(r'<table class="data short">.*?</thead>', html, re.DOTALL)[0]
    assert head.count('class="num"') == 1


def test_a_case_without_questions_has_a_report(tmp_path):
    html = report_html(read_case(CASE.encode(), tmp_path), [], [], hostile_custody()).decode()
    Page(html)
    assert trace(html, {}).problems == ()


def test_the_page_for_the_expert_is_inert_and_names_the_version_in_both_languages(tmp_path):
    html = expert_html(read_case(CASE.encode(), tmp_path), hostile_custody()).decode()
    page = Page(html)
    assert "<script" not in html
    assert html.count(f"perito {environment()['perito']}") == 2
    assert [refused_words(page.words[language], language) for language in LANGUAGES] == [[], []]
    assert re.findall(r"https?:", html) == []


def test_what_the_page_for_the_expert_lists_is_what_there_is(built):
    html = (built / "dossier" / "expert.html").read_text("utf-8")
    for path in (built / "dossier").iterdir():
        assert path.name in html or path.name == "expert.html"


def test_the_digest_of_the_code_is_that_of_this_code():
    assert re.fullmatch("sha256:[0-9a-f]{64}", code_digest())
    assert environment()["code"] == code_digest()
