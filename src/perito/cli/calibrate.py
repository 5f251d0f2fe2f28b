"""`perito calibrate`: what the measures promise, put to the test by planted truth."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from perito.cli.output import json_option, progress, quiet_option, write_json

_SEED = 20_260_101


@click.command("calibrate")
@click.argument("names", nargs=-1, metavar="[MEASURE]...")
@click.option(
    "--replicates", type=click.IntRange(min=1), help="Replicates of each; its own number by default."
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=_SEED, show_default=True, help="Seed of all draws."
)
@click.option(
    "--write", type=click.Path(dir_okay=False, path_type=Path), help="Keep the outcomes in a JSON file."
)
@json_option
@quiet_option
def calibrate_command(
    names: tuple[str, ...], replicates: int | None, seed: int, write: Path | None, as_json: bool, quiet: bool
) -> None:
    """Simulate, measure, and compare with what was planted, for some MEASUREs or all.

    Ends with 1 if a statistic falls outside the band that its measure declares.

    Example: perito calibrate prevalence --replicates 200
    """
    from perito.measures import MEASURES, describe
    from perito.measures.calibration import calibrations, outcomes_json
    from perito.simulate.calibration import calibrate

    shown = progress(quiet=quiet or as_json)
    promises = [promise for name in names or MEASURES for promise in calibrations(describe(name).name)]
    outcomes = [calibrate(one, seed, replicates, partial(shown, word=one.id)) for one in promises]
    if write is not None:
        write.write_bytes(outcomes_json(outcomes))
    if as_json:
        write_json([outcome.to_json() for outcome in outcomes])
    elif not quiet:
        for outcome in outcomes:
            verdict = "holds" if outcome.holds else "DOES NOT HOLD"
            found = f"{outcome.value:.4f} ± {outcome.standard_error:.4f}"
            band = f"band [{outcome.low}, {outcome.high}]"
            made = f"{outcome.replicates:,} replicates"
            click.echo(f"{outcome.calibration:34} {outcome.statistic:12} {found}  {band}  {made}  {verdict}")
    if not all(outcome.holds for outcome in outcomes):
        raise click.exceptions.Exit(1)
