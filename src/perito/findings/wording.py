"""The wording rules: a finding says what was measured; never guilt, certainty or identity.

Our own words are checked, in both languages, against the versioned list in `wording.toml`, and may
hold no digit outside a reference. Words of a source are quoted verbatim and are not ours to change.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from perito.errors import WordingError
from perito.findings.text import LANGUAGES, Language

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perito.findings.finding import Finding
    from perito.findings.text import Text
    from perito.findings.value import Value

_DIGIT = re.compile(r"\d")
_LEFT_OPEN = re.compile(r"[{}‹›]")


@cache
def _rules() -> dict[str, Any]:
    return tomllib.loads((files("perito.findings") / "wording.toml").read_text("utf-8"))


@cache
def _pattern(language: Language) -> re.Pattern[str]:
    phrases = [phrase for group in _rules()[language].values() for phrase in group]
    spaced = (r"\s+".join(map(re.escape, phrase.split())) for phrase in phrases)
    return re.compile(rf"\b(?:{'|'.join(spaced)})\b", re.IGNORECASE)


def version() -> str:
    """The version of the word list.

    Example:
        >>> version()
        '1'
    """
    return str(_rules()["version"])


def refused_words(sentence: str, language: Language) -> list[str]:
    """The words and phrases of a sentence that the rules refuse, in order.

    Example:
        >>> refused_words("The platform was complicit.", "en")
        ['complicit']
    """
    return [match.group(0) for match in _pattern(language).finditer(sentence)]


def check_text(text: Text, numbers: Mapping[str, Value], where: str) -> None:
    """Refuse a text of ours that breaks the wording rules.

    Raises:
        WordingError: A refused phrase, a digit that is no reference to a number of the finding, or a mark
            of a reference or citation without its counterpart.
    """
    for language in LANGUAGES:
        words = "\u241f".join(s.text for s in text.segments(language, numbers) if s.kind == "words")
        refused = refused_words(words, language)
        if refused:
            raise WordingError(
                f"the wording rules refuse '{refused[0]}'",
                where=f"{where} ({language})",
                found=words,
                remedy="say what was measured",
            )
        if _DIGIT.search(words):
            raise WordingError(
                "a number stands outside a derivation",
                where=f"{where} ({language})",
                found=words,
                remedy="refer to a number of the finding, or mark a citation",
            )
        if _LEFT_OPEN.search(words):
            raise WordingError(
                "a reference or a citation is not closed", where=f"{where} ({language})", found=words
            )


def check_finding(finding: Finding) -> None:
    """Refuse a finding whose words break the rules, or that does not say what it does not show.

    Raises:
        WordingError: See `check_text`; also when `does_not_show` is empty.
    """
    if not finding.does_not_show:
        raise WordingError("the finding does not say what it does not show", where=finding.id)
    numbers = finding.numbers()
    for text in finding.texts():
        check_text(text, numbers, finding.id)
