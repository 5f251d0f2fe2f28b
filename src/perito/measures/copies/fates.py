"""What became of a copy: removed, there at the last check, gone by whom unknown, withdrawn, or not known."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perito.measures.copies.times import NOWHEN, Span, instant_of_check, span_of_action

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from perito.engine import Tables
    from perito.measures.copies.material import Copy, PictureFamily

REMOVED, AVAILABLE, LIMITED = "removed", "available", "limited"
GONE, WITHDRAWN, UNKNOWN = "gone", "withdrawn", "unknown"
STATES = (REMOVED, AVAILABLE, LIMITED, GONE, WITHDRAWN, UNKNOWN)
_STATE_OF = {
    "remove": REMOVED, "restore": AVAILABLE, "available": AVAILABLE, "restrict_geo": LIMITED,
    "unavailable": GONE, "suspend": GONE, "author_deleted": WITHDRAWN, "protected": WITHDRAWN,
}  # fmt: skip
_ABSENT = (REMOVED, WITHDRAWN, LIMITED, GONE)
"""What a post can be instead of there, the one that explains the others first."""
_ACTIONS = """
SELECT action_id, post_id, account_id, kind, source, happened_at_us, happened_basis, not_before_us,
       not_after_us, CAST(count(*) AS BIGINT) AS rows
FROM actions
WHERE kind IN ('remove', 'restore', 'available', 'restrict_geo', 'unavailable', 'suspend', 'author_deleted',
               'protected')
  AND (post_id IN (SELECT post_id FROM media WHERE content_id IS NOT NULL)
       OR (post_id IS NULL AND kind = 'suspend'
           AND account_id IN (SELECT account_id FROM media WHERE content_id IS NOT NULL)))
GROUP BY action_id, post_id, account_id, kind, source, happened_at_us, happened_basis, not_before_us,
         not_after_us
ORDER BY action_id, post_id NULLS FIRST, account_id NULLS FIRST, kind, source, happened_at_us NULLS FIRST,
         happened_basis, not_before_us NULLS FIRST, not_after_us NULLS FIRST
"""


@dataclass(frozen=True)
class Fate:
    """What became of a copy.

    Args:
        state: One of `STATES`, at the last action or check.
        was_removed: Whether the platform removed it at some time, also if it was restored since.
        removal: When it was first removed, as far as that is known.
    """

    state: str = UNKNOWN
    was_removed: bool = False
    removal: Span = NOWHEN


@dataclass(frozen=True)
class _Event:
    kind: str
    span: Span
    action_id: str

    @property
    def state(self) -> str:
        return _STATE_OF[self.kind]


Actions = dict[str, list[dict[str, Any]]]


def actions_of(tables: Tables, faults: dict[str, list[str]]) -> tuple[Actions, Actions]:
    """Actions and checks by post, and closings of accounts by account; repeated rows are counted once."""
    by_post: Actions = defaultdict(list)
    by_account: Actions = defaultdict(list)
    for row in tables.rows(_ACTIONS):
        faults["repeated_action"] += [row["action_id"]] * (row["rows"] - 1)
        if row["post_id"] is not None:
            by_post[row["post_id"]].append(row)
        else:
            by_account[row["account_id"]].append(row)
    return by_post, by_account


def fates_of(
    families: Iterable[PictureFamily], actions: tuple[Actions, Actions], faults: dict[str, list[str]]
) -> dict[str, Fate]:
    """The fate of every copy, by its key."""
    by_post, by_account = actions
    fates: dict[str, Fate] = {}
    for copy in (copy for family in families for copy in family.copies):
        if copy.key not in fates:
            rows = [*by_post.get(copy.key, ()), *by_account.get(copy.account or "", ())]
            fates[copy.key] = _fate(copy, rows, faults)
    return fates


def _fate(copy: Copy, rows: Sequence[Mapping[str, Any]], faults: dict[str, list[str]]) -> Fate:
    events = [_event(copy, row, faults) for row in rows]
    removals = [event for event in events if event.state == REMOVED]
    removal = _first_removal(removals, events)
    if removal.high_us is not None and removal.low_us is None:
        removal = Span(copy.appeared.low_us, removal.high_us)  # nothing is removed before it appeared
    if _contradict(removals, events):
        faults["contradicting_states"].append(copy.key)
        return Fate(UNKNOWN, bool(removals), removal)
    return Fate(_last_state(events), bool(removals), removal)


def _event(copy: Copy, row: Mapping[str, Any], faults: dict[str, list[str]]) -> _Event:
    """An action with its time; a time that cannot be is named and not used."""
    if row["kind"] == "available":
        at_us = instant_of_check(row)
        return _Event(row["kind"], Span(at_us, at_us), row["action_id"])
    span, fault = span_of_action(row)
    if fault is None and copy.appeared.is_after(span):
        fault, span = "before_publication", NOWHEN
    if fault is not None:
        faults[fault].append(row["action_id"])
    return _Event(row["kind"], span, row["action_id"])


def _first_removal(removals: Sequence[_Event], events: Sequence[_Event]) -> Span:
    """When it was first removed: the earliest removal, within what checks say of it."""
    if not removals:
        return NOWHEN
    dated = [event.span for event in removals if event.span.high_us is not None]
    if not dated:
        gone = [event.span for event in events if event.kind == "unavailable" and event.span.is_known]
        dated = [one for one in gone if one.high_us is not None]
    if not dated:
        lows = [event.span.low_us for event in removals if event.span.low_us is not None]
        return Span(min(lows), None) if len(lows) == len(removals) and lows else NOWHEN
    first = min(dated, key=lambda one: one.high_us or 0)
    if first.low_us is not None:
        return first
    there = [event.span.high_us for event in events if event.kind == "available"]
    before = [at for at in there if at is not None and first.high_us is not None and at < first.high_us]
    return Span(max(before), first.high_us) if before else first


def _contradict(removals: Sequence[_Event], events: Sequence[_Event]) -> bool:
    """Whether it was found there after its removal and nobody restored it, or what came last is not known.

    A removal without any time beside a check that found the post there: neither can be put first.
    """
    checks = [event.span for event in events if event.kind == "available"]
    restores = [event.span for event in events if event.kind == "restore"]
    for removal in (event.span for event in removals):
        later = [check for check in checks if check.is_after(removal)]
        if later and not any(not removal.is_after(one) for one in restores if one.is_known):
            return True
        if not removal.is_known and (restores or any(check.is_known for check in checks)):
            return True
    return False


def _last_state(events: Sequence[_Event]) -> str:
    """The state after the last event; what explains that a post is gone goes before finding it gone."""
    there = [event for event in events if event.state == AVAILABLE]
    last_there = max((_end(event) for event in there if event.span.is_known), default=None)
    since = {
        event.state for event in events
        if event.state != AVAILABLE
        and (last_there is None or not event.span.is_known or _end(event) >= last_there)
    }  # fmt: skip
    found = next((state for state in _ABSENT if state in since), None)
    if found is not None:
        return found
    return AVAILABLE if there else UNKNOWN


def _end(event: _Event) -> int:
    """The latest that it may have happened; what has no such bound counts from its beginning."""
    span = event.span
    return span.high_us if span.high_us is not None else span.low_us or 0
