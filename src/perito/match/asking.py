"""What the commands of `match` ask: banks from files, queries from pictures or hashes, comparisons."""

from __future__ import annotations

import hashlib
import io
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from perito.errors import CaseError, Missing
from perito.formats import Reject, SourceItem, find, recognise
from perito.ids import evidence_id
from perito.match.apart import origins_apart, picture_apart, pictures_apart
from perito.match.bank import Bank, BankEntry, Query, hash_bytes
from perito.match.clusters import families_of_hashes
from perito.match.copies import KnownPictures
from perito.match.features import features_of, verify
from perito.match.hamming import RADIUS
from perito.match.hash_tables import hash_rows
from perito.match.pdq import LEAST_QUALITY, dihedral
from perito.match.pdq import METHOD as PDQ_METHOD
from perito.match.robustness import CALIBRATION
from perito.match.scenes import scene
from perito.match.sealing import (
    ORIGIN_METHOD,
    Sealing,
    bank_rows,
    check_case,
    connecting_pairs,
    origin_rows,
    own_hash_rows,
    pair_rows,
    text_rows,
    texts_of,
)
from perito.match.sources import DIGESTS, batches_of, hashed, read_one

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from perito.match.bank import BankMatch
    from perito.match.clusters import Family
    from perito.match.copies import CopyMatch
    from perito.match.features import Verification
    from perito.match.origin import DeclaredOrigin
    from perito.match.pixels import Picture
    from perito.match.sealing import SealedTable
    from perito.match.sources import Progress

_HEAD_BYTES = 1 << 16
_STRANGERS_FROM = 1_000_000  # seeds of pictures that are not known


def bank_of(files: Iterable[Path], format_name: str | None = None) -> Bank:
    """A bank from files of hashes, read like evidence: a wrong entry costs itself.

    Raises:
        Missing: There is no such file.
        CaseError: The file is no hash list, or none of its entries can be read.
    """
    return Bank(entry for file in files for entry in _entries(file, format_name))


def queries_of(
    source: Path, workers: int | None = None, progress: Progress | None = None
) -> tuple[list[Query], int]:
    """What is looked for: hashes in CSV or Parquet, or the pictures of a source; how many are not comparable.

    Raises:
        PeritoError: As `perito.match.sources.hashed`.
    """
    rows = hash_rows(source)
    if rows is None:
        rows = hashed(source, workers=workers, progress=progress).to_pylist()
    queries = [
        Query(row["id"], row["pdq"], row["pdq_quality"], *(row[name] for name in DIGESTS)) for row in rows
    ]
    refused = sum(one.pdq is None or (one.pdq_quality or 0) < LEAST_QUALITY for one in queries)
    return queries, refused


