"""What a source format is: a pure function from sealed bytes to rows of canonical tables.

A format reads no clock, locale, environment or network, and mutates nothing. Every record that the
bytes hold comes out once: mapped (as a `Record`, or as a row of `Columns`) or as a `Reject` with its
locator and the reason, so that records mapped + rejects = records present.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pyarrow as pa

EXCERPT_LENGTH = 200


@dataclass(frozen=True)
class SourceItem:
    """A sealed item as a format is given it.

    Args:
        evidence_id: Its name, `sha256:<hex>`.
        name: The file name under which it was acquired; never trusted as a path.
        open: Opens its bytes for reading.
        platform: The platform that the acquisition record names, if any.
        acquired_at_us: When it was acquired, by that record; rows whose source names no capture time
            are observed then, with basis `acquisition_record`.
    """

    evidence_id: str
    name: str
    open: Callable[[], BinaryIO]
    platform: str | None
    acquired_at_us: int


@dataclass(frozen=True)
class Row:
    """One row of a canonical table. Columns left out are NULL: the source did not say.

    `locator` overrides the record's where the row came from a narrower place.
    """

    table: str
    values: Mapping[str, Any]
    locator: str | None = None


@dataclass(frozen=True)
class Record:
    """One record of the source and the rows that it became (several, or none of interest)."""

    locator: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Reject:
    """A record that could not be read: where, why, and how it begins."""

    locator: str
    reason: str
    excerpt: str | None = None


@dataclass(frozen=True)
class Columns:
    """Many records at once as an Arrow table, one a row, with a `locator` column."""

    table: str
    data: pa.Table


Piece = Record | Reject | Columns


class Format(Protocol):
    """A source format. Register it under the entry point group `perito.formats`."""

    @property
    def name(self) -> str:
        """Its name in `case.toml`."""

    @property
    def title(self) -> Mapping[str, str]:
        """What it is, `{en, es}`."""

    @property
    def tables(self) -> tuple[str, ...]:
        """The canonical tables that it can fill."""

    def sniff(self, head: bytes, name: str) -> float:
        """How well the first bytes fit, from 0 (not this) to 1 (certainly this)."""

    def read(self, item: SourceItem) -> Iterator[Piece]:
        """Every record of the item, mapped or rejected.

        Raises:
            Malformed: Nothing of the item can be read.
        """


def excerpt(raw: bytes | str) -> str:
    r"""The beginning of a rejected record, controls shown as escapes, for the `rejects` table.

    Example:
        >>> excerpt(b"a\x00b")
        'a\\x00b'
    """
    text = raw.decode("utf-8", "backslashreplace") if isinstance(raw, bytes) else raw
    shown = "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:EXCERPT_LENGTH]
    )
    return shown[:EXCERPT_LENGTH]
