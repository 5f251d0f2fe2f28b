"""Ids: keys as text, the times hidden in snowflake ids, permalinks, and names made safe for file systems."""

from __future__ import annotations

import re
from urllib.parse import quote

from perito.errors import CaseError

_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
_X_EPOCH_MS = 1_288_834_974_657  # 2010-11-04T01:42:54.657Z, from which X counts its snowflake ids
_PERMALINKS = {
    "x": "https://x.com/i/status/{}",
    "youtube": "https://www.youtube.com/watch?v={}",
    "reddit": "https://www.reddit.com/comments/{}",
}
_LONGEST_WHOLE = 20  # digits of a 64-bit number


def key(platform: str, native_id: str) -> str:
    """The key of an account or post: platform, colon, the platform's own id as text.

    Example:
        >>> key("x", "1599805658098386536")
        'x:1599805658098386536'
    """
    if not isinstance(native_id, str):
        raise TypeError(f"an id is text, never a {type(native_id).__name__}: {native_id!r}")
    return f"{platform}:{native_id}"


def evidence_id(digest_hex: str) -> str:
    """The name of an evidence item with that SHA-256."""
    return f"sha256:{digest_hex}"


def is_evidence_id(text: str) -> bool:
    """Whether the text has the form of an evidence id.

    Example:
        >>> is_evidence_id(evidence_id("0" * 64)), is_evidence_id("0" * 64)
        (True, False)
    """
    return _SHA256.fullmatch(text) is not None


def is_slug(text: str) -> bool:
    """Whether the text may name a question: lower-case letters, digits, dot, underscore, hyphen.

    Example:
        >>> is_slug("grok-minors"), is_slug("../grok")
        (True, False)
    """
    return _SLUG.fullmatch(text) is not None


def snowflake_us(platform: str, native_id: str) -> int:
    """The creation time that the platform encodes in its ids, in microseconds since the epoch.

    X: milliseconds since 2010-11-04T01:42:54.657Z in the bits above the 22nd. TikTok: seconds since the
    epoch in the bits above the 32nd; seen 1 to 18 s early, so compare with a tolerance of a minute.

    Raises:
        CaseError: The id is no whole number of 64 bits, or the platform's ids carry no time.

    Example:
        >>> snowflake_us("x", "1212092628029698048") // 1_000
        1577820376771
    """
    is_whole = native_id.isascii() and native_id.isdigit() and len(native_id) <= _LONGEST_WHOLE
    if not is_whole or int(native_id) >= 2**64:
        raise CaseError(f"'{native_id[:40]}' carries no time", expected="a whole number of 64 bits")
    if platform == "x":
        return ((int(native_id) >> 22) + _X_EPOCH_MS) * 1_000
    if platform == "tiktok":
        return (int(native_id) >> 32) * 1_000_000
    raise CaseError(f"ids of '{platform}' carry no time", expected="x or tiktok")


def permalink(platform: str, native_id: str) -> str | None:
    """The public address of a post where it follows from its id alone, else None.

    Example:
        >>> permalink("x", "1599805658098386536")
        'https://x.com/i/status/1599805658098386536'
    """
    pattern = _PERMALINKS.get(platform)
    return pattern.format(quote(native_id, safe="")) if pattern else None
