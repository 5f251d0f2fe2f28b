"""The custody log against itself and against the index: an item gone with all its rows is named."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

import orjson
import rfc8785

from perito.errors import EvidenceError
from perito.evidence.custody import LOG_FOLDER
from perito.evidence.ledger import RECORDING_ACTS, STATE_AFTER, acquired_entry, is_stated
from perito.report import Problem, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from perito.evidence.catalogue import Catalogue
    from perito.evidence.custody import Custody

_Row = tuple[int, str, str, int, str, str]
_Logged = tuple[int, bytes]
_COUNTED = {
    "entries": "log entries",
    "signatures": "log signatures",
    "stamps": "time stamps",
    "temporary files": "temporary files of the log",
}


def log_report(custody: Custody, catalogue: Catalogue | None, name: Callable[[str], str]) -> Report:
    """The report on a custody log.

    Problem kinds: those of `Log.check`; `custody` for what index and log do not both say; `interrupted` for
    an act of which the index knows nothing yet.

    Args:
        custody: The log.
        catalogue: The index; None where it cannot be read.
        name: An item as a reader knows it.
    """
    report = custody.log.check()
    problems = [
        Problem(p.kind, f"{LOG_FOLDER}/{p.where}", p.what, p.expected, p.found) for p in report.problems
    ]
    counts = {_COUNTED[what]: count for what, count in report.checked if what in _COUNTED}
    try:
        signed = custody.log.checkpoint()
        counts["log entries without a signature"] = custody.size - (signed.size if signed else 0)
        counts["log entries without a time stamp"] = custody.size - _stamped(custody)
        if catalogue is not None:
            problems += _Comparison(custody, catalogue, name).problems()
    except EvidenceError as fault:
        if report.ok:  # otherwise it has been named
            problems.append(Problem("custody", fault.where, fault.what, fault.expected, fault.found))
    return Report(tuple(problems), tuple(counts.items()))


def _stamped(custody: Custody) -> int:
    """How many entries are under a time stamp, held against no certificate."""
    sizes = [one.checkpoint.size for one in custody.log.stamps.states() if one.state != "unstamped"]
    return max(sizes, default=0)


class _Comparison:
    """Index and log side by side."""

    def __init__(self, custody: Custody, catalogue: Catalogue, name: Callable[[str], str]) -> None:
        self._custody, self._catalogue, self._name = custody, catalogue, name
        self._states: dict[str, tuple[str, str]] = {}
        self._followed = catalogue.log_size()

    def problems(self) -> Iterator[Problem]:
        """Where log, index and what is held say different things."""
        if self._followed > self._custody.size:
            yield Problem(
                "custody",
                f"{LOG_FOLDER}/head",
                "the log is shorter than the index has seen it",
                expected=f"{self._followed} entries",
                found=f"{self._custody.size} entries",
            )
        yield from self._records()
        yield from self._standings()

    def _records(self) -> Iterator[Problem]:
        """Acquisitions in step; from the first that differs on, each that only one of the two has."""
        rows, logged = self._catalogue.acquisition_rows(), self._recordings()
        rest_of_rows: list[_Row] = []
        rest_of_log: list[_Logged] = []
        for row, entry in zip_longest(rows, logged):
            if rest_of_rows or rest_of_log or row is None or entry is None or not _is_of(entry[1], row):
                rest_of_rows += [] if row is None else [row]
                rest_of_log += [] if entry is None else [entry]
        yield from self._unmatched(rest_of_rows, rest_of_log)

    def _unmatched(self, rows: list[_Row], logged: list[_Logged]) -> Iterator[Problem]:
        by_record = {row[4]: row for row in rows}
        for index, data in logged:
            entry = orjson.loads(data)
            record = rfc8785.dumps(entry["record"]).decode()
            if by_record.pop(record, None) is not None:
                continue
            where = f"{self._name(entry['items'][0])}: {LOG_FOLDER} entry {index}"
            if index >= self._followed:
                yield Problem("interrupted", where, "an addition was interrupted; the next one completes it")
            else:
                what = "the index does not list an acquisition that the log has"
                yield Problem("custody", where, what, expected=str(entry["record"]["path"]))
        for sequence, item_id, *_ in by_record.values():
            what = "the log has no such acquisition"
            yield Problem("custody", f"index.sqlite: acquisition {sequence} of {item_id}", what)

    def _recordings(self) -> Iterator[_Logged]:
        """The entries that carry an intake record; those that change a state are kept on the way."""
        for index, data in enumerate(self._custody.log.entries()):
            if not is_stated(data):
                continue
            if data.startswith(b'{"act":"acquired"'):
                yield index, data
            elif not data.startswith(b'{"act":"sealed"'):
                act = self._keep_state(data, index)
                if act in RECORDING_ACTS:
                    yield index, data

    def _keep_state(self, data: bytes, index: int) -> str:
        entry = orjson.loads(data)
        act = str(entry["act"])
        if index < self._followed:
            self._states.update(dict.fromkeys(entry["items"], (STATE_AFTER[act], data.decode())))
        return act

    def _standings(self) -> Iterator[Problem]:
        held = self._catalogue.states()
        for item_id in sorted(held.keys() | self._states.keys()):
            told, logged = held.get(item_id, ("sealed", "")), self._states.get(item_id, ("sealed", ""))
            if told != logged:
                what = "the index says another state of the item than the log"
                yield Problem("custody", self._name(item_id), what, expected=logged[0], found=told[0])


def _is_of(data: bytes, row: _Row) -> bool:
    """Whether a log entry is the one of that acquisition."""
    _, item_id, _, recorded_at_us, record, _ = row
    if data == acquired_entry(item_id, record, recorded_at_us):
        return True
    if data.startswith(b'{"act":"acquired"'):
        return False
    return rfc8785.dumps(orjson.loads(data)["record"]).decode() == record
