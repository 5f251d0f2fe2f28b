"""Prevalence on the case's own labels: designs, label error, bounds, refusals, families, exposure."""

import pytest

from perito.errors import MeasureError
from perito.stats.interval import Interval
from perito.stats.proportion import claim_p, exact_total
from perito.stats.survey import fay_feuer


def items(number, first=0):
    return [f"x:{at}" for at in range(first, first + number)]


def simple(own, hits=12, sample=100, **design):
    """A simple sample in which every item was read by two; `hits` of it positive."""
    made = own(**design)
    drawn = items(sample)
    made.draw(drawn)
    for reader, number in (("reader-1", "1"), ("reader-2", "2")):
        made.label(drawn[:hits], "yes", annotator_id=reader, round=number)
        made.label(drawn[hits:], "no", annotator_id=reader, round=number)
    return made


def counts(finding):
    return {value.name: value.estimate for value in finding.counts}


def test_a_simple_sample_read_twice_gives_the_exact_total(own, ask_own):
    finding = ask_own(simple(own))
    total = finding.values[0]
    assert finding.status == "estimated"
    assert total.estimate == pytest.approx(120)
    ends = exact_total(12, 100, 1000)
    assert (total.interval.low, total.interval.high) == (ends.low, ends.high)
    assert counts(finding)["hits"] == 12


def stratified(own, hits=(0, 2, 8), **design):
    """Three strata by score; every first yes and two of the others of each stratum were read again."""
    made = own(method="stratified", population=10_000, planned=300, **design)
    for position, (population, found) in enumerate(zip((8_000, 1_500, 500), hits, strict=True), start=1):
        name = f"s{position}"
        made.stratum(name, population, position)
        drawn = items(100, 100 * position)
        made.draw(drawn, name, method="stratified", stratum_population=population)
        made.label(drawn[:found], "yes")
        made.label(drawn[found:], "no")
        made.twice(drawn[:found], "yes")
        made.label(drawn[found : found + 2], "no", round="2", annotator_id="reader-2")
    return made


def test_strata_give_the_mid_p_interval_with_the_elusion_count_beside_it(own, ask_own, table):
    finding = ask_own(stratified(own))
    share = finding.numbers()["share"]
    # A stratum in which nothing was flagged is one cell; in the others flagged and unflagged items are cells.
    cells = fay_feuer([0, 2, 0, 8, 0], [2, 2, 2, 8, 2], [0.8, 0.003, 0.147, 0.004, 0.046])
    assert share.estimate == pytest.approx(cells.value)
    assert share.interval.low == pytest.approx(cells.interval.low)
    assert share.interval.high == pytest.approx(cells.interval.high)
    assert counts(finding)["elusion_hits"] == 0
    assert counts(finding)["elusion_read"] == 100
    assert [row[1:3] for row in table(finding, "strata")] == [[8000, 100], [1500, 100], [500, 100]]


def test_one_item_more_in_the_lowest_stratum_moves_the_total_by_its_weight(own, ask_own):
    before = ask_own(stratified(own)).values[0].estimate
    after = ask_own(stratified(own, hits=(1, 2, 8))).values[0].estimate
    assert after - before == pytest.approx(8_000 / 100)


def test_a_first_reading_of_measured_error_is_corrected(own, ask_own, table):
    made = own(population=100_000)
    made.draw(items(1000))
    made.label(items(259), "yes")
    made.label(items(741, 259), "no")
    made.known(100, 89, 100, 95)
    finding = ask_own(made)
    share = finding.numbers()["share"]
    # Lang-Reiczigel 259/1000; 89/100; 95/100 of the method sheet, here with the correction for 1 % sampled.
    assert share.estimate == pytest.approx(0.24880952380952)
    assert share.interval.low == pytest.approx(0.18650962653107, abs=2e-4)
    assert share.interval.high == pytest.approx(0.29938800540541, abs=2e-4)
    assert [row[1:] for row in table(finding, "rates")] == [[0.89, 100, 100, 89], [0.95, 100, 100, 95]]


