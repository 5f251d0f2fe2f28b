"""A label is recorded once or not at all; what cannot be right is refused with a reason; undo is an event."""

import sqlite3

import pytest

from perito.web.changes import replace_book, withdraw_item
from perito.web.conflicts import next_dispute, readings_of, record_decision, record_look
from perito.web.events import Submission, broken_chain
from perito.web.labels import record_label, take_back
from perito.web.queue import next_turn
from perito.web.refused import Refused


def sent(key, value="yes", note="", version="1", name="advert"):
    return Submission(key, version, None if value is None else {name: value}, note)


@pytest.fixture
def refused():
    """The code of the refusal that a call ends in."""

    def call(function, *arguments):
        with pytest.raises(Refused) as told:
            function(*arguments)
        return told.value.code

    return call


@pytest.fixture
def ana(people):
    return people["ana"].id


@pytest.fixture
def ben(people):
    return people["ben"].id


@pytest.fixture
def slot(review, ana):
    return next_turn(review, ana).slot["slot_no"]


@pytest.fixture
def events(rows_of):
    return lambda: rows_of("SELECT kind, person_id, choices FROM label_events ORDER BY event_no")


# --- once -----------------------------------------------------------------------------------------------


def test_the_same_event_sent_again_is_answered_alike_and_recorded_once(review, ana, slot, events):
    numbers = {record_label(review, ana, slot, sent("key-00001")) for _ in range(3)}
    assert len(numbers) == 1
    assert events() == [("label", ana, '{"advert": "yes"}')]


@pytest.mark.parametrize(
    "other", [sent("key-00001", "no"), sent("key-00001", note="x"), sent("key-00001", None)]
)
def test_a_key_that_comes_with_something_else_is_refused(review, ana, slot, events, refused, other):
    record_label(review, ana, slot, sent("key-00001"))
    assert refused(record_label, review, ana, slot, other) == "key_reused"
    assert len(events()) == 1


def test_the_key_of_another_person_is_refused(review, ana, ben, slot, refused):
    record_label(review, ana, slot, sent("key-00001"))
    assert refused(record_label, review, ben, slot, sent("key-00001")) == "key_reused"


def test_a_second_answer_to_the_same_reading_is_refused(review, ana, slot, events, refused):
    record_label(review, ana, slot, sent("key-00001"))
    assert refused(record_label, review, ana, slot, sent("key-00002", "no")) == "already_labelled"
    assert len(events()) == 1


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "ñandú-ñandú"])
def test_a_key_that_is_none_is_refused(review, ana, slot, refused, key):
    assert refused(record_label, review, ana, slot, sent(key)) == "body_wrong"


# --- what cannot be right -------------------------------------------------------------------------------


def test_a_reading_of_another_person_is_refused(review, ana, ben, slot, events, refused):
    assert refused(record_label, review, ben, slot, sent("key-00001")) == "passed_on"
    assert refused(record_label, review, ben, 99_999, sent("key-00002")) == "not_there"
    assert events() == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (Submission("key-00001", "1", {}), "answer_missing"),
        (sent("key-00001", "perhaps"), "answer_unknown"),
        (Submission("key-00001", "1", {"advert": "yes", "other": "no"}), "answer_unknown"),
        (sent("key-00001", note="x" * 2001), "note_too_long"),
        (sent("key-00001", version="0"), "book_replaced"),
    ],
)
def test_an_answer_that_does_not_fit_the_label_book_is_refused(
    review, ana, slot, events, refused, given, code
):
    assert refused(record_label, review, ana, slot, given) == code
    assert events() == []


def test_a_label_book_replaced_while_an_item_is_open_is_said_and_nothing_is_recorded(
    review, ana, slot, events, refused, kit
):
    replace_book(review, "clearer words", kit.make_book("2"))
    assert refused(record_label, review, ana, slot, sent("key-00001")) == "book_replaced"
    assert refused(record_label, review, ana, slot, sent("key-00001", version="2")) == "book_replaced"
    assert events() == []
    again = next_turn(review, ana).slot
    assert (again["item_no"], again["slot_no"] == slot) == (1, False)
    record_label(review, ana, again["slot_no"], sent("key-00002", version="2"))


def test_a_version_of_the_label_book_is_adopted_once(review, people, kit):
    with pytest.raises(kit.CaseError, match="adopted before"):
        replace_book(review, "again", kit.make_book("1"))


