import pytest

from perito.errors import MeasureError


def month(number, value, **more):
    """A share of notified items removed in a month of 2025."""
    days = {2: 28, 4: 30, 6: 30, 9: 30, 11: 30}.get(number, 31)
    start, end = f"2025-{number:02}-01", f"2025-{number:02}-{days}"
    return {"period_start": start, "period_end_inclusive": end, "value": str(value), **more}


def items(row, measure="detected"):
    """The same row as a number of items."""
    base = "notified" if measure == "removed" else None
    return {**row, "measure": measure, "unit": "items", "base": base}


FIRST = {"channel": "normal user"}
SECOND = {"channel": "trusted flagger", "time_window": "not published"}


# ---------------------------------------------------------------- the public series


def test_the_series_gives_the_latest_the_lowest_and_the_highest_share_as_declared(example):
    finding = example["oberaxe-removal"]
    assert [(value.name, value.estimate) for value in finding.values] == [
        ("removed_latest", 0.57),
        ("removed_lowest", 0.34),
        ("removed_highest", 0.62),
    ]
    assert {value.status for value in finding.values} == {"declared"}


def test_every_identity_of_the_public_series_holds(example, table):
    """By hand: 18.8 + 30.7, 12 + 33, 12 + 28, 24 + 38; 6 + 1 + 5, 14 + 4 + 6; quarters; months; 246/455."""
    rows = table(example["oberaxe-removal"], "identities")
    percent = pytest.approx
    assert [row[1:] for row in rows] == [
        [percent(0.495), 0.494, percent(0.0015), "yes"],
        [percent(0.45), 0.45, percent(0.015), "yes"],
        [percent(0.40), 0.40, percent(0.015), "yes"],
        [percent(0.62), 0.62, percent(0.015), "yes"],
        [percent(0.12), 0.12, percent(0.02), "yes"],
        [percent(0.24), 0.24, percent(0.02), "yes"],
        [808_176, 808_176, 0, "yes"],
        [120_990, 120_990, 0, "yes"],
        [percent(246 / 455), 0.541, percent(0.0005), "yes"],
    ]
    numbers = example["oberaxe-removal"].numbers()
    assert (numbers["identities_checked"].estimate, numbers["identities_failed"].estimate) == (9, 0)


def test_the_jump_of_x_is_flagged_as_a_change_without_a_cause(example, plain, table):
    finding = example["oberaxe-removal"]
    changes = {row[0]: row[1:] for row in table(finding, "changes")}
    assert changes["X (formerly Twitter)"] == ["2025-08", 0.07, "2025-12", 0.67, pytest.approx(0.6)]
    assert "without asserting a cause" in plain(finding, finding.headline)
    limits = " ".join(plain(finding, text) for text in finding.does_not_show)
    assert "less reporting, not less content" in limits


def test_a_figure_printed_in_words_stays_in_words(example, table):
    rows = {row[0]: row[1:] for row in table(example["oberaxe-removal"], "by-platform")}
    assert rows["2025-08"][0].startswith("no number: «published as")
    assert rows["2025-08"][1:] == [0.65, 0.86, 0.07, 0.05]


def test_periods_stand_in_order_of_time_a_longer_one_before_its_parts(example, table):
    labels = [row[0] for row in table(example["oberaxe-removal"], "by-period")]
    assert labels[3:9] == ["2025", "2025-Q1", "2025-Q2", "2025-Q3", "2025-08", "2025-Q4"]


def test_stages_stand_in_order_of_time(example, table):
    rows = [row for row in table(example["oberaxe-removal"], "by-channel") if row[0] == "2025-12"]
    assert [row[2] for row in rows] == ["any", "up to 24 h", "24-48 h", "48 h to 1 week", "not published"]


def test_what_the_sources_note_on_seen_and_unseen_figures_is_printed(example, plain):
    finding = example["oberaxe-removal"]
    said = [plain(finding, text) for text in finding.conditions]
    assert any(text.startswith("Unverified figure: share removed, Facebook, 2025-08") for text in said)
    assert any(
        "detected items, 2025-11" in text and "derived from the December figure" in text for text in said
    )


