"""The work on a case, step by step: seal what it declares, build its tables, answer its questions.

Each step leaves its folder whole or as it was. What can be known to be wrong before work starts (the case
file, a missing file, an unknown format or measure) is said before anything is written.
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from perito.case import load_case
from perito.clock import instant_us, now_us
from perito.engine import Tables, open_engine
from perito.errors import FormatError, Malformed, Missing, SealBroken
from perito.evidence import Store
from perito.evidence.vault_store import seal_confidential
from perito.findings.output import write_findings
from perito.formats import UNREAD, find, recognise
from perito.ids import evidence_id
from perito.measures import describe
from perito.measures.asking import ask, check_question
from perito.tables import build_tables, open_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from perito.case import Case, DeclaredEvidence, Question
    from perito.evidence import Item, Receipt
    from perito.findings import Finding
    from perito.tables import TableSet

_HEAD_BYTES = 1 << 16  # what a format is recognised by


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
        check_question(question, _place(case, question))


def check_format(name: str, where: str) -> None:
    """Refuse a format that nobody knows.

    Raises:
        Unrecognised: With the place where it was named.
    """
    if name == UNREAD:
        return
    try:
        find(name)
    except FormatError as error:
        raise type(error)(error.what, where=where, remedy=error.remedy) from None


def _check_file(path: Path, where: str, *, is_sealed: bool) -> None:
    if not path.exists():
        if is_sealed:
            return  # the sealed bytes are the evidence; the file they came from may be gone
        raise Missing(
            "there is no such file", where=where, remedy="correct the path, relative to the case folder"
        )
    if path.is_file() and path.stat().st_size == 0:
        raise Malformed("the file is empty: nothing of it can be read", where=where, remedy="fetch it again")


def seal_declared(case: Case) -> tuple[Receipt, ...]:
    """Seal every file that the case declares and that is there; sealing the same again changes nothing."""
    store = Store(case.evidence_folder)
    present = [declared for declared in case.evidence if (case.folder / declared.path).exists()]
    confidential = [_source(case, declared) for declared in present if declared.is_confidential]
    others = [_source(case, declared) for declared in present if not declared.is_confidential]
    locked = seal_confidential(store, confidential) if confidential else ()
    return (*locked, *(store.add_many(others) if others else ()))


def _source(case: Case, declared: DeclaredEvidence) -> tuple[Path, dict[str, Any]]:
    return case.folder / declared.path, {"path_in_case": declared.path, **declared.acquisition()}


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


def tables_of(case: Case, progress: Callable[[list[Item]], Iterable[Item]] = iter) -> TableSet:
    """The case's tables, built from the sealed evidence."""
    store = Store(case.evidence_folder)
    check_seals(store)
    return build_tables(
        store,
        case.tables_folder,
        progress,
        memory_limit_mb=case.engine.memory_limit_mb,
        spill=case.spill_folder,
    )


def answer(
    case: Case,
    questions: Sequence[Question],
    tables: TableSet,
    engine: str = "duckdb",
    *,
    threads: int | None = None,
    master: str | None = None,
    spill: Path | None = None,
    progress: Callable[[Sequence[Question]], Iterable[Question]] = iter,
) -> list[Finding]:
    """The findings that answer the questions over the tables, within the memory that the case allows.

    Args:
        case: The case.
        questions: Which of its questions.
        tables: Its tables.
        engine: The engine's name.
        threads: How many threads the engine may use; by default what the case says.
        master: The Spark master, where Spark answers.
        spill: Where what does not fit in memory may go; by default a temporary folder, because a dossier
            that is verified is not written to.
        progress: Wraps the questions as they are asked, for a progress bar.
    """
    names = sorted({name for question in questions for name in describe(question.measure).tables})
    paths = {name: path for name, path in tables.paths.items() if name in names}
    with ExitStack() as open_until_answered:
        place = spill or Path(open_until_answered.enter_context(TemporaryDirectory()), "spill")
        opened = open_engine(
            engine,
            paths,
            names,
            threads or case.engine.threads,
            master=master,
            memory_limit_mb=case.engine.memory_limit_mb,
            spill=place,
        )
        asked = open_until_answered.enter_context(Tables(opened, tables.inputs))
        return [ask(question, case, asked, _place(case, question)) for question in progress(questions)]


def _place(case: Case, question: Question) -> str:
    return f"{case.file}: [[question]] {question.id}"


def measure_case(
    case: Case, questions: Sequence[Question], engine: str = "duckdb", master: str | None = None
) -> list[Finding]:
    """The findings of some questions, over the tables as they were last built.

    Raises:
        Missing: No tables have been built yet.
    """
    tables = open_tables(case.tables_folder)
    return answer(case, questions, tables, engine, master=master, spill=case.spill_folder)


def publish(case: Case, findings: Sequence[Finding]) -> None:
    """Write the findings into the case."""
    write_findings(findings, case.findings_folder)


def add_files(
    folder: str | Path,
    paths: Sequence[Path],
    *,
    acquired_at: str | None,
    facts: dict[str, str | None],
    is_confidential: bool = False,
) -> tuple[Receipt, ...]:
    """Seal files into a case, all or none, with what is known of their acquisition.

    Args:
        folder: The case folder.
        paths: The files.
        acquired_at: When they were acquired, ISO 8601; the time of sealing where nothing is said.
        facts: The other facts of the acquisition record; a format that is not named is recognised.
        is_confidential: Encrypt them in the vault of the case, as they are read.

    Raises:
        Missing: No such file.
        FormatError: A format that nobody knows, or bytes that no format fits.
    """
    case = load_case(folder)
    given = {name: value for name, value in facts.items() if value is not None}
    if "format" in given:
        check_format(given["format"], "--format")
    store = Store(case.evidence_folder)
    known = {(item.path, item.evidence_id): item.acquisition.acquired_at_us for item in store.current_items()}
    sources: list[tuple[Path, dict[str, str | int | None]]] = []
    for path in paths:
        named = given.get("format") or _recognised(path)
        at_us = _acquired_at(path, known) if acquired_at is None else instant_us(acquired_at)
        sources.append((path, {**given, "format": named, "acquired_at_us": at_us}))
    return seal_confidential(store, sources) if is_confidential else store.add_many(sources)


def _acquired_at(path: Path, known: Mapping[tuple[str, str], int | None]) -> int:
    """When nobody said: what was recorded when the same bytes were added under this name, or now."""
    if not path.is_file():
        raise Missing("there is no such file", where=str(path), remedy="give the path of a file")
    with path.open("rb") as stream:
        digest = evidence_id(hashlib.file_digest(stream, "sha256").hexdigest())
    return known.get((path.name, digest)) or now_us()


def _recognised(path: Path) -> str:
    if not path.is_file():
        raise Missing("there is no such file", where=str(path), remedy="give the path of a file")
    with path.open("rb") as stream:
        return recognise(stream.read(_HEAD_BYTES), path.name)
