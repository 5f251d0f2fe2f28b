"""Copies: families, what became of the others, copies after a removal, declarations, hash lists."""

import json

import pytest

from perito.errors import MeasureError
from perito.measures.copies.times import Span, span_of_action, span_of_post

DAY = 86_400_000_000
START = 1_767_225_600_000_000  # 2026-01-01
EMPTY = {name: [] for name in ("hashes", "matches", "media", "posts", "actions", "origins")}


class Album:
    """Pictures, posts that carry them, and what happened to these; times are days after the start."""

    def __init__(self):
        self.rows = {name: list(rows) for name, rows in EMPTY.items()}

    def picture(self, *names, quality=100):
        for name in names:
            entry = {"list_id": "case", "entry_id": f"sha256:{name}"}
            self.rows["hashes"].append({**entry, "algorithm": "sha256", "value": name})
            if quality is not None:
                hashed = {"algorithm": "pdq", "value": "0" * 64, "quality": quality}
                self.rows["hashes"].append({**entry, **hashed})
        return self

    def pair(self, one, other, distance=2):
        pair = {"query_id": f"sha256:{one}", "entry_id": f"sha256:{other}", "distance": distance}
        self.rows["matches"].append({**pair, "method": "pdq", "method_version": "pdq 1"})
        return self

    def post(self, name, picture, day=0.0, account=None, basis="server_utc", observed=90.0, platform="x"):
        medium = {"media_id": f"m:{name}", "post_id": name, "platform": platform, "kind": "image"}
        account_id = account or f"account-{name}"
        self.rows["media"].append({**medium, "content_id": f"sha256:{picture}", "account_id": account_id})
        self.rows["posts"].append(
            {
                "post_id": name, "platform": platform, "native_id": name, "kind": "post",
                "account_id": account_id, "text_state": "missing", "visibility": "public",
                "created_at_us": None if day is None else START + round(day * DAY),
                "created_basis": None if day is None else basis,
                "observed_at_us": START + round(observed * DAY), "observed_basis": "capture_clock",
            }
        )  # fmt: skip
        return self

    def act(self, post, kind, day=None, source="platform_statement", basis="server_utc", after=None, by=None):
        at = {"happened_at_us": day, "not_before_us": after, "not_after_us": by}
        self.rows["actions"].append(
            {
                "action_id": f"a{len(self.rows['actions']) + 1}", "platform": "x", "post_id": post,
                "kind": kind, "source": source, "happened_basis": basis,
                **{name: None if value is None else START + round(value * DAY) for name, value in at.items()},
            }
        )  # fmt: skip
        return self

    def check(self, post, kind, day, after=None):
        bounds = {"after": after, "by": day} if kind == "unavailable" else {}
        return self.act(post, kind, day, source="recheck", basis="capture_clock", **bounds)

    def declares(self, picture, state="declared", **columns):
        known = {"carrier": "c2pa", "kind": "ai_generated", "value": "v", "integrity": "valid"}
        row = {"content_id": f"sha256:{picture}", "state": state, "method_version": "1"}
        said = {**known, "trust": "untrusted", **columns} if state == "declared" else columns
        self.rows["origins"].append({**row, **said})
        return self


@pytest.fixture
def ask(ask_own):
    """A function that asks an album; gives the finding."""

    def asked(album, what, **parameters):
        return ask_own(album, measure="copies", ask=what, **parameters)

    return asked


def numbers(finding):
    return {name: value.estimate for name, value in finding.numbers().items()}


def of(finding, *names):
    known = numbers(finding)
    return [known[name] for name in names]


def three_copies():
    """One picture in two versions and three posts: a and b with the same bytes, c near them."""
    album = Album().picture("0a", "0b").pair("0a", "0b", 7)
    return album.post("a", "0a", 1).post("b", "0a", 2).post("c", "0b", 3)


# --- families --------------------------------------------------------------------------------------------


def test_pictures_within_the_distance_and_posts_of_equal_bytes_are_families(ask, table):
    album = three_copies().picture("0c", "0d", "0e").pair("0d", "0e", 32)
    album.post("d", "0c", 5).post("e", "0c", 6, account="account-d")
    finding = ask(album, "families")
    assert finding.status == "exact"
    names = ("families", "pictures_in_families", "copies", "posted_families", "most_copies")
    assert of(finding, *names) == [2, 3, 5, 2, 3]
    first, second = table(finding, "families")
    assert first[1:5] == [2, 3, 3, 7]
    assert second[1:5] == [1, 2, 1, 0]


