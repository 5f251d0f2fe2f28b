"""Engines for tests: a real Spark master with two workers on loopback, and every query of every measure."""

import ast
import importlib
import os
import pkgutil
import re
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import perito.measures
from perito.schema import table
from perito.schema.arrow import arrow_schema

_START_S = 120
_QUICK_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData"  # quick to start, not to run long
_NO_REST = "-Dspark.master.rest.enabled=false"  # it has a fixed port
_POLL = threading.Event()
MANY, MANY_FILES = 1_200_000, 6
_SQL_TYPES = {
    "string": "VARCHAR",
    "int64": "BIGINT",
    "int32": "INTEGER",
    "bool": "BOOLEAN",
    "double": "DOUBLE",
}
_MADE = {
    "post_id": "'x:' || i", "native_id": "i", "platform": "'x'", "kind": "'post'", "text_state": "'present'",
    "observed_basis": "'server_utc'", "created_basis": "'server_utc'", "evidence_id": "'sha256:00'",
    "locator": "'line=' || i", "account_id": "'x:' || CASE WHEN i % 3 = 0 THEN 0 ELSE (i * 31) % 20000 END",
    "created_at_us": "CASE WHEN i % 11 > 0 THEN (i * 104729) % 200003 END",
    "observed_at_us": "1700000000000000 + (i * 7919) % 1000003",
}  # fmt: skip


def measure_queries() -> dict[str, str]:
    """Every query that a measure asks, by module and name: the constants that are handed to the tables."""
    found = {}
    for info in pkgutil.walk_packages(perito.measures.__path__, "perito.measures."):
        module = importlib.import_module(info.name)
        tree = ast.parse(Path(module.__file__).read_text("utf-8"))
        for call in ast.walk(tree):
            if not (isinstance(call, ast.Call) and _asks_tables(call.func)):
                continue
            place = f"{info.name}:{call.lineno}"
            asked = call.args[0]
            assert isinstance(asked, ast.Name), f"{place}: a query must be a constant of a module"
            query = getattr(module, asked.id, None)
            assert isinstance(query, str), f"{place}: '{asked.id}' is no constant of the module"
            found[f"{info.name.removeprefix('perito.measures.')}.{asked.id}"] = query
    return found


def _asks_tables(called: ast.expr) -> bool:
    """Whether it is `tables.rows`, `inquiry.tables.rows`, or the same with `table`."""
    if not (isinstance(called, ast.Attribute) and called.attr in {"rows", "table"}):
        return False
    owner = called.value
    return (isinstance(owner, ast.Attribute) and owner.attr == "tables") or (
        isinstance(owner, ast.Name) and owner.id == "tables"
    )


def pytest_generate_tests(metafunc):
    if "measure_query" in metafunc.fixturenames:
        queries = measure_queries()
        metafunc.parametrize("measure_query", queries.values(), ids=queries.keys())


@pytest.fixture(scope="session")
def many_posts(tmp_path_factory):
    """Posts of one heavy and many light accounts in several files, made by arithmetic."""
    import duckdb

    folder, schema = tmp_path_factory.mktemp("posts"), arrow_schema(table("posts"))
    columns = ", ".join(
        f"CAST({_MADE.get(field.name, 'NULL')} AS {_SQL_TYPES[str(field.type)]}) AS {field.name}"
        for field in schema
    )
    with duckdb.connect() as connection:
        for part in range(MANY_FILES):
            rows = f"range({part * MANY // MANY_FILES}, {(part + 1) * MANY // MANY_FILES}) AS t(i)"
            target = folder / f"part-{part}.parquet"
            connection.execute(f"COPY (SELECT {columns} FROM {rows}) TO '{target}' (COMPRESSION zstd)")
    return sorted(folder.iterdir())


@pytest.fixture(scope="session")
def needs_spark():
    """Java and pyspark: in CI they must be there; elsewhere the test is skipped with the reason."""
    from perito.engine import check_engine
    from perito.errors import CaseError

    try:
        check_engine("spark")
    except CaseError as error:
        if os.environ.get("CI"):
            pytest.fail(f"Spark cannot run here: {error}")
        pytest.skip(str(error))


