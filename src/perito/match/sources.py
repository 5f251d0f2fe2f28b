"""Where pictures come from: a file, a folder, the sealed evidence of a case, or Parquet with their bytes."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from perito.errors import CaseError, EvidenceError, Missing, SealBroken
from perito.match.compiled import require_media
from perito.match.hashing import HASHES, LIMITS, hash_batches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pyarrow.parquet import ParquetFile

    from perito.evidence import Store
    from perito.evidence.bounded import MediaLimits

    Progress = Callable[[Iterable[Any], str], Iterable[Any]]

DIGESTS = ("sha256", "sha1", "md5")
HASHED = pa.schema(
    [HASHES.field("id"), *(pa.field(name, pa.string()) for name in DIGESTS), *list(HASHES)[1:]]
)
"""Columns of `hashed`: the id, three digests of the bytes, PDQ with its quality, what the hash does not cover
(`remark`), and why there is none (`error`)."""

_BATCH_ROWS = 16
_CHUNK_BYTES = 1 << 20
_PICTURES = "image/"


@dataclass(frozen=True)
class Batches:
    """Pictures in small batches, read as they are asked for; the length is known before.

    Args:
        number: How many batches there are.
        read: Reads them, from the first.
    """

    number: int
    read: Callable[[], Iterator[pa.RecordBatch]]

    def __len__(self) -> int:
        return self.number

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self.read()


def batches_of(source: str | Path) -> Batches:
    """The pictures of a source in small batches, with `id` and `path` or `bytes`.

    A file is itself; of a folder, every file below it, by name; of a case, the sealed items and members of
    archives whose bytes are a picture, by evidence id; of Parquet, the columns `id` and `bytes`. An item of
    a case whose bytes are not held, or cannot be opened here, has a row without bytes. A few pictures are
    held at a time, never all of them.

    Raises:
        Missing: There is no such file or folder.
        CaseError: The Parquet file lacks the columns.
        SealBroken: Bytes of the case that are not those that were sealed.
    """
    path = Path(source)
    if path.is_dir():
        return _of_case(path) if (path / "case.toml").is_file() else _of_folder(path)
    if path.is_file():
        return _of_parquet(path) if path.suffix == ".parquet" else _of_files([path])
    raise Missing("there is no such file or folder", where=str(source), remedy="give a path that exists")


def hashed(source: str | Path, *, workers: int | None = None, progress: Progress | None = None) -> pa.Table:
    """The hashes of every picture of a source: one row a picture, also for those that cannot be hashed.

    Raises:
        PeritoError: As `batches_of`; the extra `media` is not installed.
    """
    require_media()
    batches = batches_of(source)
    shown = progress(batches, "pictures") if progress else batches
    return pa.Table.from_batches(hashed_batches(shown, workers=workers), HASHED)


def hashed_batches(
    batches: Iterable[pa.RecordBatch], *, workers: int | None = None, limits: MediaLimits = LIMITS
) -> Iterator[pa.RecordBatch]:
    """The rows of `hashed` for batches of pictures, in their order; a few batches are held at a time.

    Args:
        batches: With `id`, and `bytes` or `path` (where `bytes` is NULL) of each picture.
        workers: How many processes; as many as there are cores by default.
        limits: The bounds within which one file is decoded.

    Raises:
        CaseError: A batch lacks the columns, or the extra `media` is not installed.
    """
    digests: deque[dict[str, str]] = deque()

    def with_digests() -> Iterator[pa.RecordBatch]:
        for batch in batches:
            digests.extend(map(_digests, batch.to_pylist()))
            yield batch

    for batch in hash_batches(with_digests(), workers=workers, limits=limits):
        rows = [{**row, **digests.popleft()} for row in batch.to_pylist()]
        yield pa.RecordBatch.from_pylist(rows, HASHED)


def read_one(source: str | Path) -> bytes:
    """The bytes of one picture file.

    Raises:
        Missing: There is no such file.
    """
    path = Path(source)
    if not path.is_file():
        raise Missing("there is no such file", where=str(source), remedy="give the path of a picture")
    return path.read_bytes()


def _of_folder(folder: Path) -> Batches:
    return _of_files(sorted(path for path in folder.rglob("*") if path.is_file()))


def _of_files(paths: list[Path]) -> Batches:
    return Batches(_number(len(paths)), partial(_named, paths))


def _named(paths: list[Path]) -> Iterator[pa.RecordBatch]:
    for at in range(0, len(paths), _BATCH_ROWS):
        names = pa.array([str(path) for path in paths[at : at + _BATCH_ROWS]], pa.string())
        yield pa.record_batch({"id": names, "path": names})


def _of_case(folder: Path) -> Batches:
    from perito.evidence import Store

    store = Store(folder / "evidence")
    ids = sorted(
        {item.evidence_id for item in store.items() if (item.media_type or "").startswith(_PICTURES)}
    )
    return Batches(_number(len(ids)), partial(_of_store, store, ids))


def _of_store(store: Store, ids: list[str]) -> Iterator[pa.RecordBatch]:
    for at in range(0, len(ids), _BATCH_ROWS):
        names = ids[at : at + _BATCH_ROWS]
        contents = [_held(store, name) for name in names]
        yield pa.record_batch(
            {"id": pa.array(names, pa.string()), "bytes": pa.array(contents, pa.large_binary())}
        )


def _held(store: Store, item_id: str) -> bytes | None:
    """The bytes of an item; None where the store holds none that can be opened here (purged, locked)."""
    try:
        with store.get(item_id) as stream:
            return stream.read()
    except SealBroken:
        raise
    except EvidenceError:
        return None


def check_parquet(source: Path) -> None:
    """Refuse Parquet, a file or a folder of them, that lacks `id` and `bytes`.

    Raises:
        Missing: There is no such file or folder.
        CaseError: It is no Parquet, or lacks the columns.
    """
    files = sorted(source.rglob("*.parquet")) if source.is_dir() else [source]
    if not files or not files[0].is_file():
        raise Missing("there is no such Parquet", where=str(source), remedy="give a path that exists")
    _opened(files[0])


def _of_parquet(path: Path) -> Batches:
    file = _opened(path)
    return Batches(
        _number(file.metadata.num_rows), partial(file.iter_batches, _BATCH_ROWS, columns=["id", "bytes"])
    )


def _opened(path: Path) -> ParquetFile:
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as fault:
        raise CaseError("the file is no Parquet", where=str(path), found=str(fault)[:200]) from fault
    held = {one.name: one.type for one in file.schema_arrow}
    of_type = {"id": (pa.string(), pa.large_string()), "bytes": (pa.binary(), pa.large_binary())}
    if any(held.get(name) not in types for name, types in of_type.items()):
        found = ", ".join(f"{name} {kind}" for name, kind in held.items())
        raise CaseError(
            "the Parquet file lacks columns", where=str(path), expected="id (text) and bytes (binary)",
            found=found[:200],
        )  # fmt: skip
    return file


def _number(rows: int) -> int:
    return -(-rows // _BATCH_ROWS)


def _digests(row: dict[str, Any]) -> dict[str, str]:
    """The digests of the bytes; none where they cannot be read."""
    content = row.get("bytes")
    path = row.get("path")
    try:
        if content is not None:
            return _digests_of([content])
        if path and Path(path).is_file():
            with Path(path).open("rb") as stream:
                return _digests_of(iter(lambda: stream.read(_CHUNK_BYTES), b""))
    except OSError:
        pass  # the row of the hash says why
    return {}


def _digests_of(chunks: Iterable[bytes]) -> dict[str, str]:
    held = {name: hashlib.new(name, usedforsecurity=False) for name in DIGESTS}
    for chunk in chunks:
        for digest in held.values():
            digest.update(chunk)
    return {name: digest.hexdigest() for name, digest in held.items()}
