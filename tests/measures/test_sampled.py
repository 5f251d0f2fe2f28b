"""What measures on own labels share: words, values of items, estimators, and labels nobody would expect."""

import re
from fractions import Fraction
from importlib import import_module

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perito.errors import MeasureError
from perito.findings import LANGUAGES, Text
from perito.findings.wording import check_text, refused_words
from perito.measures.catalogue import catalogue
from perito.measures.sampled.estimates import Cell, effective_size, simple, stratified, weighted
from perito.measures.sampled.family import holm, shared_level
from perito.measures.sampled.label_error import ErrorRates, lang_reiczigel, rogan_gladen
from perito.measures.sampled.readings import Outcome
from perito.stats.korn_graubard import korn_graubard
from perito.stats.misclassification import lang_reiczigel as of_counts
from perito.stats.proportion import claim_p

_INSERTION = re.compile(r"\{([^{}.]+)[^{}]*\}")
SENTENCES = [
    *catalogue("sampled").texts.values(),
    *(text for texts in catalogue("sampled").lists.values() for text in texts),
    catalogue("sampled").definition,
]


@pytest.mark.parametrize("text", SENTENCES, ids=lambda text: text.en[:40])
def test_every_shared_sentence_obeys_the_wording_rules_in_both_languages(text):
    for language in LANGUAGES:
        assert refused_words(text.template(language), language) == []
    assert set(_INSERTION.findall(text.en)) == set(_INSERTION.findall(text.es))
    check_text(Text(_INSERTION.sub("", text.en), _INSERTION.sub("", text.es)), {}, "sampled")


def outcome(**readings):
    given_ = dict.fromkeys(Outcome.__dataclass_fields__, 0) | {
        "in_stratum": "",
        "first_value": "",
        "items": 1,
    }
    return Outcome(**{**given_, **readings})


@pytest.mark.parametrize(
    ("readings", "value"),
    [
        ({"yes": 1}, "yes"),
        ({"yes": 2, "no": 1}, "yes"),
        ({"yes": 1, "no": 2}, "no"),
        ({"yes": 1, "no": 1}, "undecided"),
        ({"yes": 1, "unsure": 1}, "undecided"),
        ({"unsure": 1}, "undecided"),
        ({"yes": 1, "no": 1, "settled_no": 1}, "no"),
        ({"yes": 3, "settled_yes": 1, "settled_no": 1}, "undecided"),
        ({"skipped": 2}, "skipped"),
        ({"dependent": 2}, "unread"),
        ({}, "unread"),
    ],
)
def test_the_value_of_an_item_is_that_of_the_adjudication_else_of_more_than_half(readings, value):
    assert outcome(**readings).final == value


def test_the_interval_on_the_effective_size_is_that_of_whole_counts_where_the_size_is_whole():
    rates = ErrorRates(100, 100, 89, 100, 100, 95)
    found, known = lang_reiczigel(0.259, 1000, rates, 0.95), of_counts(259, 1000, 89, 100, 95, 100)
    assert found.value == pytest.approx(known.value, abs=1e-12)
    assert found.interval.low == pytest.approx(known.interval.low, abs=1e-12)
    assert found.interval.high == pytest.approx(known.interval.high, abs=1e-12)


def test_several_readings_of_one_item_add_no_certainty_about_the_rates():
    once = lang_reiczigel(0.2, 500, ErrorRates(50, 50, 45, 200, 200, 190), 0.95).interval
    thrice = lang_reiczigel(0.2, 500, ErrorRates(50, 150, 135, 200, 600, 570), 0.95).interval
    assert (once.low, once.high) == pytest.approx((thrice.low, thrice.high))


def test_rogan_gladen_gives_the_negative_golden_that_is_never_printed():
    assert rogan_gladen(6 / 151, 0.964, 0.927) == pytest.approx(-0.03733434417761, rel=1e-9)


def test_a_claim_by_strata_is_shown_exactly_when_it_lies_below_the_interval():
    cells = [Cell(Fraction(9, 10), 300, 1, 9_000), Cell(Fraction(1, 10), 100, 9, 1_000)]
    made = stratified(cells, 10_000)
    low = made.total_at(0.95).interval.low
    assert made.p_more_than(int(low)) <= 0.025
    assert made.p_more_than(int(low) + 1) > 0.025
    assert made.e_more_than(10) is None


