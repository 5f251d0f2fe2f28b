"""The cover of a handover: what a bag holds, from whom, for whom, and where each thing lies in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import rfc8785

from perito.errors import Malformed
from perito.evidence.log import ENTRY_BYTES_MAX
from perito.evidence.log.note import NOTE_BYTES_MAX
from perito.ids import is_evidence_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FORMAT = "perito-handover"
FORMAT_VERSION = 1
WHOLE, REDACTED = "whole", "redacted"

COVER, CASE_FILE = "handover.json", "case.toml"
EVIDENCE, LOG, OBJECTS = "evidence", "evidence/log", "evidence/objects"
DOSSIER, GRAPH, PROOFS = "dossier", "graph", "proofs"
OPEN_LOG = "log"
"""Where a redacted copy has what may be seen of the log: entries, checkpoint, keys, time stamps."""

_BUNDLE_BYTES_MAX = 256 * (2 + ENTRY_BYTES_MAX)  # c2sp.org/tlog-tiles: 256 entries, each after its length
_CASE_FILE_BYTES_MAX = 1 << 24
ENTRIES = f"{OPEN_LOG}/entries.ndjson"
WITHHELD_PROOFS = f"{PROOFS}/withheld"
_OBJECT = r"evidence/objects/(?P<shard>[0-9a-f]{2})/(?P<rest>[0-9a-f]{62})"
_LOG_FILE = r"(?:checkpoint|log\.vkey|stamps/[0-9]+/[0-9a-f]{16}\.[0-9a-z.]+)"
_COMMON = (r"handover\.json", r"case\.toml", r"graph/case-[0-9]{4,}\.jsonld", _OBJECT)
_PROOF = r"proofs/[0-9a-f]{64}/[0-9]+\.(?:tlog-proof|json)"
_PLACES = {
    WHOLE: re.compile(
        "|".join(
            (
                *_COMMON,
                _PROOF,
                rf"evidence/log/(?:head|tile/[0-9a-z./]+|{_LOG_FILE})",
                r"evidence/vault/[0-9a-z./_-]+",
                r"dossier/.+",
            )
        ),
        re.ASCII,
    ),
    REDACTED: re.compile(
        "|".join(
            (
                *_COMMON,
                _PROOF,
                r"proofs/withheld/[0-9]+\.tlog-proof",
                rf"log/(?:entries\.ndjson|{_LOG_FILE})",
            )
        ),
        re.ASCII,
    ),
}
_OBJECT_PLACE = re.compile(_OBJECT, re.ASCII)


def is_place(path: str, kind: str) -> bool:
    """Whether a file may lie there in the payload of a bag of that kind.

    Example:
        >>> is_place("case.toml", "whole"), is_place("evidence/index.sqlite", "whole")
        (True, False)
    """
    return _PLACES[kind].fullmatch(path) is not None


def bytes_max(path: str) -> int | None:
    """The most bytes that a file there can have, if it is one that is read whole; None for the others.

    Example:
        >>> bytes_max("evidence/log/checkpoint"), bytes_max("dossier/report.pdf")
        (1000000, None)
    """
    if "/tile/" in path:
        return _BUNDLE_BYTES_MAX
    is_streamed = path.startswith((f"{OBJECTS}/", f"{EVIDENCE}/vault/", f"{DOSSIER}/", f"{GRAPH}/"))
    if is_streamed or path in {ENTRIES, COVER}:
        return None
    return _CASE_FILE_BYTES_MAX if path == CASE_FILE else NOTE_BYTES_MAX


def object_at(path: str) -> str | None:
    """The item whose bytes lie at a place in the payload; None if it is not a place for objects.

    Example:
        >>> object_at("evidence/objects/00/" + "0" * 62) == "sha256:" + "0" * 64
        True
    """
    match = _OBJECT_PLACE.fullmatch(path)
    return None if match is None else f"sha256:{match['shard']}{match['rest']}"


@dataclass(frozen=True)
class Withheld:
    """One entry of the log on an item that was left out of a redacted copy.

    Args:
        index: The place of the entry in the log.
        leaf: The hash of the entry, in hexadecimal: what can be checked of it.
        reason: Why the item was left out.
        evidence_id: The item; None where not even its digest is given.
    """

    index: int
    leaf: str
    reason: str
    evidence_id: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The entry for programs; what is not given is left out."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class Cover:
    """What the sender says of a bag.

    Args:
        kind: `whole` or `redacted`.
        case_id: The id of the case.
        sender: Who hands over.
        receiver: To whom; empty if it was not said.
        at_us: When, in microseconds since the epoch.
        software: Program and version that made it.
        entry: The place of the act of handing over in the log.
        log_size: Entries of the log that the bag vouches for.
        root: Their root, in hexadecimal.
        is_signed: Whether a signed checkpoint covers them.
        items: Sealed items in the bag, members of archives not counted.
        withheld: Entries on items that were left out.
    """

    kind: str
    case_id: str
    sender: str
    receiver: str
    at_us: int
    software: str
    entry: int
    log_size: int
    root: str
    is_signed: bool
    items: int
    withheld: tuple[Withheld, ...] = ()

    @property
    def data(self) -> bytes:
        """The cover as a file."""
        values = {
            **vars(self),
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "withheld": [one.to_json() for one in self.withheld],
        }
        return rfc8785.dumps(values) + b"\n"

    @classmethod
    def parse(cls, data: bytes) -> Cover:
        """The cover in a file.

        Raises:
            Malformed: It is none, or of another version.
        """
        try:
            values = orjson.loads(data)
        except orjson.JSONDecodeError as fault:
            raise _malformed(str(fault)) from fault
        if not isinstance(values, dict) or values.pop("format", None) != FORMAT:
            raise _malformed("another format")
        version = values.pop("version", None)
        if version != FORMAT_VERSION:
            raise _malformed(f"version {version}", f"version {FORMAT_VERSION}")
        _expect_types(values, _TYPES, ())
        if values["kind"] not in _PLACES:
            raise _malformed(repr(values["kind"]), " or ".join(_PLACES))
        withheld = tuple(_withheld(one) for one in values.pop("withheld"))
        return cls(**values, withheld=withheld)


_TYPES: Mapping[str, type] = {
    "kind": str, "case_id": str, "sender": str, "receiver": str, "at_us": int, "software": str, "entry": int,
    "log_size": int, "root": str, "is_signed": bool, "items": int, "withheld": list,
}  # fmt: skip
_WITHHELD_TYPES: Mapping[str, type] = {"index": int, "leaf": str, "reason": str, "evidence_id": str}


def _withheld(values: object) -> Withheld:
    if not isinstance(values, dict):
        raise _malformed(repr(values))
    _expect_types(values, _WITHHELD_TYPES, ("evidence_id",))
    if not is_evidence_id(values.get("evidence_id", "sha256:" + "0" * 64)):
        raise _malformed(repr(values["evidence_id"]), "an evidence id")
    return Withheld(**values)


def _expect_types(values: dict[str, Any], types: Mapping[str, type], optional: Iterable[str]) -> None:
    if not types.keys() - set(optional) <= values.keys() <= types.keys():
        raise _malformed(", ".join(sorted(values)), ", ".join(types))
    for name, value in values.items():
        if type(value) is not types[name] or (isinstance(value, int) and value < 0):
            raise _malformed(f"{name}: {value!r}"[:200], types[name].__name__)


def _malformed(found: str, expected: str = "a cover written by 'perito export'") -> Malformed:
    return Malformed(
        "this is no bag of a case", where=COVER, expected=expected, found=found,
        remedy="ask the sender for the bag again",
    )  # fmt: skip