# ---------------------------------------------------------------- planted: the base


@pytest.mark.parametrize("base", ["detected", None])
def test_a_removal_rate_on_another_base_than_notified_items_is_refused(plant, base):
    with pytest.raises(MeasureError, match=r"base of a removal rate.*row=1.*never divided by detections"):
        plant("removal", removal_notified=[month(1, 40, base=base)])


def test_a_figure_without_a_period_is_refused(plant):
    with pytest.raises(MeasureError, match=r"has no period.*row=1"):
        plant(
            "removal", removal_notified=[month(1, 40) | {"period_start": None, "period_end_inclusive": None}]
        )


def test_a_series_without_an_overall_share_cannot_say_one_and_shows_what_it_has(plant, table):
    finding = plant("removal", removal_notified=[items(month(1, 500)), month(1, 7, platform="x")])
    assert (finding.status, finding.values) == ("cannot_say", ())
    assert table(finding, "by-period") == [["2025-01", 500, None, None, None]]


def test_a_figure_that_stands_twice_is_not_chosen_from(plant, plain):
    finding = plant(
        "removal", removal_notified=[month(1, 40), month(2, 50, platform="x"), month(2, 51, platform="x")]
    )
    assert finding.status == "cannot_say"
    assert "share removed, X (formerly Twitter), 2025-02" in plain(finding, finding.reason)


def test_a_number_and_a_share_of_the_same_thing_are_no_repetition(plant):
    assert (
        plant("removal", removal_notified=[month(1, 40), items(month(1, 40), "removed")]).status == "declared"
    )


def test_two_series_are_not_mixed_and_need_a_name(plant):
    """A series is named after its file."""
    two = {"removal_notified": [month(1, 40)], "removal_notified__2": [month(1, 60)]}
    first, second = "0-removal_notified.data", "1-removal_notified.data"
    with pytest.raises(MeasureError, match=f"no single series fits.*{first}, {second}"):
        plant("removal", **two)
    assert plant("removal", {"study": second}, **two).values[0].estimate == 0.6
    with pytest.raises(MeasureError, match="no single series fits"):
        plant("removal", {"study": "another.csv"}, **two)


def test_without_a_series_the_question_says_what_to_seal(plant):
    with pytest.raises(MeasureError, match=r"no published removal series.*removal_notified"):
        plant("removal", label_counts=[{}])


def test_the_latest_share_is_the_one_whose_period_ended_last(plant, plain):
    year = {"period_start": "2025-01-01", "period_end_inclusive": "2025-12-31", "value": "30"}
    finding = plant("removal", removal_notified=[month(11, 50), year])
    assert finding.values[0].estimate == 0.3
    assert "notified in 2025 were removed" in plain(finding, finding.headline)


# ---------------------------------------------------------------- planted: identities


@pytest.mark.parametrize(
    ("total", "verdict"), [(45, "yes"), (46, "yes"), (44, "yes"), (47, "no"), (43, "no")]
)
def test_two_whole_parts_may_differ_from_their_total_by_one_and_a_half_units(plant, table, total, verdict):
    """k = 2 parts printed as whole points: up to (k + 1)/2 = 1.5 points."""
    rows = [month(1, total), month(1, 12, **FIRST), month(1, 33, **SECOND)]
    finding = plant("removal", removal_notified=rows)
    assert [row[3:] for row in table(finding, "identities")] == [[pytest.approx(0.015), verdict]]
    assert finding.numbers()["identities_failed"].estimate == (verdict == "no")


def test_parts_printed_to_a_tenth_are_allowed_tenths(plant, table):
    rows = [month(1, "49.4"), month(1, "18.8", **FIRST), month(1, "30.5", **SECOND)]
    assert table(plant("removal", removal_notified=rows), "identities")[0][3:] == [
        pytest.approx(0.0015),
        "yes",
    ]
    rows[1]["value"] = "18.6"
    assert table(plant("removal", removal_notified=rows), "identities")[0][4] == "no"


