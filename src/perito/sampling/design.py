"""The design: everything that is fixed before the first label, as one JSON file (RFC 8785) to be sealed.

Its id is the question and the beginning of the digest of what was fixed; the time of registration is no part
of that. So the same call gives the same design, and any other parameter, frame, seed, score or wording of a
definition gives another.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import rfc8785

from perito.errors import Malformed
from perito.formats.sample_design import MARK, UNFIXED, VERSION, design_id_of
from perito.ids import is_slug

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

FILE_NAME = "design.json"
FOLDER = "samples"


@dataclass(frozen=True)
class Design:
    """A design: the row of `designs`, its strata, the label book, what is drawn and who reads it.

    Args:
        facts: Columns of `designs`, without id and time of registration; drawn by size, `size_total` too.
        strata: Columns of `strata` for each stratum, without the id.
        label_book: Digest and rows of `label_classes`.
        classes: The classes that are decided on.
        draws: For each draw its item, platform, stratum and, drawn by size, that size.
        readings: Readers, and the items that get a second reading even if the first says no.
    """

    facts: Mapping[str, Any]
    strata: Sequence[Mapping[str, Any]]
    label_book: Mapping[str, Any]
    classes: Sequence[str]
    draws: Sequence[Mapping[str, Any]]
    readings: Mapping[str, Any]

    @cached_property
    def design_id(self) -> str:
        """The question's id, a hyphen and the first 12 digits of the digest of what was fixed."""
        return design_id_of(self._body())

    def to_json(self, registered_at_us: int) -> bytes:
        """The registered design as RFC 8785 JSON.

        Args:
            registered_at_us: When it is registered.
        """
        body = self._body()
        body["design"] = {
            **body["design"],
            "design_id": self.design_id,
            "registered_at_us": registered_at_us,
            "registered_basis": "capture_clock",
        }
        return rfc8785.dumps(body)

    def _body(self) -> dict[str, Any]:
        return {
            MARK: VERSION,
            "design": {name: value for name, value in self.facts.items() if value is not None},
            "strata": [dict(one) for one in self.strata],
            "label_book": dict(self.label_book),
            "classes": list(self.classes),
            "draws": [dict(one) for one in self.draws],
            "readings": dict(self.readings),
        }


def design_of(document: Mapping[str, Any], where: str = FILE_NAME) -> Design:
    """The design that a registered document holds.

    Raises:
        Malformed: A part that the next step needs is missing or of another kind; it is named.

    Example:
        >>> facts = {"question_id": "q", "label_book_id": "b", "label_book_version": "1", "item_kind": "post"}
        >>> one = Design(facts, [], {"values": ["yes"]}, ["c"], [], {"readers": ["a"], "second": []})
        >>> import orjson
        >>> design_of(orjson.loads(one.to_json(0))).design_id == one.design_id
        True
    """
    for name, is_right in _NEEDED.items():
        part, _, key = name.partition(".")
        if not is_right(document[part].get(key) if key else document[part]):
            raise Malformed(f"the part '{name}' of the design is not as it was written", where=where)
    facts = {name: value for name, value in document["design"].items() if name not in UNFIXED}
    return Design(
        facts=facts,
        strata=document["strata"],
        label_book=document["label_book"],
        classes=document["classes"],
        draws=document["draws"],
        readings=document["readings"],
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _are_draws(value: list[object]) -> bool:
    return all(
        isinstance(one, dict) and _is_text(one.get("item_id")) and _is_text(one.get("platform"))
        for one in value
    )


_NEEDED: Mapping[str, Callable[[Any], bool]] = {
    "design.design_id": lambda value: _is_text(value) and is_slug(value),
    "design.question_id": _is_text,
    "design.label_book_id": _is_text,
    "design.label_book_version": _is_text,
    "design.item_kind": lambda value: value in {"post", "media"},
    "design.registered_at_us": lambda value: isinstance(value, int),
    "label_book.values": _are_texts,
    "classes": _are_texts,
    "draws": _are_draws,
    "readings.readers": lambda value: _are_texts(value) and bool(value),
    "readings.second": _are_texts,
}


def path_in_case(design_id: str, name: str = FILE_NAME) -> str:
    """Where a file of a design lies in its case.

    Example:
        >>> path_in_case("q-0123456789ab")
        'samples/q-0123456789ab/design.json'
    """
    return f"{FOLDER}/{design_id}/{name}"
