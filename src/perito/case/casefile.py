"""Reading `case.toml`: what the case is about, the evidence it declares, the questions it asks.

The case file is the analyst's own: a fault in it is an error that names the key, before work starts.
Whether a format or a measure of that name exists is for those who know them to say.
"""

from __future__ import annotations

import tomllib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from perito.case.model import Case, DeclaredEvidence, EngineSettings, Question, QuestionScope
from perito.case.reader import Section
from perito.errors import CaseError, nearest
from perito.findings import LANGUAGES, Language, Text
from perito.ids import is_slug
from perito.schema import enumeration

if TYPE_CHECKING:
    import os

FILE_NAME = "case.toml"
_ENGINE_KEYS = ("memory_limit_mb", "threads", "spill")
_CASE_KEYS = ("id", "title", "mandate", "language", "period", "withheld")
_LEAST_MEMORY_MB, _MOST_MEMORY_MB = 64, 16_000_000
_MOST_THREADS = 1_024
_OWN_FOLDERS = ("evidence", "tables", "findings", "dossier")
_EVIDENCE_TEXTS = ("origin", "acquired_by", "tool", "tool_version", "legal_basis", "terms")


def load_case(folder: str | os.PathLike[str]) -> Case:
    """The case in a folder.

    Raises:
        CaseError: No case file, not TOML, or a key that is missing, unknown or wrong.
    """
    path = Path(folder)
    file = path / FILE_NAME
    if not file.is_file():
        raise CaseError(
            "there is no case file",
            where=str(file),
            remedy="give the folder of a case, or make one with 'perito new'",
        )
    return read_case(file.read_bytes(), path, where=str(file))


def read_case(content: bytes, folder: Path, where: str = FILE_NAME) -> Case:
    r"""The case that the bytes of a case file describe.

    Raises:
        CaseError: As `load_case`.

    Example:
        >>> text = b'[case]\nid = "q"\ntitle = "Q"\nperiod = { from = 2026-01-01, to = 2026-02-01 }'
        >>> read_case(text, Path("q")).period.days
        31.0
    """
    root = Section(_parse(content, where), f"{where}:", ("case", "engine", "evidence", "question"))
    about = Section(root.table("case"), f"{where}: [case]", _CASE_KEYS)
    title, period = about.bilingual("title"), about.period("period")
    if title is None:
        about.fail("title", "the key is missing", expected='{ en = "..", es = ".." }')
    if period is None:
        about.fail("period", "the key is missing", expected="{ from = 2026-01-01, to = 2026-02-01 }")
    return Case(
        folder=folder,
        id=_slug(about, "id"),
        title=title,
        mandate=about.bilingual("mandate"),
        language=_language(about),
        period=period,
        evidence=_evidence(root, where),
        questions=_questions(root, where),
        engine=_engine(Section(root.table("engine"), f"{where}: [engine]", _ENGINE_KEYS)),
        withheld=about.optional_text("withheld"),
    )


def _parse(content: bytes, where: str) -> dict[str, object]:
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise CaseError("the case file is not UTF-8", where=where, found=f"byte {error.start}") from None
    except (ValueError, RecursionError) as error:
        raise CaseError(f"the case file is not TOML: {error}", where=where) from None


def _language(about: Section) -> Language:
    language = about.optional_text("language") or "es"
    if language not in LANGUAGES:
        about.fail("language", "not a language that reports are written in", expected=" or ".join(LANGUAGES))
    return language


def _engine(section: Section) -> EngineSettings:
    default = EngineSettings()
    return EngineSettings(
        section.optional_whole("memory_limit_mb", _LEAST_MEMORY_MB, _MOST_MEMORY_MB)
        or default.memory_limit_mb,
        section.optional_whole("threads", 1, _MOST_THREADS),
        _spill(section) or default.spill,
    )


def _spill(section: Section) -> Path | None:
    """A folder of the case's own: rows of the evidence pass through it."""
    text = section.optional_text("spill")
    if text is None:
        return None
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\\" in text or "\0" in text:
        section.fail("spill", "not a folder inside the case", expected='a relative path, as ".perito-spill"')
    if path.parts[0] in _OWN_FOLDERS:
        section.fail("spill", "the folder holds something else", expected='another one, as ".perito-spill"')
    return Path(path)


def _slug(section: Section, key: str) -> str:
    text = section.text(key)
    if not is_slug(text):
        section.fail(key, "not an id", expected="lower-case letters, digits, '.', '_' and '-'")
    return text


def _evidence(root: Section, where: str) -> tuple[DeclaredEvidence, ...]:
    declared = [
        _declared(
            Section(
                entry,
                f"{where}: [[evidence]] number {number}",
                ("path", "format", "platform", "acquired_at", "confidential", *_EVIDENCE_TEXTS),
            )
        )
        for number, entry in enumerate(root.tables("evidence"), start=1)
    ]
    paths = [item.path for item in declared]
    for path in paths:
        if paths.count(path) > 1:
            raise CaseError("the same path is declared twice", where=f"{where}: [[evidence]] {path}")
    return tuple(declared)


def _declared(section: Section) -> DeclaredEvidence:
    path = section.text("path")
    if PurePosixPath(path).is_absolute():
        section.fail("path", "the path is absolute", expected="a path relative to the case folder")
    section.where = f"{section.where} ({path})"
    return DeclaredEvidence(
        path=path,
        format=section.text("format"),
        acquired_at_us=section.instant("acquired_at"),
        platform=_platform(section),
        is_confidential=section.truth("confidential"),
        **{key: section.optional_text(key) for key in _EVIDENCE_TEXTS},
    )


def _platform(section: Section) -> str | None:
    platform, known = section.optional_text("platform"), enumeration("platform")
    if platform is not None and platform not in known:
        section.fail("platform", "not a known platform", remedy=nearest(platform, known.values))
    return platform


def _questions(root: Section, where: str) -> tuple[Question, ...]:
    questions: dict[str, Question] = {}
    for number, entry in enumerate(root.tables("question"), start=1):
        section = Section(
            entry, f"{where}: [[question]] number {number}", ("id", "measure", "text", "scope", "parameters")
        )
        question = _question(section, where)
        if question.id in questions:
            raise CaseError("two questions have the same id", where=f"{where}: [[question]] {question.id}")
        questions[question.id] = question
    return tuple(questions.values())


def _question(section: Section, where: str) -> Question:
    identifier = _slug(section, "id")
    section.where = f"{where}: [[question]] {identifier}"
    return Question(
        id=identifier,
        measure=section.text("measure"),
        text=section.bilingual("text") or Text("", ""),
        scope=_scope(
            Section(
                section.table("scope"),
                f"{section.where} scope",
                ("platform", "population", "territory", "period"),
            )
        ),
        parameters=section.table("parameters"),
    )


def _scope(section: Section) -> QuestionScope:
    return QuestionScope(
        platform=_platform(section),
        population=section.optional_text("population"),
        territory=section.optional_text("territory"),
        period=section.period("period"),
    )


def choose_questions(case: Case, names: tuple[str, ...]) -> tuple[Question, ...]:
    """The questions of that id, all of them when no name is given.

    Raises:
        CaseError: A name that is no question of the case.
    """
    by_id = {question.id: question for question in case.questions}
    for name in names:
        if name not in by_id:
            raise CaseError(
                f"the case asks no question '{name}'", where=str(case.file), remedy=nearest(name, by_id)
            )
    return tuple(by_id[name] for name in dict.fromkeys(names)) if names else case.questions