def test_p_values_fall_as_the_claim_falls_and_those_of_a_simple_sample_are_exact():
    made = simple(7, 1_500, 60_000)
    assert made.p_more_than(100) == claim_p(7, 1_500, 60_000, 100) == pytest.approx(0.01290135737665)
    assert made.e_more_than(50) == pytest.approx(3.27542828461634)
    hits, weights = [1] * 12 + [0] * 88, [10.0] * 100
    by_weight = weighted(hits, weights, 1_000)
    found = [by_weight.p_more_than(total) for total in (20, 60, 80, 119)]
    assert found == sorted(found)
    assert by_weight.share_at(0.95).interval == korn_graubard(hits, weights).interval


@given(
    st.lists(st.tuples(st.integers(2, 60), st.integers(0, 60), st.integers(1, 50)), min_size=1, max_size=5),
    st.sampled_from([0.8, 0.95, 0.99]),
)
def test_an_estimate_by_strata_lies_in_its_interval_and_in_the_range_of_shares(strata, level):
    whole = sum(times * n for n, _, times in strata)
    cells = [Cell(Fraction(times * n, whole), n, min(k, n), times * n) for n, k, times in strata]
    found = stratified(cells, whole).share_at(level)
    assert 0 <= found.interval.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.interval.high <= 1
    assert effective_size(cells) > 0


def test_the_level_is_shared_and_adjusted_values_never_fall_behind_their_order():
    assert shared_level(0.95, 5) == pytest.approx(0.99)
    assert holm([0.2, 0.001, 0.9, 0.04]) == pytest.approx([0.4, 0.004, 0.9, 0.12])
    assert holm([]) == []


LABELS = st.lists(
    st.fixed_dictionaries(
        {
            "item_id": st.sampled_from([f"x:{at}" for at in range(8)]),
            "value": st.sampled_from(["yes", "no", "cannot_tell", "maybe", ""]),
            "skipped": st.booleans(),
            "round": st.sampled_from(["1", "2", "3", "adjudication"]),
            "role": st.sampled_from(["sample", "validation", "relabel", "golden"]),
            "annotator_id": st.sampled_from(["a", "b", "=cmd"]),
            "blind": st.sampled_from([True, False, None]),
            "label_book_version": st.sampled_from(["1", "1", "1", "2"]),
            "labelled_at_us": st.sampled_from([None, 0, 1_770_000_000_000_000]),
        }
    ),
    max_size=40,
)
ASKS = ("total", "share", "rate", "exposure", "claim", "classes", "label-error")


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(
    LABELS,
    st.lists(st.sampled_from([0, 1, 2]), max_size=8),
    st.sampled_from(ASKS),
    st.sampled_from(["simple", "stratified", "pps", "cluster", "census", "purposive"]),
    st.sampled_from(["fixed", "anytime"]),
)
def test_labels_that_nobody_would_expect_give_a_finding_or_a_named_error(
    own, ask_own, labels, strata, ask, method, stopping
):
    made = own(method=method, stopping=stopping, population=60, minimum_alpha=0.5)
    for position in (1, 2, 3):
        made.stratum(f"s{position - 1}", 20, position)
    for at, stratum in enumerate(strata):
        made.draw([f"x:{at}"], f"s{stratum}", method=method, cluster=f"c{at % 2}")
    for label in labels:
        made.label([label["item_id"]], **{k: v for k, v in label.items() if k != "item_id"})
    more = {"claim": {"claim": 3}, "classes": {"classes": ["cats", "dogs"]}}.get(ask, {})
    try:
        finding = ask_own(made, ask=ask, **more)
    except MeasureError as error:
        assert error.what  # noqa: PT017  (named, and nothing else gets out)
        return
    for value in finding.values:
        assert value.estimate is None or value.estimate >= 0
        assert value.interval is None or value.interval.low >= 0


def test_every_shared_sentence_is_said_somewhere():
    sources = [
        import_module(name).__loader__.get_source(name)
        for name in (
            *(f"perito.measures.sampled.{part}" for part in ("refusals", "series", "words", "study")),
            *(
                f"perito.measures.prevalence.{p}"
                for p in ("labels", "number", "pace", "exposure", "family", "flagged")
            ),
            "perito.measures.agreement",
            "perito.measures.claims",
        )
    ]
    whole = "\n".join(sources)
    own_keys = set(catalogue("sampled").texts) - set(catalogue("inventory").texts)
    built = (
        "column_",
        "title_",
        "note_",
        "label_",
        "fact_",
        "headline_",
        "agreement_",
        "row_",
        "rate_",
        "axis_",
    )
    silent = {key for key in own_keys if key not in whole and not key.startswith((*built, "condition_by_"))}
    assert silent - {"phrase_claim_shown", "phrase_claim_not_shown"} == set()
