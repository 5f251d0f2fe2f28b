"""The runner: draw the trials of a scenario, answer each through tables, engine and measure, and sum up.

The way of a datum is the one that evidence takes from the tables on. Trials are drawn from a counter-based
generator keyed by seed, calibration and batch, so the same seed gives the same outcome on any machine.
"""

from __future__ import annotations

import hashlib
import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from perito.case import Case, Question
from perito.clock import Period
from perito.engine import Tables, open_engine
from perito.errors import MeasureError, nearest
from perito.findings import verbatim
from perito.measures import describe
from perito.measures.asking import ask
from perito.measures.calibration import Calibration, Outcome
from perito.schema import table
from perito.schema.arrow import arrow_schema
from perito.simulate.calibration.scenarios import SCENARIOS
from perito.tables import write_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from perito.simulate.calibration.trial import Trial, Verdict

_BATCH = 50


def calibrate(
    calibration: Calibration,
    seed: int,
    replicates: int | None = None,
    progress: Callable[[Sequence[int]], Iterable[int]] = iter,
) -> Outcome:
    """What a calibration comes to over so many replicates (its own number where none is given).

    Raises:
        MeasureError: Its scenario is not known, or no replicate could be judged by its statistic.
    """
    if calibration.scenario not in SCENARIOS:
        raise MeasureError(
            f"there is no scenario '{calibration.scenario}'",
            where=calibration.id,
            remedy=nearest(calibration.scenario, SCENARIOS),
        )
    number = replicates or calibration.replicates
    verdicts = [
        verdict
        for batch in progress(range(0, number, _BATCH))
        for verdict in _verdicts(calibration, seed, batch, min(_BATCH, number - batch))
    ]
    return _outcome(calibration, seed, verdicts)


def _verdicts(calibration: Calibration, seed: int, batch: int, size: int) -> Iterator[Verdict]:
    """Draw, tabulate, ask and judge one batch of trials."""
    draw = np.random.Generator(np.random.Philox(key=_key(seed, calibration.id, batch)))
    scenario = SCENARIOS[calibration.scenario]
    trials = [scenario(draw, f"replicate-{batch + at}", calibration.settings) for at in range(size)]
    with (
        tempfile.TemporaryDirectory(prefix="perito-calibrate-") as folder,
        _tables(trials, Path(folder)) as tables,
    ):
        case = _case(Path(folder))
        for trial in trials:
            question = Question(
                "replicate", trial.measure, verbatim("calibration"), parameters=trial.parameters
            )
            yield trial.judge(ask(question, case, tables))


def _tables(trials: Sequence[Trial], folder: Path) -> Tables:
    """The rows of all trials of a batch, each with a place of its own, as canonical tables."""
    given = {"counts": [row for trial in trials for row in trial.rows]}
    for name in dict.fromkeys(name for trial in trials for name in trial.tables):
        given[name] = [row for trial in trials for row in trial.tables.get(name, ())]
    data = {
        name: pa.Table.from_pylist(
            [
                {**row, "evidence_id": f"sha256:{'0' * 64}", "locator": f"row={at}"}
                for at, row in enumerate(rows, start=1)
            ],
            schema=arrow_schema(table(name)),
        )
        for name, rows in given.items()
        if rows
    }
    written = write_tables(data, folder / "tables")
    names = {name for trial in trials for name in describe(trial.measure).tables}
    return Tables(open_engine("duckdb", written.paths, names, threads=1), written.inputs)


def _case(folder: Path) -> Case:
    title = verbatim("calibration")
    return Case(folder, "calibration", title, None, "en", Period.of("2026-01-01", "2026-02-01"), (), ())


def _key(seed: int, name: str, batch: int) -> int:
    """A key of 128 bits for the generator: other calibrations and batches draw other numbers."""
    digest = hashlib.sha256(f"{seed}/{name}/{batch}".encode()).digest()
    return int.from_bytes(digest[:16], "big")


def _outcome(calibration: Calibration, seed: int, verdicts: Sequence[Verdict]) -> Outcome:
    asked = "is_covered" if calibration.statistic == "coverage" else "is_alarmed"
    judged = [getattr(verdict, asked) for verdict in verdicts if getattr(verdict, asked) is not None]
    if not judged:
        raise MeasureError(
            "no replicate could be judged", where=calibration.id, expected=calibration.statistic
        )
    share = sum(judged) / len(judged)
    widths = [verdict.width for verdict in verdicts if verdict.width is not None]
    return Outcome(
        calibration=calibration.id,
        statistic=calibration.statistic,
        value=share,
        standard_error=math.sqrt(share * (1 - share) / len(judged)),
        width=math.fsum(widths) / len(widths) if widths else None,
        replicates=len(judged),
        seed=seed,
        low=calibration.low,
        high=calibration.high,
    )
