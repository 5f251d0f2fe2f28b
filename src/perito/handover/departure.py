"""On which terms a case leaves the house, and the receipt of it: the counterpart of `arrival`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from perito import clock
from perito.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perito.evidence.keys import VerifierKey
    from perito.handover.cover import Cover


class Progress(Protocol):
    """Wraps the steps of some work, with a word for it."""

    def __call__(self, steps: Iterable[Any], word: str) -> Iterable[Any]:
        """The same steps, shown as they are taken."""


def unseen(steps: Iterable[Any], word: str) -> Iterable[Any]:  # noqa: ARG001  (the shape of a progress bar)
    """No progress bar."""
    return steps


@dataclass(frozen=True)
class Exported:
    """The receipt of an export.

    Args:
        bag: The folder of the bag.
        cover: What it says of itself.
        files: Payload files.
        octets: Their bytes.
    """

    bag: str
    cover: Cover
    files: int
    octets: int

    def to_json(self) -> dict[str, Any]:
        """The receipt for programs."""
        values = {**vars(self.cover), "at": clock.iso(self.cover.at_us)}
        del values["at_us"]
        withheld = [one.to_json() for one in self.cover.withheld]
        return {"bag": self.bag, "files": self.files, "bytes": self.octets, **values, "withheld": withheld}


@dataclass(frozen=True)
class Terms:
    """On which terms a case leaves the house.

    Args:
        by: Who hands it over; by default who works here (`PERITO_BY`, or the account).
        to: To whom; without a name the act is an export, with one a handover.
        is_redacted: Whether a redacted copy is made.
        without: Items that it leaves out, by path or evidence id.
        reason: Why they are left out.
        is_unnamed: Whether not even their digests are given.
        next_key: The receiver's key, which is to sign for the log from now on.
        at_us: When; by default now.

    Raises:
        CaseError: Items are to be left out of a copy that is not redacted, or without a reason.
    """

    by: str = ""
    to: str = ""
    is_redacted: bool = False
    without: tuple[str, ...] = ()
    reason: str = ""
    is_unnamed: bool = False
    next_key: VerifierKey | None = None
    at_us: int | None = None

    def __post_init__(self) -> None:
        if self.without and not self.is_redacted:
            raise CaseError("items can be left out of a redacted copy only", remedy="ask for a redacted copy")
        if self.without and not self.reason.strip():
            raise CaseError("no reason is given why items are left out", remedy="give the reason")
        if self.is_redacted and self.next_key is not None:
            raise CaseError("a redacted copy does not pass on the signing of the log")