def test_known_rates_make_the_answer_conditional(own, ask_own):
    finding = ask_own(
        simple(own, hits=23, sample=150, population=10**6),
        label_error="known-rates",
        known_sensitivity=0.96,
        known_specificity=0.89,
    )
    assert finding.status == "cannot_say"  # the lower end of the golden is below zero
    finding = ask_own(
        simple(own, hits=60, sample=150, population=10**6),
        label_error="known-rates",
        known_sensitivity=0.96,
        known_specificity=0.89,
    )
    assert finding.status == "conditional"
    assert finding.numbers()["share"].estimate == pytest.approx((60 / 150 - 0.11) / 0.85)


def reason(finding):
    assert finding.status == "cannot_say"
    assert not [value for value in finding.values if value.estimate is not None]
    return finding.plain(finding.reason, "en")


def test_r1_items_without_a_known_chance_are_refused_and_their_labels_counted(own, ask_own):
    made = simple(own, method="purposive")
    finding = ask_own(made)
    assert "not drawn by a known random design" in reason(finding)
    assert counts(finding) == {"labelled": 100, "positives": 12}
    made = simple(own)
    made.rows["draws"][3]["inclusion_prob"] = None
    assert "not drawn by a known random design" in reason(ask_own(made))
    assert "not drawn by a known random design" in reason(ask_own({"labels": made.rows["labels"]}))


def test_r2_without_a_population_only_the_share_is_given(own, ask_own):
    made = simple(own)
    del made.rows["designs"]
    finding = ask_own(made)
    assert [value.name for value in finding.values] == ["share"]
    assert finding.status == "conditional"
    assert "Cannot say how many in total" in finding.plain(finding.headline, "en")


def test_r3_a_share_that_errors_could_explain_is_not_told_from_zero(own, ask_own):
    made = own(population=10_000)
    made.draw(items(151))
    made.label(items(6), "yes")
    made.label(items(145, 6), "no")
    made.known(100, 96, 1000, 927)
    finding = ask_own(made)
    assert "Not distinguishable from zero" in reason(finding)
    assert counts(finding)["hits"] == 6


def test_r4_labels_of_unknown_error_are_refused_with_the_specificity_that_would_explain_them(
    own, ask_own, table
):
    made = own()
    made.draw(items(100))
    made.label(items(12), "yes")
    made.label(items(88, 12), "no")
    finding = ask_own(made)
    assert "the error of the labels is unknown" in reason(finding)
    assert counts(finding)["hits"] == 12
    assert table(finding, "threshold")[0][1] == pytest.approx(0.88)
    made.known(100, 55, 100, 50)
    assert "too little information" in reason(ask_own(made))


def test_r5_a_stratum_without_draws_or_without_readings_is_refused(own, ask_own):
    made = stratified(own)
    made.rows["draws"] = [draw for draw in made.rows["draws"] if draw["stratum"] != "s1"]
    assert "could not have been sampled" in reason(ask_own(made))
    made = stratified(own)
    drawn = {draw["item_id"] for draw in made.rows["draws"] if draw["stratum"] == "s2"}
    made.rows["labels"] = [label for label in made.rows["labels"] if label["item_id"] not in drawn]
    assert "s2" in reason(ask_own(made))


def test_r6_a_claim_is_shown_exactly_when_it_lies_below_the_interval(own, ask_own):
    made = simple(own)
    low = exact_total(12, 100, 1000).low
    shown, not_shown = (ask_own(made, ask="claim", claim=claim) for claim in (low - 1, low))
    assert "does not show more than" not in shown.plain(shown.headline, "en")
    assert "does not show more than" in not_shown.plain(not_shown.headline, "en")
    assert shown.values[0].estimate == claim_p(12, 100, 1000, low - 1)


def test_r7_labels_looked_at_before_the_planned_size_get_the_anytime_interval(own, ask_own):
    made = simple(own, population=200, planned=100)
    drawn = set(items(50))
    made.rows["labels"] = [label for label in made.rows["labels"] if label["item_id"] in drawn]
    for label in made.rows["labels"]:
        label["value"] = "yes" if label["item_id"] in set(items(4)) else "no"
    finding = ask_own(made)
    total = finding.values[0]
    assert (total.interval.low, total.interval.high) == (4, 47)  # golden of the method sheet
    assert finding.plain(finding.headline, "en").startswith("Interval withheld")
    made = stratified(own)
    gone = made.rows["draws"][-1]["item_id"]
    made.rows["labels"] = [label for label in made.rows["labels"] if label["item_id"] != gone]
    assert "inspected before the planned size" in reason(ask_own(made))


