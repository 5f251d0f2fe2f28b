import math
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from perito.case import QuestionScope
from perito.clock import Period
from perito.errors import MeasureError
from perito.findings import Source, Value
from perito.measures.prevalence.agreement import PublishedFigure, agree_in, consistent_populations
from perito.measures.prevalence.published import PublishedCount
from perito.stats.misclassification import rogan_gladen

POPULATION, SAMPLE = 4_621_335, 20_000
TOTAL = {"ask": "total", "class": "cats"}
RATE = {"ask": "rate", "class": "cats", "unit": "images"}
CLAIM = {"ask": "claim", "class": "cats"}
LABELS = {"ask": "label-error", "class": "cats"}
NO_WINDOW = {"window_start": None, "window_end_inclusive": None}


def ends(value):
    return value.interval.low, value.interval.high


def named(finding, name):
    return finding.numbers()[name]


# ---------------------------------------------------------------- the public case: golden values


@pytest.mark.parametrize(
    ("name", "hits", "total"), [("grok-sexualised", 12_995, 3_002_712), ("grok-minors", 101, 23_338)]
)
def test_the_totals_of_the_public_case_are_reproduced_after_rounding(example, name, hits, total):
    """Source: the published totals of the study."""
    value = example[name].values[0]
    assert value.name == "total"
    assert value.estimate == float(Fraction(hits, SAMPLE) * POPULATION)
    assert round(value.estimate) == total
    assert (value.interval.level, value.status) == (0.95, "conditional")


@pytest.mark.parametrize("name", ["grok-sexualised", "grok-minors"])
def test_the_interval_holds_exactly_the_totals_that_the_sample_does_not_contradict(example, name):
    """Both tails by scipy's hypergeometric law, an independent computation (8e-13 at this population)."""
    finding = example[name]
    hits = named(finding, "hits").estimate
    low, high = ends(finding.values[0])
    assert (
        hypergeom.sf(hits - 1, POPULATION, low, SAMPLE)
        > 0.025
        >= hypergeom.sf(hits - 1, POPULATION, low - 1, SAMPLE)
    )
    assert (
        hypergeom.cdf(hits, POPULATION, high, SAMPLE)
        > 0.025
        >= hypergeom.cdf(hits, POPULATION, high + 1, SAMPLE)
    )


@pytest.mark.parametrize("name", ["grok-sexualised", "grok-minors", "grok-rate"])
def test_the_published_figures_agree_for_two_populations_and_no_other(example, plain, name):
    """3,002,712 and 23,338, 190 a minute, one per 41 s: N = 4,621,334 or 4,621,335."""
    finding = example[name]
    said = {key: named(finding, key).estimate for key in ("population_lowest", "population_highest")}
    assert said == {"population_lowest": 4_621_334, "population_highest": 4_621_335}
    assert named(finding, "populations_consistent").estimate == 2
    for language, numbers in (("en", ("4,621,334", "4,621,335")), ("es", ("4.621.334", "4.621.335"))):
        conditions = [plain(finding, text, language) for text in finding.conditions]
        assert any(all(number in text for number in numbers) for text in conditions)


@pytest.mark.parametrize("name", ["grok-sexualised", "grok-minors", "grok-rate"])
def test_the_population_of_the_public_case_is_called_derived_and_not_published(example, plain, name):
    conditions = [plain(example[name], text) for text in example[name].conditions]
    assert any("4,621,335 was not published: it is derived" in text for text in conditions)


def test_what_remains_if_the_population_is_only_roughly_known_stands_beside_the_headline(example, table):
    rows = table(example["grok-minors"], "population")
    assert [row[2] for row in rows] == [4_550_000, 4_650_000]
    assert [row[1] for row in rows] == [101 * 4_550_000 / SAMPLE, 101 * 4_650_000 / SAMPLE]


def test_specificity_decides_on_the_rare_class_and_no_total_is_negative(example, table):
    rows = {row[1]: row[2] for row in table(example["grok-label-error"], "specificity")}
    assert rows[1.0] == pytest.approx(23_337.74175)
    assert rows[0.998] == pytest.approx(POPULATION * rogan_gladen(101, SAMPLE, 1.0, 0.998).value)
    assert rows[0.995] == rows[0.99] == "Not distinguishable from zero with labels of this quality."
    assert all(total > 0 for total in rows.values() if not isinstance(total, str))


