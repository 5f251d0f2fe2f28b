"""The names of files in a bag: written into a manifest, read from one, and refused if they lead elsewhere.

A manifest comes from others. A name in it that is absolute, climbs up, or is spelled in a way that another
system would resolve differently is never joined to a folder.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PAYLOAD = "data/"
_ENCODED = {"%": "%25", "\n": "%0A", "\r": "%0D"}
_DECODED = re.compile("%(25|0[aAdD])")
_DECODED_LINE_ENDS = re.compile("%(0[aAdD])")
_ANY_PERCENT = re.compile("%(?!25|0[aAdD])")
_NAME_BYTES_MAX = 255
_RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))}


def encoded_name(path: str) -> str:
    r"""A path as a manifest has it: `%`, line feed and carriage return percent-encoded, nothing else.

    RFC 8493, 2.1.3.

    Example:
        >>> encoded_name("data/100%.txt")
        'data/100%25.txt'
    """
    return "".join(_ENCODED.get(character, character) for character in path)


def decoded_name(text: str, version: str) -> str | None:
    """The path that a manifest means; None if it is encoded in a way that the version does not know.

    Version 0.97 encodes line ends only: there a `%` is a character like others.

    Example:
        >>> decoded_name("data/100%25.txt", "1.0"), decoded_name("data/%2e%2e/x", "1.0")
        ('data/100%.txt', None)
        >>> decoded_name("data/100%25.txt", "0.97")
        'data/100%25.txt'
    """
    if version == "0.97":
        return _DECODED_LINE_ENDS.sub(_character, text)
    return None if _ANY_PERCENT.search(text) else _DECODED.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))


def unsafe(path: str) -> str | None:
    """Why a path may not be joined to the folder of a bag; None if it may.

    Example:
        >>> unsafe("data/a.txt"), unsafe("data/../../x"), unsafe("/etc/x")
        (None, 'it leads out of its folder', 'it is absolute')
    """
    if path.startswith(("/", "~")) or PureWindowsPath(path).anchor:
        return "it is absolute"
    if "\0" in path or any("\ud800" <= character <= "\udfff" for character in path):
        return "it holds characters that no file name has"
    parts = path.split("/")
    if ".." in parts or ".." in path.split("\\"):
        return "it leads out of its folder"
    if "" in parts or "." in parts:
        return "it is not written in its shortest form"
    if any(len(part.encode()) > _NAME_BYTES_MAX for part in parts):
        return f"a name in it is longer than {_NAME_BYTES_MAX} bytes"
    return None


def discouraged(path: str) -> str | None:
    """What RFC 8493 (6.1) advises against in a name, because other systems cannot hold it; None if nothing.

    Example:
        >>> discouraged("data/aux.txt"), discouraged("data/a.txt")
        ('a name that Windows reserves', None)
    """
    for part in path.split("/"):
        if part.partition(".")[0].upper() in _RESERVED:
            return "a name that Windows reserves"
        if part.endswith((".", " ")) or any(c in '<>:"|?*\\' or c < " " for c in part):
            return "a name that Windows cannot hold"
    return None


def collisions(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of paths that are one on a system that ignores case or normalises Unicode.

    Example:
        >>> list(collisions(["data/A", "data/a", "data/b"]))
        [('data/A', 'data/a')]
    """
    seen: dict[str, str] = {}
    for path in paths:
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
        if folded in seen:
            yield seen[folded], path
        else:
            seen[folded] = path
