"""The kinds of published counts: what the example's files say, cell by cell, and what cannot be true."""

import csv
import io
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.clock import iso
from perito.errors import Malformed, MeasureError
from perito.formats import Record, Reject, SourceItem, find
from perito.formats.delimited import RowFault
from perito.formats.published import as_of, day_span, printed_share, provenance
from perito.tables.collect import read_item

SOURCES = Path(__file__).resolve().parents[2] / "examples" / "spain-2026" / "sources"
KINDS = ("label_counts", "refusal_trials", "removal_notified", "survey_counts", "proceedings")


def item(content: bytes, name="a.csv", platform=None) -> SourceItem:
    return SourceItem("sha256:" + "0" * 64, name, lambda: io.BytesIO(content), platform, 0)


def example(kind):
    return (SOURCES / f"{kind}.csv").read_bytes()


def pieces(kind, content, platform=None):
    return list(find(kind).read(item(content, platform=platform)))


def changed(kind, at, **cells):
    """The example file of a kind with some cells of one record (from 1) replaced."""
    rows = list(csv.DictReader(io.StringIO(example(kind).decode())))
    rows[at - 1].update(cells)
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def values(kind, at, **cells):
    """What one record becomes: the values of its row, or the reject."""
    piece = pieces(kind, changed(kind, at, **cells))[at - 1]
    return piece if isinstance(piece, Reject) else piece.rows[0].values


@pytest.mark.parametrize("kind", KINDS)
def test_every_record_of_the_example_is_mapped_to_the_tables_it_names(kind):
    found = pieces(kind, example(kind))
    records = list(csv.DictReader(io.StringIO(example(kind).decode())))
    assert [piece.locator for piece in found] == [f"row={number}" for number in range(1, len(records) + 1)]
    assert all(isinstance(piece, Record) for piece in found)
    assert {row.table for piece in found for row in piece.rows} == set(find(kind).tables)
    rows = read_item(item(example(kind)), find(kind))
    assert (rows.mapped, rows.rejects) == (len(records), [])


@pytest.mark.parametrize("kind", KINDS)
def test_notes_sources_and_reliability_are_kept_word_for_word(kind):
    records = csv.DictReader(io.StringIO(example(kind).decode()))
    for piece, record in zip(pieces(kind, example(kind)), records, strict=True):
        told = piece.rows[0].values
        assert (told["note"] or "", told["source"] or "", told["reliability"]) == (
            record["note"],
            record["source"],
            record["status"],
        )


def test_counts_of_a_sample_keep_design_window_and_definition():
    told = values("label_counts", 2)
    assert {name: told[name] for name in ("kind", "platform", "class", "value", "base", "population")} == {
        "kind": "count", "platform": "x", "class": "sexualised (adults or children)",
        "value": 12_995, "base": 20_000, "population": 4_621_335,
    }  # fmt: skip
    assert (iso(told["window_start_us"]), iso(told["window_end_us"])) == (
        "2025-12-29T00:00:00Z",
        "2026-01-09T00:00:00Z",
    )
    assert (told["window_basis"], told["printed"]) == ("calendar_date", "12995")


def test_the_platform_of_the_acquisition_fills_in_where_the_file_names_none():
    content = changed("label_counts", 1, platform="")
    assert pieces("label_counts", content, platform="tiktok")[0].rows[0].values["platform"] == "tiktok"
    assert pieces("label_counts", content)[0].rows[0].values["platform"] is None
    assert values("label_counts", 1)["platform"] == "x"


def test_outcomes_of_trials_keep_wave_and_base():
    told = values("refusal_trials", 1)
    assert (told["kind"], told["wave"], told["class"], told["value"], told["base"]) == (
        "outcome",
        1,
        "complied",
        45,
        55,
    )
    assert values("refusal_trials", 3)["kind"] == "sub_count"
    comparator = values("refusal_trials", 7)
    assert (comparator["kind"], comparator["value"], comparator["base"]) == ("comparator", None, None)
    assert "window_start_us" not in comparator


def test_a_series_keeps_counts_as_counts_and_percentages_as_fractions_as_printed():
    assert (values("removal_notified", 1)["value"], values("removal_notified", 1)["kind"]) == (455, "volume")
    told = values("removal_notified", 3)
    names = ("kind", "share_numerator", "share_denominator", "share_unit", "printed")
    assert [told[name] for name in names] == ["rate", 541, 1_000, 1_000, "54.1"]
    assert told["platform"] == "several"


