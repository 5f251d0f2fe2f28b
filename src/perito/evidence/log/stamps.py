"""The time stamps of a log's checkpoints: queries made, tokens that came back, and the state of each.

A stamp needs no network here: the query is a file that somebody can carry to an authority, and so is the
answer. What has no good token is `unstamped`, and stays so in every list.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from perito import clock
from perito.errors import CaseError, EvidenceError, Malformed
from perito.evidence.log import authority
from perito.evidence.log.checkpoints import Checkpoints
from perito.evidence.log.folder import STAMPS, Folder
from perito.evidence.log.note import Checkpoint, Note
from perito.evidence.log.timestamp import (
    Stamp,
    Trust,
    nonce_in,
    query_der,
    read_stamp,
    verify_stamp,
)
from perito.report import Problem

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path

State = Literal["unstamped", "unverified", "stamped"]
TIMEOUT_S = 30.0
_NONCE_BITS = 63  # a signed 64-bit number for those who read it as one
_NOTE, _QUERY = ".note", ".tsq"
_DIGEST_LENGTH = 16
_FILE = re.compile(
    r"(?P<query>stamps/(?:0|[1-9]\d*)/[0-9a-f]{16})(?P<suffix>\.note|\.tsq|\.[0-9a-f]{16}\.tsr)", re.ASCII
)


@dataclass(frozen=True)
class Query:
    """A query for a time stamp of a checkpoint, and its answer if there is one.

    Args:
        where: The path of the query in the folder of the log, without suffix.
        note: The checkpoint as it was stamped, signatures included.
        checkpoint: What it says.
        nonce: The number that the answer has to repeat.
        responses: The answers as they came; none as yet, or more than one.
    """

    where: str
    note: Note
    checkpoint: Checkpoint
    nonce: int
    responses: tuple[bytes, ...] = ()

    @property
    def note_path(self) -> str:
        """The path in the folder of the log of the checkpoint as it was stamped."""
        return self.where + _NOTE


@dataclass(frozen=True)
class StampedState:
    """How a checkpoint stands in time.

    Args:
        checkpoint: The checkpoint.
        state: `stamped`: a token holds against a trusted root. `unverified`: there is a token, held
            against none. `unstamped`: there is none, or none that is good.
        stamps: What the tokens say, earliest first; only those of the state.
        failures: Tokens that do not hold, with the reason.
    """

    checkpoint: Checkpoint
    state: State
    stamps: tuple[Stamp, ...] = ()
    failures: tuple[Problem, ...] = ()


class Stamps:
    """The folder `stamps/` of a log.

    Args:
        log_folder: The folder of the log.

    Example:
        >>> import tempfile
        >>> from perito.evidence.keys import SigningKey
        >>> from perito.evidence.log import Log
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     log = Log(folder, [SigningKey.new("unit4.example/case-7")])
        ...     _ = log.append({"act": "acquired"})
        ...     stamps = Stamps(folder)
        ...     [one.state for one in stamps.states()], stamps.query().suffix
        (['unstamped'], '.tsq')
    """

    def __init__(self, log_folder: str | os.PathLike[str]) -> None:
        self._folder = Folder(log_folder)

    def query(self, *, certificates: bool = False) -> Path:
        """Makes a query for the present checkpoint, to be carried to an authority; the path of its file.

        Args:
            certificates: Ask for the authority's certificates in the token.

        Raises:
            CaseError: The log has no checkpoint.
            EvidenceError: The query cannot be written.
        """
        note = self._present()
        nonce = secrets.randbits(_NONCE_BITS)
        der = query_der(note.data, nonce, certificates=certificates)
        self._write(_name(note, nonce), {_NOTE: note.data, _QUERY: der})
        return self._folder.path / f"{_name(note, nonce)}{_QUERY}"

    def attach(self, response: bytes, trust: Trust | None = None, *, at_us: int | None = None) -> Stamp:
        """Keeps the answer to a query.

        Args:
            response: The bytes of the time-stamp response.
            trust: What to hold it against; without it the checkpoint is `unverified`.
            at_us: The time of validation; by default now.

        Raises:
            EvidenceError: It answers none of the queries, or the token is not good; nothing is kept.
        """
        nonce = nonce_in(response)
        query = next((one for one in self.queries() if one.nonce == nonce), None)
        if query is None:
            raise EvidenceError(
                "the response answers none of the queries of this log",
                where=str(self._folder.path),
                found="no nonce" if nonce is None else f"nonce {nonce:x}",
                remedy="bring it to the log from which the query came",
            )
        stamp = _judged(query.note.data, query.nonce, response, trust, at_us)
        self._write(query.where, {_response_suffix(response): response})
        return stamp

    def stamp(
        self,
        url: str,
        trust: Trust | None = None,
        *,
        certificates: bool = False,
        timeout_s: float = TIMEOUT_S,
        at_us: int | None = None,
    ) -> Stamp:
        """Asks the authority at an address for a stamp of the present checkpoint, and keeps it.

        Args:
            url: The address, `http` or `https`. Nothing else is contacted.
            trust: As for `attach`.
            certificates: As for `query`.
            timeout_s: How long to wait, in seconds.
            at_us: As for `attach`.

        Raises:
            CaseError: The log has no checkpoint, or the address is none.
            EvidenceError: No answer, or the token is not good; nothing is kept, the state is `unstamped`.
        """
        note = self._present()
        nonce = secrets.randbits(_NONCE_BITS)
        der = query_der(note.data, nonce, certificates=certificates)
        response = authority.ask(url, der, timeout_s)
        stamp = _judged(note.data, nonce, response, trust, at_us)
        files = {_NOTE: note.data, _QUERY: der, _response_suffix(response): response}
        self._write(_name(note, nonce), files)
        return stamp

    def queries(self) -> list[Query]:
        """Every query that can be read, by size of the log and name; those that cannot are in `problems`."""
        return self._read()[0]

    def states(self, trusts: Sequence[Trust] = (), *, at_us: int | None = None) -> list[StampedState]:
        """How each checkpoint stands for which a stamp was asked, and the present one, by size.

        Args:
            trusts: The authorities that are trusted. A token has to hold against one of them.
            at_us: The time of validation; by default now.
        """
        by_checkpoint: dict[Checkpoint, list[Query]] = {}
        queries, problems = self._read()
        now_us = clock.now_us() if at_us is None else at_us
        for query in queries:
            by_checkpoint.setdefault(query.checkpoint, []).append(query)
        present = Checkpoints(self._folder).current()
        if present is not None:
            by_checkpoint.setdefault(present, [])
        return [
            _state(checkpoint, asked, problems, trusts, now_us)
            for checkpoint, asked in sorted(by_checkpoint.items(), key=lambda pair: pair[0].size)
        ]

    def problems(self) -> list[Problem]:
        """The queries and answers whose files are not as they were written, or do not belong together.

        Problem kind: `stamp`.
        """
        return self._read()[1]

    def _present(self) -> Note:
        note = Checkpoints(self._folder).note()
        if note is None:
            raise CaseError(
                "the log has no checkpoint to stamp",
                where=str(self._folder.path),
                remedy="sign the log first",
            )
        return note

    def _write(self, name: str, files: dict[str, bytes]) -> None:
        with self._folder.writing() as writer, writer.at_work():
            for suffix, data in files.items():
                writer.stage(name + suffix, data)
            writer.commit()

    def _read(self) -> tuple[list[Query], list[Problem]]:
        groups: dict[str, dict[str, str]] = {}
        problems = []
        for path in sorted((self._folder.path / STAMPS).glob("*/*")):
            name = path.relative_to(self._folder.path).as_posix()
            match = _FILE.fullmatch(name)
            if match is None:
                problems.append(Problem("stamp", name, "this is no file of a time stamp"))
            else:
                groups.setdefault(match["query"], {})[match["suffix"]] = name
        queries = []
        for where, names in groups.items():
            if names.keys() == {_NOTE}:  # a crash came before the query was there: nobody has seen it
                continue
            reading = _Reading(self._folder, where, names)
            query = reading.query()
            problems += reading.problems
            queries += [query] if query else []
        return sorted(queries, key=lambda query: query.checkpoint.size), problems


class _Reading:
    """The reading of one query with its answers."""

    def __init__(self, folder: Folder, where: str, names: dict[str, str]) -> None:
        self._folder = folder
        self._where = where
        self._names = names
        self.problems: list[Problem] = []

    def query(self) -> Query | None:
        """The query as its files have it; None, with the problem noted, if they are damaged."""
        size, nonce = int(self._where.split("/")[1]), int(self._where.split("/")[2], 16)
        data = self._folder.read(self._where + _NOTE)
        try:
            note = Note.parse(data or b"")
            checkpoint = Checkpoint.parse(note.text)
        except Malformed as fault:
            self._problem(_NOTE, fault.what, fault.expected, fault.found)
            return None
        if checkpoint.size != size:
            self._problem(_NOTE, "the checkpoint is of another size", str(size), str(checkpoint.size))
            return None
        asked = [query_der(note.data, nonce, certificates=flag) for flag in (False, True)]
        if self._folder.read(self._where + _QUERY) not in asked:
            self._problem(_QUERY, "the query is not one for this checkpoint")
        suffixes = sorted(self._names.keys() - {_NOTE, _QUERY})
        responses = [self._response(suffix, note, nonce) for suffix in suffixes]
        return Query(self._where, note, checkpoint, nonce, tuple(one for one in responses if one is not None))

    def _response(self, suffix: str, note: Note, nonce: int) -> bytes | None:
        response = self._folder.read(self._where + suffix) or b""
        if _response_suffix(response) != suffix:
            self._problem(suffix, "the response is not the one that came", suffix, _response_suffix(response))
            return None
        try:
            read_stamp(note.data, nonce, response)
        except EvidenceError as fault:
            self._problem(suffix, fault.what, fault.expected, fault.found)
            return None
        return response

    def _problem(self, suffix: str, what: str, expected: str = "", found: str = "") -> None:
        self.problems.append(Problem("stamp", self._where + suffix, what, expected, found))


def _state(
    checkpoint: Checkpoint,
    queries: Sequence[Query],
    problems: Sequence[Problem],
    trusts: Sequence[Trust],
    at_us: int,
) -> StampedState:
    failures = [one for one in problems if any(one.where.startswith(query.where) for query in queries)]
    answered = [(query, response) for query in queries for response in query.responses]
    if not trusts:
        stamps = [read_stamp(query.note.data, query.nonce, response) for query, response in answered]
        return _stated(checkpoint, "unverified", stamps, failures)
    stamps = []
    for query, response in answered:
        good, why = _held_against(query, response, trusts, at_us)
        stamps += good
        failures += [] if good else why
    return _stated(checkpoint, "stamped", stamps, failures)


def _stated(
    checkpoint: Checkpoint, state: State, stamps: Sequence[Stamp], failures: Sequence[Problem]
) -> StampedState:
    in_order = tuple(sorted(stamps, key=lambda stamp: stamp.time_us))
    return StampedState(checkpoint, state if stamps else "unstamped", in_order, tuple(failures))


def _held_against(
    query: Query, response: bytes, trusts: Sequence[Trust], at_us: int
) -> tuple[list[Stamp], list[Problem]]:
    """The stamp by the first authority against which the token holds, or why it holds against none."""
    failures = []
    for trust in trusts:
        try:
            return [verify_stamp(query.note.data, query.nonce, response, trust, at_us)], []
        except EvidenceError as fault:
            where = query.where + _response_suffix(response)
            failures.append(Problem("stamp", where, fault.what, fault.expected, fault.found))
    return [], failures


def _judged(data: bytes, nonce: int, response: bytes, trust: Trust | None, at_us: int | None) -> Stamp:
    if trust is None:
        return read_stamp(data, nonce, response)
    return verify_stamp(data, nonce, response, trust, clock.now_us() if at_us is None else at_us)


def _name(note: Note, nonce: int) -> str:
    return f"{STAMPS}/{Checkpoint.parse(note.text).size}/{nonce:016x}"


def _response_suffix(response: bytes) -> str:
    """The suffix of a response names its digest, so that no flip in it goes unseen."""
    return f".{hashlib.sha256(response).hexdigest()[:_DIGEST_LENGTH]}.tsr"
