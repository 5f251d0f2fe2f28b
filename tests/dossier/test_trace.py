"""Tracing: a number in a report is its derivation's, or it is named; nothing in a report can act."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.dossier.stages import guarded
from perito.dossier.trace import trace
from perito.errors import DossierError

RECORDS = {
    "q/total": {
        "id": "q/total",
        "value": 3002712.41625,
        "unit": "images",
        "interval": {"low": 2972011, "high": 3033213, "level": 0.95, "method": "exact"},
    },
    "q/none": {"id": "q/none", "value": None, "unit": "images", "interval": None},
}


def number(text, part="estimate", derivation="q/total", more=""):
    return f'<a class="n" href="#x" data-d="{derivation}" data-p="{part}"{more}>{text}</a><i id="x"></i>'


def page(body, lang="en"):
    return f'<!DOCTYPE html><html lang="{lang}"><head><title>t</title></head><body>{body}</body></html>'


def kinds(report):
    return [problem.kind for problem in report.problems]


@pytest.mark.parametrize(
    ("lang", "text", "part"),
    [
        ("en", "3,002,712", "estimate"),
        ("es", "3.002.712", "estimate"),
        ("en", "2,972,011", "low"),
        ("es", "3.033.213", "high"),
        ("en", "95%", "level"),
        ("es", "95\u00a0%", "level"),
    ],
)
def test_a_number_as_its_derivation_prints_it_passes(lang, text, part):
    report = trace(page(number(text, part), lang), RECORDS)
    assert report.ok
    assert report.checked == (("numbers traced in the report", 1),)


@pytest.mark.parametrize(
    ("lang", "text", "part"),
    [
        ("en", "3,002,713", "estimate"),
        ("en", "3.002.712", "estimate"),  # the other language's way
        ("en", "3,033,213", "low"),  # the other end
        ("en", "", "estimate"),
        ("en", "3,002,712 or more", "estimate"),
    ],
)
def test_any_other_number_is_named_with_its_derivation(lang, text, part):
    problem = trace(page(number(text, part), lang), RECORDS).problems[0]
    assert (problem.kind, problem.where, problem.found) == ("printed", "q/total", text)


def test_a_full_value_must_be_the_record_to_the_last_digit():
    full = ' data-form="full"'
    assert trace(page(number("3002712.41625", more=full)), RECORDS).ok
    assert kinds(trace(page(number("3002712.4162", more=full)), RECORDS)) == ["printed"]


def test_a_number_that_is_not_there_is_printed_as_a_dash():
    assert trace(page(number("–", derivation="q/none")), RECORDS).ok
    assert kinds(trace(page(number("0", derivation="q/none")), RECORDS)) == ["printed"]


def test_a_number_without_a_record_is_named():
    assert kinds(trace(page(number("7", derivation="q/other")), RECORDS)) == ["untraced"]


@pytest.mark.parametrize(
    "body",
    [
        "<p>about 20,000</p>",
        "<p>about <b>20</b></p>",
        "20",
        "<td>٢٠</td>",  # digits of another script
        "</section>20",
        "<p>x</p></body></html>20",
    ],
)
def test_a_digit_outside_a_derivation_is_named(body):
    assert kinds(trace(page(body), RECORDS)) == ["untraced"]


@pytest.mark.parametrize(
    "body",
    [
        '<span class="q">IPv4, 20,000</span>',
        '<span class="q tight"><b>2026-01-09</b></span>',
        "<svg><text>20</text></svg>",
        "<code>perito 0.1.0</code>",
        "<style>p { margin: 2px }</style>",
    ],
)
def test_digits_of_quotes_pictures_and_code_are_not_ours(body):
    assert trace(page(body), RECORDS).ok


def test_what_stands_beside_a_quote_is_ours_again():
    assert kinds(trace(page('<p><span class="q">4</span> 5</p>'), RECORDS)) == ["untraced"]


def test_a_number_is_read_in_the_language_around_it():
    body = f'<main lang="es">{number("3.002.712")}</main><main lang="en">{number("3,002,712")}</main>'
    assert trace(page(body), RECORDS).ok


def test_a_number_that_is_never_closed_is_still_read():
    report = trace('<html lang="en"><body><a data-d="q/total" data-p="estimate">1', RECORDS)
    assert kinds(report) == ["printed"]


def test_a_link_that_leads_nowhere_is_named():
    assert kinds(trace(page('<a href="#d-q-total">x</a>'), RECORDS)) == ["link"]


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert()</script>",
        '<img src="x">',
        '<p onclick="x">',
        '<a href="https://example.org">x</a>',
        '<a href="javascript:x">x</a>',
        '<a href="//example.org">x</a>',
        '<a href="other.html">x</a>',
        '<iframe srcdoc="x"></iframe>',
        '<meta http-equiv="Refresh" content="x">',
        "<style>@import x</style>",
        "<style>p { background: url(http://example.org/x) }</style>",
        '<p style="background: url(x)">x</p>',
        '<svg><image href="#a"/></svg>',
        '<link rel="stylesheet" href="#x">',
        '<form action="x"></form>',
    ],
)
def test_what_could_act_or_reach_out_is_named(body):
    assert "live" in kinds(trace(page(body), RECORDS))


def test_a_reference_inside_a_picture_does_not_reach_out():
    body = '<svg><g clip-path="url(#clip)"></g><clippath id="clip"></clippath></svg>'
    assert trace(page(body), RECORDS).ok


@pytest.mark.parametrize(
    "record",
    [
        {"value": 1e308, "unit": "images"},
        {"value": 5, "unit": "parsecs"},
        {"value": 5, "unit": ""},
    ],
)
def test_a_record_that_cannot_be_printed_is_a_problem_and_no_crash(record):
    records = {"q/total": {"id": "q/total", "interval": None, **record}}
    assert kinds(trace(page(number("5")), records)) == ["printed"]


@pytest.mark.parametrize("text", ["<![\n", "<![foo[", "<![%"])
def test_a_declaration_that_breaks_the_parser_is_refused_by_name(text):
    with pytest.raises(DossierError, match=r"report\.html"):
        trace(text, RECORDS)


@given(st.text(alphabet="<>!-[]&;#\"'=/ abdlnpqt19\n", max_size=60))
def test_no_text_stops_the_tracing(text):
    report = guarded(Path("dossier"), trace, text, RECORDS)
    assert all(problem.where for problem in report.problems)