def test_an_anytime_design_gives_the_anytime_interval_without_a_warning(own, ask_own):
    finding = ask_own(simple(own, hits=4, sample=50, population=200, stopping="anytime"))
    assert (finding.values[0].interval.low, finding.values[0].interval.high) == (4, 47)
    assert "withheld" not in finding.plain(finding.headline, "en")


def test_l2_readers_who_do_not_agree_enough_block_the_number(own, ask_own, table):
    made = own(minimum_alpha=0.667)
    made.draw(items(100))
    made.label(items(50), "yes")
    made.label(items(50, 50), "no")
    made.label(items(25), "no", round="2", annotator_id="reader-2")
    made.label(items(75, 25), "yes", round="2", annotator_id="reader-2")
    finding = ask_own(made)
    assert "do not agree enough" in reason(finding)
    assert table(finding, "agreement")[0][1] < 0.667


def test_l5_a_label_book_that_changed_half_way_is_refused_with_its_day(own, ask_own):
    made = simple(own)
    for label in made.rows["labels"]:
        if label["item_id"] in set(items(30, 70)):
            label["label_book_version"] = "2"
    finding = ask_own(made)
    assert "the definition changed on 3 February 2026" in reason(finding)
    assert counts(finding)["other_books"] == 60


def test_l6_flags_of_a_classifier_are_refused_until_their_error_is_measured(own, ask_own):
    made = own()
    made.rows["scores"] = [
        {
            "item_id": item,
            "class": "cats",
            "model_id": "m",
            "model_version": "1",
            "score": 0.9 if at < 259 else 0.1,
            "threshold": 0.5,
        }
        for at, item in enumerate(items(1000))
    ]
    asked = {"basis": "scores", "model_id": "m", "model_version": "1"}
    finding = ask_own(made, **asked)
    assert "Scores order the queue only" in reason(finding)
    assert (counts(finding)["flagged"], counts(finding)["scored"]) == (259, 1000)
    for at in range(100):  # 89 of 100 positives flagged, 95 of 100 negatives not
        for first, right, value in ((0, 89, "yes"), (100, 5, "no")):
            item = [f"x:{first + at}" if at < right else f"x:{600 + first + at}"]
            made.label(item, value, role="validation", round="adjudication", annotator_id="ref")
    finding = ask_own(made, **asked)
    assert finding.status == "conditional"  # that the known answers are a random part is registered nowhere
    assert finding.numbers()["share"].estimate == pytest.approx(0.24880952380952)


def test_l7_few_known_positives_are_said_with_their_number(own, ask_own):
    made = own(population=10_000)
    made.draw(items(1000))
    made.label(items(259), "yes")
    made.label(items(741, 259), "no")
    made.known(29, 28, 1000, 990)
    finding = ask_own(made)
    said = [finding.plain(text, "en") for text in finding.conditions]
    assert "Sensitivity rests on 29 items; its uncertainty dominates." in said


def test_items_without_a_value_are_counted_and_bounded_never_dropped(own, ask_own, table):
    made = simple(own)
    for label in made.rows["labels"]:
        if label["item_id"] in {"x:98", "x:99"}:
            label["value"] = "cannot_tell"
        if label["item_id"] == "x:97":
            label.update(value=None, skipped=True)
    finding = ask_own(made)
    found = counts(finding)
    assert (found["decided"], found["undecided"], found["skipped"], found["unread"]) == (97, 2, 1, 0)
    assert finding.values[0].estimate == pytest.approx(1000 * 12 / 97)
    assert [row[1] for row in table(finding, "bounds")] == [pytest.approx(120), pytest.approx(150)]
    asked = ask_own(made, ask="label-error")
    assert asked.values[0].name == "specificity_where_all_could_be_errors"
    assert [row[1] for row in table(asked, "bounds")] == [pytest.approx(120), pytest.approx(150)]


