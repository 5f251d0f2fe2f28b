"""What a check found: every problem named, and how much was looked at.

A report is a result, not an error: a command that prints one exits with 1 when it is not ok.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One thing that did not hold.

    Args:
        kind: A fixed word that programs can rely on, for example `digest`.
        where: The item, file, row or number.
        what: One sentence without a full stop.
        expected: What should be there.
        found: What is there.

    Example:
        >>> print(Problem("size", "sha256:ab12 (posts.csv)", "the object is cut short", "10", "9"))
        sha256:ab12 (posts.csv): the object is cut short (expected 10, found 9)
    """

    kind: str
    where: str
    what: str
    expected: str = ""
    found: str = ""

    def __str__(self) -> str:
        facts = [f"{word} {fact}" for word, fact in self._facts() if fact]
        return f"{self.where}: {self.what}" + (f" ({', '.join(facts)})" if facts else "")

    def _facts(self) -> tuple[tuple[str, str], tuple[str, str]]:
        return ("expected", self.expected), ("found", self.found)

    def to_json(self) -> dict[str, str]:
        """The problem as texts by field name."""
        return {
            "kind": self.kind,
            "where": self.where,
            "what": self.what,
            "expected": self.expected,
            "found": self.found,
        }


@dataclass(frozen=True)
class Report:
    """The outcome of a check: what was counted, and every problem.

    Args:
        problems: In the order in which they should be read.
        checked: `(what, how many)` pairs; a count of zero says that there was nothing to look at.

    Example:
        >>> report = Report(checked=(("objects", 2),)).joined(Report((Problem("digest", "b", "differs"),)))
        >>> report.ok, report.checked
        (False, (('objects', 2),))
    """

    problems: tuple[Problem, ...] = ()
    checked: tuple[tuple[str, int], ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.problems

    def joined(self, other: Report) -> Report:
        """Both reports as one; counts of the same thing are added up."""
        counts = dict(self.checked)
        for what, count in other.checked:
            counts[what] = counts.get(what, 0) + count
        return Report(self.problems + other.problems, tuple(counts.items()))

    def to_json(self) -> dict[str, Any]:
        """The report for programs: `ok`, `checked` and `problems`."""
        return {
            "ok": self.ok,
            "checked": dict(self.checked),
            "problems": [problem.to_json() for problem in self.problems],
        }
