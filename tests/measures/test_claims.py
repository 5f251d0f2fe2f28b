"""The claim ledger: published claims against what the sample shows, under the sample's own definition."""

import pytest

from perito.errors import MeasureError
from perito.stats.proportion import claim_p, exact_total

DEFINITION = "a cat\nnot a drawing"


def items(number, first=0):
    return [f"x:{at}" for at in range(first, first + number)]


@pytest.fixture
def sample(own):
    made = own()
    made.draw(items(100))
    for reader, number in (("reader-1", "1"), ("reader-2", "2")):
        made.label(items(12), "yes", annotator_id=reader, round=number)
        made.label(items(88, 12), "no", annotator_id=reader, round=number)
    return made


def entry(definition=DEFINITION, **figure):
    return {"said": "so many cats", "source": "a paper", "class": "cats", "definition": definition, **figure}


def count_of(finding, name):
    return finding.numbers()[name].estimate


def test_each_claim_has_its_measured_value_p_e_and_a_decision_for_all_together(sample, ask_own, table):
    ledger = [entry(more_than=50), entry(more_than=100), entry(about=130), entry(about=600)]
    finding = ask_own(sample, "claims", ledger=ledger)
    rows = table(finding, "ledger")
    assert [row[3] for row in rows] == [50, 100, 130, 600]
    assert all(row[4] == pytest.approx(120) for row in rows)
    assert rows[0][5] == claim_p(12, 100, 1000, 50)
    assert rows[0][6] == pytest.approx(3 * claim_p(12, 100, 1000, 50))
    assert rows[0][7] > rows[1][7]  # e-values
    assert rows[2][7] is None
    told = {name: count_of(finding, name) for name in ("shown", "not_shown", "excluded", "not_excluded")}
    assert told == {"shown": 1, "not_shown": 1, "excluded": 1, "not_excluded": 1}


def test_one_claim_about_a_total_is_excluded_exactly_when_it_lies_outside_the_interval(sample, ask_own):
    ends = exact_total(12, 100, 1000)
    for total, excluded in ((ends.low, 0), (ends.low - 1, 1), (ends.high, 0), (ends.high + 1, 1)):
        finding = ask_own(sample, "claims", ledger=[entry(about=total)])
        assert count_of(finding, "excluded") == excluded


def test_r8_a_claim_under_another_definition_is_not_compared_and_the_clauses_are_listed(
    sample, ask_own, table
):
    ledger = [entry("A cat.\nalso a drawing", about=5_00), entry("a CAT.\n not a drawing", about=500)]
    finding = ask_own(sample, "claims", ledger=ledger)
    first, second = table(finding, "ledger")
    assert "the definitions differ" in first[-1]
    assert "«also a drawing»" in first[-1]
    assert "«not a drawing»" in first[-1]
    assert "cat" not in first[-1].lower().replace("definition", "")
    assert first[5] is None
    assert second[5] is not None
    assert count_of(finding, "not_comparable") == 1


def test_a_claim_without_a_definition_is_put_to_the_label_book_and_says_so(sample, ask_own, table):
    finding = ask_own(sample, "claims", ledger=[entry("not stated", about=130)])
    assert "names no definition" in table(finding, "ledger")[0][-1]


def test_sealed_published_counts_are_checked_like_any_claim(sample, ask_own, table):
    sample.rows["counts"] = [
        {
            "study": "the other side",
            "kind": "count",
            "class": "their cats",
            "value": 30,
            "base": 100,
            "population": 1000,
            "definition": DEFINITION,
            "reliability": "seen",
        }
    ]
    asked = [{"study": "the other side", "published_class": "their cats", "class": "cats"}]
    finding = ask_own(sample, "claims", published=asked)
    assert table(finding, "ledger")[0][3] == 300
    assert count_of(finding, "excluded") == 1
    assert [item.table for item in finding.inputs if item.table == "counts"]
    with pytest.raises(MeasureError, match="their cats"):
        ask_own(sample, "claims", published=[{**asked[0], "published_class": "their cat"}])


def test_a_refused_class_refuses_its_claims(sample, ask_own):
    sample.rows["labels"] = [label for label in sample.rows["labels"] if label["round"] == "1"]
    finding = ask_own(sample, "claims", ledger=[entry(about=130)])
    assert finding.status == "cannot_say"
    assert "error of the labels is unknown" in finding.plain(finding.reason, "en")


def test_a_ledger_without_a_claim_or_beyond_the_population_is_an_error(sample, ask_own):
    with pytest.raises(MeasureError, match="names no claim"):
        ask_own(sample, "claims")
    with pytest.raises(MeasureError, match="exceeds the population"):
        ask_own(sample, "claims", ledger=[entry(about=1_001)])