def test_times_to_removal_are_checked_against_their_notifier(plant, table):
    stages = [
        month(1, n, **FIRST, time_window=w) for n, w in ((6, "up to 24 h"), (1, "24-48 h"), (9, "later"))
    ]
    finding = plant("removal", removal_notified=[month(1, 40), month(1, 12, **FIRST), *stages])
    (row,) = table(finding, "identities")
    assert row[0].startswith("times to removal against any time")
    assert "«normal user»" in row[0]
    assert (row[1], row[4]) == (pytest.approx(0.16), "no")


def test_numbers_of_items_must_add_up_exactly(plant, table):
    quarter = {"period_start": "2025-01-01", "period_end_inclusive": "2025-03-31", "value": "61"}
    months = [items(month(n, 20)) for n in (1, 2, 3)]
    finding = plant("removal", removal_notified=[month(1, 40), items(quarter), *months])
    assert [row[1:] for row in table(finding, "identities")] == [[60, 61, 0, "no"]]


def test_months_with_a_gap_are_no_parts_of_the_quarter(plant):
    quarter = {"period_start": "2025-01-01", "period_end_inclusive": "2025-03-31", "value": "61"}
    months = [items(month(n, 20)) for n in (1, 3)]
    finding = plant("removal", removal_notified=[month(1, 40), items(quarter), *months])
    assert finding.numbers()["identities_checked"].estimate == 0


@pytest.mark.parametrize(
    ("printed", "verdict"), [("54.1", "yes"), ("54.2", "no"), ("54", "yes"), ("55", "no")]
)
def test_a_printed_share_is_checked_against_its_counts(plant, table, printed, verdict):
    """246 of 455 is 54.066 per cent."""
    rows = [month(1, printed), items(month(1, 455), "notified"), items(month(1, 246), "removed")]
    assert table(plant("removal", removal_notified=rows), "identities")[0][4] == verdict


def test_parts_of_one_platform_are_not_checked_against_another(plant):
    rows = [month(1, 40), month(1, 12, **FIRST, platform="x"), month(1, 33, **SECOND, platform="x")]
    assert plant("removal", removal_notified=rows).numbers()["identities_checked"].estimate == 0


# ---------------------------------------------------------------- planted: changes


@pytest.mark.parametrize(
    ("after", "threshold", "flagged"),
    [(65, 0.25, 1), (64, 0.25, 0), (15, 0.25, 1), (67, 0.27, 1), (66, 0.27, 0), (40, 0.0, 1)],
)
def test_a_change_is_flagged_from_the_threshold_on_as_it_was_written(plant, after, threshold, flagged):
    rows = [month(1, 40), month(2, after)]
    finding = plant("removal", {"change_threshold": threshold}, removal_notified=rows)
    assert finding.numbers()["changes_flagged"].estimate == flagged


def test_neighbours_of_different_length_or_platform_are_not_compared(plant):
    quarter = {"period_start": "2025-04-01", "period_end_inclusive": "2025-06-30", "value": "90"}
    rows = [month(1, 10), quarter, month(2, 90, platform="x"), month(3, 90, **FIRST)]
    assert plant("removal", removal_notified=rows).numbers()["changes_flagged"].estimate == 0


def test_periods_that_are_no_calendar_months_are_compared_by_their_days(plant):
    def days(first, last, value):
        return {"period_start": first, "period_end_inclusive": last, "value": str(value)}

    rows = [days("2025-01-05", "2025-01-14", 10), days("2025-01-15", "2025-01-24", 90)]
    assert plant("removal", removal_notified=rows).numbers()["changes_flagged"].estimate == 1
    rows[1]["period_end_inclusive"] = "2025-01-30"
    assert plant("removal", removal_notified=rows).numbers()["changes_flagged"].estimate == 0


def test_overlapping_periods_are_not_compared(plant):
    rows = [
        {"period_start": "2025-01-05", "period_end_inclusive": "2025-01-14", "value": "10"},
        {"period_start": "2025-01-14", "period_end_inclusive": "2025-01-23", "value": "90"},
    ]
    assert plant("removal", removal_notified=rows).numbers()["changes_flagged"].estimate == 0
