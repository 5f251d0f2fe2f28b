"""Who reads what next: two people an item, nobody one twice, in the order of drawing, by index alone."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perito.web.events import Submission
from perito.web.labels import record_label
from perito.web.queue import _NEXT_OPEN, _NEXT_PASSED, next_turn
from perito.web.settings import Settings


def label(review, person, value="no", key=None, note=""):
    """The person labels the item in hand; gives its number, None if there is none."""
    turn = next_turn(review, person.id)
    if turn.slot is None:
        return None
    choices = None if value is None else {"advert": value}
    key = key or f"key-{person.id}-{turn.slot['slot_no']}-{random.random()}"
    record_label(review, person.id, turn.slot["slot_no"], Submission(key, "1", choices, note))
    return turn.slot["item_no"]


def test_items_come_in_the_order_of_drawing_and_each_is_read_by_two_people(review, people, rows_of):
    ana, ben, cora = (people[name] for name in ("ana", "ben", "cora"))
    assert [label(review, ana) for _ in range(3)] == [1, 2, 3]
    assert [label(review, ben) for _ in range(3)] == [1, 2, 3]
    assert [label(review, cora) for _ in range(3)] == [4, 5, 6]
    assert [label(review, ana) for _ in range(4)] == [4, 5, 6, None]
    read = rows_of("SELECT item_no, count(DISTINCT person_id), count(*) FROM label_events GROUP BY 1")
    assert read == [(number, 2, 2) for number in range(1, 7)]


def test_an_item_stays_in_hand_until_it_is_labelled(review, people):
    first, again = (next_turn(review, people["ana"].id).slot["slot_no"] for _ in range(2))
    assert first == again


def test_two_people_at_once_get_different_readings_and_a_third_waits(review, people):
    slots = [next_turn(review, people[name].id).slot for name in ("ana", "ben", "cora")]
    assert [slot["item_no"] for slot in slots] == [1, 1, 2]
    assert len({slot["slot_no"] for slot in slots}) == 3


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ana", "ben", "cora"]), st.sampled_from(["yes", "no", "cannot_tell", None])
        ),
        max_size=60,
    )
)
def test_whatever_people_do_nobody_reads_an_item_twice_and_none_is_read_three_times(
    tmp_path_factory, kit, steps
):
    review = kit.make_review(tmp_path_factory.mktemp("any"), items=4)
    people = {name: kit.add_person(review, name, "reviewer", kit.PASSWORD) for name in ("ana", "ben", "cora")}
    for name, value in steps:
        label(review, people[name], value)
    labels = kit.query(review, "SELECT item_no, person_id FROM label_events WHERE kind = 'label'")
    assert len(labels) == len(set(labels))
    by_item = [item for item, _ in labels]
    assert all(by_item.count(item) <= 2 for item in by_item)
    for person_id, item_no in kit.query(review, "SELECT person_id, item_no FROM passes"):
        assert (item_no, person_id) not in labels
    review.close()


def test_what_was_passed_on_is_left_to_the_others(review, people):
    ana, ben, cora = (people[name] for name in ("ana", "ben", "cora"))
    assert label(review, ana, None) == 1
    assert label(review, ana) == 2
    assert label(review, ben) == 1
    assert label(review, cora) == 1
    assert [label(review, ana) for _ in range(5)] == [3, 4, 5, 6, None]


def test_an_item_held_for_too_long_goes_to_somebody_else(review, people, hands, rows_of):
    held = next_turn(review, people["ana"].id).slot
    assert label(review, people["ben"]) == 1
    hands.pass_time(31 * 60)
    assert next_turn(review, people["cora"].id).slot["slot_no"] == held["slot_no"]
    assert rows_of("SELECT barred FROM slots WHERE state = 'open' AND item_no = 1") == []


def test_a_share_of_second_readings_is_drawn_by_lot_and_a_yes_opens_the_further_ones(tmp_path, kit):
    design = kit.Design("d", {"all": 9000}, second_share=0.25, flagged_readings=3)
    review = kit.make_review(tmp_path, items=400, design=design)
    ana = kit.add_person(review, "ana", "reviewer", kit.PASSWORD)
    (doubled,) = kit.query(review, "SELECT sum(is_doubled) FROM items")[0]
    assert 70 < doubled < 130  # 400 x .25, five standard deviations
    label(review, ana, "yes")
    label(review, ana, "no")
    rounds = kit.query(review, "SELECT item_no, max(round) FROM slots WHERE item_no < 3 GROUP BY 1")
    assert rounds[0] == (1, 3)
    assert rounds[1][1] <= 2
    review.close()


@pytest.fixture
def watched(tmp_path, kit):
    """A review with known answers and repeats at every step that may have one."""
    answer = {"x:90": {"advert": "yes"}, "x:91": {"advert": "no"}}
    given = Settings(golden_every=1, repeat_every=1, repeat_gap=2, golden=answer)
    golden = [kit.make_item(90), kit.make_item(91)]
    review = kit.make_review(tmp_path, items=8, settings=given, golden=golden)
    yield review
    review.close()


def test_known_answers_and_repeats_are_mixed_in_and_look_like_any_other(watched, kit):
    ana = kit.add_person(watched, "ana", "reviewer", kit.PASSWORD)
    for _ in range(9):
        label(watched, ana)
    queues = [
        row[0] for row in kit.query(watched, "SELECT queue FROM slots WHERE state = 'done' ORDER BY event_no")
    ]
    assert queues[:3] == ["sample", "golden", "golden"]
    assert queues.count("relabel") >= 2
    twice = kit.query(
        watched,
        "SELECT item_no, count(*) FROM label_events GROUP BY item_no HAVING count(*) > 1",
    )
    repeated = kit.query(watched, "SELECT item_no FROM slots WHERE queue = 'relabel'")
    assert sorted(item for item, _ in twice) == sorted(item for (item,) in repeated)
    assert {count for _, count in twice} == {2}
    ben = kit.add_person(watched, "ben", "reviewer", kit.PASSWORD)
    assert label(watched, ben) == 1  # what was hidden for one person takes nothing from the others


def test_the_next_item_is_found_by_index_whatever_the_number_of_items(review):
    with review.base.reading() as connection:
        for query in (_NEXT_OPEN, _NEXT_PASSED):
            plan = connection.execute(f"EXPLAIN QUERY PLAN {query}", {"book": 1, "person": "p"}).fetchall()
            steps = [row["detail"] for row in plan]
            assert [step for step in steps if step.startswith("SCAN slots")] == [], steps
