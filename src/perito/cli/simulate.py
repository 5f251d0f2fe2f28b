"""`perito simulate`: a case of simulated platforms with planted truth."""

from __future__ import annotations

from pathlib import Path

import click

from perito.cli.output import json_option, progress, quiet_option, write_json


@click.command("simulate")
@click.argument("out", type=click.Path(path_type=Path), metavar="OUT")
@click.option("--posts", default="100000", show_default=True, help="How many posts, for example 1e6.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of every random number.")
@click.option(
    "--plan", type=click.Path(path_type=Path), help="TOML file with what is to be planted otherwise."
)
@click.option("--media", type=int, default=0, show_default=True, help="How many benign pictures to make.")
@click.option("--workers", type=int, default=1, show_default=True, help="Blocks made at the same time.")
@json_option
@quiet_option
def simulate_command(
    out: Path, posts: str, seed: int, plan: Path | None, media: int, workers: int, as_json: bool, quiet: bool
) -> None:
    """Make the case OUT: platforms with planted truth, ready for 'perito run'.

    What was planted lies in OUT/truth: plan.toml lists every parameter with its meaning, and is what
    --plan takes. Nothing in it is evidence. Posts, seed, plan and media given again give the same bytes.

    \b
    Examples:
      perito simulate --posts 2000 --seed 7 simulated
      perito simulate --posts 1e6 --plan plan.toml large
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.simulate import load_plan, simulate
    from perito.simulate.planfile import posts_number

    number = posts_number(posts)
    planned = load_plan(plan) if plan else None
    shown = progress(quiet=quiet)
    made = simulate(out, number, seed, planned, pictures=media, workers=workers, progress=shown)
    if as_json:
        write_json({"folder": str(made.folder), "rows": dict(made.rows)})
    elif not quiet:
        for name, rows in sorted(made.rows.items()):
            click.echo(f"{rows:>12,}  {name}")
        click.echo(str(made.folder))
