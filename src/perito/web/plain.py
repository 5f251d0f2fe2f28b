"""Text in which nothing can deceive: characters that turn or hide others are shown as their codes."""

from __future__ import annotations

import unicodedata

_DECEPTIVE = {"Cf", "Cc", "Cs", "Co"}
_HARMLESS = frozenset("\u200d\ufe0f\t\n")  # emoji are made of several characters


def plain(text: str) -> str:
    r"""The text as it may be shown.

    Example:
        >>> plain("gpj\u202eexe")
        'gpj\\u202eexe'
    """
    return text if text.isprintable() else "".join(map(_shown, text))


def plain_lines(text: str) -> list[str]:
    r"""The lines of a text as they may be shown.

    Example:
        >>> plain_lines("one\ngpj\u202eexe")
        ['one', 'gpj\\u202eexe']
    """
    return [plain(line) for line in text.replace("\r\n", "\n").split("\n")]


def plain_value(value: object) -> object:
    """What a template shows: text as it may be shown, anything else as it is."""
    return plain(value) if type(value) is str else value


def _shown(character: str) -> str:
    if unicodedata.category(character) in _DECEPTIVE and character not in _HARMLESS:
        return character.encode("unicode_escape").decode()
    return character