def test_what_was_read_once_without_an_answer_moves_the_bounds_where_the_rest_stands_on_second_readings(
    own, ask_own, table
):
    made = stratified(own)
    open_item = made.rows["draws"][-1]["item_id"]
    for label in made.rows["labels"]:
        if label["item_id"] == open_item:
            label["value"] = "cannot_tell"
    finding = ask_own(made)
    low, high = (row[1] for row in table(finding, "bounds"))
    # One of the 100 drawn from a stratum of 500 stands for five.
    assert high - low == pytest.approx(5)
    assert low <= finding.values[0].estimate < high


def test_an_adjudication_decides_where_readings_differ_and_is_no_reading_itself(own, ask_own):
    made = simple(own)
    for label in made.rows["labels"]:
        if label["round"] == "2" and label["item_id"] in set(items(4)):
            label["value"] = "no"
    open_ = counts(ask_own(made))
    assert (open_["hits"], open_["undecided"]) == (8, 4)
    made.label(items(3), "yes", round="adjudication", annotator_id="judge")
    made.label(["x:3"], "no", round="adjudication", annotator_id="judge")
    settled = counts(ask_own(made))
    assert (settled["hits"], settled["undecided"]) == (11, 0)


def test_labels_outside_the_sample_repeated_or_not_blind_are_counted_and_change_nothing(own, ask_own):
    made = simple(own)
    before = ask_own(made)
    made.label(["y:1", "y:2"], "yes")
    made.label(items(5, 50), "yes", round="3")  # the same reader again
    made.label(items(6, 60), "yes", round="3", annotator_id="reader-3", blind=None)
    after = ask_own(made)
    assert after.values[0].interval == before.values[0].interval
    found = counts(after)
    assert (found["outside"], found["repeated"], found["dependent"]) == (2, 5, 6)


def test_labels_assigned_for_another_design_are_not_those_of_this_sample(own, ask_own):
    made = simple(own)
    made.label(items(5, 50), "yes", round="3", annotator_id="reader-3", assignment_id="other")
    made.rows["assignments"].append(
        {
            "assignment_id": "other",
            "item_id": "x:50",
            "annotator_id": "reader-3",
            "queue": "sample",
            "blind": True,
        }
        | {"design_id": "d-2"}
    )
    assert ask_own(made).values[0].interval == ask_own(simple(own)).values[0].interval


def test_the_same_design_and_labels_sealed_twice_change_no_number(own, ask_own):
    made = simple(own)
    once = ask_own(made)
    for name, rows in made.rows.items():
        again = [
            {**row, "evidence_id": f"sha256:{'1' * 64}", "locator": f"{name};{at}"}
            for at, row in enumerate(rows)
        ]
        made.rows[name] = [*rows, *again]
    twice = ask_own(made)
    assert twice.values == once.values
    assert counts(twice)["sample"] == 100


def test_a_population_smaller_than_the_sample_is_refused(own, ask_own):
    assert "more items were drawn" in reason(ask_own(simple(own, population=99)))
    made = stratified(own)
    made.rows["strata"][0]["population"] = 7_999
    assert "do not add up" in reason(ask_own(made))


def test_a_question_about_another_platform_or_an_unknown_design_is_an_error(own, ask_own):
    with pytest.raises(MeasureError, match=r"no design 'd-2'.*'d-1'"):
        ask_own(simple(own), design="d-2")
    made = simple(own)
    made.rows["designs"].append({**made.rows["designs"][0], "design_id": "d-2"})
    with pytest.raises(MeasureError, match="several designs"):
        ask_own(made)
    made.rows["designs"][1] |= {"replaces": "d-1", "reason": "more labels"}
    finding = ask_own(made)
    assert finding.status == "cannot_say"  # nothing was drawn under the new one
    assert ask_own(made, design="d-1").status == "estimated"


