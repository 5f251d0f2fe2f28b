"""The duty to report: what a person is told when an item matches a list of known abuse material.

The prompt names the item by its digest and the list by its id; nothing of the item is shown. That the
prompt was made, and that a report was made later, are entries of the custody log, so that both can be shown.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from perito.errors import CaseError
from perito.law import provision_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perito.evidence.custody import Custody

PROMPTED = "duty_prompted"
REPORTED = "reported"


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads((files("perito.evidence") / "duty.toml").read_text("utf-8"))


@dataclass(frozen=True)
class DutyPrompt:
    """What a person has to be told.

    Args:
        evidence_id: The item that matched.
        list_id: The list.
        is_new: False where the same was told before; the log has it once.
    """

    evidence_id: str
    list_id: str
    is_new: bool = True

    def words(self, language: str) -> str:
        """The prompt in a reader's language (en or es)."""
        prompt = str(_data()["prompt"][language]).format(
            item=self.evidence_id, list=self.list_id, provision=duty_title(language)
        )
        return f"{prompt} {_data()['not_legal_advice'][language]}"


def duty_title(language: str) -> str:
    """The provision from which the duty follows, by its title.

    Example:
        >>> duty_title("en").endswith("articles 15, 16 and 19")
        True
    """
    return provision_words(str(_data()["provision"]), language).title


def report_duty(custody: Custody, evidence_id: str, list_id: str, by: str | None = None) -> DutyPrompt:
    """Logs that an item matched a list of known abuse material, and gives what has to be said.

    Matching the same item with the same list again logs nothing new.

    Args:
        custody: The custody log of the case.
        evidence_id: The item.
        list_id: The list that it matched, by its id.
        by: Who, or which program, compared them.

    Raises:
        CaseError: The list has no id.
        EvidenceError: The log cannot be written.
    """
    if not list_id.strip():
        raise CaseError("a list of hashes needs an id", where=evidence_id)
    told = any(
        entry["act"] == PROMPTED and entry.get("list_id") == list_id
        for _, entry in custody.of_item(evidence_id)
    )
    if not told:
        custody.record(
            PROMPTED, items=[evidence_id], by=by, list_id=list_id, provision=str(_data()["provision"])
        )
    return DutyPrompt(evidence_id, list_id, is_new=not told)


def acknowledge_report(
    custody: Custody, evidence_id: str, *, authority: str, reference: str, by: str
) -> range:
    """Logs that an item was reported to an authority.

    Args:
        custody: The custody log of the case.
        evidence_id: The item.
        authority: To whom.
        reference: The number or date under which they received it.
        by: Who reported.

    Raises:
        CaseError: One of them is not said.
        EvidenceError: The log cannot be written.
    """
    if not (authority.strip() and reference.strip() and by.strip()):
        raise CaseError("a report needs an authority, its reference and a person", where=evidence_id)
    return custody.record(REPORTED, items=[evidence_id], by=by, authority=authority, reference=reference)


def open_duties(custody: Custody) -> list[DutyPrompt]:
    """The items that matched and of which no report is logged since, in order of the log."""
    waiting: dict[str, DutyPrompt] = {}
    for entry in custody.entries():
        for item_id in entry.get("items", ()):
            if entry["act"] == PROMPTED:
                waiting.setdefault(item_id, DutyPrompt(item_id, str(entry["list_id"]), is_new=False))
            elif entry["act"] == REPORTED:
                waiting.pop(item_id, None)
    return list(waiting.values())