def clustered(
    source: Path, radius: int, workers: int | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """The families of the pictures of a source; however many of them have equal hashes."""
    rows = hash_rows(source)
    if rows is None:
        rows = hashed(source, workers=workers, progress=progress).to_pylist()
    usable = _usable(rows)
    return _answer(rows, usable, families_of_hashes(hash_bytes([row["pdq"] for row in usable]), radius))


def sealed_cluster(
    source: Path,
    radius: int,
    workers: int | None = None,
    progress: Progress | None = None,
    *,
    at_us: int,
    text_threshold: float | None = None,
) -> tuple[dict[str, Any], list[SealedTable]]:
    """The families of the pictures of a case, and what was sealed of them: hashes, pairs, copied texts.

    Args:
        source: The case folder.
        radius: Most bits that may differ.
        workers: How many processes.
        progress: What shows how far it is.
        text_threshold: Compare the texts of the posts too; the smallest similarity that counts as a copy.
        at_us: When it is sealed, microseconds since 1970.

    Raises:
        CaseError: The source is no case, or the extra `media` is not installed.
        Missing: Texts are asked for and the case has no tables yet.
        EvidenceError: The store cannot be written.
    """
    check_case(source)
    if radius < RADIUS:
        raise CaseError(
            "what is sealed has to be whole", where="--radius", expected=f"{RADIUS} or more",
            found=str(radius), remedy="leave --radius out: measures count pairs of up to 31 bits",
        )  # fmt: skip
    rows = hashed(source, workers=workers, progress=progress).to_pylist()
    usable = _usable(rows)
    hashes = hash_bytes([row["pdq"] for row in usable])
    tables = {
        "hashes": ("hashes", own_hash_rows(rows)),
        "pairs": ("matches", pair_rows([row["id"] for row in usable], connecting_pairs(hashes, radius))),
    }
    if text_threshold is not None:
        tables["texts"] = ("matches", text_rows(texts_of(source), text_threshold))
    parameters = {"method": PDQ_METHOD, "radius": radius, "least quality": LEAST_QUALITY}
    if text_threshold is not None:
        parameters["text threshold"] = text_threshold
    sealed = Sealing(source, "perito match cluster", parameters, at_us).seal(tables)
    return _answer(rows, usable, families_of_hashes(hashes, radius)), sealed


def _usable(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["pdq"] and (row["pdq_quality"] or 0) >= LEAST_QUALITY]


def _answer(
    rows: list[dict[str, Any]], usable: list[dict[str, Any]], found: Sequence[Family]
) -> dict[str, Any]:
    return {
        "pictures": len(rows),
        "unreadable": sum(row["error"] is not None for row in rows),
        "not_comparable": sum(row["error"] is None for row in rows) - len(usable),
        "families": [
            {
                "members": [usable[member]["id"] for member in family.members],
                "representative": usable[family.representative]["id"],
                "pairs": family.pairs,
                "largest_distance": family.largest_distance,
            }
            for family in found
        ],
    }


def seal_found(
    source: Path,
    banks: Sequence[Path],
    radius: int,
    found: Sequence[BankMatch],
    edited: Sequence[dict[str, Any]] = (),
    *,
    at_us: int,
) -> list[SealedTable]:
    """Seal what was found in hash lists, and edited copies; the lists' own hashes are not among it.

    The file is named by the lists and the radius: another list does not replace what an earlier one gave.

    Args:
        source: The case folder.
        banks: The files of the lists.
        radius: Most bits that may differ.
        found: Agreements.
        edited: Edited copies, as `edited_copies` gives them.
        at_us: When it is sealed, microseconds since 1970.

    Raises:
        CaseError: The source is no case.
        EvidenceError: The store cannot be written.
    """
    check_case(source)
    digests = sorted(_digest(file.read_bytes()) for file in banks)
    name = f"found-{_digest(' '.join([*digests, str(radius)]).encode())[:12]}"
    parameters = {"radius": radius, "lists": ", ".join(f"sha256:{digest}" for digest in digests)}
    tables = {name: ("matches", bank_rows(found, edited))}
    return Sealing(source, "perito match search", parameters, at_us).seal(tables)


def declared_by(source: Path, progress: Progress | None = None) -> dict[str, DeclaredOrigin | str]:
    """What each picture of a source declares of its origin, by id; of one that cannot be read, why.

    Raises:
        PeritoError: As `perito.match.sources.batches_of`; the extra `media` is not installed.
    """
    batches = batches_of(source)
    ids: deque[str] = deque()
    contents = _contents(progress(batches, "pictures") if progress else batches, ids)
    return {ids.popleft(): one for one in origins_apart(contents)}


def seal_origins(source: Path, found: dict[str, DeclaredOrigin | str], *, at_us: int) -> list[SealedTable]:
    """Seal what the pictures of a case declare of their origin.

    Raises:
        CaseError: The source is no case.
        EvidenceError: The store cannot be written.
    """
    check_case(source)
    parameters = {"method": ORIGIN_METHOD, "trusted signers": "none given"}
    tables = {"origins": ("origins", origin_rows(found))}
    return Sealing(source, "perito match origin", parameters, at_us).seal(tables)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def compared(one: Path, other: Path) -> tuple[dict[str, Any], Verification]:
    """How two picture files compare: bytes, hashes, geometry, and what each declares of its origin.

    Raises:
        PeritoError: A file that is missing, or no picture.
    """
    contents = [read_one(one), read_one(other)]
    first, second = (picture_apart(content).pixels for content in contents)
    declared = [_told(origin) for origin in origins_apart(contents, 1)]
    mine, theirs = dihedral(first), dihedral(second)["original"]
    form = min(mine, key=lambda name: mine[name].distance(theirs))
    known = KnownPictures()
    known.add("other", second)
    parts = known.find(first)
    verification = verify(features_of(first), features_of(second))
    is_comparable = theirs.is_comparable and mine["original"].is_comparable
    answer = {
        "same_bytes": contents[0] == contents[1],
        "quality": [mine["original"].quality, theirs.quality],
        "distance": mine[form].distance(theirs) if is_comparable else None,
        "symmetry": form if is_comparable else None,
        "words": _words(parts[0]) if parts else _unmatched(is_comparable=is_comparable),
        "inliers": verification.inliers,
        "verified": verification.is_verified,
        "region_differs_share": verification.differing,
        "false_matches_in_calibration": CALIBRATION,
        "declared_by_one": declared[0],
        "declared_by_other": declared[1],
    }
    return answer, verification


def write_map(verification: Verification, out: Path) -> None:
    """The region that differs as a black and white PNG, at the size of the features of the second picture.

    Raises:
        CaseError: The geometry was not verified: there is no such map.
    """
    if verification.region is None:
        raise CaseError(
            "there is no map of what differs: the geometry is not verified",
            expected="points that agree at twelve places or more", found=str(verification.inliers),
        )  # fmt: skip
    from PIL import Image

    Image.fromarray(255 * verification.region).save(out, "PNG")


def edited_copies(source: Path, folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """The pictures of a source that show one of a folder, whole or edited; and what cannot be read."""
    known, unreadable = KnownPictures(), list[str]()
    digests: dict[str, str] = {}
    for name, content, picture in _pictures(folder):
        if isinstance(picture, str):
            unreadable.append(name)
            continue
        known.add(name, picture.pixels)
        digests[name] = _digest(content if isinstance(content, bytes) else read_one(content))
    found: list[dict[str, Any]] = []
    for name, _, picture in _pictures(source):
        if isinstance(picture, str):
            unreadable.append(name)
            continue
        found += [_edited(name, one, digests[one.entry_id]) for one in known.find(picture.pixels)]
    return found, unreadable


def _edited(name: str, one: CopyMatch, digest: str) -> dict[str, Any]:
    return {
        "id": name, "known": one.entry_id, "known_id": evidence_id(digest), "method": one.method,
        "distance": one.distance, "symmetry": one.transform,
        "window": one.window.name if one.window else None,
        "known_window": one.known_window.name if one.known_window else None,
        "state": one.state, "inliers": one.verification.inliers if one.verification else None,
        "region_differs": one.region_differs, "words": _words(one),
    }  # fmt: skip


def prompt_duties(source: Path, found: Sequence[BankMatch]) -> list[str]:
    """What has to be said after matches with lists of abuse material; logged in the case, if it is one."""
    from perito.evidence import Store
    from perito.evidence.duty import DutyPrompt, report_duty

    items = dict.fromkeys((one.query_id, one.entry.list_id) for one in found)
    if not (source / "case.toml").is_file():
        return [DutyPrompt(item, list_id).words("en") for item, list_id in items]
    custody = Store(source / "evidence").custody
    return [report_duty(custody, item, list_id, by="perito match").words("en") for item, list_id in items]


def trial_pictures(
    folder: Path | None, count: int, seed: int
) -> tuple[list[NDArray[np.uint8]], list[NDArray[np.uint8]]]:
    """Known pictures and as many strangers: half of a folder each, or made here.

    Raises:
        CaseError: The folder holds less than two pictures.
    """
    if folder is None:
        return (
            [scene(seed + number) for number in range(count)],
            [scene(_STRANGERS_FROM + seed + number) for number in range(count)],
        )
    pictures = []
    for _, _, picture in _pictures(folder):
        if isinstance(picture, str):
            continue  # no picture: it is not among those that are counted
        pixels = picture.pixels
        pictures.append(pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, 2))  # noqa: PLR2004
        if len(pictures) == 2 * count:
            break
    if len(pictures) < 2:  # noqa: PLR2004  (one known, one stranger)
        raise CaseError("too few pictures", where=str(folder), expected="2 or more", found=str(len(pictures)))
    half = min(count, len(pictures) // 2)
    return pictures[:half], pictures[half : 2 * half]


def _entries(file: Path, format_name: str | None) -> list[BankEntry]:
    if not file.is_file():
        raise Missing("there is no such hash list", where=str(file))
    data = file.read_bytes()
    name = format_name or recognise(data[:_HEAD_BYTES], file.name)
    item = SourceItem(evidence_id(_digest(data)), file.name, lambda: io.BytesIO(data), None, 0)
    pieces = list(find(name).read(item))
    rows = [
        row.values
        for piece in pieces
        if not isinstance(piece, Reject)
        for row in getattr(piece, "rows", ())
        if row.table == "hashes"
    ]
    if not rows:
        first = next((piece.reason for piece in pieces if isinstance(piece, Reject)), "no entries")
        raise CaseError("nothing of the hash list can be read", where=str(file), found=first)
    return [BankEntry.of_row(row) for row in rows]


def _pictures(source: Path) -> Iterator[tuple[str, Path | bytes, Picture | str]]:
    """Of every picture of a source its id, its bytes or path, and its pixels or why there are none."""
    ids: deque[str] = deque()
    contents: deque[Path | bytes] = deque()

    def kept() -> Iterator[Path | bytes]:
        for content in _contents(batches_of(source), ids):
            contents.append(content)
            yield content

    for picture in pictures_apart(kept()):
        yield ids.popleft(), contents.popleft(), picture


def _contents(batches: Iterable[pa.RecordBatch], ids: deque[str]) -> Iterator[Path | bytes]:
    """The bytes or path of every picture; its id goes to `ids`. What is not held is a file without bytes."""
    for batch in batches:
        for row in batch.to_pylist():
            ids.append(row["id"])
            content, path = row.get("bytes"), row.get("path")
            yield content if content is not None else Path(path) if path else b""


def _told(origin: DeclaredOrigin | str) -> str:
    return origin if isinstance(origin, str) else origin.text().plain("en", {})


def _words(match: CopyMatch) -> str:
    if match.region_differs:
        return "same picture, region differs"
    if match.state == "not_verified":
        return "the hashes agree, the geometry was not verified"
    return "same picture" if match.method == "pdq" else "same picture, in part"


def _unmatched(*, is_comparable: bool) -> str:
    return "no match found" if is_comparable else "cannot say: not comparable"