def test_specificity_at_which_all_positives_could_be_errors_is_given(example):
    value = example["grok-label-error"].values[0]
    assert value.estimate == 0.99495
    assert ends(value) == pytest.approx((1 - 0.0061338, 1 - 0.0041154), abs=1e-6)


def test_the_rates_of_the_public_case_agree_with_the_published_ones(example):
    first, second = example["grok-rate"].values[:2]
    assert (first.name, first.unit, round(first.estimate)) == ("images_per_minute", "images_per_minute", 190)
    assert (second.name, second.unit, round(second.estimate)) == (
        "seconds_per_image",
        "seconds_per_image",
        41,
    )
    assert first.estimate == pytest.approx(3_002_712.41625 / (11 * 1440))
    assert second.estimate == pytest.approx(11 * 86_400 / 23_337.74175)


def test_a_window_a_day_longer_or_shorter_changes_the_rates_and_ends_the_agreement(example, table):
    rows = table(example["grok-rate"], "window")
    assert [(row[1], row[4]) for row in rows] == [(10, "no"), (11, "yes"), (12, "no")]
    assert rows[2][2] == pytest.approx(rows[1][2] * 11 / 12)
    assert rows[2][3] == pytest.approx(rows[1][3] * 12 / 11)


def test_the_public_sample_does_not_show_more_than_twenty_thousand(example, plain):
    finding = example["grok-claim-20000"]
    assert finding.values[0].name == "p_value"
    assert finding.values[0].estimate == pytest.approx(
        hypergeom.sf(100, POPULATION, 20_000, SAMPLE), rel=1e-9
    )
    assert "does not show more than 20,000" in plain(finding, finding.headline)
    assert "no permite afirmar" in plain(finding, finding.headline, "es")


def test_the_public_sample_is_described_by_what_the_study_says_it_sampled(example):
    assert example["grok-minors"].scope.population == "posts by @Grok that contain an image"


def test_class_names_stay_verbatim_with_a_gloss_for_spanish_readers_after_them(example, plain):
    finding = example["grok-minors"]
    glossed = "«sexualised, likely children» [sexualizadas, probablemente menores]"
    assert glossed in plain(finding, finding.headline, "es")
    assert glossed in plain(finding, finding.definition, "es")
    assert "«sexualised, likely children» were" in plain(finding, finding.headline, "en")


# ---------------------------------------------------------------- planted: totals


@pytest.mark.parametrize(
    ("hits", "sample", "population", "low", "high"),
    [
        (4, 50, 200, 6, 35),
        (15, 148, 2_000, 119, 318),
        (7, 1_500, 60_000, 115, 571),
        (0, 300, 100_000, 0, 1_220),
    ],
)
def test_exact_totals_are_those_of_two_other_computations(plant, hits, sample, population, low, high):
    """Source: bisection and exact rationals."""
    finding = plant(
        "prevalence", TOTAL, label_counts=[{"count": hits, "denominator": sample, "population": population}]
    )
    assert ends(finding.values[0]) == (low, high)


def test_shares_carry_clopper_pearson_and_wilson(plant):
    """Source: R and a second computation, for 7 of 1,500; relative tolerance 1e-9."""
    finding = plant("prevalence", TOTAL, label_counts=[{}])
    assert ends(named(finding, "share")) == pytest.approx((0.00187823820533, 0.00959134089471), rel=1e-9)
    assert ends(named(finding, "share_wilson")) == pytest.approx(
        (0.00226235408151, 0.00960156861862), rel=1e-9
    )


def test_another_level_gives_another_interval(plant):
    wide, narrow = (
        plant("prevalence", {**TOTAL, "level": level}, label_counts=[{}]) for level in (0.99, 0.8)
    )
    assert ends(wide.values[0])[0] < ends(narrow.values[0])[0]
    assert wide.values[0].interval.level == 0.99


def test_a_sample_without_a_hit_excludes_no_total_below_its_upper_end(plant, plain):
    finding = plant(
        "prevalence", TOTAL, label_counts=[{"count": 0, "denominator": 300, "population": 100_000}]
    )
    assert finding.values[0].estimate == 0
    assert "up to 1,220 cannot be excluded" in plain(finding, finding.headline)
    assert [t.name for t in finding.sensitivity] == []


