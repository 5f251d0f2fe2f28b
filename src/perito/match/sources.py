"""Where pictures come from: a file, a folder, the sealed evidence of a case, or Parquet with their bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from perito.errors import CaseError, Missing
from perito.match.hashing import HASHES, hash_batches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Progress = Callable[[Iterable[Any], str], Iterable[Any]]

DIGESTS = ("sha256", "sha1", "md5")
HASHED = pa.schema(
    [HASHES.field("id"), *(pa.field(name, pa.string()) for name in DIGESTS), *list(HASHES)[1:]]
)
"""Columns of `hashed`: the id, three digests of the bytes, PDQ with its quality, what the hash does not cover
(`remark`), and why there is none (`error`)."""

_BATCH_ROWS = 16
_PICTURES = "image/"


def batches_of(source: str | Path) -> Iterator[pa.RecordBatch]:
    """The pictures of a source in small batches, with `id` and `path` or `bytes`.

    A file is itself; of a folder, every file below it, by name; of a case, the sealed items and members of
    archives whose bytes are a picture, by evidence id; of Parquet, the columns `id` and `bytes`.

    Raises:
        Missing: There is no such file or folder.
        CaseError: The Parquet file lacks the columns.
        SealBroken: Bytes of the case that are not those that were sealed.
    """
    path = Path(source)
    if path.is_dir():
        yield from _of_case(path) if (path / "case.toml").is_file() else _of_folder(path)
    elif path.is_file():
        yield from _of_parquet(path) if path.suffix == ".parquet" else _of_files([path])
    else:
        raise Missing("there is no such file or folder", where=str(source), remedy="give a path that exists")


def hashed(source: str | Path, *, workers: int | None = None, progress: Progress | None = None) -> pa.Table:
    """The hashes of every picture of a source: one row a picture, also for those that cannot be hashed.

    Raises:
        PeritoError: As `batches_of`; the extra `media` is not installed.
    """
    batches = list(batches_of(source)) if progress else batches_of(source)
    shown = progress(batches, "pictures") if progress else batches
    digests: list[dict[str, str]] = []

    def with_digests() -> Iterator[pa.RecordBatch]:
        for batch in shown:
            digests.extend(map(_digests, batch.to_pylist()))
            yield batch

    rows = pa.Table.from_batches(hash_batches(with_digests(), workers=workers), HASHES).to_pylist()
    return pa.Table.from_pylist([{**row, **held} for row, held in zip(rows, digests, strict=True)], HASHED)


def read_one(source: str | Path) -> bytes:
    """The bytes of one picture file.

    Raises:
        Missing: There is no such file.
    """
    path = Path(source)
    if not path.is_file():
        raise Missing("there is no such file", where=str(source), remedy="give the path of a picture")
    return path.read_bytes()


def _of_folder(folder: Path) -> Iterator[pa.RecordBatch]:
    yield from _of_files(sorted(path for path in folder.rglob("*") if path.is_file()))


def _of_files(paths: list[Path]) -> Iterator[pa.RecordBatch]:
    for at in range(0, len(paths), _BATCH_ROWS):
        names = pa.array([str(path) for path in paths[at : at + _BATCH_ROWS]], pa.string())
        yield pa.record_batch({"id": names, "path": names})


def _of_case(folder: Path) -> Iterator[pa.RecordBatch]:
    from perito.evidence import Store

    store = Store(folder / "evidence")
    ids = dict.fromkeys(
        item.evidence_id for item in store.items() if (item.media_type or "").startswith(_PICTURES)
    )
    rows: list[tuple[str, bytes]] = []
    for item_id in sorted(ids):
        with store.get(item_id) as stream:
            rows.append((item_id, stream.read()))
        if len(rows) == _BATCH_ROWS:
            yield _batch(rows)
            rows = []
    if rows:
        yield _batch(rows)


def _batch(rows: list[tuple[str, bytes]]) -> pa.RecordBatch:
    ids, contents = zip(*rows, strict=True)
    return pa.record_batch({"id": pa.array(ids, pa.string()), "bytes": pa.array(contents, pa.binary())})


def _of_parquet(path: Path) -> Iterator[pa.RecordBatch]:
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as fault:
        raise CaseError("the file is no Parquet", where=str(path), found=str(fault)[:200]) from fault
    names = file.schema_arrow.names
    if not {"id", "bytes"} <= set(names):
        raise CaseError(
            "the Parquet file lacks columns", where=str(path), expected="id and bytes", found=", ".join(names)
        )
    yield from file.iter_batches(_BATCH_ROWS, columns=["id", "bytes"])


def _digests(row: dict[str, Any]) -> dict[str, str]:
    """The digests of the bytes; none where they cannot be read."""
    content = row.get("bytes")
    if content is None:
        path = Path(row.get("path") or "")
        content = path.read_bytes() if path.is_file() else None
    if content is None:
        return {}
    return {name: hashlib.new(name, content, usedforsecurity=False).hexdigest() for name in DIGESTS}
