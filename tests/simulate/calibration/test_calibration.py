"""Every measure keeps its promises against planted truth (a short seeded run), and the runner can tell."""

from dataclasses import replace

import pytest

from perito.errors import MeasureError
from perito.measures import MEASURES
from perito.measures.calibration import Outcome, calibrations, outcomes_json, recorded
from perito.simulate.calibration import SCENARIOS, calibrate
from perito.simulate.calibration.own_labels import OWN_LABELS

SEED = 7
SHORT = 150
FEW = 30  # of trials that hold a whole sample with its labels
EVERY = [promise for measure in MEASURES for promise in calibrations(measure)]


def named(identifier):
    return next(promise for promise in EVERY if promise.id == identifier)


@pytest.mark.parametrize("promise", EVERY, ids=lambda promise: promise.id)
def test_a_short_run_does_not_contradict_the_band(promise):
    number = FEW if promise.scenario in OWN_LABELS else SHORT
    outcome = calibrate(promise, SEED, number)
    # Over so few replicates the statistic may stray from its band by some standard errors.
    slack = 3.5 * (0.05 * 0.95 / number) ** 0.5 if promise.low < promise.high else 0
    assert promise.low - slack <= outcome.value <= promise.high + slack
    assert outcome.replicates == number


@pytest.mark.long
@pytest.mark.parametrize("promise", EVERY, ids=lambda promise: promise.id)
def test_the_long_run_holds(promise):
    assert calibrate(promise, SEED).holds


def test_the_same_seed_gives_the_same_outcome_and_another_seed_another():
    promise = named("prevalence@1/total-rare")
    first, again, other = (calibrate(promise, seed, 60) for seed in (1, 1, 2))
    assert first == again
    assert first.width != other.width


def test_an_interval_that_is_too_narrow_is_found_out():
    promise = named("prevalence@1/total-rare")
    lying = replace(promise, settings={**promise.settings, "positives": 1_000, "level": 0.5})
    planted = SCENARIOS["sampled_total"]

    def half_level(draw, study, settings):
        trial = planted(draw, study, settings)
        return replace(trial, parameters={**trial.parameters, "level": settings["level"]})

    SCENARIOS["half_level"] = half_level
    try:
        outcome = calibrate(replace(lying, scenario="half_level"), SEED, 200)
    finally:
        del SCENARIOS["half_level"]
    assert outcome.value < 0.75
    assert not outcome.holds


def test_a_claim_is_shown_more_often_the_larger_the_total_is():
    promise = named("prevalence@1/claim-power")
    powers = [
        calibrate(replace(promise, settings={**promise.settings, "positives": total}), SEED, 100).value
        for total in (20_000, 24_000, 30_000)
    ]
    assert powers == sorted(powers)
    assert powers[0] < 0.1
    assert powers[2] > 0.9


def test_an_unknown_scenario_is_refused_with_the_nearest():
    with pytest.raises(MeasureError, match="sampled_total"):
        calibrate(replace(EVERY[0], scenario="sampled_totals"), SEED, 1)


def test_a_statistic_that_no_replicate_answers_is_refused():
    with pytest.raises(MeasureError, match="no replicate"):
        calibrate(replace(named("prevalence@1/claim-null"), statistic="coverage"), SEED, 1)


def test_the_record_holds_an_outcome_for_every_promise_within_its_band():
    outcomes = recorded()
    assert set(outcomes) == {promise.id for promise in EVERY}
    for promise in EVERY:
        outcome = outcomes[promise.id]
        assert outcome.holds
        assert (outcome.low, outcome.high, outcome.replicates) == (
            promise.low,
            promise.high,
            promise.replicates,
        )


def test_outcomes_survive_being_written_and_read():
    outcome = Outcome("m@1/n", "coverage", 0.96, 0.003, 12.5, 4000, 1, 0.95, 1.0)
    assert b'"calibration": "m@1/n"' in outcomes_json([outcome])