def test_without_a_population_only_the_share_is_said(plant, plain):
    finding = plant("prevalence", TOTAL, label_counts=[{"population": None, "population_basis": None}])
    assert [value.name for value in finding.values] == ["share", "share_wilson"]
    assert plain(finding, finding.headline).startswith("Cannot say how many in total")
    assert not finding.sensitivity
    assert not finding.series


def test_a_population_that_was_published_is_not_called_derived(plant, plain):
    finding = plant("prevalence", TOTAL, label_counts=[{}])
    assert not any("derived" in plain(finding, text) for text in finding.conditions)


def test_an_unverified_count_says_so(plant, plain):
    finding = plant("prevalence", TOTAL, label_counts=[{"status": "unverified", "note": "recalled"}])
    assert any("«recalled»" in plain(finding, text) for text in finding.conditions)


def test_what_the_source_does_not_say_is_said_to_be_missing(plant, plain):
    finding = plant(
        "prevalence", TOTAL, label_counts=[{"definition": None, "label_method": None, "sampling": None}]
    )
    assert "defines it: not said" in plain(finding, finding.definition)
    assert sum("not said" in plain(finding, text) for text in finding.conditions) == 2


def test_an_unknown_class_is_an_error_that_names_the_nearest(plant):
    with pytest.raises(MeasureError, match=r"no published count has the class 'cat'.*[Dd]id you mean 'cats'"):
        plant("prevalence", {**TOTAL, "class": "cat"}, label_counts=[{}])


def test_a_class_that_two_studies_counted_needs_the_study(plant):
    two = [{}, {"study": "Other study", "count": 9}]
    with pytest.raises(MeasureError, match=r"several counts.*Other study, Study of cats.*[Nn]ame the study"):
        plant("prevalence", TOTAL, label_counts=two)
    assert plant("prevalence", {**TOTAL, "study": "Other study"}, label_counts=two).values[0].estimate == 360


def test_the_platform_of_the_question_chooses_among_counts(plant):
    two = [{}, {"platform": "tiktok", "count": 9}]
    finding = plant("prevalence", TOTAL, scope=QuestionScope(platform="tiktok"), label_counts=two)
    assert (finding.values[0].estimate, finding.scope.platform) == (360, "tiktok")


def test_a_count_without_hits_or_sample_size_cannot_be_asked_about(plant):
    with pytest.raises(MeasureError, match=r"no hits or no sample size.*row=1"):
        plant("prevalence", TOTAL, label_counts=[{"count": None}])


def test_without_published_counts_the_question_says_what_to_seal(plant):
    with pytest.raises(MeasureError, match=r"[Ss]eal published counts first"):
        plant("prevalence", TOTAL, proceedings=[{}])


def test_a_question_about_another_period_than_the_one_counted_is_refused(plant, period):
    scope = QuestionScope(period=period("2026-01-01", "2026-01-12"))
    with pytest.raises(MeasureError, match=r"not the period that was counted.*2026-01-11.*2026-01-12"):
        plant("prevalence", TOTAL, scope=scope, label_counts=[{}])


def test_a_population_range_below_the_sample_is_refused(plant):
    with pytest.raises(MeasureError, match="smaller than the sample"):
        plant("prevalence", {**TOTAL, "population_range": [1_499, 60_000]}, label_counts=[{}])


def test_a_gloss_for_a_class_that_is_not_asked_about_is_refused(plant):
    gloss = {"cat": {"es": "gato"}}
    with pytest.raises(MeasureError, match=r"'cat' has a gloss.*'cats'"):
        plant("prevalence", {**TOTAL, "class_gloss": gloss}, label_counts=[{}])


@pytest.mark.parametrize(
    ("gloss", "en", "es"),
    [
        ({"es": "gatos"}, "«cats» were", "«cats» [gatos]"),
        ({"en": "felines"}, "«cats» [felines]", "«cats» ("),
        ({"es": "gatos", "en": "felines"}, "«cats» [felines]", "«cats» [gatos]"),
    ],
)
def test_a_gloss_is_shown_in_its_language_only(plant, plain, gloss, en, es):
    finding = plant("prevalence", {**TOTAL, "class_gloss": {"cats": gloss}}, label_counts=[{}])
    assert en in plain(finding, finding.headline, "en")
    assert es in plain(finding, finding.headline, "es")


