"""A case into a bag: evidence, custody log, proofs, graph, dossier; whole, or redacted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perito import clock
from perito.case import load_case
from perito.errors import CaseError, EvidenceError, Missing, SealBroken
from perito.evidence import Store
from perito.evidence.custody import operator
from perito.evidence.index import Index
from perito.evidence.keyring import keys_at_hand
from perito.evidence.roles import People
from perito.handover.arrival import outside_paths
from perito.handover.departure import Terms, unseen
from perito.handover.keychain import endorsement
from perito.handover.packing import Packing
from perito.handover.redaction import Redaction, redacted_case_file, withheld_paths, withheld_words

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from perito.case import Case
    from perito.evidence.keys import SigningKey
    from perito.handover.departure import Exported, Progress


def export_case(
    folder: str | os.PathLike[str],
    out: str | os.PathLike[str],
    terms: Terms = Terms(),  # noqa: B008  (frozen)
    *,
    signers: Sequence[SigningKey] | None = None,
    progress: Progress = unseen,
) -> Exported:
    """Makes a bag of a case. The act is in the log, and under its checkpoint, before the bag is made.

    Args:
        folder: The case folder.
        out: The folder of the bag; nothing may be there.
        terms: Who hands over what to whom.
        signers: The keys that sign the log; by default the case's own, where it is at hand.
        progress: Shows the work.

    Raises:
        CaseError: The call or the case file is wrong.
        Missing: Nothing has been sealed yet.
        SealBroken: An item or the log is not as it was sealed; there is no bag then.
        EvidenceError: The log was signed before, and the key is not at hand.
    """
    case, bag = load_case(folder), Path(out)
    _expect_fit(case, bag)
    store = Store(case.evidence_folder, signers=signers)
    if not store.items():
        raise Missing(
            "nothing is sealed in the case", where=str(folder), remedy="run 'perito run' or 'perito add'"
        )
    redaction = Redaction.of(store, terms) if terms.is_redacted else None
    _expect_sound(store)
    terms = replace(terms, by=_admitted(case, store, terms.by))
    case_file = case.file.read_bytes()
    if redaction is not None:
        words = withheld_words(redaction.reasons) if redaction.reasons else None
        paths = withheld_paths(store.items(), redaction.reasons)
        case_file = redacted_case_file(case_file, paths, words)
    entry, at_us = _recorded(store, terms, signers, redaction)
    with Index(store.path).reading():  # nobody adds or purges while the bag is made
        return Packing(case, store, case_file, terms, redaction, progress).into(bag, entry, at_us)


def _expect_fit(case: Case, bag: Path) -> None:
    """Refuses a place that is taken or part of the case, and a case that reaches outside of its folder."""
    if bag.exists() or bag.is_symlink():
        raise CaseError(
            "there is something already", where=str(bag), remedy="name a folder that is not there"
        )
    sources = (case.evidence_folder, case.dossier_folder)
    if any(bag.resolve().is_relative_to(one.resolve()) for one in sources):
        raise CaseError(
            "the bag would lie in what it is made of", where=str(bag), remedy="name another folder"
        )
    outside = outside_paths(case)
    if outside:
        raise CaseError(
            "the case declares a file outside of its folder, and cannot be handed over like this",
            where=f"{case.file}: [[evidence]] {outside[0]}",
            remedy="move the file into the case folder and declare it there",
        )


def _admitted(case: Case, store: Store, claimed: str) -> str:
    """Who exports, if the case lets them.

    Raises:
        EvidenceError: The case names its people, and this is none who may export; the attempt is logged.
        CaseError: Nobody is named.
    """
    people = People(case.folder)
    if not people.is_kept:
        name = claimed or operator() or ""
        if not name.strip():
            raise CaseError("nobody is named who hands the case over", remedy="name the person or body")
        return name
    return people.let(store.custody, "export", claimed or None).id


def _expect_sound(store: Store) -> None:
    """Refuses a store that is damaged: before the log says that it was handed over."""
    report = store.check()
    if not report.ok:
        first = report.problems[0]
        raise SealBroken(
            first.what, where=first.where, expected=first.expected, found=first.found,
            remedy="run 'perito check' and restore what is damaged from a copy",
        )  # fmt: skip


def _recorded(
    store: Store, terms: Terms, signers: Sequence[SigningKey] | None, redaction: Redaction | None
) -> tuple[int, int]:
    """Enters the act into the log, signed; its place and its time."""
    keys = keys_at_hand(store.custody.log) if signers is None else tuple(signers)
    if store.custody.log.keys() and not keys:
        raise EvidenceError(
            "the key that signs the log is not at hand, and the handover has to be under its signature",
            where=str(store.custody.path),
            expected=store.custody.log.keys()[-1].text,
            remedy="give the key, and its passphrase in PERITO_PASSPHRASE",
        )
    at_us = clock.now_us() if terms.at_us is None else terms.at_us
    act = "redacted" if terms.is_redacted else "handed_over" if terms.to else "exported"
    place = store.custody.record(
        act,
        by=terms.by,
        at_us=at_us,
        to=terms.to or None,
        withheld=None if redaction is None else len(redaction.reasons),
        **_endorsed(terms, keys, at_us),
    )
    return place.start, at_us


def _endorsed(terms: Terms, keys: Sequence[SigningKey], at_us: int) -> dict[str, Any]:
    if terms.next_key is None:
        return {}
    if not keys:
        raise CaseError(
            "no key signs this log, so none can pass it on",
            remedy="sign the log first with 'perito log sign'",
        )
    return endorsement(keys[0], terms.next_key, at_us)
