"""The plan: what may be planted, what is refused, and that what is printed is what was read."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.errors import CaseError
from perito.simulate import Plan, load_plan, plan_text, read_plan
from perito.simulate.planfile import check_plan, meanings, posts_number

SHARE = st.floats(0, 1, allow_subnormal=False)


def refused(content: str) -> CaseError:
    with pytest.raises(CaseError) as found:
        read_plan(content.encode(), "plan.toml")
    return found.value


def test_an_empty_plan_is_the_default_one():
    assert read_plan(b"") == Plan()


def test_the_default_plan_is_possible():
    check_plan(Plan())


def test_every_parameter_has_a_rule_a_unit_and_a_meaning():
    for section in fields(Plan):
        found = meanings(type(getattr(Plan(), section.name)))
        assert [name for name, meaning in found.items() if not all(meaning)] == []
        assert set(found) == {field.name for field in fields(type(getattr(Plan(), section.name)))}


def test_a_printed_plan_says_every_parameter_with_its_meaning_and_reads_back_the_same():
    text = plan_text(Plan())
    for section in fields(Plan):
        for name, meaning in meanings(type(getattr(Plan(), section.name))).items():
            assert any(line.startswith(f"{name} = ") and meaning.about in line for line in text.splitlines())
    assert read_plan(text.encode()) == Plan()


@given(
    boost=st.floats(0.1, 50),
    blind=SHARE,
    days=st.integers(60, 90),
    first=SHARE,
    sizes=st.lists(st.integers(2, 9), min_size=1),
)
def test_any_possible_plan_reads_back_the_same(boost, blind, days, first, sizes):
    plan = Plan()
    plan = replace(
        plan,
        impressions=replace(plan.impressions, boost=boost),
        scores=replace(plan.scores, blind=blind),
        time=replace(plan.time, days=days),
        groups=replace(plan.groups, coordinated_sizes=tuple(sizes)),
        notices=replace(
            plan.notices,
            channels={"user": first, "trusted_flagger": 1 - first, "authority": 0.0},
        ),
    )
    assert read_plan(plan_text(plan).encode()) == plan


def test_an_unknown_section_is_refused_with_the_nearest():
    assert "impressions" in refused("[impresions]\nboost = 2").remedy


def test_an_unknown_parameter_is_refused_with_its_section_and_the_nearest():
    error = refused("[removal]\nscale = 3")
    assert "[removal]" in error.where
    assert "scale_h" in error.remedy


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("impressions = 3", "[impressions]"),
        ("[impressions]\nboost = 0", "boost"),
        ("[impressions]\nboost = 'two'", "boost"),
        ("[impressions]\nboost = true", "boost"),
        ("[impressions]\nboost = nan", "boost"),
        ("[impressions]\nboost = inf", "boost"),
        ("[impressions]\nholdback = 1.0", "holdback"),
        ("[impressions]\nboost_from_day = 60", "boost_from_day"),
        ("[posts]\nspanish = 1.1", "spanish"),
        ("[posts]\nspanish = -0.1", "spanish"),
        ("[posts]\nprevalence = 0.02", "prevalence"),
        ("[posts]\nprevalence = { x = 0.02 }", "prevalence"),
        ("[posts]\nprevalence = { x = 2.0, tiktok = 0, instagram = 0, facebook = 0 }", "prevalence.x"),
        ("[platforms]\nshares = { x = 0.5, tiktok = 0.4 }", "shares"),
        ("[platforms]\nshares = { twitter = 1.0 }", "shares"),
        ("[platforms]\nshares = {}", "shares"),
        ("[notices]\nchannels = { user = 1.0 }", "channels"),
        ("[scores]\nauc = 1.0", "auc"),
        ("[scores]\nauc = 0.4", "auc"),
        ("[cascades]\noffspring_mean = 1.0", "offspring_mean"),
        ("[cascades]\nroot_mean = 5.0", "[cascades]"),
        ("[cascades]\nstar_platforms = ['twitter']", "star_platforms"),
        ("[groups]\ncoordinated_sizes = [1]", "coordinated_sizes"),
        ("[groups]\ncoordinated_sizes = []", "coordinated_sizes"),
        ("[labels]\nsensitivity = [0.9]", "[labels]"),
        ("[labels]\nsensitivity = 0.9", "sensitivity"),
        ("[generator]\nchange_day = 60", "change_day"),
        ("[generator]\ndays = 100", "[generator] days"),
        ("[generator]\nprompts = 1000000", "[generator]"),
        ("[removal]\nchecks_h = [8, 2]", "checks_h"),
        ("[removal]\nchecks_h = [0, 2]", "checks_h"),
        ("[removal]\nshape = 0", "shape"),
        ("[time]\nstart = '2026-13-01'", "start"),
        ("[time]\nstart = '1999-01-01'", "start"),
        ("[time]\nstart = 2026-01-01", "start"),
        ("[time]\nstart = '2037-12-01'", "[time] days"),
        ("[time]\ndays = 0", "days"),
        ("[time]\ndays = 1.5", "days"),
        ("[blocks]\nposts = 10", "posts"),
    ],
)
def test_an_impossible_plan_is_refused_at_its_place(content, place):
    assert place in refused(content).where


@pytest.mark.parametrize("content", [b"\xff", b"[impressions", b"[impressions]\nboost = 1\nboost = 2"])
def test_what_is_no_toml_is_refused(content):
    with pytest.raises(CaseError):
        read_plan(content)


def test_a_plan_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(CaseError, match=r"nothing\.toml"):
        load_plan(tmp_path / "nothing.toml")


def test_a_plan_for_one_platform_needs_nothing_else():
    text = (
        "[platforms]\nshares = { bluesky = 1.0 }\n"
        "[posts]\nprevalence = { bluesky = 0.1 }\n"
        "[removal]\nplatform_ratio = { bluesky = 1.0 }\n"
    )
    assert read_plan(text.encode()).mean_prevalence == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("text", "number"), [("1e6", 10**6), ("250000", 250_000), ("1_000", 1000), ("2.0", 2), (7, 7)]
)
def test_a_number_of_posts_may_be_written_in_several_ways(text, number):
    assert posts_number(text) == number


@pytest.mark.parametrize("text", ["0", "-5", "many", "", "nan", "inf", "1.5", "1e10", "0x10", "1e400"])
def test_what_is_no_number_of_posts_is_refused(text):
    with pytest.raises(CaseError) as found:
        posts_number(text)
    assert found.value.where == "--posts"
