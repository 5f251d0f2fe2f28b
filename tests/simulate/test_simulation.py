"""The simulation as a whole: the same bytes again, in bounded memory, whole or not at all."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perito.errors import CaseError
from perito.simulate import Plan, World, blocks, simulate, simulation
from perito.simulate.blocks import Stage, make_block

POSTS = 5_000
BLOCKS = {"posts": 1_000}
FEW_TARGETS = {"targets": 2}
WITHOUT_CHANCE = {"truth/plan.toml", "truth/accounts.parquet"}  # the plan, and formulas of it


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def differing(one: dict[str, str], other: dict[str, str]) -> set[str]:
    assert set(one) == set(other)
    return {name for name in one if one[name] != other[name]}


@pytest.fixture(scope="module")
def reference(make):
    return digests(make(POSTS, pictures=10, blocks=BLOCKS, groups=FEW_TARGETS).folder)


@pytest.mark.parametrize("workers", [1, 2, 5, 64])
def test_the_same_call_gives_the_same_bytes_with_any_number_of_workers(make, reference, workers):
    again = make(POSTS, pictures=10, workers=workers, blocks=BLOCKS, groups=FEW_TARGETS)
    assert differing(reference, digests(again.folder)) == set()


def test_another_seed_gives_other_data_in_every_table(make, reference):
    other = digests(make(POSTS, 8, pictures=10, blocks=BLOCKS, groups=FEW_TARGETS).folder)
    assert differing(reference, other) == set(reference) - WITHOUT_CHANCE


def test_the_machine_s_zone_language_and_hash_seed_change_no_byte(reference, tmp_path):
    code = (
        "import sys; from dataclasses import replace; from pathlib import Path;"
        "from perito.simulate import Plan, simulate; plan = Plan();"
        f"plan = replace(plan, blocks=replace(plan.blocks, **{BLOCKS}));"
        f"plan = replace(plan, groups=replace(plan.groups, **{FEW_TARGETS}));"
        f"simulate(Path(sys.argv[1]), {POSTS}, 7, plan, pictures=10)"
    )
    strange = {**os.environ, "TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "42"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "case")], env=strange, check=True)
    assert differing(reference, digests(tmp_path / "case")) == set()


@pytest.mark.parametrize(
    ("sections", "touched"),
    [
        ({"impressions": {"boost": 3.0}}, {"sources/impressions", "truth/subjects"}),
        ({"labels": {"late_ratio": 0.5}}, {"sources/labels"}),
        ({"scores": {"auc": 0.8}}, {"sources/scores"}),
        ({"removal": {"never": 0.5}}, {"sources/notices", "sources/actions", "truth/notices"}),
        ({"generator": {"complies_after": 0.5}}, {"sources/labels", "sources/scores"}),
        ({"media": {"families": 0.5}}, {"truth/media", "sources/media", "sources/pictures"}),
    ],
)  # fmt: skip
def test_planting_something_else_in_one_part_changes_no_other(make, reference, sections, touched):
    other = digests(make(POSTS, pictures=10, blocks=BLOCKS, groups=FEW_TARGETS, **sections).folder)
    always = {"truth/truth", "truth/plan", "truth/prompts", "truth/trials", "sources/counts"}
    changed = {name.rpartition(".")[0] for name in differing(reference, other)}
    assert changed - always <= touched
    assert changed & touched


def test_a_block_does_not_depend_on_the_blocks_before_it():
    plan = Plan()
    plan = replace(plan, blocks=replace(plan.blocks, **BLOCKS), groups=replace(plan.groups, **FEW_TARGETS))
    stages = [Stage.of(World(plan, 7, POSTS), 0, "sha256:00") for _ in range(2)]
    in_order = [make_block(stages[0], number) for number in range(5)][4]
    alone = make_block(stages[1], 4)
    assert alone.totals == in_order.totals
    for name, parts in alone.tables.items():
        assert all(one.equals(other) for one, other in zip(parts, in_order.tables[name], strict=True))


@given(posts=st.integers(1, 3_000), seed=st.integers(0, 2**63 - 1))
@settings(max_examples=12)
def test_any_size_and_seed_make_a_whole_case(tmp_path_factory, posts, seed):
    folder = tmp_path_factory.mktemp("any") / "case"
    made = simulate(folder, posts, seed)
    assert made.rows["scores"] - made.rows["generator_trials"] == posts
    assert made.rows["posts"] == posts + made.rows.get("edges", 0)
    assert made.truth["realised"]["posts"] == posts
    assert (folder / "case.toml").is_file()


@pytest.mark.parametrize(
    "sections",
    [
        {"posts": {"prevalence": dict.fromkeys(("x", "tiktok", "instagram", "facebook"), 0.0)}},
        {"posts": {"prevalence": dict.fromkeys(("x", "tiktok", "instagram", "facebook"), 1.0)}},
        {"cascades": {"root_mean": 0.0, "offspring_mean": 0.0}},
        {"groups": {"coordinated": 0, "fans": 0}},
        {"media": {"share": 0.0}},
        {"removal": {"never": 1.0, "unchecked": 1.0, "stated": 0.0}},
        {"notices": {"of_class": 0.0, "of_others": 0.0}},
        {"labels": {"sensitivity": (1.0,), "specificity": (1.0,), "validation_positives": 0}},
        {"generator": {"correlation": 0.0, "errors": 1.0}},
        {"impressions": {"per_post": 0.001}},
        {"impressions": {"boost": 0.5, "minor_ratio": 4.0, "neutral_share": 0.9}},
        {"engagement": {"tracked": 0.0, "hidden": 1.0, "views_sigma": 10.0}},
        {"cascades": {"delay_sigma": 10.0}, "notices": {"delay_sigma": 10.0}},
        {"time": {"daily_swing": 1.0, "days": 1}, "generator": {"days": 2, "change_day": 1}},
    ],
    ids=str,
)
def test_a_plan_at_its_limits_makes_a_whole_case(make, sections):
    made = make(1_500, **sections)
    assert made.truth["realised"]["posts"] == 1_500


def test_a_folder_that_exists_is_refused_and_left_alone(tmp_path):
    (tmp_path / "note").write_text("mine")
    for place in (tmp_path, tmp_path / "note"):
        with pytest.raises(CaseError, match="exists"):
            simulate(place, 10)
    assert [path.name for path in tmp_path.iterdir()] == ["note"]


def test_what_goes_wrong_half_way_leaves_nothing(tmp_path, monkeypatch):
    real = blocks.make_block

    def broken(stage, number):
        if number:
            raise OSError("the disk is full")
        return real(stage, number)

    monkeypatch.setattr(simulation, "make_block", broken)
    plan = Plan()
    plan = replace(plan, blocks=replace(plan.blocks, **BLOCKS), groups=replace(plan.groups, **FEW_TARGETS))
    for workers in (1, 2):
        with pytest.raises(OSError, match="full"):
            simulate(tmp_path / "case", POSTS, 7, plan, workers=workers)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given_", "place"),
    [
        ({"posts": 0}, "--posts"),
        ({"posts": -1}, "--posts"),
        ({"seed": -1}, "--seed"),
        ({"seed": 2**63}, "--seed"),
        ({"pictures": -1}, "--media"),
        ({"pictures": 31}, "--media"),
        ({"workers": 0}, "--workers"),
        ({"workers": 1000}, "--workers"),
    ],
)
def test_an_impossible_number_is_refused_before_anything_is_written(tmp_path, given_, place):
    with pytest.raises(CaseError) as found:
        simulate(tmp_path / "case", **{"posts": 100, **given_})
    assert found.value.where == place
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "groups",
    [
        {"fans": 100, "fan_size": 100},
        {"coordinated_sizes": (500,)},
        {"background": 100_000.0},
        {"targets": 10_000},
    ],
)
def test_groups_that_do_not_fit_the_size_are_refused_before_anything_is_written(tmp_path, groups):
    plan = replace(Plan(), groups=replace(Plan().groups, **groups))
    with pytest.raises(CaseError) as found:
        simulate(tmp_path / "case", 10_000, 7, plan)
    assert "[groups]" in found.value.where
    assert list(tmp_path.iterdir()) == []


def peak_kilobytes(folder: Path, posts: int) -> int:
    code = (
        "import resource, sys; from dataclasses import replace; from pathlib import Path;"
        "from perito.simulate import Plan, simulate; plan = Plan();"
        "plan = replace(plan, blocks=replace(plan.blocks, posts=10_000));"
        "simulate(Path(sys.argv[1]), int(sys.argv[2]), 7, plan);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    command = [sys.executable, "-c", code, str(folder), str(posts)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_memory_does_not_grow_with_the_number_of_posts(tmp_path):
    peaks = [peak_kilobytes(tmp_path / str(posts), posts) for posts in (100_000, 600_000)]
    assert peaks[1] < peaks[0] * 1.25
