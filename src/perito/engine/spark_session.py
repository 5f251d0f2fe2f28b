"""The Spark process behind the engine: started once, shared by the open engines, ended with the last.

Fixed for every run: UTC, ANSI (errors instead of NULL), exact decimals, no web interface, and no port open
but on the one address from which the cluster is reached. What Spark prints goes to a file in the spill
folder, not to the terminal.
"""

from __future__ import annotations

import logging
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perito.engine.spark_checks import PYSPARK_VERSION, check_spark, is_local
from perito.errors import CaseError
from perito.tables.spill import SpillFolder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark import SparkContext
    from pyspark.sql import SparkSession

EXECUTORS_S = 60.0  # how long a cluster may take to give the first executor
_END_S = 20.0
_POLL_S = 0.1
_LOG = "spark.log"
_SETTINGS = {
    "spark.app.name": "perito",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.caseSensitive": "false",
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.driver.maxResultSize": "0",
}


@dataclass
class _Running:
    """The one Spark process of this process."""

    master: str
    context: SparkContext
    session: SparkSession
    process: subprocess.Popen[bytes]
    folder: SpillFolder
    made: Path | None
    users: int = 1


_lock = threading.Lock()
_running: _Running | None = None


def acquire(master: str, memory_limit_mb: int, spill: Path | None) -> SparkSession:
    """A session of its own (own table names) on the Spark process for a master; give it back with `release`.

    Args:
        master: `local[N]`, or `spark://host:port` of a standalone cluster.
        memory_limit_mb: How much memory Spark's driver gets, in MB; the first engine decides.
        spill: Where a folder for what does not fit may be made; the first engine decides.

    Raises:
        CaseError: Spark cannot start, the cluster gives no executor in time, or another session is open.
    """
    global _running  # noqa: PLW0603  (Spark allows one context a process)
    with _lock:
        if _running is None:
            _running = _start(master, memory_limit_mb, spill)
        elif _running.master != master:
            raise CaseError(
                "this process uses another Spark cluster already",
                expected=_running.master,
                found=master,
                remedy="close the other engine first",
            )
        else:
            _running.users += 1
        return _running.session.newSession()


def release() -> None:
    """Give a session back; the Spark process ends with the last one."""
    global _running
    with _lock:
        if _running is None:
            return
        _running.users -= 1
        if _running.users == 0:
            ended, _running = _running, None
            _end(ended.context, ended.process)
            _remove(ended.folder, ended.made)


def needs_cluster(context: SparkContext) -> bool:
    """Whether the work is done elsewhere."""
    return not is_local(context.master or "")


def executors(context: SparkContext) -> int:
    """How many executors the cluster gives the session now, the driver not counted."""
    tracker: Any = context._jsc.sc().statusTracker()  # noqa: SLF001  (the public tracker lacks this)
    return len(tracker.getExecutorInfos()) - 1


def _start(master: str, memory_limit_mb: int, spill: Path | None) -> _Running:
    address = check_spark(master)
    from pyspark import SparkContext

    if SparkContext._active_spark_context is not None:  # noqa: SLF001  (there is no public way to ask)
        raise CaseError("another Spark session is open in this process", remedy="stop it first")
    made = None if spill is not None else Path(tempfile.mkdtemp(prefix="perito-spark-"))
    folder = SpillFolder(spill or made or Path(), "spark")
    try:
        context, session, process = _launch(
            _settings(master, address, memory_limit_mb, folder.path), folder.path
        )
    except BaseException:
        _remove(folder, made)
        raise
    return _Running(master, context, session, process, folder, made)


def _settings(master: str, address: str, memory_limit_mb: int, folder: Path) -> dict[str, str]:
    return _SETTINGS | {
        "spark.master": master,
        "spark.driver.bindAddress": address,
        "spark.driver.host": address,
        "spark.driver.memory": f"{memory_limit_mb}m",
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": (folder / "warehouse").as_uri(),
        "spark.driver.extraJavaOptions": f'-XX:-UsePerfData "-Djava.io.tmpdir={folder}"',
    }


def _launch(
    settings: Mapping[str, str], folder: Path
) -> tuple[SparkContext, SparkSession, subprocess.Popen[bytes]]:
    from py4j.protocol import Py4JError
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkException
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    for name in ("DataFrameQueryContextLogger", "SQLQueryContextLogger"):
        logging.getLogger(name).disabled = True  # errors are raised; printing them once more helps nobody
    conf = SparkConf(loadDefaults=False)
    for name, value in settings.items():
        conf.set(name, value)
    process: subprocess.Popen[bytes] | None = None
    context: SparkContext | None = None
    try:
        with (folder / _LOG).open("wb") as log:
            gateway: Any = launch_gateway(conf, popen_kwargs={"stdout": log, "stderr": log})  # type: ignore[no-untyped-call]
        process = gateway.proc
        context = SparkContext(conf=conf, gateway=gateway)
        _check_started(context)
    except (PySparkException, Py4JError, OSError) as error:
        _end(context, process)
        raise CaseError(
            "Spark cannot start", where=settings["spark.master"], found=_reason(folder / _LOG, error)
        ) from error
    except BaseException:
        _end(context, process)
        raise
    return context, SparkSession(context), process


def _check_started(context: SparkContext) -> None:
    """Refuse another Spark than ours, as SPARK_HOME can bring in, and a cluster that gives no executor."""
    if context.version != PYSPARK_VERSION:
        raise CaseError(
            "the Spark that started is not the one of the extra",
            where="SPARK_HOME",
            expected=PYSPARK_VERSION,
            found=context.version,
            remedy="unset SPARK_HOME",
        )
    if not needs_cluster(context):
        return
    spark: Any = context._jsc.sc()  # noqa: SLF001  (the Python side does not know that it was stopped)
    end = time.monotonic() + EXECUTORS_S
    while executors(context) < 1:
        if spark.isStopped():
            raise CaseError(
                "what answers there is no Spark master, or one of another version",
                where=context.master or "",
                expected=f"a master of Spark {PYSPARK_VERSION}",
            )
        if time.monotonic() > end:
            raise CaseError(
                "the Spark cluster gives no executor",
                where=context.master or "",
                found=f"none within {EXECUTORS_S:.0f} seconds",
                remedy="look whether its workers are alive, free, large enough and of the same version",
            )
        time.sleep(_POLL_S)


def _end(context: SparkContext | None, process: subprocess.Popen[bytes] | None) -> None:
    """Stop Spark and the Java process that was started for it, and forget both."""
    from py4j.protocol import Py4JError
    from pyspark import SparkContext

    if context is not None:
        with suppress(Py4JError, OSError):  # it may have died already
            context.stop()
    gateway = SparkContext._gateway  # noqa: SLF001  (so that the next start gets a Java process of its own)
    if gateway is not None:
        with suppress(Py4JError, OSError):
            gateway.shutdown()
        SparkContext._gateway = SparkContext._jvm = None  # noqa: SLF001
    if process is None:
        return
    if process.stdin is not None:
        process.stdin.close()  # Spark's Java process ends when this pipe does
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _remove(folder: SpillFolder, made: Path | None) -> None:
    folder.close()
    if made is not None and made.is_dir():
        made.rmdir()


def _reason(log: Path, error: Exception) -> str:
    """The last thing that Spark's log calls an error, or the exception's own first line."""
    lines = log.read_text("utf-8", "replace").splitlines() if log.is_file() else []
    told = [line for line in lines if "ERROR" in line or "Exception" in line]
    return (told[-1] if told else str(error).partition("\n")[0])[:300]
