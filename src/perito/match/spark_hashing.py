"""Hashing many images on Spark: the function of the local pool, on every worker of a cluster.

Spark hands each task its rows in Arrow batches (`mapInArrow`). A worker that is lost costs time, not
rows: its part is computed again.
"""

from __future__ import annotations

import sys
import warnings
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from perito.engine.spark_checks import is_local
from perito.engine.spark_session import acquire, release
from perito.errors import CaseError, MeasureError
from perito.match.hashing import HASHES, LIMITS, hash_batches
from perito.match.sources import HASHED, check_parquet, hashed_batches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

    from perito.evidence.bounded import MediaLimits

_DDL_TYPES = {"string": "STRING", "int32": "INT"}
MEMORY_LIMIT_MB = 1_024


def hash_on_spark(
    images: pa.Table,
    *,
    master: str = "local[2]",
    partitions: int | None = None,
    python: str | None = None,
    memory_limit_mb: int = MEMORY_LIMIT_MB,
    spill: Path | None = None,
    limits: MediaLimits = LIMITS,
) -> pa.Table:
    """The PDQ hash of every image, in the order of the rows, computed by Spark.

    Args:
        images: Columns `id`, and `bytes` or `path` (which every worker has to see).
        master: `local[N]`, or `spark://host:port` of a standalone cluster.
        partitions: In how many tasks; as Spark chooses by default.
        python: The Python of the workers, with perito and its extra `media`; this one on this machine, and
            the cluster's own elsewhere.
        memory_limit_mb: How much memory Spark's driver gets, in MB.
        spill: Where a folder for what does not fit may be made.
        limits: The bounds within which one file is decoded.

    Returns:
        The columns of `hash_files`.

    Raises:
        CaseError: Spark cannot start, or the table lacks its columns.
        MeasureError: Spark gives the work up.
    """
    if not {"id"} <= set(images.column_names) or not {"bytes", "path"} & set(images.column_names):
        raise CaseError("the images lack their columns", expected="id, and bytes or path")
    with _session(master, memory_limit_mb, spill, python) as session:
        return _collected(images, session, partitions, limits)


def hash_parquet_on_spark(
    source: Path,
    *,
    master: str = "local[2]",
    python: str | None = None,
    memory_limit_mb: int = MEMORY_LIMIT_MB,
    spill: Path | None = None,
    limits: MediaLimits = LIMITS,
) -> pa.Table:
    """Digests and PDQ of every picture of a Parquet file or folder, which Spark itself reads in parts.

    Args:
        source: Parquet with `id` and `bytes`, where every worker sees it.
        master: As for `hash_on_spark`, like the arguments that follow.
        python: The Python of the workers.
        memory_limit_mb: How much memory Spark's driver gets, in MB.
        spill: Where a folder for what does not fit may be made.
        limits: The bounds within which one file is decoded.

    Returns:
        The columns of `perito.match.sources.hashed`, ordered by id, then SHA-256.

    Raises:
        Missing: There is no such file or folder.
        CaseError: Spark cannot start, or the file lacks its columns.
        MeasureError: Spark gives the work up.
    """
    check_parquet(source)
    with _session(master, memory_limit_mb, spill, python) as session:
        with _faults():
            read = session.read.parquet(str(source.resolve())).select("id", "bytes")
            rows = read.mapInArrow(partial(_hashed_with_digests, limits=limits), _ddl(HASHED)).toArrow()
        return rows.sort_by([("id", "ascending"), ("sha256", "ascending")]).cast(HASHED)


@contextmanager
def _session(
    master: str, memory_limit_mb: int, spill: Path | None, python: str | None
) -> Iterator[SparkSession]:
    """A session whose workers run that Python."""
    _require_pandas()
    session = acquire(master, memory_limit_mb, spill)
    try:
        context = session.sparkContext
        before = context.pythonExec
        context.pythonExec = python or (sys.executable if is_local(master) else before)
        try:
            yield session
        finally:
            context.pythonExec = before
    finally:
        release()


def hashed_frame(frame: DataFrame, limits: MediaLimits = LIMITS) -> DataFrame:
    """The rows of `hash_files` for a Spark frame with `id`, and `bytes` or `path`; nothing runs yet."""
    return frame.mapInArrow(partial(_hashed, limits=limits), _ddl(HASHES))


def _hashed(batches: Iterable[pa.RecordBatch], limits: MediaLimits) -> Iterator[pa.RecordBatch]:
    """What a task does: one process beside it decodes, within the limits."""
    return hash_batches(batches, workers=1, limits=limits)


def _hashed_with_digests(batches: Iterable[pa.RecordBatch], limits: MediaLimits) -> Iterator[pa.RecordBatch]:
    return hashed_batches(batches, workers=1, limits=limits)


def _ddl(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} {_DDL_TYPES[str(field.type)]}" for field in schema)


def _collected(
    images: pa.Table, session: SparkSession, partitions: int | None, limits: MediaLimits
) -> pa.Table:
    """The hashes in the order of the rows, which have gone by their numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = pa.array(map(str, range(images.num_rows)), pa.string())
    sources = images.select([name for name in images.column_names if name in {"bytes", "path"}])
    with _faults():
        frame = session.createDataFrame(sources.append_column("id", numbers))
        frame = frame if partitions is None else frame.repartition(partitions)
        hashed = hashed_frame(frame, limits).toArrow()
    order = pc.sort_indices(pc.cast(hashed.column("id"), pa.int64()))
    return hashed.take(order).set_column(0, HASHES.field("id"), images.column("id")).cast(HASHES)


@contextmanager
def _faults() -> Iterator[None]:
    """What Spark raises as an error of ours."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        with warnings.catch_warnings(action="ignore", category=FutureWarning):  # pyspark on pandas 3
            yield
    except (PySparkException, Py4JError) as error:
        raise MeasureError("Spark cannot hash the images", found=_last_line(error)) from error


def _require_pandas() -> None:
    """Refuse to start without what pyspark itself needs for functions in Python."""
    if find_spec("pandas") is None:
        raise CaseError("Spark's functions in Python need the library 'pandas'", remedy="pip install pandas")


def _last_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if "Error" in line]
    return (told or lines or [""])[-1].strip()[:300]
