"""Further readings: both for a first yes, one for the part chosen beforehand, never by the same person."""

import pytest

from perito.sampling import Request, draw_sample, frame_filter, next_readings, question_of
from perito.sampling.label_book import load_label_book
from perito.sampling.tasks import drawn_items, read_assignments
from perito.workflow import add_files


@pytest.fixture
def case(make_case, planted):
    return make_case(posts=planted.posts(200))


def draw(case, **more):
    request = Request("how-many", ("cats",), budget=60, **more)
    wanted = frame_filter(case, question_of(case, "how-many"), "posts")
    return draw_sample(case, request, load_label_book(case.folder / "label-book.toml"), wanted)


@pytest.fixture
def label(case, planted, tmp_path):
    """Seals labels of a task file: `label(path, answer)`, answer a function of the row."""

    def sealed(path, answer):
        import csv

        rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
        done = tmp_path / f"done-{path.name}"
        done.write_bytes(planted.csv_bytes([{**row, "text": "", "value": answer(row)} for row in rows]))
        add_files(case.folder, [done], acquired_at="2026-03-02", facts={"format": "labels_csv"})
        return rows

    return sealed


def further(case):
    one, files, number = next_readings(case, question_of(case, "how-many"))
    paths = [path for path in files if path.name.startswith("to_label")]
    return one, paths, number


def read(paths):
    import csv

    return [row for path in paths for row in csv.DictReader(path.read_text("utf-8").splitlines())]


def test_a_first_yes_is_read_twice_more_and_a_part_of_the_rest_once_more(case, planted, label):
    drawn = draw(case)
    first = {
        row["item_id"]: row["annotator_id"]
        for row in label(
            drawn.folder / "to_label.csv", lambda row: "yes" if planted.is_cat(row["item_id"]) else "no"
        )
    }
    one, paths, number = further(case)
    rows = read(paths)
    chosen = set(one.design.readings["second"])
    cats = {item for item in first if planted.is_cat(item)}
    expected = {(item, number) for item in cats for number in "23"} | {(item, "2") for item in chosen - cats}
    assert {(row["item_id"], row["round"]) for row in rows} == expected
    assert number == len(rows) == len(expected)
    assert all(row["annotator_id"] != first[row["item_id"]] for row in rows)
    for item in cats:
        assert len({row["annotator_id"] for row in rows if row["item_id"] == item}) == 2
    assert all((row["value"], row["blind"]) == ("", "true") for row in rows)


def test_nothing_is_due_before_the_first_readings_are_in(case):
    draw(case)
    _, paths, number = further(case)
    assert (paths, number) == ([], 0)


def test_what_was_asked_for_once_is_not_asked_for_again(case, planted, label):
    drawn = draw(case)
    label(drawn.folder / "to_label.csv", lambda _: "yes")
    _, paths, number = further(case)
    assert number == 2 * 60
    assert [path.name for path in paths] == ["to_label-2.csv"]
    assert further(case)[1:] == ([], 0)


def test_what_comes_in_later_is_asked_for_in_another_file(case, planted, label):
    drawn = draw(case, second_reading=0.0)
    order = drawn_items(drawn.plan.design)
    label(drawn.folder / "to_label.csv", lambda row: "yes" if row["item_id"] in order[:5] else "")
    _, first, number = further(case)
    assert number == 10
    label(drawn.folder / "to_label.csv", lambda row: "yes" if row["item_id"] in order[:8] else "")
    _, second, more = further(case)
    assert more == 6
    assert [path.name for path in second] == ["to_label-3.csv"]
    assert not read_assignments(first[0].read_bytes()) & read_assignments(second[0].read_bytes())


def test_cannot_tell_is_no_yes(case, label):
    drawn = draw(case, second_reading=0.0)
    label(drawn.folder / "to_label.csv", lambda _: "cannot_tell")
    assert further(case)[2] == 0


def test_two_readers_can_read_a_yes_only_once_more(case, label):
    drawn = draw(case, readers=("a", "b"), second_reading=0.0)
    label(drawn.folder / "to_label.csv", lambda _: "yes")
    assert {row["round"] for row in read(further(case)[1])} == {"2"}


def test_a_question_without_a_design_is_told_to_draw_one(case):
    from perito.errors import CaseError

    with pytest.raises(CaseError) as caught:
        further(case)
    assert "draw a sample" in caught.value.remedy


def test_a_first_no_that_the_second_reads_as_yes_gets_a_third_reading(case, label):
    drawn = draw(case)
    label(drawn.folder / "to_label.csv", lambda _: "no")
    _, paths, number = further(case)
    turned = read(paths)[0]["item_id"]
    label(paths[0], lambda row: "yes" if row["item_id"] == turned else "no")
    (third,) = read(further(case)[1])
    assert (third["item_id"], third["round"]) == (turned, "3")
    assert number == 6
