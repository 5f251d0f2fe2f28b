"""Collecting: a record is mapped whole or rejected whole, and both are counted."""

import io

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import Malformed, MeasureError, SchemaError
from perito.formats import Columns, Record, Reject, Row, SourceItem
from perito.tables import collect
from perito.tables.collect import ItemRows, read_item

ITEM = SourceItem("sha256:" + "0" * 64, "a.bin", io.BytesIO, None, 0)
FAR = 10**18


class Reader:
    """A format that gives out what it was told to."""

    name = "told"

    def __init__(self, *pieces):
        self.pieces = pieces

    def read(self, item):  # noqa: ARG002
        yield from self.pieces


def tag(at=1, **more):
    values = {"post_id": "x:1", "kind": "hashtag", "value": "a", "position": at, "platform": "x"}
    return Row("tags", {**values, **more})


def count(**more):
    return Row("counts", {"study": "s", "kind": "count", "class": "c", **more})


def rows(found: ItemRows, name):
    return [row for part in found.tables.get(name, []) for row in part.to_pylist()]


def test_rows_get_their_item_and_the_place_of_their_record_or_a_narrower_one():
    narrower = Row("tags", tag().values, locator="line=1#/data/3")
    found = read_item(ITEM, Reader(Record("line=1", (tag(), narrower))))
    assert [row["locator"] for row in rows(found, "tags")] == ["line=1", "line=1#/data/3"]
    assert {row["evidence_id"] for row in rows(found, "tags")} == {ITEM.evidence_id}
    assert (found.mapped, found.records) == (1, 1)


KINDS = {
    "good": lambda at: Record(f"line={at}", (tag(at), count())),
    "empty": lambda at: Record(f"line={at}", ()),
    "reject": lambda at: Reject(f"line={at}", "not JSON", "{"),
    "wrong type": lambda at: Record(f"line={at}", (tag(at), count(value="many"))),
    "too large": lambda at: Record(f"line={at}", (count(), tag(position=2**70))),
    "NUL": lambda at: Record(f"line={at}", (tag(value="a\0b"),)),
    "long": lambda at: Record(f"line={at}", (count(), tag(value="m" * 131_073))),
    "surrogate": lambda at: Record(f"line={at}", (tag(value="\ud800"),)),
    "no text": lambda at: Record(f"line={at}", (tag(value=5), count())),
    "refused": lambda at: Record(f"line={at}", (tag(kind="guess"), count())),
    "refused late": lambda at: Record(f"line={at}", (tag(at), count(kind="guess"))),
    "missing": lambda at: Record(f"line={at}", (tag(value=None),)),
}
MAPPED = {"good", "empty"}


@given(st.lists(st.sampled_from(sorted(KINDS)), max_size=12), st.integers(1, 4))
def test_records_mapped_and_rejected_are_the_records_present(kinds, batch_rows):
    pieces = [KINDS[kind](at) for at, kind in enumerate(["good", *kinds], start=1)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collect, "_BATCH_ROWS", batch_rows)
        found = read_item(ITEM, Reader(*pieces))
    good = [f"line={at}" for at, kind in enumerate(["good", *kinds], start=1) if kind == "good"]
    bad = {f"line={at}" for at, kind in enumerate(kinds, start=2) if kind not in MAPPED}
    assert found.records == len(pieces)
    assert found.mapped == 1 + sum(kind in MAPPED for kind in kinds)
    assert {reject.locator for reject in found.rejects} == bad
    assert len(found.rejects) == len(bad)
    for name in ("tags", "counts"):
        assert [row["locator"] for row in rows(found, name)] == good


@pytest.mark.parametrize(
    ("row", "named"),
    [
        (count(value="many"), "counts.value"),
        (tag(position=2**70), "tags.position"),
        (tag(value=None), "tags.value"),
        (tag(kind="guess"), "tags.kind"),
        (count(window_start_us=FAR, window_basis="unknown"), "counts.window_start_us"),
        (count(as_of_us=0), "counts.as_of_basis"),
        (count(note="\0"), "counts.note: a NUL"),
        (count(note="ñ" * 65_537), "counts.note: longer"),
    ],
)
def test_the_reason_names_table_and_column(row, named):
    found = read_item(ITEM, Reader(Record("line=1", (tag(),)), Record("line=2", (row,))))
    ((locator, reason),) = [(reject.locator, reject.reason) for reject in found.rejects]
    assert locator == "line=2"
    assert named in reason


