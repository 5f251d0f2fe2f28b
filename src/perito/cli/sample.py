"""`perito sample`: which items are read by whom, planned, registered and sealed before the first label."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perito.cli.output import case_argument, json_option, quiet_option, write_json
from perito.errors import CaseError

if TYPE_CHECKING:
    from perito.case import Case, Question
    from perito.sampling import Drawn, LabelBook, Plan, Registered

_PERCENT = 100


def _share(_context: click.Context, _parameter: click.Parameter, value: str | None) -> float | None:
    """A share given as `10%` or `0.1`."""
    if value is None:
        return None
    text = value.strip()
    try:
        found = float(text.removesuffix("%"))
    except ValueError:
        raise click.BadParameter(f"'{text}' is no share, expected for example 10% or 0.1") from None
    return found / _PERCENT if text.endswith("%") else found


def _names(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(",")) if value else ()


@click.command("sample")
@case_argument
@click.option("--question", metavar="ID", help="The question that the sample is for.")
@click.option("--budget", type=int, metavar="N", help="Items to read once (first readings).")
@click.option(
    "--precision", callback=_share, metavar="10%", help="Half-width of the interval over the estimate."
)
@click.option(
    "--class",
    "classes",
    multiple=True,
    metavar="CLASS",
    help="Class of the label book; that of the question if not given. May be repeated.",
)
@click.option("--items", default="posts", show_default=True, metavar="TABLE", help="posts or media.")
@click.option(
    "--lang", "languages", multiple=True, metavar="TAG", help="Only this language. May be repeated."
)
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only this kind. May be repeated.")
@click.option("--stratify-by", metavar="HOW", help="score or none; by score where there are scores.")
@click.option(
    "--model", metavar="ID[@VERSION]", help="The model whose scores are used, if there are several."
)
@click.option("--weight", metavar="views", help="Draw in proportion to views, for the share of views.")
@click.option(
    "--expected", callback=_share, metavar="0.5%", help="A guess of the share, where there are no scores."
)
@click.option("--level", callback=_share, default="95%", show_default=True, help="Confidence level.")
@click.option(
    "--stopping",
    default="fixed",
    show_default=True,
    metavar="RULE",
    help="fixed: at the planned number; anytime: whenever wanted, with wider intervals.",
)
@click.option(
    "--second-reading",
    callback=_share,
    default="10%",
    show_default=True,
    metavar="10%",
    help="Items that get a second blind reading even if the first says no.",
)
@click.option("--validation", type=int, default=0, metavar="N", help="The least number of such items.")
@click.option(
    "--readers",
    callback=_names,
    default="reader-1,reader-2,reader-3",
    show_default=True,
    metavar="A,B,C",
    help="Pseudonyms of the readers.",
)
@click.option(
    "--seed", metavar="TEXT", help="Seed of the draw; from the digest of the population if not given."
)
@click.option(
    "--label-book",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The label book; CASE/label-book.toml if not given.",
)
@click.option("--replaces", metavar="DESIGN", help="The registered design that this one replaces.")
@click.option("--reason", metavar="TEXT", help="Why it replaces that design.")
@click.option("--engine", default="duckdb", show_default=True, metavar="NAME", help="duckdb or spark.")
@click.option("--dry-run", is_flag=True, help="Print the plan; register nothing.")
@click.option(
    "--next-reading",
    is_flag=True,
    help="Write the tasks of the further readings that are due, once first labels are in.",
)
@click.option("--new-label-book", is_flag=True, help="Write a label book to start from, and nothing else.")
@json_option
@quiet_option
def sample_command(
    case: str,
    new_label_book: bool,
    next_reading: bool,
    as_json: bool,
    quiet: bool,
    question: str | None,
    engine: str,
    **options: Any,  # noqa: ANN401
) -> None:
    """Draw a sample of CASE for a question, and seal its design before the first label.

    The plan is printed first: the strata, what each is expected to show, how many readings it takes. Design
    and label book are sealed; what readers get lies in samples/<design>/. The same call again changes
    nothing. Any other parameter is a new design, which has to name the one that it replaces, and why.

    \b
    Examples:
      perito sample my-case --new-label-book
      perito sample my-case --question how-many --budget 2000 --dry-run
      perito sample my-case --question how-many --precision 10% --expected 0.5%
      perito sample my-case --question how-many --next-reading
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.case import load_case
    from perito.sampling import question_of
    from perito.sampling.label_book import write_template

    loaded = load_case(case)
    if new_label_book:
        path = write_template(loaded.folder)
        _say({"label_book": str(path)}, [str(path)], as_json=as_json, quiet=quiet)
        return
    if question is None:
        raise CaseError("a sample is drawn for a question", where="--question", remedy="give its id")
    asked = question_of(loaded, question)
    if next_reading:
        _next_reading(loaded, asked, engine, as_json=as_json, quiet=quiet)
        return
    drawn = _draw(loaded, asked, engine, options)
    _say(_json(drawn), _lines(drawn), as_json=as_json, quiet=quiet)


