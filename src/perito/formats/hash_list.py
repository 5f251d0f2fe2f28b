"""`hash_list`: banks of hashes of known files, from CSV, from JSON of ThreatExchange or HMA, or as plain hex.

A list is itself a sealed exhibit, and every entry keeps its place in it. An entry of the wrong length costs
that entry and not the bank. Sixty-four hex digits alone may be SHA-256 or PDQ: of a plain list the format's
name says which (`hash_list_sha256`, `hash_list_pdq`). Columns and keys that mean nothing here stay in the
sealed file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from perito.errors import Malformed
from perito.formats.base import Record, Reject, Row, SourceItem, excerpt
from perito.formats.delimited import RowFault, csv_cells, csv_header
from perito.formats.json_lines import read_document, read_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import BinaryIO

DIGITS = {"md5": 32, "sha1": 40, "sha256": 64, "pdq": 64}
"""Hex digits of each algorithm."""

ALIASES = {
    "hash": "value",
    "hash_value": "value",
    "hex": "value",
    "indicator": "value",
    "signal_value": "value",
    "signal_val": "value",
    "type": "algorithm",
    "hash_type": "algorithm",
    "signal_type": "algorithm",
    "id": "entry_id",
    "entry": "entry_id",
    "content_id": "entry_id",
    "bank": "list_id",
    "bank_name": "list_id",
    "list": "list_id",
    "version": "list_version",
    "pdq_quality": "quality",
    "tags": "category",
    "classification": "category",
    "source": "provenance",
    "owner": "provenance",
    "licence": "terms",
    "license": "terms",
}
"""Other names of columns and keys, and what they mean."""

_ALGORITHMS = {
    "hash_md5": "md5",
    "hash_sha1": "sha1",
    "hash_sha256": "sha256",
    "hash_pdq": "pdq",
    "sha-1": "sha1",
    "sha-256": "sha256",
    "video_md5": "md5",
    "photo_md5": "md5",
}
_KEPT = ("list_id", "list_version", "entry_id", "category", "provenance", "terms")
_HEX = re.compile(r"[0-9a-fA-F]+")
_HEX_LINE = re.compile(rb"\s*[0-9a-fA-F]{32,64}\s*\r?\n?")
_MOST_QUALITY = 100


@dataclass(frozen=True)
class HashList:
    """The format; `plain` is the algorithm of sixty-four digits that stand alone."""

    name: str
    title: Mapping[str, str]
    plain: str | None = None
    tables: tuple[str, ...] = ("hashes",)

    def sniff(self, head: bytes, name: str) -> float:  # noqa: ARG002  (a name proves nothing)
        r"""0.9 for a header or keys of a hash list; of plain lists, which must be declared, 0.

        Example:
            >>> FORMAT.sniff(b"entry_id,algorithm,hash\n", "list.csv")
            0.9
        """
        if self.plain is not None:
            return 0.0
        start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        if start[:1] in b"{[":
            return (
                0.9 if (b'"indicator"' in start and b'"HASH_' in start) or b'"signal_type"' in start else 0.0
            )
        first = start.split(b"\n", 1)[0].rstrip(b"\r").decode("utf-8", "replace")
        names = {_named(cell.strip('"')) for cell in first.split(",")}
        return 0.9 if (names & {*DIGITS} and "entry_id" in names) or names >= {"value", "algorithm"} else 0.0

    def read(self, item: SourceItem) -> Iterator[Record | Reject]:
        """Every entry of the list, mapped or rejected.

        Raises:
            Malformed: The file is no list of hashes.
        """
        with item.open() as stream:
            head = stream.read(512).removeprefix(b"\xef\xbb\xbf").lstrip()
            stream.seek(0)
            if head[:1] in (b"{", b"["):
                yield from self._read_json(stream, item, is_lines=_is_lines(head))
            elif self.plain is not None or _HEX_LINE.match(head):
                yield from self._read_plain(stream, item)
            else:
                yield from self._read_csv(stream, item)

    def _read_csv(self, stream: BinaryIO, item: SourceItem) -> Iterator[Record | Reject]:
        header, records = csv_header(stream, item)
        names = [_named(column) for column in header]
        if not {"value", *DIGITS} & set(names):
            raise Malformed(
                "no column holds hashes", where=item.name, expected=f"value or {', '.join(DIGITS)}",
                found=excerpt(", ".join(header)),
            )  # fmt: skip
        for locator, cells in csv_cells(records, _without_doubles(names)):
            yield cells if isinstance(cells, Reject) else self._record(locator, cells, item)

    def _read_json(self, stream: BinaryIO, item: SourceItem, *, is_lines: bool) -> Iterator[Record | Reject]:
        if is_lines:
            for line in read_lines(stream):
                yield line if isinstance(line, Reject) else self._entry(line.locator, line.value, item)
            return
        try:
            document = read_document(stream)
        except RowFault as fault:
            raise Malformed("the file is no JSON", where=item.name, found=str(fault)) from None
        path, entries = ("#/data", document.get("data")) if isinstance(document, dict) else ("#", document)
        if not isinstance(entries, list):
            raise Malformed(
                "the file holds no list of entries", where=item.name, expected="a list, or 'data'"
            )
        for number, entry in enumerate(entries):
            yield self._entry(f"{path}/{number}", entry, item)

    def _read_plain(self, stream: BinaryIO, item: SourceItem) -> Iterator[Record | Reject]:
        for number, raw in enumerate(stream, start=1):
            text = raw.removeprefix(b"\xef\xbb\xbf").strip()
            if text and not text.startswith(b"#"):
                yield self._record(f"line={number}", {"value": text[:200].decode("utf-8", "replace")}, item)

    def _entry(self, locator: str, entry: object, item: SourceItem) -> Record | Reject:
        if not isinstance(entry, dict):
            return Reject(locator, "the entry is no object", excerpt(str(entry)))
        cells = {_named(name): _text(value) for name, value in entry.items() if name != "signals"}
        signals = entry.get("signals")
        if isinstance(signals, dict):  # a bank's content: one hash an algorithm
            cells |= {_algorithm(kind): _text(value) for kind, value in signals.items()}
        return self._record(locator, cells, item)

    def _record(self, locator: str, cells: Mapping[str, str | None], item: SourceItem) -> Record | Reject:
        try:
            facts = _facts(cells, locator, item)
            rows = [Row("hashes", {**facts, **_hash(*one, cells)}) for one in self._hashes(cells)]
        except RowFault as fault:
            return Reject(locator, str(fault), excerpt(",".join(value or "" for value in cells.values())))
        return Record(locator, tuple(rows))

    def _hashes(self, cells: Mapping[str, str | None]) -> list[tuple[str, str]]:
        """The hashes of an entry with their algorithms.

        Raises:
            RowFault: There is none.
        """
        hashes = [(name, value) for name in DIGITS if (value := cells.get(name))]
        if value := cells.get("value"):
            hashes.append((self._algorithm_of(cells), value))
        if not hashes:
            raise RowFault("no hash of a known kind")
        return hashes

    def _algorithm_of(self, cells: Mapping[str, str | None]) -> str:
        named, value = cells.get("algorithm"), cells.get("value") or ""
        if named:
            return _algorithm(named)
        fitting = [name for name, digits in DIGITS.items() if digits == len(value.strip())]
        if self.plain in fitting:
            fitting = [str(self.plain)]
        if len(fitting) > 1:
            raise RowFault(f"{len(value)} hex digits may be {' or '.join(fitting)}: declare the list as one")
        if not fitting:
            raise RowFault(f"{len(value)} characters are no hash of a known kind")
        return fitting[0]


def _facts(cells: Mapping[str, str | None], locator: str, item: SourceItem) -> dict[str, Any]:
    facts: dict[str, Any] = {name: cells.get(name) for name in _KEPT}
    facts["list_id"] = facts["list_id"] or PurePosixPath(item.name.replace("\\", "/")).stem
    facts["entry_id"] = facts["entry_id"] or locator
    facts["platform"] = item.platform
    return facts


def _hash(algorithm: str, value: str, cells: Mapping[str, str | None]) -> dict[str, Any]:
    """The hash in lower case, with its quality where the list gives one.

    Raises:
        RowFault: No hex, a wrong length, an unknown algorithm, or an impossible quality.
    """
    digits = DIGITS.get(algorithm)
    text = value.strip().lower()
    if digits is None:
        raise RowFault(f"'{algorithm[:40]}' is no known kind of hash, expected one of {', '.join(DIGITS)}")
    if not _HEX.fullmatch(text):
        raise RowFault(f"'{text[:40]}' is no {algorithm} hash: not hex digits")
    if len(text) != digits:
        raise RowFault(f"a {algorithm} hash of {len(text)} hex digits, expected {digits}")
    return {"algorithm": algorithm, "value": text, "quality": _quality(algorithm, cells.get("quality"))}


def _quality(algorithm: str, text: str | None) -> int | None:
    if algorithm != "pdq" or text is None:
        return None
    if not (text.isascii() and text.isdigit() and int(text[:9]) <= _MOST_QUALITY):
        raise RowFault(f"'quality' is '{text[:40]}', expected 0 to {_MOST_QUALITY}")
    return int(text)


def _named(column: str) -> str:
    name = column.strip().casefold()
    return ALIASES.get(name, name)


def _algorithm(name: str) -> str:
    folded = name.strip().casefold()
    return _ALGORITHMS.get(folded, folded)


def _without_doubles(names: list[str]) -> list[str]:
    """The names; of two columns that mean the same, the second under its own number, read by nobody."""
    return [name if name not in names[:place] else f"{name}#{place}" for place, name in enumerate(names)]


def _text(value: object) -> str | None:
    if value is None or isinstance(value, dict):
        return None
    if isinstance(value, list):
        return "; ".join(str(one.get("text", one) if isinstance(one, dict) else one) for one in value) or None
    return str(value)


def _is_lines(head: bytes) -> bool:
    """Whether the file is one object a line rather than one document."""
    first = head.split(b"\n", 1)[0].rstrip()
    return head[:1] == b"{" and first.endswith(b"}") and b'"data"' not in first[:20]


_TITLES = {
    "en": "Hash list: CSV, or JSON of ThreatExchange or HMA",
    "es": "Lista de huellas: CSV, o JSON de ThreatExchange o HMA",
}
FORMAT = HashList("hash_list", _TITLES)
PDQ = HashList(
    "hash_list_pdq",
    {"en": "Hash list: plain PDQ hashes, one a line", "es": "Lista de huellas: PDQ sin más, una por línea"},
    plain="pdq",
)
SHA256 = HashList(
    "hash_list_sha256",
    {
        "en": "Hash list: plain digests, one a line",
        "es": "Lista de huellas: resúmenes sin más, uno por línea",
    },
    plain="sha256",
)