def test_survey_shares_keep_sample_size_ages_recall_and_wording():
    told = values("survey_counts", 1)
    assert (told["base"], told["ages"], told["share_numerator"], told["share_denominator"]) == (
        1_000,
        "18-21",
        20,
        100,
    )
    assert (iso(told["window_start_us"]), iso(told["window_end_us"])) == (
        "2025-03-01T00:00:00Z",
        "2025-05-01T00:00:00Z",
    )
    assert iso(told["as_of_us"]) == "2025-07-08T00:00:00Z"
    fraction = values("survey_counts", 3)
    assert (fraction["share_numerator"], fraction["share_denominator"], fraction["share_unit"]) == (
        1,
        17,
        None,
    )
    assert "as_of_us" not in fraction  # published: 2025, no day


def test_proceedings_keep_dates_as_precise_as_they_are_known():
    told = values("proceedings", 1)
    assert (told["amount_eur"], told["platform"], told["date"]) == (45_000_000, "x", "2025-12-05")
    assert iso(told["date_end_us"]) == "2025-12-06T00:00:00Z"
    month = values("proceedings", 1, date="2025-12")
    assert (month["date"], iso(month["date_end_us"])) == ("2025-12", "2026-01-01T00:00:00Z")
    assert "date_start_us" not in values("proceedings", 1, date="")


@pytest.mark.parametrize(
    ("addressee", "platform"),
    [("X", "x"), ("TikTok", "tiktok"), ("X; Meta", "several"), ("Meta", "other"), ("Facebook", "facebook")],
)
def test_an_addressee_becomes_a_platform_or_another_and_keeps_its_name(addressee, platform):
    told = values("proceedings", 1, addressee=addressee)
    assert (told["platform"], told["addressee"]) == (platform, addressee)


REJECTED = [
    ("label_counts", {"window_start": "2026-02-30"}, "2026-02-30"),
    ("label_counts", {"window_start": "9999-12-31", "window_end_inclusive": "9999-12-30"}, "before"),
    ("label_counts", {"window_start": "2026-01-09"}, "before"),
    ("label_counts", {"window_start": ""}, "only one"),
    ("label_counts", {"window_days": "12"}, "11 days"),
    ("label_counts", {"count": "many"}, "'count'"),
    ("label_counts", {"count": "1e4"}, "'count'"),
    ("label_counts", {"class": ""}, "'class'"),
    ("label_counts", {"row": "total"}, "'row'"),
    ("label_counts", {"status": "certain"}, "'status'"),
    ("label_counts", {"as_of": "yesterday"}, "yesterday"),
    ("label_counts", {"as_of": "2026-13-01"}, "2026-13-01"),
    ("refusal_trials", {"of": "54"}, "55 tests"),
    ("refusal_trials", {"row_is": "guess"}, "'row_is'"),
    ("refusal_trials", {"wave": "one"}, "'wave'"),
    ("removal_notified", {"unit": "kilos"}, "kilos"),
    ("removal_notified", {"unit": ""}, "items or percent"),
    ("removal_notified", {"unit": "percent", "value": "54,1"}, "54,1"),
    ("removal_notified", {"unit": "percent", "value": "1/0"}, "1/0"),
    ("removal_notified", {"measure": "seen"}, "'measure'"),
    ("removal_notified", {"platform": ""}, "'platform'"),
    ("survey_counts", {"value": "a fifth"}, "a fifth"),
    ("survey_counts", {"value_form": "share"}, "'value_form'"),
    ("survey_counts", {"n": "about 1000"}, "'n'"),
    ("proceedings", {"date": "5 December"}, "5 December"),
    ("proceedings", {"date": "20251205"}, "20251205"),
    ("proceedings", {"amount_eur": "45M"}, "'amount_eur'"),
    ("proceedings", {"event": ""}, "'event'"),
]


