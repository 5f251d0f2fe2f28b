"""The custody log of a store: every act on the evidence is an entry, in order, never changed afterwards.

The log says what happened; the index of the store follows from it and can be made again from it.
"""

from __future__ import annotations

import getpass
import os
import tomllib
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from perito import clock
from perito.errors import CaseError, SealBroken, nearest
from perito.evidence.keys import rotation_record
from perito.evidence.log import Checkpoint, Log, Note, Proof, canonical

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from perito.evidence.keys import SigningKey

LOG_FOLDER = "log"
UNSIGNED_ORIGIN = "unsigned"
"""The first line of a checkpoint that no key has signed: no log of that name exists."""

_RESERVED = ("act", "at_us", "by", "items")


@cache
def _acts() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads((files("perito.evidence") / "acts.toml").read_text("utf-8"))


ACTS: tuple[str, ...] = tuple(_acts())
"""Every act that a log records; the words for readers are in `acts.toml`, and come from `act_words`."""

STATED_ACTS: frozenset[str] = frozenset(name for name in ACTS if _acts()[name].get("is_stated"))
"""The acts that change what the store holds; the store alone enters them."""

PASSING_ACTS: frozenset[str] = frozenset(name for name in ACTS if _acts()[name].get("is_passing"))
"""The acts after which the evidence stands as before."""


def act_words(act: str, language: str) -> str:
    """An act in a reader's language; the act's own name where another program has logged one unknown here.

    Example:
        >>> act_words("purged", "es"), act_words("weighed", "en")
        ('bytes eliminados', 'weighed')
    """
    return str(_acts()[act][language]) if act in _acts() else act


@dataclass(frozen=True)
class LogState:
    """How far a custody log reaches, and how far somebody vouches for it.

    Args:
        size: Entries.
        root: The root of their tree, in hexadecimal.
        signed_size: Entries under the last signature that is good; 0: unsigned.
        signers: The keys that signed there.
        stamped_size: Entries under the last time stamp; 0: unstamped.
        stamped_at: What its tokens say, held against no certificate.

    Example:
        >>> LogState(2, "5d").lines()[1:]
        ['unsigned: nobody has signed this log', 'unstamped: no time stamp of an authority']
    """

    size: int
    root: str
    signed_size: int = 0
    signers: tuple[str, ...] = ()
    stamped_size: int = 0
    stamped_at: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """The state in lines for a person; what is missing is said."""
        lines = [f"{self.size} entries, root {self.root}"]
        lines += [f"signed up to entry {self.signed_size} by {key}" for key in self.signers]
        if not self.signed_size:
            lines.append("unsigned: nobody has signed this log")
        elif self.signed_size < self.size:
            lines.append(f"unsigned: the {self.size - self.signed_size} entries after that")
        if not self.stamped_size:
            lines.append("unstamped: no time stamp of an authority")
        else:
            times = ", ".join(self.stamped_at)
            lines.append(f"time stamp over {self.stamped_size} entries: {times} (unverified here)")
            if self.stamped_size < self.size:
                lines.append(f"unstamped: the {self.size - self.stamped_size} entries after that")
        return lines

    def to_json(self) -> dict[str, Any]:
        """The state for programs."""
        return {
            **{part.name: getattr(self, part.name) for part in fields(self)},
            "is_signed": self.signed_size == self.size,
            "is_stamped": self.stamped_size == self.size,
        }


