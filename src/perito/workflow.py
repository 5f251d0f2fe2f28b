"""The work on a case, step by step: seal what it declares, build its tables, answer its questions.

Each step leaves its folder whole or as it was. What can be known to be wrong before work starts (the case
file, a missing file, an unknown format or measure) is said before anything is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito.engine import Tables, open_engine
from perito.errors import CaseError, Malformed, Missing, SealBroken
from perito.evidence import Store
from perito.findings.output import write_findings
from perito.formats import UNREAD, find
from perito.measures import describe
from perito.measures.asking import ask, check_question
from perito.tables import build_tables, open_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from perito.case import Case, Question
    from perito.evidence import Receipt
    from perito.findings import Finding
    from perito.tables import TableSet


def check_case(case: Case) -> None:
    """Refuse a case that cannot be worked on, before anything is written.

    Raises:
        CaseError, FormatError, MeasureError, LawError, Missing: Naming the file and key.
    """
    sealed = {item.path for item in Store(case.evidence_folder).current_items()}
    for declared in case.evidence:
        where = f"{case.file}: [[evidence]] {declared.path}"
        check_format(declared.format, where)
        _check_file(case.folder / declared.path, where, is_sealed=declared.path in sealed)
    for question in case.questions:
        check_question(question, f"{case.file}: [[question]] {question.id}")


def check_format(name: str, where: str) -> None:
    """Refuse a format that nobody knows.

    Raises:
        Unrecognised: With the place where it was named.
    """
    if name == UNREAD:
        return
    try:
        find(name)
    except CaseError:
        raise
    except Exception as error:
        from perito.errors import FormatError

        if isinstance(error, FormatError) and not error.where:
            raise type(error)(error.what, where=where, remedy=error.remedy) from None
        raise


def _check_file(path: Path, where: str, *, is_sealed: bool) -> None:
    if not path.exists():
        if is_sealed:
            return  # the sealed bytes are the evidence; the file they came from may be gone
        raise Missing("there is no such file", where=where, remedy="correct the path, relative to the case folder")
    if path.is_file() and path.stat().st_size == 0:
        raise Malformed("the file is empty: nothing of it can be read", where=where, remedy="fetch it again")


def seal_declared(case: Case) -> tuple[Receipt, ...]:
    """Seal every file that the case declares and that is there; sealing the same again changes nothing."""
    store = Store(case.evidence_folder)
    sources = [
        (case.folder / declared.path, {"path_in_case": declared.path, **declared.acquisition()})
        for declared in case.evidence
        if (case.folder / declared.path).exists()
    ]
    return store.add_many(sources) if sources else ()


def check_seals(store: Store) -> None:
    """Refuse a store in which anything is not as it was sealed.

    Raises:
        SealBroken: Naming the first item.
    """
    report = store.check()
    if not report.ok:
        problem = report.problems[0]
        raise SealBroken(
            problem.what, where=problem.where, expected=problem.expected, found=problem.found,
            remedy="run 'perito check' and restore the item from a copy",
        )  # fmt: skip


def tables_of(case: Case, progress: Callable[..., Iterable[object]] = iter) -> TableSet:
    """The case's tables, built from the sealed evidence."""
    store = Store(case.evidence_folder)
    check_seals(store)
    return build_tables(store, case.tables_folder, progress)


def answer(
    case: Case,
    questions: Sequence[Question],
    tables: TableSet,
    engine: str = "duckdb",
    *,
    threads: int | None = None,
    progress: Callable[..., Iterable[Question]] = iter,
) -> list[Finding]:
    """The findings that answer the questions over the tables.

    Args:
        case: The case.
        questions: Which of its questions.
        tables: Its tables.
        engine: The engine's name.
        threads: How many threads the engine may use; all cores by default.
        progress: Wraps the questions as they are asked, for a progress bar.
    """
    names = sorted({name for question in questions for name in describe(question.measure).tables})
    paths = {name: path for name, path in tables.paths.items() if name in names}
    with Tables(open_engine(engine, paths, names, threads), tables.inputs) as opened:
        return [ask(question, case, opened, f"{case.file}: [[question]] {question.id}") for question in progress(questions)]


def measure_case(
    case: Case, questions: Sequence[Question], engine: str = "duckdb", **options: object
) -> list[Finding]:
    """The findings of some questions, over the tables as they were last built."""
    return answer(case, questions, open_tables(case.tables_folder), engine, **options)  # type: ignore[arg-type]


def publish(case: Case, findings: Sequence[Finding]) -> None:
    """Write the findings into the case."""
    write_findings(findings, case.findings_folder)
