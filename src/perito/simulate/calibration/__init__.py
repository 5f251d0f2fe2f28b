"""Calibration: repeat simulate -> measure, and report coverage, width, false alarms and power."""

from perito.simulate.calibration.runner import calibrate
from perito.simulate.calibration.scenarios import SCENARIOS
from perito.simulate.calibration.trial import Verdict

__all__ = ["SCENARIOS", "Verdict", "calibrate"]