class Custody:
    """The custody log of a store.

    Args:
        store_path: The store's folder; the log lies in `log/` in it. Nothing is created before the first act.
        signers: Keys that sign at every act. None: the case's own key, where it is at hand and opens
            without a question (`perito.evidence.keyring`). An empty sequence: no signature.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     custody = Custody(folder)
        ...     _ = custody.record("opened", items=["sha256:" + "0" * 64], by="a.n.", reason="reading")
        ...     [(index, entry["reason"]) for index, entry in custody.of_item("sha256:" + "0" * 64)]
        [(0, 'reading')]
    """

    def __init__(
        self, store_path: str | os.PathLike[str], signers: Sequence[SigningKey] | None = None
    ) -> None:
        self.path = Path(store_path) / LOG_FOLDER
        self._signers = None if signers is None else tuple(signers)
        self._log = Log(self.path)
        self._has_looked = False

    @property
    def log(self) -> Log:
        """The log itself, for reading: its entries, proofs, checkpoint and time stamps."""
        return self._log

    @property
    def size(self) -> int:
        """Acts recorded so far.

        Raises:
            SealBroken: The log is damaged.
        """
        return self._log.size

    # --- recording -----------------------------------------------------------------------------------

    def record(
        self,
        act: str,
        *,
        items: Sequence[str] = (),
        by: str | None = None,
        at_us: int | None = None,
        **facts: object,
    ) -> range:
        """Records one act; when this returns, it is durable.

        Args:
            act: One of `ACTS`, but none of `STATED_ACTS`: those the store records itself.
            items: The evidence ids that it concerns.
            by: Who acted.
            at_us: When; by default now.
            **facts: What else is to be said, values of JSON.

        Returns:
            The place of the entry in the log.

        Raises:
            CaseError: The act or a fact cannot be recorded.
            EvidenceError: The log cannot be written.
        """
        if act in STATED_ACTS:
            raise CaseError(
                f"'{act}' is recorded by the store alone", where=str(self.path), remedy="use Store.enter"
            )
        return self.append([entry_of(act, items=items, by=by, at_us=at_us, **facts)])

    def append(self, entries: Sequence[Mapping[str, Any] | bytes]) -> range:
        """Appends entries as they are, all or none, with one commit; for the store and for handed-over logs.

        Raises:
            CaseError: An entry has no canonical form.
            EvidenceError: The log cannot be written.
        """
        return self._to_write().append_many(entries)

    def sign(self, *keys: SigningKey, at_us: int | None = None) -> Note:
        """Signs the log as it is, as `Log.sign`."""
        return self._log.sign(*keys, at_us=at_us)

    def rotate(self, old: SigningKey, new: SigningKey, *, reason: str, by: str | None = None) -> Note:
        """Records that a new key follows the one that signed until now; both sign the log as it is then.

        Raises:
            CaseError: The keys have not the same name.
            EvidenceError: The log cannot be written.
        """
        if old.name != new.name:
            raise CaseError(
                "the key that follows has another name", expected=old.name, found=new.name,
                remedy="the name of the key is the name of the log and stays",
            )  # fmt: skip
        record = rotation_record(old, new, clock.now_us(), reason)
        who = by or operator()
        self._log.append_many([canonical({**record, **({"by": who} if who else {})})])
        return self._log.sign(old, new)

    # --- reading -------------------------------------------------------------------------------------

    def state(self) -> LogState:
        """How far the log is signed and time-stamped.

        Raises:
            SealBroken: The log is damaged.
        """
        note, signed = self._log.signed_note(), self._log.checkpoint()
        signers = () if note is None else note.signers(self._log.keys())
        stamps = [one for one in self._log.stamps.states() if one.state != "unstamped"]
        latest = stamps[-1] if stamps else None
        return LogState(
            size=self._log.size,
            root=self._log.root().hex(),
            signed_size=signed.size if signed is not None and signers else 0,
            signers=tuple(key.text for key in signers),
            stamped_size=latest.checkpoint.size if latest else 0,
            stamped_at=tuple(clock.iso(stamp.time_us) for stamp in latest.stamps) if latest else (),
        )

    def entries(self, start: int = 0) -> Iterator[Mapping[str, Any]]:
        """Every act from a place on, in order.

        Raises:
            SealBroken: The log is damaged.
        """
        for data in self._log.entries(start):
            yield _read(data)

    def of_item(self, evidence_id: str) -> list[tuple[int, Mapping[str, Any]]]:
        """The acts on an item, each with its place in the log.

        Raises:
            SealBroken: The log is damaged.
        """
        mark = evidence_id.encode()
        named = ((index, _read(data)) for index, data in enumerate(self._log.entries()) if mark in data)
        return [(index, entry) for index, entry in named if evidence_id in entry.get("items", ())]

    def checkpoint_note(self) -> Note:
        """The checkpoint over the evidence as it stands, without a signature if nobody signed it.

        It is the last that was signed, unless acts came after it that changed anything.

        Raises:
            SealBroken: The log is damaged.
        """
        signed = self._log.checkpoint()
        size = self._log.size
        if signed is not None and (signed.size == size or self._is_passing(signed.size)):
            note = self._log.signed_note()
            if note is not None:
                return note
        return self._unsigned()

    def proof(self, index: int, note: Note | None = None) -> Proof:
        """The proof that an entry is in the log.

        Args:
            index: The place of the entry.
            note: The checkpoint to which the proof leads; by default the signed one, if it reaches as far.
                One without a signature shows that the entry belongs to its root, for which nobody vouches.

        Raises:
            Missing: There is no such entry under the checkpoint.
            SealBroken: The log is damaged, or does not continue the checkpoint.
        """
        held = note or self._note_over(index)
        checkpoint = Checkpoint.parse(held.text)
        path = tuple(self._log.inclusion(index, checkpoint.size))
        if self._log.root(checkpoint.size) != checkpoint.root:
            raise SealBroken(
                "the log does not continue the checkpoint",
                where=str(self.path),
                expected=checkpoint.root.hex(),
                found=self._log.root(checkpoint.size).hex(),
                remedy="run 'perito check' and restore the log from a copy",
            )
        return Proof(index, path, held)

    def is_passing_since(self, size: int) -> bool:
        """Whether no act after the first `size` changed anything of the evidence."""
        return size <= self._log.size and self._is_passing(size)

    def _note_over(self, index: int) -> Note:
        signed, note = self._log.checkpoint(), self._log.signed_note()
        return note if note is not None and signed is not None and index < signed.size else self._unsigned()

    def _unsigned(self) -> Note:
        return Note(Checkpoint(UNSIGNED_ORIGIN, self._log.size, self._log.root()).text)

    def _is_passing(self, start: int) -> bool:
        return all(entry.get("act") in PASSING_ACTS for entry in self.entries(start))

    def _to_write(self) -> Log:
        """The log with the keys that sign; they are looked for at the first act, once."""
        if not self._has_looked:
            from perito.evidence.keyring import keys_at_hand

            keys = keys_at_hand(self._log) if self._signers is None else self._signers
            self._log.sign_with(keys)
            self._has_looked = True
        return self._log


