"""A custody log held against keys and certificates that the recipient brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perito import clock
from perito.case import FILE_NAME, load_case
from perito.dossier.custody_check import custody_report
from perito.dossier.custody_record import CUSTODY_FILE, read_custody
from perito.dossier.exhibits import read_evidence
from perito.errors import DossierError, Missing
from perito.evidence.custody import Custody
from perito.evidence.log import Proof
from perito.report import Problem, Report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from perito.evidence.keys import VerifierKey
    from perito.evidence.log import Trust


def verify_custody(path: Path, keys: Sequence[VerifierKey] | None, trust: Trust | None) -> Report:
    """The report on the custody log of a case, a dossier or one proof.

    Args:
        path: A folder of a case or a dossier, or a `.tlog-proof` file with its `.json` beside it.
        keys: The keys that are trusted; None for those that are named there.
        trust: What the time stamps have to hold against; None if they are not asked for.

    Raises:
        DossierError: It is none of them, or the custody record cannot be read.
        Missing: A file of the proof is not there.
    """
    if path.is_file():
        return _proof_report(path, keys)
    if (path / CUSTODY_FILE).is_file():
        return _dossier_report(path, keys, trust)
    if (path / FILE_NAME).is_file():
        return _case_report(path, keys, trust)
    raise DossierError(
        "neither a case, nor a dossier, nor a proof",
        where=str(path),
        expected=f"a folder with {FILE_NAME} or {CUSTODY_FILE}, or a .tlog-proof file",
    )


def _proof_report(path: Path, keys: Sequence[VerifierKey] | None) -> Report:
    leaf = path.with_suffix(".json")
    if not leaf.is_file():
        raise Missing("the entry that the proof is about is not beside it", where=str(leaf))
    proof = Proof.parse(path.read_bytes(), may_be_unsigned=True)
    if keys is None or not proof.note.signatures:
        what = (
            "unsigned: nobody vouches for the root"
            if not proof.note.signatures
            else "no trusted key is given"
        )
        return Report((Problem("signature", str(path), what),))
    return proof.check(leaf.read_bytes(), keys)


def _dossier_report(folder: Path, keys: Sequence[VerifierKey] | None, trust: Trust | None) -> Report:
    record = read_custody(folder)
    report = custody_report(
        folder, record, read_evidence(folder), keys=keys, trust=trust, at_us=clock.now_us()
    )
    if trust is not None and not record["log"]["stamps"]:
        report = report.joined(Report((_unstamped(str(folder)),)))
    return report


def _case_report(folder: Path, keys: Sequence[VerifierKey] | None, trust: Trust | None) -> Report:
    custody = Custody(load_case(folder).evidence_folder)
    report = custody.log.check(keys)
    problems = [*report.problems]
    state = custody.state()
    if keys is not None and state.signed_size == 0:
        problems.append(Problem("signature", str(custody.path), "unsigned: nobody has signed the log"))
    if trust is not None:
        problems += _stamp_problems(custody, trust)
    counts = dict(report.checked) | {"entries without a signature": state.size - state.signed_size}
    return Report(tuple(problems), tuple(counts.items()))


def _stamp_problems(custody: Custody, trust: Trust) -> Iterator[Problem]:
    states = custody.log.stamps.states([trust])
    for state in states:
        yield from state.failures
    if not any(state.state == "stamped" for state in states):
        yield _unstamped(str(custody.path))


def _unstamped(where: str) -> Problem:
    return Problem("stamp", where, "unstamped: no time stamp holds against these certificates")
