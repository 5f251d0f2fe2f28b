"""`perito score`: scores from the case's own labels, for the order of a queue and for strata."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perito.cli.output import case_argument, json_option, quiet_option, write_json
from perito.errors import CaseError

if TYPE_CHECKING:
    from perito.sampling.scoring import Scored


@click.command("score")
@case_argument
@click.option("--question", required=True, metavar="ID", help="The question whose population is scored.")
@click.option("--class", "class_name", metavar="CLASS", help="Class; that of the question if not given.")
@click.option("--items", default="posts", show_default=True, metavar="TABLE", help="posts or media.")
@click.option(
    "--lang", "languages", multiple=True, metavar="TAG", help="Only this language. May be repeated."
)
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only this kind. May be repeated.")
@click.option(
    "--label-book",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The label book; CASE/label-book.toml if not given.",
)
@click.option("--folds", type=int, default=5, show_default=True, help="Folds of the cross-fitting.")
@click.option("--seed", default="1", show_default=True, metavar="TEXT", help="Seed of the folds.")
@click.option("--engine", default="duckdb", show_default=True, metavar="NAME", help="duckdb or spark.")
@json_option
@quiet_option
def score_command(
    case: str,
    question: str,
    class_name: str | None,
    as_json: bool,
    quiet: bool,
    label_book: Path | None,
    items: str,
    languages: tuple[str, ...],
    kinds: tuple[str, ...],
    folds: int,
    seed: str,
    engine: str,
) -> None:
    """Train a small text model on the labels of CASE, and seal its scores of a question's population.

    Each post is scored by a model that did not see its label. The scores order the queue and cut strata;
    no share is ever derived from them.

    \b
    Example:
      perito score my-case --question how-many
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.case import load_case
    from perito.engine import check_engine
    from perito.sampling import frame_filter, load_label_book, question_of
    from perito.sampling.label_book import FILE_NAME
    from perito.sampling.scoring import score_case

    loaded = load_case(case)
    asked = question_of(loaded, question)
    check_engine(engine)
    name = class_name or asked.parameters.get("class")
    if not isinstance(name, str):
        raise CaseError(
            "the question names no class", where=f"question '{question}'", remedy="give '--class'"
        )
    book = load_label_book(label_book or loaded.folder / FILE_NAME)
    wanted = frame_filter(loaded, asked, items, languages, kinds)
    scored = score_case(loaded, wanted, book, name, seed=seed, folds=folds, engine=engine)
    if as_json:
        write_json(_json(scored))
    elif not quiet:
        _print(scored)


def _json(scored: Scored) -> dict[str, Any]:
    return {**scored.card, "evidence_id": scored.evidence_id, "is_new": scored.is_new}


def _print(scored: Scored) -> None:
    from perito.evidence import shown_name

    card, auc = scored.card, scored.card["auc"]
    click.echo(f"model    {card['model_id']}@{card['model_version']}  {shown_name(card['class'])}")
    labelled = f"{card['positives']:,} positives, {card['negatives']:,} negatives"
    click.echo(f"labels   {labelled}, {card['undecided']:,} undecided left out")
    click.echo(f"without  {card['without_words']:,} items without words have no score")
    click.echo(f"AUC      {auc['value']} [{auc['low']}, {auc['high']}], {auc['note']}")
    click.echo(f"purpose  {card['purpose']}")
    click.echo(f"{'sealed' if scored.is_new else 'was sealed'}: {scored.evidence_id}")
