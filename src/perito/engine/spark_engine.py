"""Spark as the engine: the same interface and the same queries, on one machine or on a cluster.

A query is checked against the portable subset and translated before it runs; the files are checked before
Spark starts. A worker that is lost costs time, not rows: Spark computes its part again.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from perito.engine.duckdb_engine import MEMORY_LIMIT_MB
from perito.engine.exchange import checked_parameters, exact_result
from perito.engine.sources import open_sources
from perito.engine.spark_checks import LOCAL_MASTER, check_spark
from perito.engine.spark_session import EXECUTORS_S, acquire, executors, needs_cluster, release
from perito.engine.spark_sql import to_spark
from perito.errors import CaseError, MeasureError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

    from perito.engine.sources import Files, Source

_WATCH_S = 1.0
_DDL_TYPES = {"string": "STRING", "int64": "BIGINT", "int32": "INT", "double": "DOUBLE", "bool": "BOOLEAN"}


class SparkEngine:
    """A Spark session over a case's tables.

    Args:
        paths: The Parquet file, or the files, of each table that has rows. On a cluster every worker has to
            see them under the same path.
        names: Every table that may be asked; those without a file are empty.
        threads: How many threads Spark may use on this machine; a cluster has its own settings.
        master: `local[N]`, or `spark://host:port` of a standalone cluster.
        memory_limit_mb: How much memory Spark's driver gets, in MB.
        spill: Where a folder may be made for what does not fit; a temporary one by default.

    Raises:
        CaseError: Spark or Java is absent or of a wrong version, or the cluster does not answer in time.
        SchemaError: A file that is no Parquet or has other columns, or a name that is no canonical table.
    """

    name = "spark"

    def __init__(
        self,
        paths: Mapping[str, Files],
        names: Iterable[str],
        threads: int | None = None,
        *,
        master: str = LOCAL_MASTER,
        memory_limit_mb: int = MEMORY_LIMIT_MB,
        spill: Path | None = None,
    ) -> None:
        for what, given in (("threads", threads), ("memory limit", memory_limit_mb)):
            if given is not None and given < 1:
                raise CaseError(f"the engine's {what} is not positive", found=str(given))
        check_spark(master)
        sources = open_sources(paths, names)
        here = f"local[{threads}]" if threads is not None and master == LOCAL_MASTER else master
        self._session: SparkSession | None = acquire(here, memory_limit_mb, spill)
        try:
            with _told("Spark cannot read the tables"):
                for source in sources:
                    _frame(self._session, source).createOrReplaceTempView(source.name)
        except BaseException:
            self.close()
            raise

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """The result of a portable query as an Arrow table.

        Raises:
            MeasureError: The query is not portable, Spark refuses it, or no worker is left.
        """
        if self._session is None:
            raise MeasureError("the engine is closed")
        values = checked_parameters(parameters)
        text = to_spark(sql, values)
        with _told("Spark refuses a query", sql), _watched(self._session):
            return exact_result(self._session.sql(text, args=values).toArrow())

    def close(self) -> None:
        """Give the session back; closing twice does no harm."""
        if self._session is not None:
            self._session = None
            release()


def _frame(session: SparkSession, source: Source) -> DataFrame:
    if not source.files:
        # Made by Spark itself: workers need no Python.
        nulls = ", ".join(f"CAST(NULL AS {_ddl_type(field)}) AS `{field.name}`" for field in source.schema)
        return session.sql(f"SELECT {nulls} WHERE false")
    columns = ", ".join(f"`{field.name}` {_ddl_type(field)}" for field in source.schema)
    # A name with brackets or a star is a name, not a pattern.
    reader = session.read.schema(columns).option("__globPaths__", value=False)
    return reader.parquet(
        *(f"file://{file.resolve()}" for file in source.files)
    )  # a path as it is, not encoded


def _ddl_type(field: pa.Field) -> str:
    return _DDL_TYPES.get(str(field.type)) or f"DECIMAL({field.type.precision}, {field.type.scale})"


@contextmanager
def _told(what: str, sql: str = "") -> Iterator[None]:
    """Spark's exceptions as errors of ours."""
    from py4j.protocol import Py4JError, Py4JJavaError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JJavaError) as error:
        raise MeasureError(f"{what}: {_first_line(error)}", found=sql[:200]) from error
    except (Py4JError, OSError) as error:
        raise MeasureError(
            f"{what}: Spark ended: {_first_line(error)}",
            found=sql[:200],
            remedy="raise the engine's memory limit, and run again",
        ) from error


def _first_line(error: Exception) -> str:
    """What Spark says first; of an exception in Java, the message of Java's."""
    told = str(getattr(error, "java_exception", "") or error)
    return told.partition("\n")[0][:300]


@contextmanager
def _watched(session: SparkSession) -> Iterator[None]:
    """Cancel what runs if the cluster has no executor for too long: Spark itself would wait for ever."""
    context = session.sparkContext
    if not needs_cluster(context):
        yield
        return
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(context, done), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _watch(context: Any, done: threading.Event) -> None:  # noqa: ANN401  (pyspark is imported late)
    from py4j.protocol import Py4JError

    last_seen = time.monotonic()
    with suppress(Py4JError, OSError):  # Spark has ended, and the query says so
        while not done.wait(_WATCH_S):
            if executors(context) > 0:
                last_seen = time.monotonic()
            elif time.monotonic() - last_seen > EXECUTORS_S:
                context.cancelAllJobs()
                return
