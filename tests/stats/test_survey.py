"""The one import for all estimators of a survey."""

from __future__ import annotations

import inspect

import perito.stats.survey as survey_module
from perito.stats.interval import Estimate


def test_every_public_name_is_there_and_the_list_is_sorted():
    assert survey_module.__all__ == sorted(survey_module.__all__)
    assert all(hasattr(survey_module, name) for name in survey_module.__all__)


def test_the_agreed_calls_work_as_they_are_written():
    share = survey_module.fay_feuer([1, 4, 9], [600, 300, 100], [0.85, 0.1, 0.05], level=0.95, mid_p=True)
    clustered = survey_module.korn_graubard(
        [0, 1, 0, 1], [2.0] * 4, strata=None, clusters=[1, 1, 2, 3], fpc=None, level=0.95
    )
    for found in (share, clustered):
        assert isinstance(found, Estimate)
        assert found.interval.contains(found.value)


def test_every_estimator_of_a_sample_takes_a_level_of_095_by_default():
    for name in survey_module.__all__:
        if name.islower() and name != "sampling_design":
            assert inspect.signature(getattr(survey_module, name)).parameters["level"].default == 0.95
