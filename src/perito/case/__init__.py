"""The case: a folder with its `case.toml`."""

from perito.case.casefile import FILE_NAME, choose_questions, load_case, read_case
from perito.case.model import Case, DeclaredEvidence, EngineSettings, Question, QuestionScope

__all__ = [
    "FILE_NAME",
    "Case",
    "DeclaredEvidence",
    "EngineSettings",
    "Question",
    "QuestionScope",
    "choose_questions",
    "load_case",
    "read_case",
]