def three_classes(own):
    made = simple(own)
    drawn = items(100)
    for name, hits in (("dogs", 30), ("birds", 1)):
        for reader, number in (("reader-1", "1"), ("reader-2", "2")):
            made.label(drawn[:hits], "yes", annotator_id=reader, round=number, **{"class": name})
            made.label(drawn[hits:], "no", annotator_id=reader, round=number, **{"class": name})
    return made


def test_several_classes_share_the_level_of_their_intervals(own, ask_own):
    finding = ask_own(three_classes(own), ask="classes", classes=["cats", "dogs", "birds"])
    level = 1 - 0.05 / 3
    for value, hits in zip(finding.values, (12, 30, 1), strict=True):
        ends = exact_total(hits, 100, 1000, level)
        assert value.interval == Interval(ends.low, ends.high, pytest.approx(level), ends.method)


def test_several_claims_are_adjusted_together(own, ask_own, table):
    claims = [
        {"class": "cats", "more_than": 70},
        {"class": "dogs", "more_than_share": 0.2},
        {"class": "birds", "more_than": 1},
    ]
    finding = ask_own(three_classes(own), ask="claims", claims=claims)
    plain = [claim_p(k, 100, 1000, total) for k, total in ((12, 70), (30, 200), (1, 1))]
    order = sorted(range(3), key=lambda at: plain[at])
    adjusted, largest = [0.0] * 3, 0.0
    for place, at in enumerate(order):
        largest = adjusted[at] = max(largest, min(1, (3 - place) * plain[at]))
    rows = table(finding, "claims")
    assert [row[3] for row in rows] == pytest.approx(plain)
    assert [row[4] for row in rows] == pytest.approx(adjusted)
    assert [row[6] for row in rows] == ["yes" if p <= 0.025 else "no" for p in adjusted]


def test_a_refused_class_is_named_and_the_others_are_answered(own, ask_own, table):
    made = three_classes(own)
    made.rows["labels"] = [
        label for label in made.rows["labels"] if (label["class"], label["round"]) != ("dogs", "2")
    ]
    finding = ask_own(made, ask="classes", classes=["cats", "dogs"])
    assert [value.status for value in finding.values] == ["estimated", "cannot_say"]
    assert "error of the labels is unknown" in table(finding, "refused")[0][1]


def test_a_rate_follows_from_the_total_and_the_window_and_only_the_window_moves_it(own, ask_own, table):
    finding = ask_own(simple(own), ask="rate")
    numbers = finding.numbers()
    assert numbers["items_per_minute"].estimate == pytest.approx(120 / (31 * 1440))
    assert numbers["seconds_per_item"].estimate == pytest.approx(31 * 86_400 / 120)
    assert [row[1] for row in table(finding, "window")] == [30, 31, 32]
    assert ask_own(simple(own, window_end_us=None), ask="rate").status == "cannot_say"


def test_the_share_of_views_weighs_items_by_their_views(own, ask_own):
    made = simple(own)
    made.rows["engagement"] = [
        {
            "post_id": f"x:{at}",
            "platform": "x",
            "metric": "view",
            "value": 300 if at < 12 else 100,
            "value_kind": "exact",
            "observed_at_us": 1,
            "observed_basis": "server_utc",
        }
        for at in range(100)
    ]
    finding = ask_own(made, ask="exposure")
    assert finding.values[0].estimate == pytest.approx(12 * 300 / (12 * 300 + 88 * 100))
    made.rows["engagement"][99] |= {"value": None, "value_kind": "hidden"}
    hidden = ask_own(made, ask="exposure")
    assert counts(hidden)["hidden"] == 1
    assert ask_own(simple(own), ask="exposure").status == "cannot_say"


def test_a_sample_drawn_by_views_reads_the_share_of_views_off_its_draws(own, ask_own):
    made = own(method="pps", weight="views", planned=50)
    made.draw(items(50), method="pps", size_measure=10.0)
    for draw in made.rows["draws"]:
        draw["inclusion_prob"] = 1 - (1 - 0.001) ** 50
    made.label(items(20), "yes")
    made.label(items(30, 20), "no")
    made.twice(items(20), "yes")
    made.twice(items(30, 20), "no")
    finding = ask_own(made, ask="exposure")
    assert finding.values[0].estimate == pytest.approx(0.4)
    assert ask_own(made).values[0].estimate == pytest.approx(400)


