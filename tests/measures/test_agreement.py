"""Agreement of independent readings: golden values, refusals, the blocking minimum, readers, drift."""

import numpy as np
import pytest

from perito.measures.agreement import change_p
from perito.measures.sampled.agreement import agreement_of


def items(number, first=0):
    return [f"x:{at}" for at in range(first, first + number)]


def two_readers(own, both, first, second, neither, **design):
    made = own(**design)
    made.draw(items(both + first + second + neither))
    made.label(items(both + first), "yes")
    made.label(items(second + neither, both + first), "no")
    for start, number, value in ((0, both, "yes"), (both, first, "no"), (both + first, second, "yes")):
        made.label(items(number, start), value, round="2", annotator_id="reader-2")
    made.label(items(neither, both + first + second), "no", round="2", annotator_id="reader-2")
    return made


def numbers(finding):
    return {value.name: value.estimate for value in (*finding.values, *finding.counts)}


def reason(finding):
    assert finding.status == "cannot_say"
    return finding.plain(finding.reason, "en")


def test_two_readers_give_the_golden_values_of_the_method_sheet(own, ask_own):
    found = numbers(ask_own(two_readers(own, 40, 10, 10, 9_940), "agreement", **{"class": "cats"}))
    assert found["alpha"] == pytest.approx(0.799005025125628, abs=1e-12)
    assert found["positive"] == pytest.approx(0.8)
    assert found["negative"] == pytest.approx(0.998994974874372)
    assert found["raw"] == pytest.approx(0.998)
    assert found["ac1"] == pytest.approx(0.997979900005050)
    assert found["contested"] == pytest.approx(0.002)
    assert found["double_read"] == 10_000


def test_the_coefficient_of_gwet_never_stands_alone_and_alpha_comes_first(own, ask_own):
    finding = ask_own(two_readers(own, 5, 1, 1, 40), "agreement", **{"class": "cats"})
    assert [v.name for v in finding.values] == ["alpha", "positive", "negative", "raw", "contested", "ac1"]
    assert all(value.interval for value in finding.values)


def test_l1_items_labelled_once_say_nothing_of_reliability(own, ask_own):
    made = own()
    made.draw(items(20))
    made.label(items(20))
    assert "each item was labelled once" in reason(ask_own(made, "agreement", **{"class": "cats"}))


def test_l3_one_value_alone_cannot_be_judged(own, ask_own):
    finding = ask_own(two_readers(own, 0, 0, 0, 30), "agreement", **{"class": "cats"})
    assert "only one value occurs" in reason(finding)
    assert numbers(finding)["double_read"] == 30


def test_l4_second_readings_with_sight_of_the_first_are_not_reported(own, ask_own):
    made = two_readers(own, 5, 1, 1, 20)
    for label in made.rows["labels"]:
        label["blind"] = None
    finding = ask_own(made, "agreement", **{"class": "cats"})
    assert reason(finding) == "Not independent: agreement is not reported."
    assert numbers(finding)["dependent"] == 27


def test_an_adjudication_and_a_second_label_of_one_person_are_no_readings(own, ask_own):
    made = two_readers(own, 5, 5, 5, 20)
    before = numbers(ask_own(made, "agreement", **{"class": "cats"}))
    made.label(items(15), "yes", round="adjudication", annotator_id="judge")
    made.label(items(15), "yes", round="3")
    after = numbers(ask_own(made, "agreement", **{"class": "cats"}))
    assert after["alpha"] == before["alpha"]
    assert after["repeated"] == 15


def test_agreement_under_the_preset_minimum_is_said_with_the_numbers(own, ask_own):
    finding = ask_own(two_readers(own, 20, 20, 20, 40, minimum_alpha=0.667), "agreement", **{"class": "cats"})
    said = [finding.plain(text, "en") for text in finding.conditions]
    assert any("do not agree enough" in text for text in said)
    assert numbers(finding)["minimum"] == 0.667


