"""Names that come from evidence: kept as they are, never used as a path, shown without tricks."""

from __future__ import annotations

import re
import unicodedata

NAME_BYTES_MAX = 65_535
"""The longest member name that is kept: what a zip header can hold."""

# NUL, and surrogates: those from U+DC80 on stand for the bytes that were no UTF-8.
_NO_TEXT = re.compile(r"[\x00\ud800-\udfff]")
_FIRST_ASTRAL = 0x10000
_DRIVE = re.compile(r"[A-Za-z]:")
# Controls, format characters (bidirectional overrides among them), lone surrogates, line separators.
_DECEPTIVE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def stored_name(raw: str) -> str:
    r"""The name as it is kept: valid text, with NUL and bytes that are no UTF-8 written as `\xNN`.

    Two different names may be kept as the same text; their places in the archive tell them apart.

    Example:
        >>> stored_name("caf\udce9")
        'caf\\xe9'
    """
    return _NO_TEXT.sub(_spelt, raw)


def shown_name(name: str) -> str:
    r"""The name with every character that could deceive a reader written as its code point.

    Example:
        >>> shown_name("invoice\u202egpj.exe")
        'invoice\\u202egpj.exe'
    """
    return "".join(c if unicodedata.category(c) not in _DECEPTIVE else _escaped(c) for c in name)


def name_fault(raw: str) -> str | None:
    """Why a member of that name is refused, or None when its name can do no harm.

    Strange names (reserved, deceptive, differing only in case) do none: nothing is written under them.

    Example:
        >>> name_fault("../../etc/passwd")
        'the name leaves the archive (..)'
    """
    path = raw.replace("\\", "/")
    if not path:
        return "the name is empty"
    if path.startswith("/"):
        return "the name is an absolute path"
    if _DRIVE.match(path):
        return "the name has a drive letter"
    if ".." in path.split("/"):
        return "the name leaves the archive (..)"
    if len(stored_name(raw).encode()) > NAME_BYTES_MAX:
        return f"the name is longer than {NAME_BYTES_MAX} bytes"
    return None


def _spelt(match: re.Match[str]) -> str:
    if match[0] == "\0" or "\udc80" <= match[0] <= "\udcff":
        return f"\\x{ord(match[0]) & 0xFF:02x}"
    return f"\\u{ord(match[0]):04x}"


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < _FIRST_ASTRAL else f"\\U{code:08x}"
