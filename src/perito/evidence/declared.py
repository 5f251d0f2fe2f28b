"""Items that are known by their digests alone: material that must not be held, and can still be counted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from perito import clock
from perito.errors import CaseError
from perito.evidence.custody import entry_of
from perito.evidence.items import intake_record
from perito.ids import is_evidence_id

if TYPE_CHECKING:
    from perito.evidence.catalogue import Catalogue
    from perito.evidence.items import Facts
    from perito.evidence.ledger import Entering

_PDQ = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PDQ_QUALITY_MAX = 100


@dataclass(frozen=True)
class Declared:
    """An item as it is declared.

    Args:
        item_id: `sha256:` and the digest of its bytes.
        bytes: Their number.
        facts: What is stated of its acquisition.
        digests: Who computed the digests, further ones, and the report to the authorities.
        by: Who declares it.

    Raises:
        CaseError: A digest or a number is none.

    Example:
        >>> from perito.evidence.items import Facts
        >>> Declared("sha256:" + "0" * 64, 9, Facts("a.jpg"), {"computed_by": "hotline", "pdq": None}).bytes
        9
    """

    item_id: str
    bytes: int
    facts: Facts
    digests: dict[str, Any]
    by: str | None = None

    def __post_init__(self) -> None:
        pdq, quality = self.digests.get("pdq"), self.digests.get("pdq_quality")
        if not is_evidence_id(self.item_id):
            raise _wrong(self.item_id, "the digest is none", "sha256: and 64 hexadecimal digits")
        if self.bytes < 0:
            raise _wrong(self.item_id, "the size is none", "a number of bytes")
        if not self.digests.get("computed_by"):
            raise _wrong(self.item_id, "nobody is named who computed the digests", "a person and a tool")
        if pdq is not None and not _PDQ.fullmatch(pdq):
            raise _wrong(self.item_id, "the PDQ hash is none", "64 lower-case hexadecimal digits")
        if (quality is not None) and (pdq is None or not 0 <= quality <= _PDQ_QUALITY_MAX):
            raise _wrong(self.item_id, "the PDQ quality is none", "a PDQ hash, and 0 to 100")

    def take_in(self, entering: Entering) -> None:
        """Enters the item, unless the same is known of it already.

        Raises:
            CaseError: Its bytes are sealed here, or were.
        """
        state = entering.catalogue.state_of(self.item_id)
        if entering.catalogue.bytes_of(self.item_id) is not None and (
            state is None or state[0] != "hash_only"
        ):
            raise CaseError("the item is in the store with its bytes, or was", where=self.item_id)
        if self._is_known(entering.catalogue):
            return
        now_us = clock.now_us()
        record = intake_record(
            self.facts, evidence_id=self.item_id, size=self.bytes, recorded_at_us=now_us, archive=None
        )
        entering.enter(
            entry_of(
                "declared",
                items=[self.item_id],
                by=self.by,
                at_us=now_us,
                record=orjson.loads(record),
                **self.digests,
            )
        )

    def _is_known(self, catalogue: Catalogue) -> bool:
        last, state = catalogue.last_at(self.facts.path), catalogue.state_of(self.item_id)
        if last is None or last[0] != self.item_id or state is None:
            return False
        known = orjson.loads(state[1])
        return last[1].to_json() == self.facts.to_json() and all(
            known.get(name) == value for name, value in self.digests.items()
        )


def _wrong(item_id: str, what: str, expected: str) -> CaseError:
    return CaseError(what, where=item_id, expected=expected)