def test_a_family_tells_when_it_was_first_published_and_first_observed_and_on_what_that_rests(ask, table):
    album = Album().picture("0a").post("a", "0a", 4, observed=20).post("b", "0a", 2, observed=30)
    ((_, _, _, _, _, published, observed, days),) = table(ask(album, "families"), "families")
    assert published == "2026-01-03T00:00:00Z"
    assert observed == "2026-01-21T00:00:00Z (the capturing machine)"
    assert days == 10.0


def test_an_authors_claim_is_no_time_of_publication(ask, table):
    album = Album().picture("0a").post("a", "0a", 1, basis="client_claimed").post("b", "0a", 3)
    ((_, _, _, _, _, published, *_),) = table(ask(album, "families"), "families")
    assert published == "2026-01-04T00:00:00Z"


def test_what_cannot_be_compared_or_read_is_counted_and_in_no_family(ask):
    album = three_copies().picture("1a", "1b", quality=49).picture("2a", quality=None).pair("1a", "1b", 0)
    finding = ask(album, "families")
    names = ("pictures", "comparable", "not_comparable", "unreadable", "families", "faulty")
    assert of(finding, *names) == [5, 2, 2, 1, 1, 1]
    assert len(finding.conditions) > len(ask(three_copies(), "families").conditions)


def test_equal_bytes_are_a_family_even_where_the_picture_cannot_be_compared(ask):
    album = Album().picture("0a", quality=3).post("a", "0a").post("b", "0a")
    assert of(ask(album, "families"), "families", "not_comparable") == [1, 1]


def test_no_hashes_is_a_refusal_and_none_comparable_is_another(ask):
    nothing = ask(Album().post("a", "0a"), "families")
    flat = ask(Album().picture("0a", quality=3).post("a", "0a"), "families")
    assert nothing.status == flat.status == "cannot_say"
    assert nothing.reason != flat.reason


def test_repeated_rows_count_once_and_are_named(ask, table):
    album = three_copies()
    for name in ("hashes", "matches", "media", "actions"):
        album.rows[name] += [dict(row) for row in album.rows[name]]
    album.pair("0b", "0a", 9)
    finding = ask(album, "families")
    assert numbers(finding) | {"faulty": 0} == numbers(ask(three_copies(), "families"))
    assert {kind: rows for kind, rows, _ in table(finding, "faults")} == {
        "hash of a picture repeated": 4, "pair repeated": 2, "medium repeated": 3,
    }  # fmt: skip


def test_a_list_from_elsewhere_that_calls_itself_the_cases_own_adds_no_picture(ask, table):
    album = three_copies()
    entry = {"list_id": "case", "entry_id": "sha256:ff", "quality": 90, "value": "0" * 64}
    album.rows["hashes"].append({**entry, "algorithm": "pdq"})
    album.rows["hashes"].append({**entry, "algorithm": "sha256", "quality": None})
    finding = ask(album, "families")
    assert of(finding, "pictures", "faulty") == [2, 1]
    assert table(finding, "faults")[0][-1] == "sha256:ff"


def test_media_sealed_after_the_hashes_and_media_without_bytes_are_counted(ask):
    album = three_copies().post("later", "0f")
    album.rows["media"].append({**album.rows["media"][0], "media_id": "m:none", "content_id": None})
    assert of(ask(album, "families"), "not_hashed", "not_held") == [1, 1]


def test_families_of_copied_texts_are_counted_where_they_were_sealed(ask):
    album = three_copies()
    for post in ("b", "c"):
        pair = {"query_id": post, "entry_id": "a", "method": "text", "similarity": 0.8}
        album.rows["matches"].append({**pair, "method_version": "minhash-1"})
    assert of(ask(album, "families"), "text_families", "text_copies") == [1, 3]


# --- completeness ----------------------------------------------------------------------------------------