def _draw(case: Case, question: Question, engine: str, options: dict[str, Any]) -> Drawn:
    from perito.engine import check_engine
    from perito.sampling import Request, draw_sample, frame_filter

    check_engine(engine)
    book = _label_book(case, options["label_book"])
    classes = options["classes"] or _own_class(question)
    kept = (
        "budget",
        "precision",
        "stratify_by",
        "weight",
        "seed",
        "stopping",
        "second_reading",
        "validation",
        "readers",
        "expected",
        "level",
        "replaces",
        "reason",
    )
    request = Request(question.id, tuple(classes), **{name: options[name] for name in kept})
    wanted = frame_filter(case, question, options["items"], options["languages"], options["kinds"])
    return draw_sample(
        case, request, book, wanted, model=options["model"], engine=engine, is_dry=options["dry_run"]
    )


def _label_book(case: Case, path: Path | None) -> LabelBook:
    from perito.sampling.label_book import FILE_NAME, load_label_book

    return load_label_book(path or case.folder / FILE_NAME)


def _own_class(question: Question) -> tuple[str, ...]:
    name = question.parameters.get("class")
    if not isinstance(name, str):
        raise CaseError(
            "the question names no class",
            where=f"question '{question.id}'",
            remedy="give '--class', or set the parameter 'class' of the question",
        )
    return (name,)


def _next_reading(case: Case, question: Question, engine: str, *, as_json: bool, quiet: bool) -> None:
    from perito.sampling import next_readings

    one, files, number = next_readings(case, question, engine)
    found = {"design_id": one.design_id, "readings": number, "files": [str(path) for path in files]}
    lines = [f"{number:,} further readings are due", *map(str, files)]
    if not number:
        lines.append(
            f"either all were asked for already (in {case.folder / 'samples' / one.design_id}), or no first"
            " reading is in: 'perito add' seals a task file that was filled in"
        )
    _say(found, lines, as_json=as_json, quiet=quiet)


def _say(found: dict[str, Any], lines: list[str], *, as_json: bool, quiet: bool) -> None:
    from perito.evidence import shown_name

    if as_json:
        write_json(found)
    elif not quiet:
        for line in lines:
            click.echo(shown_name(line))


def _json(drawn: Drawn) -> dict[str, Any]:
    plan = drawn.plan
    expected = plan.expected
    return {
        "design_id": plan.design.design_id,
        "design": dict(plan.design.facts),
        "strata": [dict(one) for one in plan.design.strata],
        "classes": list(plan.design.classes),
        "expected": None if expected is None else vars(expected),
        "second_readings": plan.second_readings,
        "further_readings": plan.further_readings,
        "notes": list(drawn.notes),
        "registered": None if drawn.registered is None else _registered(drawn.registered),
        "is_new": drawn.is_new,
        "folder": str(drawn.folder),
    }


def _registered(one: Registered) -> dict[str, Any]:
    from perito.clock import iso

    return {"evidence_id": one.evidence_id, "registered_at": iso(one.registered_at_us)}


def _lines(drawn: Drawn) -> list[str]:
    facts = drawn.plan.design.facts
    lines = [
        f"population  {facts['population']:,}  {facts['frame']}",
        f"method      {facts['method']}, interval {facts['interval_method']}, stopping {facts['stopping']}",
        f"seed        {facts['seed']}",
        *_strata_lines(drawn.plan),
        *_expected_lines(drawn.plan),
        *(f"note: {note}" for note in drawn.notes),
    ]
    if drawn.registered is None:
        return [*lines, f"not registered (dry run): {drawn.plan.design.design_id}"]
    word = "registered" if drawn.is_new else "was registered"
    return [
        *lines,
        f"{word}: {drawn.registered.design_id}  {drawn.registered.evidence_id}",
        str(drawn.folder),
    ]


def _strata_lines(plan: Plan) -> list[str]:
    lines = [f"{'stratum':12}{'items':>12}{'labels':>10}{'scores':>24}"]
    for one, size in zip(plan.strata, plan.sizes, strict=True):
        scores = "" if one.score_low is None else f"{one.score_low:.6f} to {one.score_high:.6f}"
        lines.append(f"{one.name:12}{one.population:>12,}{size:>10,}{scores:>24}")
    return [*lines, f"{'':12}{sum(one.population for one in plan.strata):>12,}{plan.planned:>10,}"]


def _expected_lines(plan: Plan) -> list[str]:
    lines = [
        f"second readings of what the first says no to: {plan.second_readings:,} items chosen beforehand"
    ]
    expected = plan.expected
    if expected is None:
        return [*lines, "expected: nothing says what share to expect"]
    width = (
        "" if expected.half_width is None else f", interval about ±{expected.half_width:.0%} of the estimate"
    )
    found = f"a share of {expected.share:.4%}, {expected.positives:,.0f} positives among the items read"
    return [*lines, f"expected: {found}{width}; {plan.further_readings:,} further readings"]
