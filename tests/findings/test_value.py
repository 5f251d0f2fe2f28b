"""Named values, and how a number is printed: in its unit's style, in the language's locale, rounded once."""

from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import DossierError
from perito.findings import LANGUAGES, Source, Text, Value, format_number, unit_name
from perito.findings.value import interval_json, rate_unit, units
from perito.stats.interval import Interval

LABEL = Text("items", "elementos")
SEPARATORS = {"en": (",", "."), "es": (".", ",")}
FINITE = st.floats(-1e15, 1e15, allow_nan=False)


def read_back(printed, language):
    thousands, decimal = SEPARATORS[language]
    return Decimal(
        printed.replace(thousands, "").replace(decimal, ".").removesuffix("%").removesuffix("\xa0")
    )


# Separators, grouping and the space before the percent sign: Unicode CLDR, locales en and es.
@pytest.mark.parametrize(
    ("number", "unit", "en", "es"),
    [
        (3_002_712.4, "images", "3,002,712", "3.002.712"),
        (0, "items", "0", "0"),
        (-5, "items", "-5", "-5"),
        (1234, "items", "1,234", "1.234"),
        (0.5, "items", "0", "0"),
        (1.5, "items", "2", "2"),
        (2.5, "items", "2", "2"),
        (-0.2, "items", "0", "0"),
        (0.64975, "share", "64.98%", "64,98\xa0%"),
        (0.64985, "share", "64.98%", "64,98\xa0%"),
        (1, "share", "100%", "100\xa0%"),
        (0, "share", "0%", "0\xa0%"),
        (0.5, "share", "50%", "50\xa0%"),
        (0.00505, "share", "0.505%", "0,505\xa0%"),
        (0.0000123456, "share", "0.00123%", "0,00123\xa0%"),
        (1e-12, "share", "0%", "0\xa0%"),
        (0.541, "published_percent", "54.1%", "54,1\xa0%"),
        (0.12345, "percentage_points", "12.34", "12,34"),
        (-0.00001, "percentage_points", "0.00", "0,00"),
        (-0.1, "percentage_points", "-10.00", "-10,00"),
        (0.04321, "probability", "0.0432", "0,0432"),
        (0.00005, "probability", "< 0.0001", "< 0,0001"),
        (0.0001, "probability", "0.0001", "0,0001"),
        (0, "probability", "0", "0"),
        (189.5769, "images_per_minute", "189.6", "189,6"),
        (40.6, "seconds_per_image", "40.6", "40,6"),
        (12345.678, "days", "12,346", "12.346"),
        (0.000123456, "days", "0.0001235", "0,0001235"),
        (0, "days", "0", "0"),
        (None, "items", "–", "–"),
        (None, "share", "–", "–"),
        (2**63 - 1, "rows", "9,223,372,036,854,775,807", "9.223.372.036.854.775.807"),
        (Decimal("1.005"), "days", "1.005", "1,005"),
    ],
)
def test_numbers_are_printed_by_unit_and_locale(number, unit, en, es):
    assert (format_number(number, unit, "en"), format_number(number, unit, "es")) == (en, es)


@given(FINITE, st.sampled_from(LANGUAGES))
def test_a_printed_count_is_the_number_rounded_half_to_even(number, language):
    exact = Decimal(repr(number)).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    assert read_back(format_number(number, "items", language), language) == exact


@given(st.floats(0, 1), st.sampled_from(LANGUAGES))
def test_a_printed_share_is_within_half_a_unit_of_its_last_place(share, language):
    printed = read_back(format_number(share, "share", language), language)
    assert abs(printed - Decimal(repr(share)) * 100) <= Decimal("0.005")
    if share >= 1e-6:
        assert abs(printed - Decimal(repr(share)) * 100) <= Decimal(repr(share)) * 100 / 200


@given(FINITE, st.sampled_from(sorted(units())), st.sampled_from(LANGUAGES))
def test_nothing_is_ever_printed_as_minus_zero(number, unit, language):
    printed = format_number(number, unit, language)
    assert not printed.startswith("-") or any(digit in printed for digit in "123456789")


@given(st.floats(1e-9, 1e9), st.sampled_from(LANGUAGES))
def test_a_rate_keeps_four_digits_that_count(number, language):
    printed = read_back(format_number(number, "posts_per_minute", language), language)
    assert abs(printed / Decimal(repr(number)) - 1) <= Decimal("0.0005")


def test_a_number_of_numpy_is_printed_like_the_same_number_of_python():
    assert format_number(np.float64(0.64975), "share", "en") == format_number(0.64975, "share", "en")


@pytest.mark.parametrize("unit", sorted(units()))
def test_every_unit_has_a_name_in_both_languages_and_prints(unit):
    for language in LANGUAGES:
        assert isinstance(unit_name(unit, language), str)
        assert format_number(0.25, unit, language)
    assert bool(unit_name(unit, "en")) == bool(unit_name(unit, "es"))


def test_a_share_says_itself_that_it_is_one_and_images_do_not():
    assert (unit_name("share", "es"), unit_name("images", "es")) == ("", "imágenes")


def test_an_unknown_unit_is_refused_with_the_nearest():
    with pytest.raises(DossierError, match="images"):
        format_number(1, "imags", "en")


@pytest.mark.parametrize("unit", ["items", "posts", "images"])
def test_what_is_counted_has_a_rate_and_an_interval_between(unit):
    assert unit_name(rate_unit(unit, "per_minute"), "en") == f"{unit} per minute"
    assert rate_unit(unit, "seconds_per_item") in units()


def test_what_has_no_rate_is_refused():
    with pytest.raises(DossierError):
        rate_unit("share", "per_minute")


def test_parts_of_a_value_and_of_one_without_interval():
    value = Value("a", LABEL, 5, "items", Interval(4.0, 6.0, 0.95, "exact"))
    assert [value.part(part) for part in ("estimate", "low", "high", "level")] == [5, 4.0, 6.0, 0.95]
    bare = Value("a", LABEL, 5, "items")
    assert [bare.part(part) for part in ("estimate", "low", "high", "level")] == [5, None, None, None]


def test_a_part_that_does_not_exist_is_refused_with_the_nearest():
    with pytest.raises(DossierError, match="'high'"):
        Value("a", LABEL, 5, "items").part("hgh")


def test_the_level_is_printed_as_a_share_whatever_the_unit():
    value = Value("a", LABEL, 5, "items", Interval(4.0, 6.0, 0.95, "exact"))
    assert (value.printed("en", "level"), value.printed("es", "high")) == ("95%", "6")


def test_a_value_for_programs_has_the_number_unrounded_and_the_label_in_both_languages():
    value = Value(
        "a", LABEL, 1 / 3, "share", Interval(0.3, 0.4, 0.9, "Wilson"), "conditional", derivation="q/a"
    )
    assert value.to_json({}) == {
        "name": "a",
        "label": {"en": "items", "es": "elementos"},
        "estimate": 1 / 3,
        "unit": "share",
        "interval": {"low": 0.3, "high": 0.4, "level": 0.9, "method": "Wilson"},
        "status": "conditional",
        "derivation": "q/a",
    }


def test_no_interval_is_null():
    assert interval_json(None) is None


def test_placing_a_value_changes_its_derivation_only():
    value = Value("a", LABEL, 5, "items", sources=(Source("sha256:00", "row=1"),))
    assert value.within("q/a").derivation == "q/a"
    assert value.within("q/a").within("") == value
    assert value.sources[0].to_json() == {"evidence_id": "sha256:00", "locator": "row=1"}