def test_the_other_copies_of_a_removed_picture_are_told_apart_by_fate_and_bytes(ask, table):
    album = three_copies().post("d", "0a", 4).post("e", "0b", 5)
    album.act("a", "remove", 10).act("b", "remove", 12).check("c", "available", 20)
    album.check("d", "unavailable", 21)
    finding = ask(album, "completeness")
    fates = ("others", "others_removed", "others_available", "others_gone", "others_unknown")
    assert of(finding, "families_with_removal", *fates) == [1, 4, 1, 1, 1, 1]
    assert of(finding, "share_removed_least", "share_removed_most") == [0.25, 0.75]
    assert of(finding, "share_available_least", "share_available_most") == [0.25, 0.5]
    identical, near, both = table(finding, "kinds")
    assert [row[1:8] for row in (identical, near, both)] == [
        [2, 1, 0, 0, 1, 0, 0], [2, 0, 1, 0, 0, 0, 1], [4, 1, 1, 0, 1, 0, 1],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([("author_deleted", 5)], "withdrawn"),
        ([("protected", 5)], "withdrawn"),
        ([("restrict_geo", 5)], "limited"),
        ([("remove", 5), ("restore", 6)], "available"),
        ([("suspend", 5)], "gone"),
        ([], "unknown"),
    ],
)
def test_what_is_no_removal_is_not_counted_as_one(ask, events, state):
    album = Album().picture("0a").post("a", "0a", 1).post("b", "0a", 1).act("a", "remove", 2)
    for kind, day in events:
        album.act("b", kind, day)
    assert of(ask(album, "completeness"), f"others_{state}", "others") == [1, 1]


def test_a_check_that_finds_a_post_gone_adds_nothing_to_its_removal_or_blocking(ask):
    album = Album().picture("0a").post("a", "0a").post("b", "0a").post("c", "0a").act("a", "remove", 1)
    album.act("b", "remove", 5).check("b", "available", 4).check("b", "unavailable", 6, after=4)
    album.act("c", "restrict_geo", 5).check("c", "unavailable", 6, after=4)
    assert of(ask(album, "completeness"), "others_removed", "others_limited") == [1, 1]


def test_a_post_found_there_after_its_removal_contradicts_and_counts_as_unknown(ask, table):
    album = Album().picture("0a").post("a", "0a").post("b", "0a").post("c", "0a").act("a", "remove", 1)
    album.act("b", "remove", 5).check("b", "available", 8)
    album.act("c", "remove", None).check("c", "available", 8)
    finding = ask(album, "completeness")
    assert of(finding, "others_unknown", "share_removed_least", "share_removed_most") == [2, 0.0, 1.0]
    ((_, rows, first),) = table(finding, "faults")
    assert (rows, first) == (2, "b")


def test_a_post_that_came_back_after_it_was_found_gone_is_there(ask):
    album = Album().picture("0a").post("a", "0a").post("b", "0a").act("a", "remove", 1)
    album.check("b", "unavailable", 4).check("b", "available", 9)
    assert of(ask(album, "completeness"), "others_available") == [1]


def test_the_closing_of_an_account_reaches_its_posts(ask):
    album = Album().picture("0a").post("a", "0a").post("b", "0a").act("a", "remove", 1)
    album.act(None, "suspend", 3)
    album.rows["actions"][-1]["account_id"] = "account-b"
    assert of(ask(album, "completeness"), "others_gone") == [1]


def test_without_any_action_it_cannot_be_said_and_without_a_removal_there_are_no_others(ask):
    assert ask(three_copies(), "completeness").status == "cannot_say"
    finding = ask(three_copies().check("a", "available", 5), "completeness")
    assert finding.status == "exact"
    assert of(finding, "families_with_removal", "others") == [0, 0]


def test_when_the_first_removal_is_not_known_the_sums_stand_and_the_condition_says_so(ask):
    album = three_copies().act("a", "remove", None).act("c", "remove", None)
    finding = ask(album, "completeness")
    assert of(finding, "others", "others_removed", "first_not_known") == [2, 1, 1]


# --- reupload --------------------------------------------------------------------------------------------


def removed_and(*, day, basis="server_utc", observed=90.0, removal=None):
    album = Album().picture("0a", "0b").pair("0a", "0b").post("a", "0a", 1)
    album.post("b", "0b", day, basis=basis, observed=observed)
    return album.act("a", "remove", **({"day": 10} if removal is None else removal))


