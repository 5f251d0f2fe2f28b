"""What a case file says, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perito.clock import Period
    from perito.findings import Language, Text


@dataclass(frozen=True)
class DeclaredEvidence:
    """One file that the case declares, with its acquisition record.

    `path` is relative to the case folder, `acquired_at_us` a UTC instant; texts that were not given are None.
    What is confidential is encrypted in the vault of the case.
    """

    path: str
    format: str
    acquired_at_us: int
    platform: str | None = None
    origin: str | None = None
    acquired_by: str | None = None
    tool: str | None = None
    tool_version: str | None = None
    legal_basis: str | None = None
    terms: str | None = None
    is_confidential: bool = False

    def acquisition(self) -> dict[str, Any]:
        """The acquisition record as keyword arguments of `Store.add`."""
        own = ("path", "is_confidential")
        return {name: value for name, value in vars(self).items() if name not in own and value is not None}


@dataclass(frozen=True)
class QuestionScope:
    """What a question is limited to; None is the case's own limit or none."""

    platform: str | None = None
    population: str | None = None
    territory: str | None = None
    period: Period | None = None


@dataclass(frozen=True)
class Question:
    """One question: the measure that answers it, its scope and its parameters."""

    id: str
    measure: str
    text: Text
    scope: QuestionScope = field(default_factory=QuestionScope)
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class EngineSettings:
    """What the work on a case may use of the machine: it changes no number, only time and room.

    Args:
        memory_limit_mb: Memory for tables and queries in MB of 10^6 bytes; the program itself comes on top.
        threads: How many threads; None is all cores.
        spill: Folder for what does not fit in memory, relative to the case.
    """

    memory_limit_mb: int = 1_024
    threads: int | None = None
    spill: Path = Path(".perito-spill")


@dataclass(frozen=True)
class Case:
    """A case folder and what its `case.toml` declares.

    `withheld` says, in a redacted copy, what was left out and why; None in a whole case.
    """

    folder: Path
    id: str
    title: Text
    mandate: Text | None
    language: Language
    period: Period
    evidence: tuple[DeclaredEvidence, ...]
    questions: tuple[Question, ...]
    engine: EngineSettings = EngineSettings()
    withheld: str | None = None

    @property
    def spill_folder(self) -> Path:
        """Where rows go that do not fit in memory; there while work is done only."""
        return self.folder / self.engine.spill

    @property
    def file(self) -> Path:
        """The case file."""
        return self.folder / "case.toml"

    @property
    def evidence_folder(self) -> Path:
        """Where sealed items live."""
        return self.folder / "evidence"

    @property
    def tables_folder(self) -> Path:
        """Where the derived tables live."""
        return self.folder / "tables"

    @property
    def findings_folder(self) -> Path:
        """Where the findings live."""
        return self.folder / "findings"

    @property
    def dossier_folder(self) -> Path:
        """Where the dossier lives."""
        return self.folder / "dossier"