@dataclass
class Cluster:
    """A standalone Spark master and its workers on loopback."""

    folder: Path
    master: str = ""
    processes: list[subprocess.Popen] = field(default_factory=list)
    workers: int = 0

    def start_workers(self, number: int) -> list[subprocess.Popen]:
        """More workers with one core each; returns when the master knows them."""
        started = []
        for _ in range(number):
            self.workers += 1
            folder = self.folder / f"work-{self.workers}"
            started.append(
                self._start(
                    f"worker-{self.workers}", "org.apache.spark.deploy.worker.Worker",
                    "--cores", "1", "--memory", "1g", "--work-dir", folder, self.master,
                )
            )  # fmt: skip
        self._wait(lambda: self._registered() == self.workers, *started)
        return started

    def start_master(self) -> None:
        process = self._start("master", "org.apache.spark.deploy.master.Master", "--port", "0")
        self._wait(lambda: self._find(r"Starting Spark master at (spark://\S+)"), process)
        self.master = self._find(r"Starting Spark master at (spark://\S+)")

    def kill_one(self) -> None:
        """End a worker and its executors as a power cut would."""
        worker = next(process for process in self.processes[1:] if process.poll() is None)
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()

    def stop(self) -> None:
        for process in reversed(self.processes):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _start(self, name: str, role: str, *arguments: str | Path) -> subprocess.Popen:
        import pyspark

        home = Path(pyspark.__file__).parent
        environment = {
            **os.environ,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_DAEMON_JAVA_OPTS": f"{_QUICK_JAVA} -Djava.io.tmpdir={self.folder} {_NO_REST}",
            "SPARK_LOCAL_DIRS": str(self.folder),
        }
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [home / "bin" / "spark-class", role, "--host", "127.0.0.1", "--webui-port", "0", *arguments],
                env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def _registered(self) -> int:
        return len(re.findall(r"Registering worker", self._log("master")))

    def _find(self, pattern: str) -> str:
        found = re.search(pattern, self._log("master"))
        return found[1] if found else ""

    def _log(self, name: str) -> str:
        file = self.folder / f"{name}.log"
        return file.read_text("utf-8", "replace") if file.exists() else ""

    def _wait(self, is_done, *processes: subprocess.Popen) -> None:
        end = time.monotonic() + _START_S
        while not is_done():
            is_alive = all(process.poll() is None for process in processes)
            assert is_alive, self._log("master")[-2000:]
            assert time.monotonic() < end, self._log("master")[-2000:]
            _POLL.wait(0.05)


@pytest.fixture(scope="session")
def cluster(needs_spark, tmp_path_factory):
    """A master and two workers, for the whole session."""
    running = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        running.start_master()
        running.start_workers(2)
        yield running
    finally:
        running.stop()
        shutil.rmtree(running.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def quick_spark(tmp_path_factory):
    """Spark settings for short runs, given where a user gives them: in the folder of its configuration."""
    folder = tmp_path_factory.mktemp("conf")
    settings = {"spark.executor.extraJavaOptions": _QUICK_JAVA, "spark.sql.shuffle.partitions": "4"}
    (folder / "spark-defaults.conf").write_text(
        "".join(f"{key} {value}\n" for key, value in settings.items())
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_CONF_DIR", str(folder))
        patch.setenv("SPARK_SUBMIT_OPTS", _QUICK_JAVA)
        patch.setenv("PYSPARK_PYTHON", "/no/python/on/the/workers")
        yield


@pytest.fixture(scope="session")
def spark_master(cluster, quick_spark, tmp_path_factory):
    """The master's address, with one engine kept open so that every test shares its Spark process."""
    from perito.engine import open_engine

    kept = open_engine("spark", {}, [], master=cluster.master, spill=tmp_path_factory.mktemp("spark"))
    yield cluster.master
    kept.close()