@pytest.mark.parametrize(
    ("album", "verdict"),
    [
        (removed_and(day=12), "certain"),
        (removed_and(day=10), "before"),
        (removed_and(day=3), "before"),
        (removed_and(day=12, basis="client_claimed"), "possible"),
        (removed_and(day=None, observed=9), "before"),
        (removed_and(day=12, removal={"after": 8, "by": 11}), "certain"),
        (removed_and(day=10, removal={"after": 8, "by": 11}), "possible"),
        (removed_and(day=7, removal={"after": 8, "by": 11}), "before"),
        (removed_and(day=10, basis="calendar_date", removal={"day": 10.5}), "possible"),
        (removed_and(day=11, basis="calendar_date", removal={"day": 10.5}), "certain"),
        (removed_and(day=12, removal={"day": 10, "basis": "local_unzoned", "by": 11}), "certain"),
    ],
)
def test_a_copy_after_a_removal_is_certain_only_if_the_bounds_say_so(ask, album, verdict):
    finding = ask(album, "reupload")
    verdicts = ("certain", "possible", "cannot_say", "before")
    assert dict(zip(verdicts, of(finding, *(f"copies_{one}" for one in verdicts)), strict=True)) == {
        one: int(one == verdict) for one in verdicts
    }
    assert of(finding, f"families_{verdict}") == [1]


def test_the_days_between_are_an_interval_where_the_removal_is_known_by_checks(ask, table):
    finding = ask(removed_and(day=12, removal={"after": 8, "by": 11}), "reupload")
    assert of(finding, "days_least", "days_most") == [1.0, 4.0]
    ((*_, removal, least, most),) = table(finding, "returns")
    assert (removal, least, most) == ("2026-01-09T00:00:00Z to 2026-01-12T00:00:00Z", 1.0, 4.0)


def test_checks_bound_a_removal_that_is_stated_without_a_time(ask):
    album = removed_and(day=12, removal={}).check("a", "unavailable", 9, after=6)
    assert of(ask(album, "reupload"), "copies_certain", "days_least", "days_most") == [1, 3.0, 6.0]


def test_without_times_it_cannot_be_said_which_came_first(ask):
    album = removed_and(day=12, removal={})
    finding = ask(album, "reupload")
    assert finding.status == "cannot_say"
    assert not finding.values


def test_a_copy_by_the_account_of_a_removed_one_is_counted(ask):
    album = Album().picture("0a").post("a", "0a", 1, account="one").post("b", "0a", 20, account="one")
    album.post("c", "0a", 21, account="two").act("a", "remove", 10)
    assert of(ask(album, "reupload"), "copies_certain", "copies_same_account") == [2, 1]


def test_times_that_cannot_be_are_named_and_not_used(ask, table):
    album = removed_and(day=12, removal={"day": 0.5}).post("c", "0a", 30, observed=20)
    album.act("b", "remove", after=40, by=30)
    finding = ask(album.act("a", "remove", 10), "reupload")
    assert of(finding, "copies_certain") == [1]
    assert {kind for kind, *_ in table(finding, "faults")} == {
        "action before the post was published", "action whose bounds cross",
        "post observed before it was published",
    }  # fmt: skip


# --- declared --------------------------------------------------------------------------------------------


def test_declarations_are_counted_by_kind_with_the_signature_apart(ask, table):
    album = three_copies().declares("0a").declares("0a", integrity="invalid", kind="ai_composite")
    album.declares("0b", "none").declares("0c", integrity="unsigned", trust=None, carrier="xmp")
    album.declares("0d", "unreadable").declares("0e", "remote_manifest")
    finding = ask(album, "declared")
    states = ("read", "state_declared", "state_none", "state_unreadable", "state_remote_manifest")
    assert of(finding, *states) == [5, 2, 1, 1, 1]
    assert numbers(finding)["share_declared"] == 0.4
    assert table(finding, "declared-kinds") == [
        ["declared to hold AI-generated parts", 0, 0, 1, 0, "c2pa"],
        ["declared AI-generated", 0, 1, 0, 1, "c2pa, xmp"],
    ]


