"""Simulated platforms with planted truth, at any size: does a measure find what is there?"""

from perito.simulate.plan import Plan
from perito.simulate.planfile import load_plan, plan_text, read_plan
from perito.simulate.simulation import Simulated, simulate
from perito.simulate.streams import stream
from perito.simulate.truth import expectations, removal_share
from perito.simulate.world import World

__all__ = [
    "Plan",
    "Simulated",
    "World",
    "expectations",
    "load_plan",
    "plan_text",
    "read_plan",
    "removal_share",
    "simulate",
    "stream",
]
