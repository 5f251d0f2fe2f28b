"""The method annex: every promise of the measures that answered, with what came of it."""

from dataclasses import replace

from perito.dossier import calibrated
from perito.dossier.calibrated import Tried, tried
from perito.measures.calibration import calibrations, recorded


class _Answered:
    def __init__(self, measure: str) -> None:
        self.measure = measure


def test_every_promise_of_the_measures_that_answered_is_listed_once():
    listed = tried([_Answered("prevalence"), _Answered("inventory"), _Answered("prevalence")])
    assert [one.promise for one in listed] == list(calibrations("prevalence"))


def test_the_outcome_is_the_recorded_one_in_the_readers_figures():
    one = next(one for one in tried([_Answered("prevalence")]) if one.outcome is not None)
    outcome = recorded()[one.promise.id]
    assert one.outcome == outcome
    clear = Tried(one.promise, replace(outcome, value=0.97649, standard_error=0.00312))
    assert clear.found("en") == "0.976 ± 0.003"
    assert clear.found("es") == "0,976 ± 0,003"
    assert one.replicates("en") == f"{outcome.replicates:,}"
    assert one.seed == str(outcome.seed)


def test_a_promise_that_was_not_tried_says_so_and_prints_no_number(monkeypatch):
    monkeypatch.setattr(calibrated, "recorded", dict)
    listed = tried([_Answered("prevalence")])
    assert listed
    assert {(one.verdict, one.found("es"), one.replicates("es"), one.seed) for one in listed} == {
        ("not_tried", "–", "–", "–")
    }


def test_a_broken_band_is_said():
    one = next(one for one in tried([_Answered("prevalence")]) if one.outcome is not None)
    broken = Tried(one.promise, replace(one.outcome, value=0.5, low=0.9))
    assert broken.verdict == "band_broken"