def test_a_platforms_copies_are_compared_with_declared_files_from_elsewhere(ask, table):
    album = Album()
    for number, kept in enumerate((True, False, False)):
        original, copy = f"a{number}", f"b{number}"
        album.picture(original, copy).pair(original, copy).post(f"p{number}", copy).declares(original)
        album.declares(copy, "declared" if kept else "none")
    album.picture("c0", "c1").pair("c0", "c1").post("elsewhere", "c1", platform="tiktok").declares("c0")
    finding = ask(album, "declared", platform="x")
    assert finding.status == "conditional"
    assert of(finding, "families_carried", "families_kept") == [3, 1]
    interval = finding.numbers()["share_kept"].interval
    assert (interval.low, interval.high) == pytest.approx((0.008403759, 0.9057007), rel=1e-6)  # 1 of 3
    assert sorted(row[1:] for row in table(finding, "carried")) == [[1, 1, 0], [1, 1, 0], [1, 1, 1]]


def test_without_a_declared_original_nothing_is_said_of_the_platform(ask):
    finding = ask(three_copies().declares("0a", "none"), "declared", platform="x")
    assert finding.status == "exact"
    assert "share_kept" not in numbers(finding)


def test_unread_declarations_are_a_refusal_and_no_zero(ask):
    assert ask(three_copies(), "declared").status == "cannot_say"
    assert of(ask(three_copies().declares("0a", "none"), "declared"), "not_read") == [1]


def test_an_unknown_platform_names_the_nearest(ask):
    with pytest.raises(MeasureError, match="tiktok"):
        ask(three_copies().declares("0a"), "declared", platform="tik tok")


# --- listed ----------------------------------------------------------------------------------------------


def listed(provenance="an authority", quality=80):
    album = three_copies()
    pair = {"query_id": "sha256:0a", "list_id": "bank", "entry_id": "7", "distance": 4, "method": "pdq"}
    album.rows["matches"].append({**pair, "method_version": "pdq 1", "list_version": "2"})
    entry = {"list_id": "bank", "entry_id": "7", "algorithm": "pdq", "value": "0" * 64, "quality": quality}
    album.rows["hashes"].append({**entry, "provenance": provenance})
    return album


def test_agreements_with_a_list_of_known_provenance_are_counted_by_list(ask, table):
    finding = ask(listed(), "listed")
    assert of(finding, "listed", "listed_exact", "listed_near", "without_provenance") == [1, 0, 1, 0]
    assert table(finding, "lists") == [["bank", "2", 1, 1, 4, "an authority"]]


def test_a_list_without_provenance_or_not_sealed_supports_nothing(ask):
    unsealed = listed()
    unsealed.rows["hashes"].pop()
    assert ask(listed(provenance=None), "listed").status == "cannot_say"
    assert ask(unsealed, "listed").status == "cannot_say"
    assert ask(three_copies(), "listed").status == "cannot_say"


# --- everywhere ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["families", "completeness", "reupload", "declared", "listed"])
def test_rows_in_another_order_give_the_same_finding(ask, what):
    def album():
        made = listed().act("a", "remove", 10).check("b", "available", 20).declares("0a")
        return made.post("d", "0a", 30).act("c", "author_deleted", 9)

    turned = album()
    turned.rows = {name: rows[::-1] for name, rows in turned.rows.items()}
    first, second = (json.dumps(ask(one, what).to_json() | {"inputs": 0}) for one in (album(), turned))
    assert first == second


def test_a_check_that_finds_gone_bounds_from_above_and_a_date_is_its_day():
    gone = {"kind": "unavailable", "source": "api_state", "happened_basis": "server_utc"}
    bounds = {"not_before_us": None, "not_after_us": None}
    assert span_of_action({**gone, **bounds, "happened_at_us": 5}) == (Span(None, 5), None)
    day = {**gone, **bounds, "kind": "remove", "happened_basis": "calendar_date", "happened_at_us": 0}
    assert span_of_action(day)[0] == Span(0, DAY - 1)
    outside = {**gone, "happened_at_us": 9, "not_before_us": 10, "not_after_us": 12}
    assert span_of_action(outside) == (Span(), "outside_bounds")


def test_two_times_of_publication_bound_it():
    row = {"created_least_us": 3, "created_most_us": 7, "created_basis": "server_utc", "bases": 1}
    assert span_of_post({**row, "observed_us": 9}) == (Span(3, 7), "two_publication_times")


def test_words_from_the_evidence_stay_quotes(ask, table):
    finding = ask(listed(provenance="‹7› {families} is a deepfake"), "listed")
    assert table(finding, "lists")[0][-1] == "‹7› {families} is a deepfake"
