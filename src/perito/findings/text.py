"""Bilingual prose whose every number is a reference: no figure in a sentence stands outside a derivation.

A template is plain words with three kinds of insertions:

* `{total}`, `{total.low}`, `{total.high}`, `{total.level}`: a number of the finding, printed by locale;
* `{class}` where `class` was given as a quote: words of a source, printed verbatim;
* `‹Wilson 1927›`: a citation, printed verbatim without the marks.

Digits anywhere else are refused by the wording rules: a number that nobody can recompute has no place here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from perito.errors import DossierError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from perito.findings.value import Value

Language = Literal["en", "es"]
LANGUAGES: tuple[Language, ...] = ("en", "es")
_INSERTION = re.compile(r"\{([^{}]+)\}|‹([^‹›]*)›")


@dataclass(frozen=True)
class Segment:
    """A piece of a printed sentence.

    `kind` is `words` (ours), `quote` (verbatim from a source or a citation) or `number` (with the
    derivation it comes from and the part of it: estimate, low, high or level).
    """

    kind: Literal["words", "quote", "number"]
    text: str
    derivation: str = ""
    part: str = ""


@dataclass(frozen=True)
class Text:
    """One sentence or label in English and Spanish.

    Example:
        >>> Text("of {class}", "de {class}", {"class": "swimwear"}).plain("es", {})
        'de swimwear'
    """

    en: str
    es: str
    quotes: Mapping[str, str | Text] = field(default_factory=dict)

    def template(self, language: Language) -> str:
        """The words of one language, insertions unresolved."""
        return self.en if language == "en" else self.es

    def quoting(self, **quotes: str | Text) -> Text:
        """The same text with verbatim insertions added."""
        return Text(self.en, self.es, {**self.quotes, **quotes})

    def segments(self, language: Language, numbers: Mapping[str, Value]) -> Iterator[Segment]:
        """The sentence in pieces: words, quotes, and numbers with their derivations.

        Raises:
            DossierError: An insertion that is neither a quote nor a number of the finding.
        """
        template, position = self.template(language), 0
        for match in _INSERTION.finditer(template):
            if match.start() > position:
                yield Segment("words", template[position : match.start()])
            position = match.end()
            name, citation = match.groups()
            if citation is not None:
                yield Segment("quote", citation)
            else:
                yield from self._inserted(name, language, numbers)
        if position < len(template):
            yield Segment("words", template[position:])

    def _inserted(self, name: str, language: Language, numbers: Mapping[str, Value]) -> Iterator[Segment]:
        quote = self.quotes.get(name)
        if isinstance(quote, Text):
            yield from quote.segments(language, numbers)
        elif quote is not None:
            yield Segment("quote", quote)
        else:
            label, _, part = name.partition(".")
            if label not in numbers:
                raise DossierError(
                    f"the sentence '{self.en}' refers to '{{{name}}}', which is no number of the finding",
                    remedy=nearest(label, numbers),
                )
            value = numbers[label]
            yield Segment(
                "number", value.printed(language, part or "estimate"), value.derivation, part or "estimate"
            )

    def plain(self, language: Language, numbers: Mapping[str, Value]) -> str:
        """The sentence as one string, numbers printed by locale."""
        return "".join(segment.text for segment in self.segments(language, numbers))

    def to_json(self, numbers: Mapping[str, Value]) -> dict[str, str]:
        """`{en, es}`, numbers printed by locale."""
        return {language: self.plain(language, numbers) for language in LANGUAGES}


def verbatim(text: str) -> Text:
    """Words of a source, the same in both languages."""
    return Text("{words}", "{words}", {"words": text})
