"""`ask = "declared"`: how many files declare an origin, and whether a platform's copies still do."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perito.errors import nearest
from perito.findings import Finding, Row, Table, Text, Value
from perito.measures.copies.material import material_of
from perito.measures.copies.telling import (
    MOST_LISTED,
    conditions,
    family_label,
    fault_tables,
    picture_counts,
)
from perito.measures.inquiry import count
from perito.measures.labels import bilingual, platform_text
from perito.schema import enumeration
from perito.stats.proportion import clopper_pearson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perito.measures.copies.material import Material, PictureFamily
    from perito.measures.inquiry import Inquiry

DECLARED = "declared"
_SIGNATURES = ("valid_trusted", "valid_untrusted", "invalid", "unsigned")
_ORIGINS = """
SELECT content_id, state, carrier, kind, integrity, trust, CAST(count(*) AS BIGINT) AS rows
FROM origins
GROUP BY content_id, state, carrier, kind, integrity, trust
ORDER BY content_id, state, carrier NULLS FIRST, kind NULLS FIRST, integrity NULLS FIRST, trust NULLS FIRST
"""


@dataclass(frozen=True)
class Origins:
    """What each file came to, and the (carrier, kind, signature) of its declarations."""

    state: Mapping[str, str]
    declared: Mapping[str, set[tuple[str, str, str]]]

    def has_declared(self, content_id: str) -> bool:
        """Whether the file carries a declaration."""
        return self.state.get(content_id) == DECLARED


@dataclass(frozen=True)
class Carried:
    """A family with a declared original and copies of the platform: how many of these still declare."""

    family: PictureFamily
    originals: int
    copies: int
    kept: int


def answer(inquiry: Inquiry) -> Finding:
    """Share of files with a declaration, by kind and signature; before and after a platform, if one is named.

    Raises:
        MeasureError: A platform that nobody knows.
    """
    platform = _platform(inquiry)
    material = material_of(inquiry)
    origins = _origins(inquiry, material)
    if not origins.state:
        return inquiry.refusal(inquiry.text("refusal_not_read"))
    states = Counter(origins.state.values())
    values = _values(inquiry, states)
    parts: dict[str, Any] = {
        "conditions": (*conditions(inquiry, material), inquiry.text("condition_declarations")),
        "series": (*_kinds(inquiry, origins), *fault_tables(inquiry, material)),
        "counts": (
            *picture_counts(inquiry, material),
            *inquiry.counts({"not_read": _not_read(material, origins)}, "images"),
        ),
        "status": "exact",
        "headline": inquiry.text("headline_declared"),
    }
    if platform is not None:
        carried = _carried(material, origins, platform)
        values = (*values, *_before_and_after(inquiry, carried))
        name = "headline_carried" if carried else "headline_nothing_carried"
        parts["headline"] = inquiry.text(name, platform=platform_text(platform))
        parts["status"] = "conditional" if carried else "exact"
        parts["series"] = (*_carried_tables(inquiry, carried), *parts["series"])
    return inquiry.finding(values=values, **parts)


def _platform(inquiry: Inquiry) -> str | None:
    """The platform whose copies are compared with files from elsewhere."""
    name: str | None = inquiry.parameters.get("platform")
    known = enumeration("platform")
    if name is not None and name not in known:
        raise inquiry.fail(f"'{name}' is not a known platform", remedy=nearest(name, known.values))
    return name


def _origins(inquiry: Inquiry, material: Material) -> Origins:
    state: dict[str, str] = {}
    declared: dict[str, set[tuple[str, str, str]]] = defaultdict(set)
    for row in inquiry.tables.rows(_ORIGINS):
        content_id = row["content_id"]
        if state.setdefault(content_id, row["state"]) != row["state"]:
            material.faults["two_readings"].append(content_id)
            state[content_id] = DECLARED if DECLARED in {state[content_id], row["state"]} else row["state"]
        if row["kind"] is not None:
            declared[content_id].add((row["carrier"] or "–", row["kind"], _signature(row)))
    return Origins(state, declared)


def _signature(row: Mapping[str, Any]) -> str:
    if row["integrity"] == "valid":
        return "valid_trusted" if row["trust"] == "trusted" else "valid_untrusted"
    return "invalid" if row["integrity"] == "invalid" else "unsigned"


def _not_read(material: Material, origins: Origins) -> int:
    known = {*material.comparable, *material.not_comparable, *material.unreadable, *material.not_hashed}
    return len(known - set(origins.state))


def _values(inquiry: Inquiry, states: Counter[str]) -> tuple[Value, ...]:
    read, declared = states.total(), states[DECLARED]
    numbers = {"read": read, **{f"state_{name}": states[name] for name in enumeration("origin_state").values}}
    share = Value("share_declared", inquiry.text("label_share_declared"), declared / read, "share")
    return (share, *inquiry.counts(numbers, "images"))


def _kinds(inquiry: Inquiry, origins: Origins) -> tuple[Table, ...]:
    """Files by what they declare, and in what state the signature is; a file may stand in several cells."""
    found = Counter(one for declared in origins.declared.values() for one in declared)
    rows = []
    for kind in sorted({kind for _, kind, _ in found}):
        meaning = enumeration("origin_kind").values[kind]
        label = bilingual(meaning.en, meaning.es)
        files = {
            signature: sum(
                any(one[1:] == (kind, signature) for one in declared)
                for declared in origins.declared.values()
            )
            for signature in _SIGNATURES
        }
        cells = [count(signature, label, number, "images") for signature, number in files.items()]
        rows.append(Row(label, (*cells, _carriers(found, kind))))
    return (inquiry.table("declared-kinds", (*_SIGNATURES, "carriers"), rows),) if rows else ()


def _carriers(found: Counter[tuple[str, str, str]], kind: str) -> str:
    return ", ".join(sorted({carrier for carrier, one, _ in found if one == kind}))


def _carried(material: Material, origins: Origins, platform: str) -> list[Carried]:
    """Families with a declared file from elsewhere and a file that stands on the platform."""
    found = []
    for family in material.families:
        there = [one for one in family.pictures if platform in material.on_platform.get(one, ())]
        elsewhere = [one for one in family.pictures if one not in there and origins.has_declared(one)]
        read = [one for one in there if one in origins.state]
        if elsewhere and read:
            kept = sum(origins.has_declared(one) for one in read)
            found.append(Carried(family, len(elsewhere), len(read), kept))
    return found


def _before_and_after(inquiry: Inquiry, carried: Sequence[Carried]) -> tuple[Value, ...]:
    kept = sum(one.kept > 0 for one in carried)
    numbers = inquiry.counts({"families_carried": len(carried), "families_kept": kept}, "number")
    if not carried:
        return numbers
    share = Value(
        name="share_kept",
        label=inquiry.text("label_share_kept"),
        estimate=kept / len(carried),
        unit="share",
        interval=clopper_pearson(kept, len(carried), inquiry.parameters["level"]),
        status="conditional",
        is_exact=False,
    )
    return (*numbers, share)


def _carried_tables(inquiry: Inquiry, carried: Sequence[Carried]) -> tuple[Table, ...]:
    rows = [
        Row(family_label(one.family), _numbers(family_label(one.family), one))
        for one in carried[:MOST_LISTED]
    ]
    return (inquiry.table("carried", ("originals", "platform_files", "kept"), rows),) if rows else ()


def _numbers(label: Text, one: Carried) -> tuple[Value, ...]:
    numbers = {"originals": one.originals, "platform_files": one.copies, "kept": one.kept}
    return tuple(count(name, label, number, "images") for name, number in numbers.items())
