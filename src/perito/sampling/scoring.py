"""A call of `perito score`: from the labels of a case to sealed scores, and a card of how they came about."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import rfc8785

from perito.clock import now_us
from perito.errors import CaseError
from perito.evidence import Store
from perito.sampling.frame import FrameFilter, frame_of, texts_of
from perito.sampling.session import open_case_tables
from perito.sampling.text_model import FOLDS, CrossFitted, auc_with_interval, cross_fit
from perito.workflow import tables_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perito.case import Case
    from perito.engine import Tables
    from perito.sampling.frame import Frame
    from perito.sampling.label_book import LabelBook

MODEL_ID = "perito-text"
SEED = "1"
PURPOSE = "orders the queue and cuts strata; no share is derived from these scores"
_TOOL = "perito score"
_FOLDER = "scores"
_LABELS = """
SELECT item_id, round, value FROM labels
WHERE label_book_id = $book AND label_book_version = $version AND class = $class AND value IN ('yes', 'no')
ORDER BY item_id, round, annotator_id, value NULLS FIRST
"""
_CHANCES = """
SELECT item_id, max(inclusion_prob) AS chance FROM draws WHERE inclusion_prob > 0 GROUP BY item_id
"""
_COLUMNS = ("item_id", "item_kind", "platform", "class", "model_id", "model_version", "score")


@dataclass(frozen=True)
class Scored:
    """What a call came to: the model's version, what it was trained on, and where its scores lie.

    Args:
        card: How the scores came about; sealed beside them.
        evidence_id: The sealed scores.
        is_new: Whether this call sealed them.
    """

    card: Mapping[str, Any]
    evidence_id: str
    is_new: bool


def score_case(
    case: Case,
    wanted: FrameFilter,
    book: LabelBook,
    class_name: str,
    *,
    seed: str = SEED,
    folds: int = FOLDS,
    engine: str = "duckdb",
    at_us: int | None = None,
) -> Scored:
    """Train on the labels of a class, score the population, and seal the scores as `table:scores`.

    The same labels and texts give the same version and bytes; the call again changes nothing.

    Args:
        case: The case.
        wanted: The population.
        book: The label book; labels of its id and version alone are used.
        class_name: The class.
        seed: Seed of the folds.
        folds: How many folds.
        engine: The engine that reads the tables.
        at_us: When it is sealed; now if not given.

    Raises:
        CaseError: The book has no such class; too few positives or negatives; scikit-learn is missing.
    """
    book.chosen(class_name)
    if not 2 <= folds <= 20:  # noqa: PLR2004  (one fold is no cross-fitting)
        raise CaseError("not a number of folds", where="--folds", expected="2 to 20", found=str(folds))
    with open_case_tables(case, engine) as tables:
        frame = frame_of(tables, wanted)
        labels, undecided = _decided(tables, book, class_name)
        texts = texts_of(tables, wanted.items, {*frame.items, *labels})
        chances = {row["item_id"]: row["chance"] for row in tables.rows(_CHANCES)}
    weights = {item: 1 / chance for item, chance in chances.items() if item in labels}
    fitted = cross_fit(texts, labels, weights, seed, folds)
    card = _card(frame, book, class_name, fitted, labels, undecided, seed, folds)
    scored = _sealed(case, card, _csv(frame, card, fitted), at_us)
    if scored.is_new:
        tables_of(case)  # so that they hold the scores, and the same call finds nothing to do
    return scored


def _decided(tables: Tables, book: LabelBook, class_name: str) -> tuple[dict[str, bool], int]:
    """Whether each item is of the class: as adjudicated, or by the majority; ties are left out, counted."""
    votes: dict[str, list[bool]] = defaultdict(list)
    settled: dict[str, bool] = {}
    for row in tables.rows(_LABELS, book=book.id, version=book.version, **{"class": class_name}):
        votes[row["item_id"]].append(row["value"] == "yes")
        if row["round"] == "adjudication":
            settled[row["item_id"]] = row["value"] == "yes"
    decided = {
        item: 2 * sum(given) > len(given) for item, given in votes.items() if 2 * sum(given) != len(given)
    }
    decided |= settled
    return decided, len(votes) - len(decided)


def _card(
    frame: Frame,
    book: LabelBook,
    class_name: str,
    fitted: CrossFitted,
    labels: Mapping[str, bool],
    undecided: int,
    seed: str,
    folds: int,
) -> dict[str, Any]:
    import sklearn

    auc, low, high = auc_with_interval(fitted.scores, labels)
    card = {
        "model_id": MODEL_ID,
        "purpose": PURPOSE,
        "class": class_name,
        "label_book_id": book.id,
        "label_book_version": book.version,
        "frame": frame.filter.words,
        "frame_digest": frame.digest,
        "labels_digest": _digest(sorted((item, str(value)) for item, value in labels.items())),
        "positives": fitted.positives,
        "negatives": fitted.negatives,
        "undecided": undecided,
        "folds": folds,
        "fold_digest": fitted.fold_digest,
        "seed": seed,
        "scikit_learn": sklearn.__version__,
        "scores_digest": _digest(sorted((item, str(value)) for item, value in fitted.scores.items())),
        "auc": {
            "value": round(auc, 4),
            "low": round(low, 4),
            "high": round(high, 4),
            "level": 0.95,
            "note": "diagnostic only, over the labelled items as they are",
        },
        "without_words": frame.population - sum(item in fitted.scores for item in frame.items),
    }
    return {**card, "model_version": hashlib.sha256(rfc8785.dumps(card)).hexdigest()[:12]}


def _digest(pairs: Sequence[tuple[str, str]]) -> str:
    return hashlib.sha256("".join(f"{item}\t{value}\n" for item, value in pairs).encode()).hexdigest()


def _csv(frame: Frame, card: Mapping[str, Any], fitted: CrossFitted) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    shared = (card["class"], MODEL_ID, card["model_version"])
    for item in frame.items:
        if item in fitted.scores:
            row = (item, frame.item_kind, frame.platforms[item], *shared, f"{fitted.scores[item]:.6f}")
            writer.writerow(row)
    return out.getvalue().encode()


def _sealed(case: Case, card: Mapping[str, Any], scores: bytes, at_us: int | None) -> Scored:
    store = Store(case.evidence_folder)
    stem = f"{_FOLDER}/{MODEL_ID}-{card['model_version']}"
    known = {item.path: item for item in store.current_items()}
    if f"{stem}.csv" in known:
        return Scored(card, known[f"{stem}.csv"].evidence_id, False)
    (case.folder / _FOLDER).mkdir(exist_ok=True)
    files = ((f"{stem}.csv", scores, "table:scores"), (f"{stem}.json", rfc8785.dumps(dict(card)), "document"))
    for path, content, _ in files:
        (case.folder / path).write_bytes(content)
    at = now_us() if at_us is None else at_us
    receipts = store.add_many(
        [
            (
                case.folder / path,
                {"path_in_case": path, "format": format_, "acquired_at_us": at, "tool": _TOOL},
            )
            for path, _, format_ in files
        ]
    )
    return Scored(card, receipts[0].evidence_id, True)
