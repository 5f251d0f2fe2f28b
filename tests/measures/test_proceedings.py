import pytest

from perito.errors import MeasureError


def entry(name, amount=None, **more):
    return {"id": name, "amount_eur": amount, **more}


def said(finding):
    return {name: value.estimate for name, value in finding.numbers().items()}


def test_the_fine_on_x_adds_up_to_the_published_total_and_is_under_appeal(example, plain):
    """45 + 35 + 40 = 120 million EUR; arts 25, 39, 40(12); appealed in February 2026."""
    finding = example["parallel-proceedings"]
    numbers = said(finding)
    assert numbers["amounts_total"] == numbers["published_total"] == 120_000_000
    assert (numbers["amounts"], numbers["amounts_appealed"], numbers["difference"]) == (3, 3, 0)
    assert "as published" in plain(finding, finding.headline)


def test_the_register_shows_articles_dates_amounts_and_the_state_of_appeal(example, table):
    rows = {row[0]: row[1:] for row in table(example["parallel-proceedings"], "register")}
    fine = rows["ec-dsa-fine-40"]
    assert (fine[0], fine[4], fine[6]) == ("2025-12-05", "40(12)", 40_000_000)
    assert fine[5] == "fine: access of researchers to public data"
    assert fine[7].startswith("appealed")
    assert len(rows) == 19


def test_dates_keep_their_precision_and_the_undated_come_last(example, table):
    dates = [row[1] for row in table(example["parallel-proceedings"], "register")]
    assert dates[0] == "2025-01"
    assert dates[-1] is None
    assert said(example["parallel-proceedings"])["undated"] == 1


def test_amounts_that_differ_from_the_published_total_are_said_with_the_difference(plant, plain):
    rows = [entry("one", 45), entry("two", 35)]
    finding = plant("proceedings", {"published_total_eur": 120}, proceedings=rows)
    assert said(finding)["difference"] == 40
    assert "not to the 120 EUR that were published" in plain(finding, finding.headline)
    assert "no los 120 EUR" in plain(finding, finding.headline, "es")


def test_without_a_published_total_the_amounts_are_only_added(plant):
    finding = plant("proceedings", proceedings=[entry("one", 45), entry("two", 35)])
    assert [value.name for value in finding.values] == ["amounts_total"]
    assert finding.values[0].estimate == 80


def test_a_register_without_an_amount_has_no_sum(plant, plain):
    finding = plant("proceedings", {"published_total_eur": 120}, proceedings=[entry("one")])
    assert "none of them with an amount" in plain(finding, finding.headline)
    assert "amounts_total" not in said(finding)


@pytest.mark.parametrize(
    ("state", "counts"),
    [
        ("appealed (reported 13 Feb 2026)", 1),
        ("Under appeal", 1),
        ("appeal pending", 1),
        ("appeal lodged on 3 March", 1),
        ("not appealed", 0),
        ("final: appeal dismissed", 0),
        ("appeal dismissed", 0),
        ("open", 0),
        (None, 0),
    ],
)
def test_only_a_state_that_says_so_counts_as_under_appeal(plant, state, counts):
    finding = plant("proceedings", proceedings=[entry("one", 45, state=state)])
    assert said(finding)["amounts_appealed"] == counts


def test_an_appeal_against_a_decision_without_an_amount_adds_no_appealed_amount(plant):
    finding = plant("proceedings", proceedings=[entry("one", None, state="appealed")])
    assert said(finding)["amounts_appealed"] == 0


def test_an_entry_that_stands_in_two_registers_is_not_added_twice(plant, plain):
    finding = plant("proceedings", proceedings=[entry("one", 45), entry("one", 45, note="again")])
    assert (finding.status, finding.values) == ("cannot_say", ())
    assert "«one»" in plain(finding, finding.reason)


def test_every_note_of_the_register_is_printed_with_its_entry(plant, plain):
    finding = plant("proceedings", proceedings=[entry("one", note="day not seen"), entry("two")])
    assert [plain(finding, text) for text in finding.conditions] == [
        "On «one» the source notes: «day not seen»."
    ]


def test_authorities_and_jurisdictions_are_counted_once(plant):
    rows = [entry("one"), entry("two"), entry("three", jurisdiction="IE", authority="Commission for Data")]
    numbers = said(plant("proceedings", proceedings=rows))
    assert (numbers["entries"], numbers["authorities"], numbers["jurisdictions"]) == (3, 2, 2)


def test_the_scope_is_the_time_that_the_register_spans(plant, period):
    rows = [entry("one", date="2025-01"), entry("two", date="2026-02-17"), entry("three", date=None)]
    assert plant("proceedings", proceedings=rows).scope.period == period("2025-01-01", "2026-02-18")
    undated = plant("proceedings", proceedings=[entry("one", date=None)])
    assert undated.scope.period == period("2020-01-01", "2027-01-01")


def test_an_entry_not_seen_in_a_source_is_called_unverified(plant, table):
    finding = plant("proceedings", proceedings=[entry("one", status="unverified")])
    assert table(finding, "register")[0][-1] == "unverified"
    assert said(finding)["unverified"] == 1


def test_without_a_register_the_question_says_what_to_seal(plant):
    with pytest.raises(MeasureError, match=r"no register of proceedings.*'proceedings'"):
        plant("proceedings", label_counts=[{}])