def operator() -> str | None:
    """Who acts, where nobody is named: `PERITO_BY`, or the name of the login; None if there is none."""
    named = os.environ.get("PERITO_BY")
    if named:
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return None


def entry_of(
    act: str,
    *,
    items: Sequence[str] = (),
    by: str | None = None,
    at_us: int | None = None,
    **facts: object,
) -> bytes:
    """An act as the bytes of a log entry.

    Raises:
        CaseError: There is no such act, or a fact has no form in RFC 8785 or a name that is taken.

    Example:
        >>> entry_of("opened", by="a.n.", at_us=0)
        b'{"act":"opened","at_us":0,"by":"a.n."}'
    """
    if act not in ACTS:
        raise CaseError(f"'{act}' is no act that a custody log records", remedy=nearest(act, ACTS))
    taken = [name for name in facts if name in _RESERVED]
    if taken:
        raise CaseError(f"a fact of an act cannot be named '{taken[0]}'")
    entry: dict[str, Any] = {"act": act, "at_us": clock.now_us() if at_us is None else at_us}
    if items:
        entry["items"] = list(items)
    if by is not None:
        entry["by"] = by
    return canonical({**entry, **{name: value for name, value in facts.items() if value is not None}})


def _read(data: bytes) -> Mapping[str, Any]:
    entry: Mapping[str, Any] = orjson.loads(data)
    return entry
