"""The exception tree: every error that perito raises on purpose.

PeritoError
    CaseError           case.toml or the call is wrong
    EvidenceError       a sealed item, or the way to it
        SealBroken          the bytes are not those that were sealed
        Missing             the item or file is not there
        LocatorError        a locator that does not lead to bytes
    FormatError         an evidence item as input
        Unrecognised        no format, or one that we do not know
        Malformed           nothing of it can be read
        Ambiguous           two formats fit equally well
    SchemaError         a table that does not hold what the schema says
    LawError            reference data: provisions, deadlines, events
    MeasureError        a question that cannot be asked like this
    StatsError          numbers that no estimator can take
    WordingError        a sentence that the wording rules refuse
    DossierError        a dossier that cannot be built or read

A message says what, where, expected against found, and what to do, on one line in which nothing can
deceive a terminal; the same facts, as they are, are attributes.
"Cannot say" is a finding, not an error, and so is a reject: neither is raised.
"""

from __future__ import annotations

import unicodedata
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Controls and line ends, format characters (bidirectional overrides among them), lone surrogates.
_DECEPTIVE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_NO_CHARACTERS = "\ufffe\uffff"  # XML has no place for them


class PeritoError(Exception):
    """Root of every error raised on purpose.

    Args:
        what: What went wrong, one sentence without a full stop.
        where: File, key, item or locator; empty when there is none.
        expected: What would have been right.
        found: What was there instead.
        remedy: What the reader can do.

    Example:
        >>> print(PeritoError("the period ends before it starts", where="case.toml: [case.period]",
        ...                   remedy="swap 'from' and 'to'"))
        case.toml: [case.period]: the period ends before it starts. Swap 'from' and 'to'.
    """

    exit_code = 2

    def __init__(
        self, what: str, *, where: str = "", expected: str = "", found: str = "", remedy: str = ""
    ) -> None:
        self.what, self.where, self.expected, self.found, self.remedy = what, where, expected, found, remedy
        super().__init__(on_one_line(self._message()))

    def _message(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        if self.expected or self.found:
            facts = [
                f"{word} {fact}"
                for word, fact in (("expected", self.expected), ("found", self.found))
                if fact
            ]
            text += f" ({', '.join(facts)})"
        if self.remedy:
            text += f". {self.remedy[0].upper()}{self.remedy[1:]}" + ("" if self.remedy[-1] in ".?!" else ".")
        return text


class CaseError(PeritoError):
    """The case file, or the way a command was called, is wrong."""


class EvidenceError(PeritoError):
    """Something about a sealed item."""


class SealBroken(EvidenceError):  # noqa: N818  (a state of the evidence, named as a jurist would)
    """The bytes in the store are not those that were sealed."""

    exit_code = 1


class Missing(EvidenceError):  # noqa: N818
    """An item, member or file that should be there is not."""


class LocatorError(EvidenceError):
    """A locator that does not lead to bytes in its item."""


class FormatError(PeritoError):
    """An evidence item cannot be taken as input."""


class Unrecognised(FormatError):  # noqa: N818
    """No format is known by that name, or none fits the bytes."""


class Malformed(FormatError):  # noqa: N818
    """Nothing of the item can be read in its format."""


class Ambiguous(FormatError):  # noqa: N818
    """Two formats fit equally well; the user has to choose."""


class SchemaError(PeritoError):
    """A table does not hold what the schema says."""


class LawError(PeritoError):
    """Reference data (provisions, deadlines, known events) is wrong or asked for by a wrong name."""


class MeasureError(PeritoError):
    """A question that cannot be asked like this: unknown measure, wrong parameter, impossible counts."""


class StatsError(PeritoError, ValueError):
    """Numbers that no estimator can take (k > n, n > N, a level outside (0, 1) ...)."""


class WordingError(PeritoError):
    """A sentence that the wording rules refuse."""


class DossierError(PeritoError):
    """A dossier that cannot be built, read or recomputed."""


def on_one_line(text: str) -> str:
    r"""The text with every character that could drive a terminal, break a line or deceive shown as its code.

    Example:
        >>> on_one_line("invoice\u202egpj.exe")
        'invoice\\u202egpj.exe'
    """
    return "".join(c.encode("unicode_escape").decode() if _is_deceptive(c) else c for c in text)


def _is_deceptive(character: str) -> bool:
    return unicodedata.category(character) in _DECEPTIVE or character in _NO_CHARACTERS


def nearest(name: str, known: Iterable[str]) -> str:
    """The remedy sentence for an unknown name: the nearest known one, or the whole list; empty if none is.

    Example:
        >>> nearest("plaftorm", ["platform", "path"])
        "did you mean 'platform'?"
    """
    names = sorted(known)
    if not names:
        return ""
    close = get_close_matches(name, names, n=1)
    return f"did you mean '{close[0]}'?" if close else "known: " + ", ".join(names)
