"""The finding: put together only if every number has a name of its own, an interval and a status."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.clock import Period
from perito.errors import DossierError
from perito.findings import (
    STATUSES,
    Column,
    Finding,
    Input,
    JoinedProvision,
    Row,
    Scope,
    Source,
    Table,
    Text,
    Value,
    verbatim,
)
from perito.findings.value import RELATIVE_TOLERANCE
from perito.stats.interval import Interval

WORDS = Text("words", "palabras")
BOUNDS = Interval(1.0, 9.0, 0.95, "exact")
NAN, INFINITE = float("nan"), float("inf")


def number(name="total", estimate=5, status="exact", interval=None, **more):
    return Value(name, WORDS, estimate, "items", interval, status, **more)


def finding(**parts):
    whole = {
        "id": "q",
        "measure": "prevalence",
        "measure_version": "2",
        "question": WORDS,
        "definition": WORDS,
        "scope": Scope(),
        "status": "conditional",
        "headline": WORDS,
        "does_not_show": (Text("guilt of nobody", "culpa de nadie"),),
    }
    return Finding(**{**whole, **parts})


def table(name, *cells):
    columns = tuple(Column(f"c{at}", WORDS) for at in range(len(cells)))
    return Table(name, WORDS, columns, (Row(WORDS, cells),))


def test_every_number_gets_a_derivation_of_its_own():
    placed = finding(
        values=(number("total"),),
        counts=(number("sample"),),
        series=(table("waves", number(), number()),),
        sensitivity=(table("sweep", number()),),
    ).placed()
    assert [value.derivation for value in placed.all_values()] == [
        "q/total", "q/sample", "q/waves/1/c0", "q/waves/1/c1", "q/sweep/1/c0",
    ]  # fmt: skip
    assert placed.placed() == placed


@pytest.mark.parametrize(
    "parts",
    [
        {"values": (number("a"), number("a"))},
        {"values": (number("a"),), "counts": (number("a"),)},
        {"series": (table("t", number()), table("t", number()))},
        {"series": (table("t", number()),), "sensitivity": (table("t", number()),)},
        {
            "series": (
                Table(
                    "t", WORDS, (Column("c", WORDS), Column("c", WORDS)), (Row(WORDS, (number(), number())),)
                ),
            )
        },
    ],
    ids=["values", "value and count", "series", "series and sensitivity", "columns"],
)
def test_two_numbers_of_one_name_are_refused(parts):
    with pytest.raises(DossierError, match="two numbers"):
        finding(**parts).placed()


@given(st.sampled_from(STATUSES), st.booleans(), st.booleans())
def test_a_number_has_an_interval_unless_its_status_needs_none(status, has_interval, has_estimate):
    value = number("a", 5 if has_estimate else None, status, BOUNDS if has_interval else None)
    needs_interval = status in {"estimated", "conditional"}
    needs_estimate = status not in {"cannot_say", "declared"}
    if (needs_interval and not has_interval) or (needs_estimate and not has_estimate):
        with pytest.raises(DossierError, match="'q/a'"):
            finding(values=(value,)).placed()
    else:
        assert finding(values=(value,)).placed().values[0].estimate == value.estimate


@pytest.mark.parametrize("bad", [NAN, INFINITE, -INFINITE])
def test_what_is_no_finite_number_is_refused_in_the_estimate_and_in_both_ends(bad):
    for value in (
        number("a", bad),
        number("a", 5.0, "conditional", replace(BOUNDS, low=bad)),
        number("a", 5.0, "conditional", replace(BOUNDS, high=bad)),
    ):
        with pytest.raises(DossierError, match="no number"):
            finding(series=(table("t", value),)).placed()


def test_a_refusal_has_a_reason_and_nothing_else_has():
    assert finding(status="cannot_say", reason=WORDS).placed().reason is WORDS
    with pytest.raises(DossierError, match="reason"):
        finding(status="cannot_say").placed()
    with pytest.raises(DossierError, match="reason"):
        finding(reason=WORDS).placed()


def test_a_refusal_gives_no_value_though_it_may_give_counts():
    refused = finding(status="cannot_say", reason=WORDS)
    with pytest.raises(DossierError, match="gives a value"):
        replace(refused, values=(number(),)).placed()
    unsaid = number("total", None, "cannot_say")
    assert replace(refused, values=(unsaid,), counts=(number("sample"),)).placed().numbers().keys() == {
        "total",
        "sample",
    }


def test_every_sentence_and_label_of_ours_is_listed():
    names = ["question", "definition", "headline", "reason", "condition", "assumption", "rival", "not_shown",
             "value", "count", "title"]  # fmt: skip
    told = {name: Text(name, name) for name in names}
    whole = finding(
        question=told["question"],
        definition=told["definition"],
        headline=told["headline"],
        status="cannot_say",
        reason=told["reason"],
        conditions=(told["condition"],),
        assumptions=(told["assumption"],),
        rivals=(told["rival"],),
        does_not_show=(told["not_shown"],),
        values=(Value("v", told["value"], None, "items", status="cannot_say"),),
        counts=(Value("c", told["count"], 1, "items"),),
        series=(Table("t", told["title"], (), ()),),
    )
    assert set(names) <= {text.en for text in whole.texts()}
    assert "reason" not in {text.en for text in replace(whole, status="exact", reason=None).texts()}


def test_a_sentence_prints_values_and_counts_of_the_finding():
    text = Text("{total} of {sample}", "{total} de {sample}")
    whole = finding(values=(number("total", 12995),), counts=(number("sample", 20000),))
    assert whole.plain(text, "en") == "12,995 of 20,000"


def test_the_finding_for_programs_has_every_field_of_the_contract():
    provision = JoinedProvision("dsa-34", verbatim("DSA 34"), WORDS, WORDS, "2023-08-25", "seen")
    told = finding(
        values=(number("total", 5.0, "conditional", BOUNDS),),
        counts=(number("sample", 20),),
        series=(table("waves", number()),),
        sensitivity=(table("sweep", number()),),
        conditions=(Text("if N is {sample}", "si N es {sample}"),),
        assumptions=(WORDS,),
        rivals=(WORDS,),
        provisions=(provision,),
        parameters={"class": "x"},
        inputs=(Input("counts", "sha256:" + "0" * 64, 5),),
        seed=7,
        chart={"en": {"mark": "bar"}, "es": {"mark": "bar"}},
        scope=Scope("x", Period(0, 86_400_000_000), "posts", "ES"),
    ).placed().to_json()  # fmt: skip
    assert list(told) == [
        "id", "measure", "measure_version", "question", "definition", "scope", "status", "reason", "headline",
        "values", "series", "counts", "sensitivity", "conditions", "assumptions", "rivals", "does_not_show",
        "provisions", "parameters", "inputs", "seed", "chart",
    ]  # fmt: skip
    assert told["counts"] == {"sample": 20}
    assert told["conditions"] == [{"en": "if N is 20", "es": "si N es 20"}]
    assert told["reason"] is None
    assert told["scope"] == {
        "platform": "x",
        "period": {"from": "1970-01-01T00:00:00Z", "to": "1970-01-02T00:00:00Z"},
        "population": "posts",
        "territory": "ES",
    }
    assert told["provisions"][0]["title"] == {"en": "DSA 34", "es": "DSA 34"}
    assert told["inputs"] == [{"table": "counts", "digest": "sha256:" + "0" * 64, "rows": 5}]
    assert told["chart"] == {"en": {"mark": "bar"}, "es": {"mark": "bar"}}


def test_what_was_not_limited_or_not_drawn_is_null_for_programs():
    told = finding().placed().to_json()
    assert told["scope"] == {"platform": None, "period": None, "population": None, "territory": None}
    assert told["chart"] is None
    assert finding(status="cannot_say", reason=WORDS).placed().to_json()["reason"] == {
        "en": "words",
        "es": "palabras",
    }


def test_there_is_one_derivation_record_a_number_with_all_that_recomputes_it():
    source = Source("sha256:aa", "row=2")
    placed = finding(
        values=(number("total", 5.0, "conditional", BOUNDS, is_exact=False, sources=(source, source)),),
        counts=(number("sample", 20),),
        parameters={"class": "x"},
        inputs=(Input("counts", "sha256:bb", 5),),
        seed=7,
    ).placed()
    total, sample = placed.derivations("perito 0.1.0")
    assert total == {
        "id": "q/total",
        "measure": "prevalence@2",
        "parameters": {"class": "x"},
        "inputs": [{"table": "counts", "digest": "sha256:bb", "rows": 5}],
        "code": "perito 0.1.0",
        "seed": 7,
        "kind": "tolerance",
        "tolerance": RELATIVE_TOLERANCE,
        "value": 5.0,
        "interval": {"low": 1.0, "high": 9.0, "level": 0.95, "method": "exact"},
        "unit": "items",
        "status": "conditional",
        "rows": [{"evidence_id": "sha256:aa", "locator": "row=2"}],
    }
    assert (sample["kind"], sample["tolerance"], sample["interval"], sample["rows"]) == ("exact", 0, None, [])
