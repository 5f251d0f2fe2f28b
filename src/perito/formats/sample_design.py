"""`sample_design`: a registered sampling design, as `perito sample` seals it.

One JSON object. Its parts become rows of `designs`, `strata`, `label_classes` and `draws`; each is a record
of its own, so that a damaged one costs no other. What follows from the design (sizes of a stratum,
probabilities) is worked out here and stands in no file twice.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import expm1, log1p
from typing import TYPE_CHECKING, Any

import rfc8785

from perito.errors import Malformed
from perito.formats.base import Record, Reject, Row, SourceItem, excerpt
from perito.formats.delimited import RowFault
from perito.formats.json_lines import read_document
from perito.schema import table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

MARK = "$perito_sample_design"
VERSION = 1
LIMIT_BYTES = 512 * 1024 * 1024
SIZE_TOTAL = "size_total"
UNFIXED = ("registered_at_us", "registered_basis", "design_id")
"""Facts of a design that its id does not follow from."""

_ID_DIGITS = 12
_LONGEST_ID = 79
_PARTS = {
    "design": dict,
    "strata": list,
    "label_book": dict,
    "classes": list,
    "draws": list,
    "readings": dict,
}
_DRAW_KEYS = {"item_id", "platform", "stratum", "size"}
_START = b'{"' + MARK.encode() + b'"'


@dataclass(frozen=True)
class SampleDesign:
    """The format; see the module for what becomes of what."""

    title: Mapping[str, str]
    name: str = "sample_design"
    tables: tuple[str, ...] = ("designs", "strata", "label_classes", "draws")

    def sniff(self, head: bytes, name: str) -> float:  # noqa: ARG002  (a name proves nothing)
        """1 when the object begins with the mark of a design, else 0.

        Example:
            >>> FORMAT.sniff(b'{"$perito_sample_design":1,"classes":[', "design.json")
            1.0
        """
        return float(head.startswith(_START))

    def read(self, item: SourceItem) -> Iterator[Record | Reject]:
        """Every record of the item, mapped or rejected.

        Raises:
            Malformed: It is no registered design, or one of another version.
        """
        document = read_design(item)
        design, strata = document["design"], document["strata"]
        facts = {name: value for name, value in design.items() if name != SIZE_TOTAL}
        yield from _each([facts], "/design", lambda row, _: _fixed(row, document), only=True)
        yield from _each(strata, "/strata", lambda row, _: _row("strata", {**row, **_id(design)}))
        classes = document["label_book"].get("classes")
        yield from _each(
            classes if isinstance(classes, list) else [classes],
            "/label_book/classes",
            lambda row, _: _row("label_classes", row),
        )
        by_name = {one.get("stratum"): one for one in strata if isinstance(one, dict)}
        yield from _each(document["draws"], "/draws", lambda row, at: _draw(row, at, design, by_name))


def design_id_of(document: Mapping[str, Any]) -> str:
    """The id that follows from what a design fixes: the question, and the beginning of its digest.

    SHA-256 over the RFC 8785 form of all parts, without the id and the time of registration.

    Example:
        >>> design_id_of({MARK: 1, "design": {"question_id": "q", "design_id": "q-1"}})
        'q-75a4e62be0b8'
    """
    design = {name: value for name, value in document["design"].items() if name not in UNFIXED}
    body = {name: document[name] for name in (MARK, *_PARTS) if name in document}
    fixed = hashlib.sha256(rfc8785.dumps({**body, "design": design})).hexdigest()
    return f"{str(design.get('question_id'))[: _LONGEST_ID - _ID_DIGITS]}-{fixed[:_ID_DIGITS]}"


def read_design(item: SourceItem) -> dict[str, Any]:
    """The document of a registered design, its parts checked for their kinds.

    Raises:
        Malformed: It cannot be read, is no design, or is one of another version.
    """
    where = f"{item.name} ({item.evidence_id[:19]})"
    try:
        with item.open() as stream:
            document = read_document(stream, LIMIT_BYTES)
    except RowFault as fault:
        raise Malformed(f"the design cannot be read: {fault}", where=where) from None
    if not isinstance(document, dict) or document.get(MARK) != VERSION:
        raise Malformed(
            "this is no sampling design of a known version",
            where=where,
            expected=f'an object with "{MARK}": {VERSION}',
            remedy="check that the declared format is the right one",
        )
    for part, kind in _PARTS.items():
        if not isinstance(document.get(part), kind):
            raise Malformed(f"the part '{part}' of the design is missing", where=where)
    return document


def _each(
    values: Sequence[object], path: str, mapped: Callable[[dict[str, Any], int], Row], *, only: bool = False
) -> Iterator[Record | Reject]:
    for at, value in enumerate(values):
        locator = f"#{path}" if only else f"#{path}/{at}"
        if not isinstance(value, dict):
            yield Reject(locator, "not an object", excerpt(str(value)))
            continue
        try:
            yield Record(locator, (mapped(value, at),))
        except RowFault as fault:
            yield Reject(locator, str(fault), excerpt(str(value)))


def _fixed(facts: Mapping[str, Any], document: Mapping[str, Any]) -> Row:
    """The row of `designs`.

    Raises:
        RowFault: The id is not that of what the design fixes: something was changed after it was made. The
            draws then stand without a registered design.
    """
    try:
        expected = design_id_of(document)
    except rfc8785.CanonicalizationError as error:
        raise RowFault(f"the design has no canonical form: {error}") from None
    if facts.get("design_id") != expected:
        raise RowFault(f"the id is not that of what the design fixes, '{expected}'")
    return _row("designs", facts)


def _row(name: str, values: Mapping[str, Any]) -> Row:
    known = table(name).column_names
    for key in values:
        if key not in known or key in {"evidence_id", "locator"}:
            raise RowFault(f"unknown key '{key[:40]}'")
    return Row(name, values)


def _id(design: Mapping[str, Any]) -> dict[str, Any]:
    return {"design_id": design.get("design_id")}


def _draw(
    draw: Mapping[str, Any], at: int, design: Mapping[str, Any], strata: Mapping[Any, Mapping[str, Any]]
) -> Row:
    unknown = next((key for key in draw if key not in _DRAW_KEYS), None)
    if unknown is not None:
        raise RowFault(f"unknown key '{unknown[:40]}'")
    name = draw.get("stratum")
    if not isinstance(name, str) or name not in strata:
        raise RowFault(f"the stratum '{str(name)[:40]}' is not one of the design")
    sample, population = strata[name].get("sample"), strata[name].get("population")
    is_repeated = design.get("method") == "pps"
    values = {
        "item_id": draw.get("item_id"),
        "platform": draw.get("platform"),
        "item_kind": design.get("item_kind"),
        "method": design.get("method"),
        "phase": 1,
        "draw": at + 1,
        "stratum": name,
        # Drawn with replacement an item can come twice: then these are no counts of items.
        "stratum_sample": None if is_repeated else sample,
        "stratum_population": None if is_repeated else population,
        "inclusion_prob": _chance(draw, design, sample, population),
        "size_measure": draw.get("size"),
        "seed": design.get("seed"),
        "drawn_at_us": design.get("registered_at_us"),
        "drawn_basis": design.get("registered_basis"),
        **_id(design),
    }
    return Row("draws", values)


def _chance(draw: Mapping[str, Any], design: Mapping[str, Any], sample: object, population: object) -> float:
    """n_h/N_h; drawn n times by size with replacement, 1 - (1 - size/total)^n."""
    n, held = _positive(sample, "sample"), _positive(population, "population")
    if design.get("method") != "pps":
        if n > held:
            raise RowFault(f"{n} items drawn from {held}")
        return n / held
    size, total = _positive(draw.get("size"), "size"), _positive(design.get(SIZE_TOTAL), SIZE_TOTAL)
    if size > total:
        raise RowFault(f"a size of {size} in a total of {total}")
    return 1.0 if size == total else -expm1(n * log1p(-size / total))


def _positive(value: object, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise RowFault(f"'{name}' is {str(value)[:40]}, expected a whole number above 0")
    return value


FORMAT = SampleDesign(
    title={
        "en": "Sampling design, as 'perito sample' registers it (JSON)",
        "es": "Diseño muestral, tal como lo registra «perito sample» (JSON)",
    }
)