def test_a_value_that_arrow_refuses_only_in_company_is_no_ones_silent_loss(monkeypatch):
    def refuses(*_, **__):
        raise pa.ArrowCapacityError("too much at once")

    monkeypatch.setattr(collect.pa, "Table", type("Table", (), {"from_pylist": staticmethod(refuses)}))
    with pytest.raises(pa.ArrowCapacityError):
        read_item(ITEM, Reader(Record("line=1", (tag(),))))


def test_a_column_that_does_not_exist_is_a_fault_of_the_format():
    with pytest.raises(SchemaError, match="'colour'"):
        read_item(ITEM, Reader(Record("line=1", (tag(colour="red"),))))


@pytest.mark.parametrize(
    "pieces", [(), (Reject("line=1", "not JSON \x1b[2J"),), (Record("line=1", (tag(kind="guess"),)),)]
)
def test_an_item_of_which_nothing_can_be_read_is_an_error_that_names_it(pieces):
    with pytest.raises(Malformed) as caught:
        read_item(ITEM, Reader(*pieces))
    assert "a.bin (sha256:000000000000)" in str(caught.value)
    assert str(caught.value).isprintable()


def test_impossible_figures_stop_the_work_even_beside_damaged_records():
    pieces = [Record("line=1", (tag(kind="guess"),)), Record("line=2", (count(value=6, base=5),))]
    with pytest.raises(MeasureError, match=r"a\.bin \(line=2\)"):
        read_item(ITEM, Reader(*pieces))


def test_impossible_figures_of_a_record_that_is_rejected_anyway_do_not():
    pieces = [Record("line=1", (count(),)), Record("line=2", (count(value=6, base=5, kind="guess"),))]
    assert [reject.locator for reject in read_item(ITEM, Reader(*pieces)).rejects] == ["line=2"]


def columns(**changed):
    data = {"post_id": ["x:1"] * 3, "kind": ["hashtag"] * 3, "value": list("abc"), "platform": ["x"] * 3,
            "locator": ["row=1", "row=2", "row=3"], **changed}  # fmt: skip
    return Columns("tags", pa.table(data))


def test_many_records_at_once_are_checked_one_by_one():
    found = read_item(ITEM, Reader(columns(kind=["hashtag", "guess", "mention"], value=["a", "b", None])))
    assert [row["value"] for row in rows(found, "tags")] == ["a"]
    assert [(reject.locator, "tags." in reject.reason) for reject in found.rejects] == [
        ("row=2", True),
        ("row=3", True),
    ]
    assert (found.mapped, found.records) == (1, 3)


def test_a_nul_and_a_megabyte_are_refused_by_every_door_and_what_is_just_short_enough_is_not():
    found = read_item(ITEM, Reader(columns(value=["a\0", "m" * 1_000_000, "m" * 131_072])))
    assert [row["locator"] for row in rows(found, "tags")] == ["row=3"]
    assert [reject.locator for reject in found.rejects] == ["row=1", "row=2"]


def test_many_records_and_single_ones_may_come_mixed():
    found = read_item(ITEM, Reader(Record("line=1", (tag(),)), columns(), Reject("line=2", "no"), columns()))
    assert (found.mapped, len(found.rejects), len(rows(found, "tags"))) == (7, 1, 7)


def test_many_figures_at_once_are_checked_too():
    data = pa.table(
        {"study": ["s"], "kind": ["count"], "class": ["c"], "value": [6], "base": [5], "locator": ["row=1"]}
    )
    with pytest.raises(MeasureError, match=r"a\.bin \(row=1\)"):
        read_item(ITEM, Reader(Columns("counts", data)))


@pytest.mark.parametrize(
    "changed",
    [
        {"position": [0.5, 1.0, 2.0]},
        {"colour": list("abc")},
        {"value": [1, 2, 3]},
        {"evidence_id": list("abc")},
    ],
)
def test_columns_that_do_not_fit_the_table_are_refused_with_the_item(changed):
    with pytest.raises(Malformed, match=r"a\.bin"):
        read_item(ITEM, Reader(columns(**changed)))
