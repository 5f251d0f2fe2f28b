"""Age gates: adult testers try each platform's gate by each method, with test identities of each age band."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from perito.simulate.columns import (
    Codes,
    Flags,
    Numbers,
    coded,
    constant,
    digits,
    joined,
    microseconds,
    table,
)
from perito.simulate.plan import AGE_METHODS, DAY_S
from perito.simulate.trials import correlated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.random import Generator

    from perito.simulate.world import World

BANDS = ("<13", "13-15", "16-17", "18+")
_FIRST_ADMISSIBLE = BANDS.index("16-17")
_OUTCOMES = ("refused", "admitted", "challenged", "error")
_REFUSED, _ADMITTED, _CHALLENGED, _ERROR = range(4)
_DEVICES = ("phone", "computer")
_STATED_YEARS = 18


def gate_tables(world: World) -> dict[str, pa.Table]:
    """The attempts, and the truth: the probability with which each tester's identities are admitted."""
    plan, random = world.plan.age_gate, world.stream("age gate")
    shape = (plan.testers, len(world.platforms), len(AGE_METHODS), len(BANDS), plan.attempts)
    tester, platform, method, band, attempt = (axis.ravel() for axis in np.indices(shape))
    is_minor, rows = band < _FIRST_ADMISSIBLE, len(tester)
    minors, adults = (
        _by_tester(world, rates, part)
        for rates, part in ((plan.admits_minors, "minors"), (plan.admits_adults, "adults"))
    )
    chance = np.where(is_minor, minors[method, tester], adults[method, tester])
    stated = method == AGE_METHODS.index("self_declaration")
    columns = {
        "trial_id": joined("gate-", digits(np.arange(rows) + 1)),
        "design_id": constant("gates-1", rows),
        "platform": coded(platform, world.platforms),
        "protocol": constant("simulated protocol 1", rows),
        "identity_id": joined("identity-", digits(tester + 1), "-", digits(band + 1)),
        "true_age_band": coded(band, BANDS),
        "stated_age": pa.array(np.full(rows, _STATED_YEARS, np.int32), mask=~stated),
        "method": coded(method, AGE_METHODS),
        "attempt": (attempt + 1).astype(np.int32),
        "device": coded(tester % len(_DEVICES), _DEVICES),
        "locale": constant("es-ES", rows),
        "tester_id": joined("gate-tester-", digits(tester + 1)),
        "outcome": coded(_outcomes(world, chance, random), _OUTCOMES),
        "asked_at_us": microseconds(world.start_s + random.integers(0, world.plan.time.days * DAY_S, rows)),
        "asked_basis": constant("capture_clock", rows),
    }
    return {"age_trials": table(columns), "truth/testers": _truth(minors, adults)}


def _by_tester(world: World, rates: Mapping[str, float], part: str) -> Numbers:
    places = world.stream(f"age gate {part}").random(world.plan.age_gate.testers)
    return np.stack(
        [correlated(rates[name], world.plan.age_gate.correlation, places) for name in AGE_METHODS]
    )


def _outcomes(world: World, chance: Numbers, random: Generator) -> Codes:
    plan, rows = world.plan.age_gate, len(chance)
    is_admitted: Flags = random.random(rows) < chance
    is_challenged = random.random(rows) < plan.challenged
    outcome = np.where(is_admitted, _ADMITTED, np.where(is_challenged, _CHALLENGED, _REFUSED))
    outcome[random.random(rows) < plan.errors] = _ERROR
    return outcome


def _truth(minors: Numbers, adults: Numbers) -> pa.Table:
    method, tester = (axis.ravel() for axis in np.indices(minors.shape))
    return table(
        {
            "tester_id": joined("gate-tester-", digits(tester + 1)),
            "method": coded(method, AGE_METHODS),
            "admits_minors": minors.ravel(),
            "admits_adults": adults.ravel(),
        }
    )