@pytest.mark.parametrize(("kind", "cells", "named"), REJECTED, ids=[f"{k}-{c}" for k, c, _ in REJECTED])
def test_a_record_that_cannot_be_read_is_rejected_with_the_reason_and_the_others_stay(kind, cells, named):
    found = read_item(item(changed(kind, 1, **cells)), find(kind))
    ((locator, reason),) = [(reject.locator, reject.reason) for reject in found.rejects]
    assert (locator, found.records) == ("row=1", len(pieces(kind, example(kind))))
    assert named in reason


OUT_OF_SCHEMA = [
    ("label_counts", {"count": "-1"}),
    ("label_counts", {"platform": "mastdon"}),
    ("removal_notified", {"platform": "mastdon"}),
    ("proceedings", {"amount_eur": "-5"}),
    ("proceedings", {"date": "9999-12-31"}),
]


@pytest.mark.parametrize(("kind", "cells"), OUT_OF_SCHEMA, ids=[f"{k}-{c}" for k, c in OUT_OF_SCHEMA])
def test_a_value_that_the_schema_refuses_is_a_reject(kind, cells):
    found = read_item(item(changed(kind, 1, **cells)), find(kind))
    assert [reject.locator for reject in found.rejects] == ["row=1"]
    assert found.mapped == len(pieces(kind, example(kind))) - 1


IMPOSSIBLE = [
    ("label_counts", 2, {"count": "20001"}, "20001"),
    ("label_counts", 2, {"population": "19999"}, "19999"),
    ("refusal_trials", 1, {"count": "56"}, "56"),
    ("survey_counts", 1, {"value": "101"}, "101"),
    ("survey_counts", 3, {"value": "18/17"}, "18"),
    ("removal_notified", 3, {"value": "100.1"}, "1001"),
]


@pytest.mark.parametrize(
    ("kind", "at", "cells", "figure"), IMPOSSIBLE, ids=[f"{k}-{c}" for k, _, c, _ in IMPOSSIBLE]
)
def test_figures_that_cannot_be_true_together_stop_the_work(kind, at, cells, figure):
    with pytest.raises(MeasureError) as caught:
        read_item(item(changed(kind, at, **cells), name="sources/a.csv"), find(kind))
    assert f"sources/a.csv (row={at})" in str(caught.value)
    assert figure in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("content", [b"", b"garbage", b"\0\1\2", b"a,b\n1,2\n"])
def test_an_item_of_another_kind_is_refused(kind, content):
    with pytest.raises(Malformed):
        read_item(item(content), find(kind))


@given(st.integers(0, 100), st.integers(0, 9), st.booleans())
def test_a_printed_percentage_is_an_exact_fraction_of_its_printed_unit(points, tenths, has_decimal):
    text = f"{points}.{tenths}" if has_decimal else str(points)
    told = printed_share(text, "percent")
    assert told["share_numerator"] * 100 / told["share_denominator"] == float(text)
    assert told["share_unit"] == (1_000 if has_decimal else 100)
    assert told["printed"] == text


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("54.1", None),
        ("54.1", "fraction"),
        ("-5", "percent"),
        ("٥٤", "percent"),
        ("54.1234", "percent"),
        ("/2", None),
        ("", "percent"),
    ],
)
def test_what_is_no_share_is_a_fault_of_the_row(text, unit):
    with pytest.raises(RowFault):
        printed_share(text, unit)


def test_a_share_that_was_not_printed_stays_unsaid():
    assert printed_share(None, "percent") == {}


@given(st.dates(), st.dates())
def test_a_span_of_days_includes_its_last_day(first, last):
    cells = {"from": first.isoformat(), "to": last.isoformat()}
    if last < first:
        with pytest.raises(RowFault):
            day_span(cells, "from", "to")
    else:
        told = day_span(cells, "from", "to")
        days = (told["window_end_us"] - told["window_start_us"]) // 86_400_000_000
        assert days == (last - first).days + 1


def test_a_span_without_dates_is_unsaid():
    assert day_span({"from": None, "to": None}, "from", "to") == {}


@pytest.mark.parametrize("text", [None, "2026", "2026-01"])
def test_a_date_less_precise_than_a_day_gives_no_instant(text):
    assert as_of(text) == {}


def test_reliability_is_one_of_two_words():
    counted = Counter(
        provenance({"note": None, "source": "s", "status": word})["reliability"]
        for word in ("seen", "unverified")
    )
    assert counted == {"seen": 1, "unverified": 1}