def test_where_one_answer_is_nearly_constant_the_agreement_on_it_decides(own, ask_own):
    # 60 of 5,000 positive: alpha and positive agreement are high, its lower end near .7.
    rare = two_readers(own, 55, 5, 5, 4_935, population=5_000, planned=5_000, minimum_alpha=0.8)
    assert ask_own(rare).status == "estimated"
    worse = two_readers(own, 30, 30, 30, 4_910, population=5_000, planned=5_000, minimum_alpha=0.8)
    assert "do not agree enough" in reason(ask_own(worse))


def test_a_class_of_numbers_is_read_on_its_metric(own, ask_own):
    made = own()
    made.draw(items(15))
    coders = ("*****34121133*3", "1*213343*******", "**21344*21133*4")  # the sheet's three coders
    for number, values in enumerate(coders, start=1):
        for item, value in zip(items(15), values, strict=True):
            if value != "*":
                made.label([item], value, round=str(number), annotator_id=f"r{number}")
    for metric, golden in (
        ("ordinal", 0.806721419941315),
        ("interval", 0.810844892812106),
        ("ratio", 0.808943670784247),
    ):
        found = numbers(ask_own(made, "agreement", metric=metric, **{"class": "cats"}))
        assert found["alpha"] == pytest.approx(golden, abs=1e-12)


def test_a_careless_reader_is_seen_in_the_table_of_readers(own, ask_own, table):
    draw = np.random.default_rng(5)
    made = own()
    made.draw(items(300))
    truth = draw.random(300) < 0.3
    for number in range(1, 6):
        guess = draw.random(300) < 0.5
        right = truth ^ (draw.random(300) < 0.08)
        for at, item in enumerate(items(300)):
            is_yes = guess[at] if number == 4 else right[at]
            made.label([item], "yes" if is_yes else "no", round=str(number), annotator_id=f"r{number}")
    rows = table(ask_own(made, "agreement", **{"class": "cats"}), "readers")
    assert min(rows, key=lambda row: row[2] + row[3])[0] == "r4"


def drifted(own, late, seed):
    draw = np.random.default_rng(seed)
    made = own()
    made.draw(items(600))
    truth = draw.random(600) < 0.5
    for role, sensitivity in (("sample", 0.95), ("relabel", late)):
        for at, item in enumerate(items(600 if role == "sample" else 300)):
            is_yes = truth[at] and draw.random() < sensitivity
            made.label([item], "yes" if is_yes else "no", role=role)
    return made


def test_a_drift_of_the_readers_shows_in_what_they_read_again(own, ask_own, table):
    drift = ask_own(drifted(own, 0.8, 3), "agreement", **{"class": "cats"})
    steady = ask_own(drifted(own, 0.95, 3), "agreement", **{"class": "cats"})
    assert table(drift, "drift")[-1][1] < 0.05
    assert table(steady, "drift")[-1][1] > 0.05
    assert table(drift, "drift")[0][1] == 300


def test_drift_is_found_nine_times_in_ten_and_invented_once_in_twenty_at_most():
    draw = np.random.default_rng(11)

    def share_flagged(late):
        flagged = 0
        for _ in range(400):
            yes = int((draw.random(300) < 0.5).sum())
            first, second = draw.random(yes) < 0.95, draw.random(yes) < late
            flagged += change_p(int((first & ~second).sum()), int((~first & second).sum())) <= 0.05
        return flagged / 400

    assert share_flagged(0.8) >= 0.9
    assert share_flagged(0.95) <= 0.07


def test_cannot_tell_is_a_value_and_never_dropped():
    readings = [
        (f"i{at}", reader, value) for at in range(40) for reader, value in (("a", "yes"), ("b", "no"))
    ]
    unsure = [
        (f"j{at}", reader, value) for at in range(40) for reader, value in (("a", "no"), ("b", "cannot_tell"))
    ]
    found = agreement_of([*readings, *unsure], replicates=200)
    assert found.items == 80
    assert found.estimates["contested"].value == 1.0