def test_an_item_withdrawn_while_it_is_open_is_said_and_nothing_is_recorded(
    review, ana, slot, events, refused
):
    withdraw_item(review, "x:1", "purged by order")
    assert refused(record_label, review, ana, slot, sent("key-00001")) == "withdrawn"
    assert events() == []
    assert next_turn(review, ana).slot["item_no"] == 2


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_a_clock_that_jumps_stops_the_recording(review, ana, slot, events, refused, hands, seconds):
    hands.jump(seconds)
    assert refused(record_label, review, ana, slot, sent("key-00001")) == "clock_jumped"
    assert events() == []
    hands.jump(-seconds)
    record_label(review, ana, slot, sent("key-00001"))


def test_a_clock_set_back_between_two_runs_of_the_server_is_noticed(review, ana, ben, slot, refused, kit):
    record_label(review, ana, slot, sent("key-00001"))
    late = kit.Hands(wall=kit.START_US - 10**10)
    again = kit.open_review(review.folder, review.settings, late.clock())
    other = next_turn(again, ben).slot["slot_no"]
    assert refused(record_label, again, ben, other, sent("key-00002")) == "clock_jumped"
    again.close()


def test_an_answer_that_comes_late_counts_if_nobody_else_has_the_item(
    review, ana, ben, slot, hands, events, refused
):
    hands.pass_time(3600)
    next_turn(review, ben)  # gives back what ana held, and takes the first
    assert refused(record_label, review, ana, slot, sent("key-00001")) == "passed_on"
    other = next_turn(review, ana).slot["slot_no"]
    hands.pass_time(3600)
    record_label(review, ana, other, sent("key-00002"))
    assert len(events()) == 1


# --- taking back ----------------------------------------------------------------------------------------


def test_an_answer_taken_back_stays_and_the_item_is_in_hand_again(review, ana, slot, events, rows_of):
    record_label(review, ana, slot, sent("key-00001"))
    next_turn(review, ana)
    assert take_back(review, ana, "undo-00001")["slot_no"] == slot
    assert next_turn(review, ana).slot["slot_no"] == slot
    record_label(review, ana, slot, sent("key-00002", "no"))
    assert [kind for kind, _, _ in events()] == ["label", "undo", "label"]
    assert rows_of("SELECT undoes FROM label_events WHERE kind = 'undo'") == [(1,)]
    assert rows_of("SELECT count(*) FROM slots WHERE state = 'held'") == [(0,)]


def test_taking_back_twice_with_one_key_takes_back_once(review, ana, slot, events):
    record_label(review, ana, slot, sent("key-00001"))
    for _ in range(2):
        take_back(review, ana, "undo-00001")
    assert [kind for kind, _, _ in events()] == ["label", "undo"]


def test_several_answers_are_taken_back_one_by_one(review, ana, rows_of):
    for number in range(3):
        record_label(review, ana, next_turn(review, ana).slot["slot_no"], sent(f"key-0000{number}"))
    items = [take_back(review, ana, f"undo-0000{number}")["item_no"] for number in range(3)]
    assert items == [3, 2, 1]
    assert rows_of("SELECT count(*) FROM slots WHERE state = 'done'") == [(0,)]


def test_a_pass_can_be_taken_back_too(review, ana, slot, rows_of):
    record_label(review, ana, slot, sent("key-00001", None))
    assert take_back(review, ana, "undo-00001")["slot_no"] == slot
    assert rows_of("SELECT count(*) FROM passes") == [(0,)]


def test_nothing_or_something_old_cannot_be_taken_back(review, ana, slot, hands, refused):
    assert refused(take_back, review, ana, "undo-00001") == "nothing_to_undo"
    record_label(review, ana, slot, sent("key-00001"))
    hands.pass_time(11 * 60)
    assert refused(take_back, review, ana, "undo-00002") == "undo_too_late"


# --- events are only added ------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["UPDATE label_events SET choices = '{}'", "DELETE FROM label_events"])
def test_an_event_can_be_neither_changed_nor_removed(review, ana, slot, change):
    record_label(review, ana, slot, sent("key-00001"))
    with pytest.raises(sqlite3.IntegrityError, match="append-only"), review.base.writing() as connection:
        connection.execute(change)


def test_an_event_changed_behind_the_program_is_found(review, ana, slot):
    record_label(review, ana, slot, sent("key-00001"))
    record_label(review, ana, next_turn(review, ana).slot["slot_no"], sent("key-00002"))
    with review.base.writing() as connection:
        assert broken_chain(connection) is None
        connection.execute("DROP TRIGGER label_events_stay")
        connection.execute(
            "UPDATE label_events SET choices = replace(choices, 'yes', 'no') WHERE event_no = 2"
        )
        assert broken_chain(connection) == 2