def test_words_of_a_source_that_look_like_insertions_stay_words(plant, plain):
    finding = plant("prevalence", {**TOTAL, "class": "{total} ‹x›"}, label_counts=[{"class": "{total} ‹x›"}])
    assert "«{total} ‹x›»" in plain(finding, finding.headline)


# ---------------------------------------------------------------- planted: label error


def sweep(finding):
    (swept,) = [t for t in finding.sensitivity if t.name == "specificity"]
    return [row.cells[1] for row in swept.rows]


def test_every_corrected_total_has_an_interval_around_it_within_the_population(plant):
    settings = {"specificities": [1.0, 0.999, 0.998, 0.996], "sensitivity": 0.9}
    finding = plant("prevalence", {**LABELS, **settings}, label_counts=[{"count": 60}])
    for cell in sweep(finding):
        assert isinstance(cell, Value)
        assert 0 < cell.interval.low <= cell.estimate <= cell.interval.high <= 60_000


@pytest.mark.parametrize(
    ("hits", "specificity", "sensitivity", "words"),
    [
        (7, 0.995, 1.0, "Not distinguishable from zero"),
        (7, 0.9, 1.0, "Not distinguishable from zero"),
        (7, 0.6, 0.5, "too little information"),
        (7, 0.0, 0.0, "too little information"),
        (1_490, 1.0, 0.5, "could not have given so many positives"),
    ],
)
def test_where_no_total_can_be_said_there_are_words_and_never_a_number(
    plant, plain, hits, specificity, sensitivity, words
):
    settings = {"specificities": [specificity], "sensitivity": sensitivity}
    finding = plant("prevalence", {**LABELS, **settings}, label_counts=[{"count": hits}])
    (cell,) = sweep(finding)
    assert words in plain(finding, cell)


def test_a_corrected_total_never_exceeds_the_population(plant):
    finding = plant(
        "prevalence",
        {**LABELS, "specificities": [1.0], "sensitivity": 0.998},
        label_counts=[{"count": 1_498}],
    )
    (cell,) = sweep(finding)
    assert (cell.estimate, cell.interval.high) == (60_000, 60_000)


def test_label_error_cannot_be_asked_where_nothing_was_found_or_no_population_is_known(plant, plain):
    none = plant("prevalence", LABELS, label_counts=[{"count": 0}])
    assert none.status == "cannot_say"
    assert all("Not distinguishable" in plain(none, cell) for cell in sweep(none))
    unknown = plant("prevalence", LABELS, label_counts=[{"population": None}])
    assert unknown.status == "cannot_say"


# ---------------------------------------------------------------- planted: claims


@pytest.mark.parametrize(
    ("claimed", "p_value"),
    [(50, 0.00023503052313), (100, 0.01290135737665), (150, 0.08343498167822), (200, 0.23569352684832)],
)
def test_a_claim_is_shown_exactly_when_it_lies_below_the_interval(plant, plain, claimed, p_value):
    """Source: exact rationals, N = 60,000, 7 of 1,500; interval [115, 571]."""
    finding = plant("prevalence", {**CLAIM, "claim": claimed}, label_counts=[{}])
    assert finding.values[0].estimate == pytest.approx(p_value, rel=1e-9)
    shown = "the sample shows more than" in plain(finding, finding.headline)
    assert shown == (claimed < ends(named(finding, "total"))[0])


@pytest.mark.parametrize(("claimed", "is_shown"), [(114, True), (115, False)])
def test_the_words_on_a_claim_turn_at_the_end_of_the_interval(plant, plain, claimed, is_shown):
    finding = plant("prevalence", {**CLAIM, "claim": claimed}, label_counts=[{}])
    assert ("the sample shows more than" in plain(finding, finding.headline)) == is_shown
    assert ("permite afirmar que se publicaron" in plain(finding, finding.headline, "es")) == is_shown


def test_a_claim_says_that_its_probability_is_not_that_of_the_claim(plant, plain):
    finding = plant("prevalence", {**CLAIM, "claim": 100}, label_counts=[{}])
    assert any("not the probability that the claim" in plain(finding, text) for text in finding.does_not_show)


def test_a_claim_above_the_population_is_refused_also_at_the_ends_of_its_range(plant):
    for parameters in ({"claim": 60_001}, {"claim": 59_000, "population_range": [58_000, 61_000]}):
        with pytest.raises(MeasureError, match="the claim exceeds the population"):
            plant("prevalence", {**CLAIM, **parameters}, label_counts=[{}])


