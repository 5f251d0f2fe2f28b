"""Hashing many image files: batches of rows in, batches of rows out, the same on this machine and on Spark.

Every batch is hashed in a process of its own with limits, so that a file that breaks a decoder costs its own
row, not the run. A file that cannot be hashed is a row with its reason; no row is left out.
"""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from perito.errors import CaseError, FormatError, PeritoError
from perito.evidence.bounded import MediaLimits, Workers
from perito.match.pdq import PdqHash, hash_pixels
from perito.match.pixels import PIXEL_LIMIT, read_picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    Progress = Callable[[Iterable[Any], str], Iterable[Any]]

HASHES = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("pdq", pa.string()),
        pa.field("pdq_quality", pa.int32()),
        pa.field("remark", pa.string()),
        pa.field("error", pa.string()),
    ]
)
LIMITS = MediaLimits(pixels=PIXEL_LIMIT)
_BATCH_ROWS = 16
_BATCH_BYTES = 1 << 26
_SOURCES = ("bytes", "path")
_FUNCTION = "perito.match.hashing:hash_message"


def hash_files(
    files: Iterable[Path | str],
    *,
    workers: int | None = None,
    limits: MediaLimits = LIMITS,
    progress: Progress | None = None,
) -> pa.Table:
    """The PDQ hash of every file, in their order, on this machine.

    Args:
        files: The image files; a row's id is the path as it was given.
        workers: How many processes; as many as there are cores by default.
        limits: The bounds within which one file is decoded.
        progress: What shows how far it is, called with the batches and a word.

    Returns:
        Columns `id`, `pdq` (64 hex digits), `pdq_quality` (0 to 100; below 50 the picture is not comparable),
        `remark` (what the hash does not cover), `error` (why there is no hash). One row a file.

    Raises:
        CaseError: The extra `media` is not installed.

    Example:
        >>> hash_files([]).column_names
        ['id', 'pdq', 'pdq_quality', 'remark', 'error']
    """
    paths = [str(file) for file in files]
    batches = [_paths_batch(paths[at : at + _BATCH_ROWS]) for at in range(0, len(paths), _BATCH_ROWS)]
    shown = progress(batches, "hashing pictures") if progress is not None else batches
    return pa.Table.from_batches(hash_batches(shown, workers=workers, limits=limits), HASHES)


def hash_batches(
    batches: Iterable[pa.RecordBatch], *, workers: int | None = None, limits: MediaLimits = LIMITS
) -> Iterator[pa.RecordBatch]:
    """The hashes of batches of images, in their order.

    Args:
        batches: With `id`, and `bytes` or `path` (where `bytes` is NULL) of each image.
        workers: How many processes; as many as there are cores by default.
        limits: The bounds within which one file is decoded.

    Raises:
        CaseError: A batch lacks the columns, or the extra `media` is not installed.
    """
    options = {"pixel_limit": limits.pixels}
    with (
        Workers(_FUNCTION, pool_size(workers), limits, **options) as pool,
        ThreadPoolExecutor(pool_size(workers)) as threads,
    ):
        ahead: deque[Future[pa.RecordBatch]] = deque()
        for batch in _small(batches):
            ahead.append(threads.submit(_hashed_apart, pool, batch))
            if len(ahead) > 2 * pool_size(workers):
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def hash_batch(batch: pa.RecordBatch, *, pixel_limit: int = PIXEL_LIMIT) -> pa.RecordBatch:
    """The hashes of a batch of images, in this process.

    Example:
        >>> rows = pa.record_batch({"id": ["a"], "bytes": [b"no image"]})
        >>> hash_batch(rows).to_pylist()[0]["error"].startswith("image: the bytes are no image")
        True
    """
    rows = [_row(row, pixel_limit) for row in _checked(batch).to_pylist()]
    return pa.RecordBatch.from_pylist(rows, HASHES)


def hash_message(message: bytes, pixel_limit: int = PIXEL_LIMIT) -> bytes:
    """`hash_batch` between processes: an Arrow stream of one batch in and out."""
    with pa.ipc.open_stream(message) as reader:
        return _message(hash_batch(reader.read_next_batch(), pixel_limit=pixel_limit))


def pool_size(workers: int | None) -> int:
    """How many processes are meant.

    Raises:
        CaseError: Less than one.

    Example:
        >>> pool_size(3)
        3
    """
    if workers is not None and workers < 1:
        raise CaseError("hashing needs at least one process", found=str(workers))
    return workers or os.cpu_count() or 1


def _hashed_apart(pool: Workers, batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch hashed by a process of the pool; if that ends, row by row, so that one row is refused."""
    outcome = pool.run(_message(batch))
    if outcome.refusal is None:
        return _read(outcome.value)
    if batch.num_rows == 1:
        refused = {"id": batch.column("id")[0].as_py(), "error": outcome.refusal}
        return pa.RecordBatch.from_pylist([refused], HASHES)
    apart = [_hashed_apart(pool, batch.slice(at, 1)) for at in range(batch.num_rows)]
    return pa.Table.from_batches(apart, HASHES).combine_chunks().to_batches()[0]


def _row(row: dict[str, Any], pixel_limit: int) -> dict[str, Any]:
    source = row["bytes"] if row.get("bytes") is not None else row.get("path")
    try:
        if source is None:
            raise FormatError("the row has neither bytes nor a path (purged, or not held here)")
        picture = read_picture(source, pixel_limit=pixel_limit)
        found: PdqHash = hash_pixels(picture.pixels)
    except CaseError:
        raise  # the installation is at fault, not the file
    except PeritoError as error:
        return {"id": row["id"], "error": str(error)}
    remark = picture.remark or None
    return {"id": row["id"], "pdq": found.hex, "pdq_quality": found.quality, "remark": remark}


def _checked(batch: pa.RecordBatch) -> pa.RecordBatch:
    names = set(batch.schema.names)
    if "id" not in names or not names & set(_SOURCES):
        raise CaseError(
            "a batch of images lacks its columns", expected="id, and bytes or path",
            found=", ".join(batch.schema.names),
        )  # fmt: skip
    return batch.select([name for name in ("id", *_SOURCES) if name in names])


def _paths_batch(paths: Sequence[str]) -> pa.RecordBatch:
    return pa.record_batch({"id": pa.array(paths, pa.string()), "path": pa.array(paths, pa.string())})


def _small(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The rows in batches that a process answers in short time."""
    for given in batches:
        batch, start, size = _checked(given), 0, 0
        lengths = _lengths(batch)
        for row, length in enumerate(lengths):
            if row > start and (row - start == _BATCH_ROWS or size + length > _BATCH_BYTES):
                yield batch.slice(start, row - start)
                start, size = row, 0
            size += length
        if batch.num_rows > start:
            yield batch.slice(start)


def _lengths(batch: pa.RecordBatch) -> list[int]:
    if "bytes" not in batch.schema.names:
        return [0] * batch.num_rows
    import pyarrow.compute as pc

    return [length or 0 for length in pc.binary_length(batch.column("bytes")).to_pylist()]


def _message(batch: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def _read(message: bytes) -> pa.RecordBatch:
    with pa.ipc.open_stream(message) as reader:
        return reader.read_next_batch()