def test_an_event_says_how_long_the_item_was_open_and_how_it_was_shown(review, ana, slot, hands, rows_of):
    hands.pass_time(12.5)
    record_label(review, ana, slot, Submission("key-00001", "1", {"advert": "no"}, "n", "review-abc"))
    found = rows_of("SELECT open_us, revealed_us, view_mode, template_version, note, at_us FROM label_events")
    assert found == [(12_500_000, 0, "text_only", "review-abc", "n", hands.wall)]


# --- adjudication ---------------------------------------------------------------------------------------


@pytest.fixture
def dispute(review, ana, ben, slot):
    """An item on which two readers differ."""
    record_label(review, ana, slot, sent("key-00001", "yes", "it says so"))
    record_label(review, ben, next_turn(review, ben).slot["slot_no"], sent("key-00002", "no"))


def test_readings_that_differ_go_to_a_third_person_and_equal_ones_do_not(review, ana, ben, dispute, rows_of):
    for number, person in enumerate((ana, ben)):
        record_label(review, person, next_turn(review, person).slot["slot_no"], sent(f"equal-00{number}"))
    assert rows_of("SELECT item_no, state FROM conflicts") == [(1, "open")]


def test_the_readings_are_shown_after_an_own_look_only(review, people, dispute, refused, events):
    dora = people["dora"].id
    held = next_dispute(review, dora).row
    with review.base.reading() as connection:
        assert refused(readings_of, connection, held) == "look_first"
    number = held["conflict_no"]
    assert refused(record_decision, review, dora, number, sent("decide-01")) == "look_first"
    record_look(review, dora, number, sent("look-0001", "cannot_tell"))
    with review.base.reading() as connection:
        readings = readings_of(connection, next_dispute(review, dora).row)
    assert [(one.choices["advert"], one.note) for one in readings] == [("yes", "it says so"), ("no", "")]
    assert refused(record_look, review, dora, number, sent("look-0002")) == "look_taken"
    record_decision(review, dora, number, sent("decide-01"))
    record_decision(review, dora, number, sent("decide-01"))
    assert [kind for kind, _, _ in events()] == ["label", "label", "own_look", "decision"]


def test_two_adjudicators_at_once_do_not_get_the_same_dispute(review, people, dispute, refused, hands):
    dora, eva = people["dora"].id, people["eva"].id
    held = next_dispute(review, dora).row["conflict_no"]
    assert next_dispute(review, eva).row is None
    assert refused(record_look, review, eva, held, sent("look-0001")) == "passed_on"
    hands.pass_time(31 * 60)
    assert next_dispute(review, eva).row["conflict_no"] == held
    assert refused(record_look, review, dora, held, sent("look-0002")) == "passed_on"
    record_look(review, eva, held, sent("look-0003"))
    record_decision(review, eva, held, sent("decide-01"))
    assert refused(record_decision, review, dora, held, sent("decide-02")) == "already_decided"


def test_nobody_decides_a_dispute_of_their_own(review, people, dispute, ana):
    with review.base.writing() as connection:
        connection.execute("UPDATE people SET role = 'adjudicator' WHERE person_id = ?", (ana,))
    assert next_dispute(review, ana).row is None


def test_a_reading_taken_back_takes_the_dispute_back_unless_it_is_being_decided(
    review, people, ben, dispute, refused, rows_of
):
    take_back(review, ben, "undo-00001")
    assert rows_of("SELECT state FROM conflicts") == [("withdrawn",)]
    record_label(review, ben, next_turn(review, ben).slot["slot_no"], sent("key-00003", "no"))
    next_dispute(review, people["dora"].id)
    assert refused(take_back, review, ben, "undo-00002") == "undo_too_late"


def test_a_further_reading_that_only_a_withdrawn_yes_had_opened_is_closed_again(tmp_path, kit):
    design = kit.Design("d", {"all": 50}, second_share=0.0, flagged_readings=3)
    review = kit.make_review(tmp_path, items=2, design=design)
    ana = kit.add_person(review, "ana", "reviewer", kit.PASSWORD).id
    record_label(review, ana, next_turn(review, ana).slot["slot_no"], sent("key-00001"))
    assert kit.query(review, "SELECT count(*) FROM slots WHERE item_no = 1") == [(3,)]
    take_back(review, ana, "undo-00001")
    assert kit.query(review, "SELECT count(*) FROM slots WHERE item_no = 1") == [(1,)]
    review.close()