def test_a_claim_on_an_unknown_population_cannot_be_tested(plant):
    finding = plant("prevalence", {**CLAIM, "claim": 100}, label_counts=[{"population": None}])
    assert (finding.status, finding.values) == ("cannot_say", ())


# ---------------------------------------------------------------- planted: rates


def test_a_rate_is_the_total_over_the_window_and_its_interval_the_totals_interval(plant):
    finding = plant("prevalence", RATE, label_counts=[{}])
    per_minute, spacing = finding.values
    assert per_minute.estimate == pytest.approx(280 / 14_400)
    assert ends(per_minute) == pytest.approx((115 / 14_400, 571 / 14_400))
    assert spacing.estimate == pytest.approx(864_000 / 280)
    assert ends(spacing) == pytest.approx((864_000 / 571, 864_000 / 115))


def test_a_class_without_a_hit_has_no_spacing_and_says_what_cannot_be_excluded(plant, plain):
    finding = plant("prevalence", RATE, label_counts=[{"count": 0}])
    per_minute, spacing = finding.values
    assert (spacing.estimate, spacing.status) == (None, "cannot_say")
    assert "cannot be excluded" in plain(finding, finding.headline)
    assert "–" not in plain(finding, finding.headline)
    assert per_minute.estimate == 0


def test_a_second_class_without_a_hit_is_said_with_its_upper_end(plant, plain):
    rows = [{}, {"class": "dogs", "count": 0}]
    finding = plant("prevalence", {**RATE, "second_class": "dogs"}, label_counts=rows)
    assert "none of the class «dogs»" in plain(finding, finding.headline)
    assert "–" not in plain(finding, finding.headline, "es")


@pytest.mark.parametrize("lacking", [NO_WINDOW, {"population": None}])
def test_a_rate_without_a_window_or_a_population_cannot_be_said(plant, plain, lacking):
    finding = plant("prevalence", RATE, label_counts=[lacking])
    assert finding.status == "cannot_say"
    assert "a rate needs" in plain(finding, finding.reason)


@pytest.mark.parametrize(
    "other",
    [{"window_end_inclusive": "2026-01-11"}, {"population": 70_000}, {"denominator": 1_400}, NO_WINDOW],
)
def test_two_classes_of_different_samples_or_windows_are_not_put_in_one_finding(plant, other):
    rows = [{}, {"class": "dogs", **other}]
    with pytest.raises(MeasureError, match="not counted in one sample and period"):
        plant("prevalence", {**RATE, "second_class": "dogs"}, label_counts=rows)


def test_a_window_of_one_day_is_not_shortened_to_nothing(plant, table):
    finding = plant("prevalence", RATE, label_counts=[{"window_end_inclusive": "2026-01-01"}])
    assert [row[1] for row in table(finding, "window")] == [1, 2]


# ---------------------------------------------------------------- planted: do the figures agree


def agreeing(plant, published, **row):
    finding = plant("prevalence", {**TOTAL, "published": published}, label_counts=[row])
    return finding, named(finding, "populations_consistent").estimate


def test_figures_that_agree_for_no_population_are_called_so(plant, plain, table):
    finding, number = agreeing(plant, [{"class": "cats", "total": 280}, {"class": "cats", "per_minute": 3}])
    assert number == 0
    assert any("for any population" in plain(finding, text) for text in finding.conditions)
    assert "population_lowest" not in finding.numbers()
    assert [row[3] for row in table(finding, "published-figures")] == ["yes", "no"]


def test_a_figure_that_fixes_one_population_is_called_so(plant, plain):
    finding, number = agreeing(plant, [{"class": "cats", "total": 55_000}], count=1_375)
    assert (number, named(finding, "population_lowest").estimate) == (1, 60_000)
    assert any(
        "a population of 60,000, and for no other" in plain(finding, text) for text in finding.conditions
    )


def test_a_figure_that_many_populations_give_names_their_range(plant, plain):
    """280 items printed: 279.5 <= 7 N / 1,500 <= 280.5, so N from 59,893 to 60,107."""
    finding, number = agreeing(plant, [{"class": "cats", "total": 280}])
    assert (
        number,
        named(finding, "population_lowest").estimate,
        named(finding, "population_highest").estimate,
    ) == (
        215,
        59_893,
        60_107,
    )
    assert any("from 59,893 to 60,107" in plain(finding, text) for text in finding.conditions)


