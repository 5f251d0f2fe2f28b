"""`run`: a case from its file to its dossier. Run twice, it changes no byte."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perito.case import load_case
from perito.dossier.build import build_dossier
from perito.engine import check_engine
from perito.evidence import Store
from perito.workflow import answer, check_case, publish, seal_declared, tables_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable

    from perito.findings import Finding


def run_case(
    path: str | os.PathLike[str],
    engine: str = "duckdb",
    *,
    master: str | None = None,
    progress: Callable[[Iterable[Any], str], Iterable[Any]] | None = None,
) -> list[Finding]:
    """Seal what a case declares, build its tables, answer its questions, and build its dossier.

    Args:
        path: The case folder.
        engine: The engine that answers, `duckdb` or `spark`.
        master: The Spark master; Spark on this machine where none is named.
        progress: Wraps what is worked through, with a word for it: for progress bars.

    Returns:
        The findings, in the order of the questions.

    Raises:
        PeritoError: Naming file, key or locator; before anything is written where that can be known.
    """
    shown = progress or (lambda steps, _: steps)
    case = load_case(path)
    check_engine(engine, master)
    check_case(case)
    seal_declared(case)
    tables = tables_of(case, lambda items: shown(items, "tables"))
    findings = answer(
        case,
        case.questions,
        tables,
        engine,
        master=master,
        spill=case.spill_folder,
        progress=lambda questions: shown(questions, "questions"),
    )
    publish(case, findings)
    build_dossier(case, findings, tables, Store(case.evidence_folder), case.dossier_folder)
    return findings