def test_clusters_widen_the_interval(own, ask_own):
    alone, together = own(method="cluster"), own(method="cluster")
    for made, size in ((alone, 1), (together, 10)):
        for at, item in enumerate(items(100)):
            made.draw([item], method="cluster", cluster=f"c{at // size}")
        made.label(items(20), "yes")
        made.label(items(80, 20), "no")
        made.twice(items(20), "yes")
        made.twice(items(80, 20), "no")
    narrow, wide = (ask_own(made).values[0] for made in (alone, together))
    assert narrow.estimate == wide.estimate == pytest.approx(200)
    assert wide.interval.high - wide.interval.low > 1.5 * (narrow.interval.high - narrow.interval.low)


def test_a_sample_is_raked_to_known_totals(own, ask_own):
    made = simple(own)
    made.rows["posts"] = [
        {
            "post_id": f"x:{at}",
            "native_id": str(at),
            "platform": "x",
            "kind": "post",
            "text_state": "present",
            "lang": "es" if at % 2 == 0 else "en",
            "observed_at_us": 1,
            "observed_basis": "server_utc",
        }
        for at in range(100)
    ]
    margins = [
        {"variable": "language", "category": name, "items": n} for name, n in (("es", 800), ("en", 200))
    ]
    finding = ask_own(made, ask="share", margins=margins)
    # Six of fifty in each language are positive: raking changes the weights and not the share.
    assert finding.values[0].estimate == pytest.approx(0.12)
    for label in made.rows["labels"]:
        if label["item_id"] in {"x:1", "x:3", "x:5"}:
            label["value"] = "no"
    assert ask_own(made, ask="share", margins=margins).values[0].estimate == pytest.approx(
        (800 * 6 / 50 + 200 * 3 / 50) / 1000
    )
    with pytest.raises(MeasureError, match="platform, language, kind"):
        ask_own(made, margins=[{"variable": "colour", "category": "red", "items": 1}])


def test_a_sample_that_no_estimator_takes_is_refused_in_the_estimators_words(own, ask_own):
    made = own(method="cluster")
    made.draw(items(20), method="cluster", cluster="only one")
    made.label(items(20), "yes")
    made.twice(items(20), "yes")
    assert "only one unit was drawn" in reason(ask_own(made))


def test_nothing_found_gives_an_upper_limit_and_never_a_negative_total(own, ask_own):
    finding = ask_own(simple(own, hits=0, sample=300, population=100_000, planned=300))
    total = finding.values[0]
    assert (total.estimate, total.interval.low, total.interval.high) == (0, 0, 1220)  # golden of the sheet
    assert "cannot be excluded" in finding.plain(finding.headline, "en")
    made = simple(own, hits=0)
    del made.rows["designs"]
    said = ask_own(made)
    assert any("Cannot say how many in total" in said.plain(text, "en") for text in said.conditions)


def test_a_finding_rests_on_the_tables_that_it_was_answered_from_and_no_others(own, ask_own):
    made = simple(own)
    made.rows["scores"] = [{"item_id": "x:1", "model_id": "m", "model_version": "1", "score": 0.5}]
    tables = [item.table for item in ask_own(made).inputs]
    assert tables == ["designs", "label_classes", "draws", "labels"]


def test_the_definition_is_locked_to_the_label_book_in_both_languages(own, ask_own, table):
    finding = ask_own(simple(own))
    assert "«a cat not a drawing»" in finding.plain(finding.definition, "en")
    assert "«un gato no un dibujo»" in finding.plain(finding.definition, "es")
    assert "«gatos»" in finding.plain(finding.headline, "es")
    assert [row[1] for row in table(finding, "book")] == ["a cat", "not a drawing", "un gato", "no un dibujo"]


def test_published_counts_cannot_answer_what_only_own_labels_can(own, ask_own):
    with pytest.raises(MeasureError, match="published counts cannot answer"):
        ask_own(simple(own), basis="published", ask="share")