def test_a_stated_population_for_which_the_figures_do_not_agree_is_named(plant, plain):
    finding, number = agreeing(plant, [{"class": "cats", "total": 300}])
    assert number > 2
    assert any(
        "60,000, is not one for which they agree" in plain(finding, text) for text in finding.conditions
    )


def test_a_population_smaller_than_the_sample_is_none(plant):
    finding, number = agreeing(plant, [{"class": "cats", "total": 5}])
    assert number == 0
    assert "population_highest" not in finding.numbers()


def test_a_figure_that_no_population_gives_has_no_range(plant, table):
    _, number = agreeing(plant, [{"class": "cats", "seconds_per_item": 863_999}])
    assert number == 0
    finding, _ = agreeing(plant, [{"class": "cats", "seconds_per_item": 863_999}])
    assert table(finding, "published-figures")[0][3:] == ["no", None, None]


def test_published_figures_need_hits_and_for_rates_a_window(plant):
    for row, figure in (({"count": 0}, "total"), (NO_WINDOW, "per_minute")):
        with pytest.raises(MeasureError, match="needs hits and a period"):
            agreeing(plant, [{"class": "cats", figure: 3}], **row)


def test_the_publics_window_a_day_longer_agrees_for_no_population(plant):
    rows = [
        {
            "class": name,
            "count": hits,
            "denominator": SAMPLE,
            "population": POPULATION,
            "window_end_inclusive": last,
        }
        for last in ("2026-01-12",)
        for name, hits in (("cats", 12_995), ("dogs", 101))
    ]
    published = [
        {"class": "cats", "total": 3_002_712},
        {"class": "dogs", "total": 23_338},
        {"class": "cats", "per_minute": 190},
        {"class": "dogs", "seconds_per_item": 41},
    ]
    for first, number in (("2026-01-02", 2), ("2026-01-01", 0)):
        dated = [{**row, "window_start": first} for row in rows]
        finding = plant("prevalence", {**TOTAL, "published": published}, label_counts=dated)
        assert named(finding, "populations_consistent").estimate == number


# ---------------------------------------------------------------- properties of the agreement


def figure(hits, sample, days, form, printed):
    start = date(2026, 1, 1)
    nothing_said = dict.fromkeys(
        ("population", "population_basis", "frame", "definition", "sampling", "label_method", "note")
    )
    published = PublishedCount(
        study="s",
        platform="x",
        class_name="c",
        hits=hits,
        sample=sample,
        period=Period.of(start, start + timedelta(days=days)),
        is_verified=True,
        source=Source("sha256:0", "row=1"),
        **nothing_said,
    )
    return PublishedFigure(published, form, printed)


def printed_for(population, hits, sample, days, form):
    """The figure as a study would print it: the exact value rounded half up."""
    exact = figure(hits, sample, days, form, 1).at(population)
    return math.floor(exact + Fraction(1, 2))


@st.composite
def studies(draw):
    """A population, a window, and the figures printed for one or two classes of one sample."""
    sample = draw(st.integers(1, 3_000))
    population = draw(st.integers(sample, 10**7))
    days = draw(st.integers(1, 40))
    forms = draw(
        st.lists(st.sampled_from(["total", "per_minute", "seconds_per_item"]), min_size=1, max_size=4)
    )
    figures = []
    for form in forms:
        hits = draw(st.integers(1, sample))
        printed = printed_for(population, hits, sample, days, form)
        assume(printed >= 1)
        figures.append(figure(hits, sample, days, form, printed))
    return population, figures


@given(studies())
def test_figures_printed_for_a_population_always_agree_for_it(study):
    population, figures = study
    low, high = consistent_populations(figures)
    assert low <= population <= high


@given(studies(), st.integers(-3, 3))
def test_the_range_of_populations_is_what_trying_each_of_them_gives(study, step):
    _, figures = study
    low, high = consistent_populations(figures)
    for end in (low, high):
        tried = end + step
        if tried >= figures[0].published.sample:
            prints = all(abs(one.at(tried) - one.printed) <= Fraction(1, 2) for one in figures)
            assert prints == (low <= tried <= high)


@given(studies())
def test_agreement_in_the_window_itself_is_the_agreement(study):
    _, figures = study
    assert agree_in(figures, figures[0].published.period)
