"""Ids: text throughout, times where the platform hides one, and names that are safe."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.clock import iso
from perito.errors import CaseError
from perito.ids import evidence_id, is_evidence_id, is_slug, key, permalink, snowflake_us


@given(st.sampled_from(["x", "tiktok", "several"]), st.text())
def test_a_key_keeps_the_native_id_to_the_last_digit(platform, native):
    assert key(platform, native) == f"{platform}:{native}"


@pytest.mark.parametrize("native", [1_599_805_658_098_386_536, 1.6e18, None, b"12", True])
def test_an_id_that_is_no_text_is_a_programming_error(native):
    with pytest.raises(TypeError):
        key("x", native)


# X: the example post of its API documentation, created_at 2019-12-31T19:26:16.000Z there.
# TikTok: seconds in the upper half of the id.
@pytest.mark.parametrize(
    ("platform", "native", "instant"),
    [
        ("x", "1212092628029698048", "2019-12-31T19:26:16.771000Z"),
        ("x", "0", "2010-11-04T01:42:54.657000Z"),
        ("tiktok", str(1_700_000_000 << 32), "2023-11-14T22:13:20Z"),
        ("tiktok", str((1_700_000_000 << 32) + 2**32 - 1), "2023-11-14T22:13:20Z"),
    ],
)
def test_the_time_in_an_id_is_decoded(platform, native, instant):
    assert iso(snowflake_us(platform, native)) == instant


@given(st.integers(0, 2**41 - 1), st.integers(0, 2**22 - 1))
def test_the_low_bits_of_an_x_id_carry_no_time(milliseconds, low):
    decoded = snowflake_us("x", str((milliseconds << 22) + low))
    assert decoded == (milliseconds + 1_288_834_974_657) * 1_000


@pytest.mark.parametrize("native", ["", "-5", "1.0", " 5", "\u0665", "abc", "1" * 5_000, str(2**64)])
def test_an_id_that_is_no_whole_number_of_64_bits_carries_no_time(native):
    with pytest.raises(CaseError) as caught:
        snowflake_us("x", native)
    assert len(str(caught.value)) < 200


def test_only_platforms_whose_ids_carry_a_time_are_asked():
    with pytest.raises(CaseError):
        snowflake_us("mastodon", "5")


@given(st.text(st.characters(codec="utf-8")))
def test_a_permalink_never_leaves_the_platform_s_address(native):
    link = permalink("x", native)
    assert link.startswith("https://x.com/i/status/")
    assert not set(link.removeprefix("https://x.com/i/status/")) & set("/?#@:\\ \n\"'<>")


def test_a_permalink_of_a_plain_id_is_the_address_that_people_know():
    assert permalink("x", "1599805658098386536") == "https://x.com/i/status/1599805658098386536"
    assert permalink("youtube", "dQw4w9WgXcQ") == "https://www.youtube.com/watch?v=dQw4w9WgXcQ"
    assert permalink("reddit", "abc123") == "https://www.reddit.com/comments/abc123"


def test_a_platform_whose_addresses_need_more_than_the_id_has_no_permalink():
    assert permalink("tiktok", "7123") is None


@given(st.binary(min_size=32, max_size=32))
def test_the_name_of_an_item_is_recognised_as_one(digest):
    name = evidence_id(digest.hex())
    assert is_evidence_id(name)
    assert not is_evidence_id(name.upper())
    assert not is_evidence_id(name + "0")
    assert not is_evidence_id(name + "\n")


@given(st.text(max_size=100))
def test_a_slug_is_safe_as_a_file_name(text):
    if is_slug(text):
        assert 0 < len(text) <= 80
        assert text.isascii()
        assert text == text.lower()
        assert not text.startswith(".")
        assert not set(text) & set('/\\:*?"<>| \n\0')


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("grok-minors", True), ("2026.q1_a", True), ("", False), ("..", False), ("Á", False), ("a/b", False),
     ("A", False), ("a" * 80, True), ("a" * 81, False), ("a\n", False), ("-a", False)],
)  # fmt: skip
def test_which_texts_may_name_a_question(text, is_one):
    assert is_slug(text) is is_one
