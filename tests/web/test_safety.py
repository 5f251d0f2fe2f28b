"""Caps, breaks, days off and the account of what a person was shown."""

import pytest

from perito.clock import iso_day
from perito.web.events import Submission
from perito.web.labels import record_label
from perito.web.queue import next_turn
from perito.web.refused import Refused
from perito.web.reveals import hide, open_reveal, record_reveal, view_mode
from perito.web.safety import exposure_of
from perito.web.settings import Settings


@pytest.fixture
def made(tmp_path, kit, hands):
    """A review of fifty items with a picture each, and its only reader; the settings as given."""
    opened = []

    def make(**settings):
        items = [kit.make_item(number, [kit.medium("sha256:" + "2" * 64)]) for number in range(1, 51)]
        given = Settings(golden_every=0, repeat_every=0, **settings)
        review = kit.make_review(tmp_path, made=items, settings=given, hands=hands)
        opened.append(review)
        return review, kit.add_person(review, "ana", "reviewer", kit.PASSWORD).id

    yield make
    for review in opened:
        review.close()


def work(review, person, count=1):
    """What comes after labelling that many items."""
    for number in range(count):
        turn = next_turn(review, person)
        if turn.slot is None:
            return turn
        slot = turn.slot["slot_no"]
        record_label(review, person, slot, Submission(f"key-{slot}-{number}-{person}", "1", {"advert": "no"}))
    return next_turn(review, person)


def test_a_day_has_its_limit_of_items_and_the_next_day_starts_anew(made, hands):
    review, ana = made(items_a_day=5)
    assert work(review, ana, 5).pause.why == "cap"
    hands.pass_time(24 * 3600)
    assert work(review, ana).slot is not None


def test_work_is_followed_by_a_break_and_the_break_by_work(made, hands):
    review, ana = made(work_minutes=45, break_minutes=10)
    for _ in range(9):
        hands.pass_time(5 * 60)
        turn = work(review, ana)
    assert turn.slot is not None
    hands.pass_time(5 * 60)
    work(review, ana)
    pause = next_turn(review, ana).pause
    assert (pause.why, pause.until_us - hands.wall) == ("break", 10 * 60 * 10**6)
    hands.pass_time(10 * 60)
    assert next_turn(review, ana).slot is not None


def test_a_rest_that_a_person_takes_counts_as_the_break(made, hands):
    review, ana = made(work_minutes=45, break_minutes=10)
    for _ in range(6):
        hands.pass_time(8 * 60)
        assert work(review, ana).pause is None or pytest.fail("too early")
        hands.pass_time(20 * 60)


def test_what_a_person_was_shown_is_counted_by_the_server(made, hands):
    review, ana = made()
    slot = next_turn(review, ana).slot
    record_reveal(review, ana, slot, 0, "greyscale")
    hands.pass_time(7)
    hide(review, ana)
    hands.pass_time(100)
    record_reveal(review, ana, slot, 0, "full")
    hands.pass_time(3)
    record_label(review, ana, slot["slot_no"], Submission("key-00001", "1", {"advert": "no"}))
    with review.base.reading() as connection:
        shown = exposure_of(connection, ana, iso_day(hands.wall))
        row = connection.execute("SELECT revealed_us, view_mode FROM label_events").fetchone()
    assert (shown.items, shown.pictures, shown.revealed_us) == (1, 2, 10_000_000)
    assert tuple(row) == (10_000_000, "full")


def test_a_reveal_that_nobody_ends_lasts_two_minutes(made, hands):
    review, ana = made()
    slot = next_turn(review, ana).slot
    token = record_reveal(review, ana, slot, 0, "full").token
    hands.pass_time(119)
    assert open_reveal(review, ana, token).mode == "full"
    hands.pass_time(600)
    with pytest.raises(Refused):
        open_reveal(review, ana, token)
    record_label(review, ana, slot["slot_no"], Submission("key-00001", "1", {"advert": "no"}))
    with review.base.reading() as connection:
        assert connection.execute("SELECT revealed_us FROM label_events").fetchone()[0] == 120_000_000


def test_no_more_is_revealed_than_a_day_allows(made, hands):
    review, ana = made(revealed_minutes_a_day=1)
    slot = next_turn(review, ana).slot
    record_reveal(review, ana, slot, 0, "full")
    hands.pass_time(61)
    hide(review, ana)
    with pytest.raises(Refused) as told:
        record_reveal(review, ana, slot, 0, "full")
    assert told.value.code == "caps_reached"
    record_label(
        review, ana, slot["slot_no"], Submission("key-00001", "1", {"advert": "no"})
    )  # still may be said
    assert next_turn(review, ana).pause.why == "cap"


@pytest.mark.parametrize(
    ("content", "modes", "mode"),
    [
        ({"text": "a", "media": []}, set(), "text_only"),
        ({"text": None, "media": [{"content_id": None, "alt_text": "a"}]}, set(), "description"),
        ({"text": None, "media": [{"content_id": None, "alt_text": None}]}, set(), "hash_only"),
        ({"text": "a", "media": [{"content_id": "x", "alt_text": None}]}, set(), "blurred"),
        ({"text": "a", "media": [{"content_id": "x", "alt_text": None}]}, {"greyscale"}, "greyscale"),
        ({"text": "a", "media": [{"content_id": "x", "alt_text": None}]}, {"greyscale", "full"}, "full"),
    ],
)
def test_the_most_that_was_seen_is_how_an_item_was_shown(content, modes, mode):
    assert view_mode(content, modes) == mode
