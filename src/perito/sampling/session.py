"""A call of `perito sample`, from the case to the registered design: tables, frame, scores, plan, seal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perito.case import choose_questions
from perito.engine import Tables, open_engine
from perito.errors import CaseError
from perito.evidence import Store
from perito.sampling.design import path_in_case
from perito.sampling.frame import TABLES, Frame, FrameFilter, frame_of, texts_of
from perito.sampling.further import further_readings
from perito.sampling.plan import Plan, make_plan
from perito.sampling.register import (
    Registered,
    check_replacement,
    register_design,
    registered_designs,
    standing,
    words_of,
    write_missing,
)
from perito.sampling.scores import Scores, choose_scorer, scores_of
from perito.sampling.tasks import (
    CSV_FILE,
    assignment_id,
    drawn_items,
    first_readings,
    read_assignments,
    task_files,
    task_rows,
)
from perito.workflow import seal_declared, tables_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from perito.case import Case, Question
    from perito.sampling.label_book import LabelBook
    from perito.sampling.request import Request

_EARLIER = """
SELECT CAST(count(*) AS BIGINT) AS labels FROM labels
WHERE label_book_id = $book AND class = $class AND role = 'sample'
"""


@dataclass(frozen=True)
class Drawn:
    """What a call came to: the plan, and the registered design unless it was only a look.

    Args:
        plan: The plan.
        registered: The registered design; None after a dry run.
        is_new: Whether this call registered it.
        folder: Where its files lie.
        notes: What the user has to know of the plan and of the registration.
    """

    plan: Plan
    registered: Registered | None
    is_new: bool
    folder: Path
    notes: tuple[str, ...]


def question_of(case: Case, name: str) -> Question:
    """The question of that id.

    Raises:
        CaseError: The case does not ask it.
    """
    return choose_questions(case, (name,))[0]


def frame_filter(
    case: Case, question: Question, items: str, languages: Sequence[str] = (), kinds: Sequence[str] = ()
) -> FrameFilter:
    """The population that a question's scope describes; the case's period where it names none."""
    return FrameFilter(
        items=items,
        period=question.scope.period or case.period,
        platform=question.scope.platform,
        languages=tuple(sorted(set(languages))),
        kinds=tuple(sorted(set(kinds))),
    )


def draw_sample(
    case: Case,
    request: Request,
    book: LabelBook,
    wanted: FrameFilter,
    *,
    model: str | None = None,
    engine: str = "duckdb",
    is_dry: bool = False,
    at_us: int | None = None,
) -> Drawn:
    """Draw a sample for a question and register it; the same call again changes nothing.

    Args:
        case: The case.
        request: What is asked for.
        book: The label book.
        wanted: The population.
        model: The model whose scores shape the strata, where there are several.
        engine: The engine that reads the tables.
        is_dry: Only plan; seal and write nothing in the case but its tables.
        at_us: When it is registered; now if not given.

    Raises:
        CaseError: Whatever the method refuses.
    """
    for name in request.classes:
        book.chosen(name)
    with open_case_tables(case, engine) as tables:
        frame = frame_of(tables, wanted, with_views=request.weight == "views")
        scores = _scores(tables, request, frame, model)
        plan = make_plan(request, frame, scores, book)
        earlier = [_earlier(tables, book, name) for name in request.classes]
        texts = {} if is_dry else texts_of(tables, wanted.items, set(drawn_items(plan.design)))
    designs = registered_designs(Store(case.evidence_folder))
    known = _known(plan, designs) if is_dry else check_replacement(plan.design, designs)
    notes = _notes(plan, designs, known, [note for note in earlier if note])
    folder = case.folder / path_in_case(plan.design.design_id, "")
    if is_dry:
        return Drawn(plan, known, False, folder, notes)
    files = task_files(plan.design, task_rows(plan.design, first_readings(plan.design), texts))
    registered = register_design(case, plan.design, book, files, at_us)
    if known is None:
        tables_of(case)  # so that they hold the design, and the same call finds nothing to do
    return Drawn(plan, registered, known is None, folder, notes)


def next_readings(
    case: Case, question: Question, engine: str = "duckdb"
) -> tuple[Registered, list[Path], int]:
    """Write the files of the further readings that are due for a question's design.

    Returns:
        The design, the files that were written, and how many readings they ask for.

    Raises:
        CaseError: No design is registered for the question, or several stand.
    """
    one = _one_design(case, question)
    with open_case_tables(case, engine) as tables:
        due = further_readings(one.design, tables)
        texts = texts_of(tables, _items_table(one), set(drawn_items(one.design)))
    folder = case.folder / path_in_case(one.design_id, "")
    asked = _asked(folder)
    places = {item: place for place, item in enumerate(drawn_items(one.design), start=1)}
    rows = [
        row
        for name, readings in due.items()
        for row in task_rows(one.design, readings, texts)
        if row["class"] == name
        and assignment_id(one.design_id, name, places[row["item_id"]], int(row["round"])) not in asked
    ]
    if not rows:
        return one, [], 0
    return one, write_missing(folder, task_files(one.design, rows, _next_part(folder))), len(rows)


def open_case_tables(case: Case, engine: str = "duckdb") -> Tables:
    """The tables of a case, built from what is sealed now."""
    seal_declared(case)
    built = tables_of(case)
    names = sorted({*TABLES, "draws", "labels"})
    paths = {name: path for name, path in built.paths.items() if name in names}
    return Tables(open_engine(engine, paths, names), built.inputs)


def _scores(tables: Tables, request: Request, frame: Frame, model: str | None) -> Scores | None:
    if request.stratify_by == "none" or request.weight is not None:
        return None
    scorer = choose_scorer(tables, request.classes[0], model)
    return None if scorer is None else scores_of(tables, scorer, frame)


def _earlier(tables: Tables, book: LabelBook, class_name: str) -> str | None:
    (row,) = tables.rows(_EARLIER, book=book.id, **{"class": class_name})
    number = row["labels"]
    if not number:
        return None
    return f"{number:,} labels of the class '{class_name}' were in the case before this design was registered"


def _known(plan: Plan, designs: Sequence[Registered]) -> Registered | None:
    return next((one for one in designs if one.design_id == plan.design.design_id), None)


def _notes(
    plan: Plan, designs: Sequence[Registered], known: Registered | None, earlier: Sequence[str]
) -> tuple[str, ...]:
    """The notes of the plan, and what the designs and labels that are there already mean for it."""
    if known is not None:
        by = next((one for one in designs if one.design.facts.get("replaces") == known.design_id), None)
        return (*plan.notes, *([] if by is None else [f"this design was replaced by {words_of(by)}"]))
    named = plan.design.facts.get("replaces")
    rivals = [
        one for one in standing(designs, str(plan.design.facts["question_id"])) if one.design_id != named
    ]
    others = [f"registered for the question is {words_of(one)}" for one in rivals]
    return (*plan.notes, *earlier, *others)


def _one_design(case: Case, question: Question) -> Registered:
    designs = registered_designs(Store(case.evidence_folder))
    named = question.parameters.get("design")
    found = [one for one in designs if one.design_id == named] if named else standing(designs, question.id)
    if len(found) != 1:
        raise CaseError(
            "no one design stands for the question" if found else "no design is registered for the question",
            where=f"question '{question.id}'",
            found=", ".join(one.design_id for one in found),
            remedy="name one in the parameter 'design'" if found else "draw a sample first",
        )
    return found[0]


def _items_table(one: Registered) -> str:
    return {"post": "posts", "media": "media"}[str(one.design.facts["item_kind"])]


def _asked(folder: Path) -> set[str]:
    files = sorted(folder.glob(CSV_FILE.format("*")))
    return {name for file in files for name in read_assignments(file.read_bytes())}


def _next_part(folder: Path) -> str:
    number = 2
    while (folder / CSV_FILE.format(f"-{number}")).exists():
        number += 1
    return f"-{number}"
