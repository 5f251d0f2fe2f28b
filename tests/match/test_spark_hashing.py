"""Hashing and searching on Spark: the rows of the local pool, also when a worker is lost at work."""

import importlib.util
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pictures import encoded, picture

from perito.match.hashing import HASHES, hash_batch

pytestmark = pytest.mark.xdist_group("spark")

_WAIT_S = 200
# In a process of its own: a process has one Spark, and other tests keep theirs.
PROGRAM = """
import sys
import pyarrow.parquet as pq
from perito.match.spark_hashing import hash_on_spark
images, master, partitions, target = sys.argv[1:]
found = hash_on_spark(pq.read_table(images), master=master, partitions=int(partitions), python=sys.executable)
pq.write_table(found, target)
"""
QUERY = """
import json, sys
from pathlib import Path
from perito.engine import open_engine
from perito.match.hamming_sql import SAME_PICTURE_PAIRS
engine = open_engine("spark", {"media": Path(sys.argv[1])}, ["media"], threads=2)
print(json.dumps([list(row.values()) for row in engine.query(SAME_PICTURE_PAIRS).to_pylist()]))
engine.close()
"""


@pytest.fixture(scope="module")
def harness():
    """The tests' own cluster on loopback, from the tests of the engine."""
    file = Path(__file__).parents[1] / "engine" / "conftest.py"
    spec = importlib.util.spec_from_file_location("engine_harness", file)
    module = importlib.util.module_from_spec(spec)
    sys.modules["engine_harness"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def has_spark():
    """Java and pyspark: in CI they must be there; elsewhere the test is skipped with the reason."""
    from perito.engine import check_engine
    from perito.errors import CaseError

    try:
        check_engine("spark")
    except CaseError as error:
        if os.environ.get("CI"):
            pytest.fail(f"Spark cannot run here: {error}")
        pytest.skip(str(error))


def images(number: int, side: int) -> pa.Table:
    """Pictures under ids that come twice, every ninth cut short."""
    few = [encoded(picture(seed, side, side), "JPEG" if seed % 2 else "PNG") for seed in range(18)]
    data = [few[at % 18][:150] if at % 9 == 4 else few[at % 18] for at in range(number)]
    return pa.table({"id": [f"m{at % 50}" for at in range(number)], "bytes": data})


def local(table: pa.Table) -> pa.Table:
    return pa.Table.from_batches([hash_batch(batch) for batch in table.to_batches()], HASHES)


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "SPARK_CONF_DIR"}


def test_spark_gives_the_rows_of_the_local_pool(has_spark, tmp_path):
    table = images(60, 80)
    pq.write_table(table, tmp_path / "images.parquet")
    command = [sys.executable, "-W", "error", "-c", PROGRAM, tmp_path / "images.parquet", "local[2]", "3"]
    subprocess.run([*command, tmp_path / "out.parquet"], check=True, timeout=_WAIT_S, env=environment())
    assert pq.read_table(tmp_path / "out.parquet").equals(local(table))


def test_a_worker_that_is_lost_at_work_changes_no_row(has_spark, harness, tmp_path):
    table = images(300, 300)
    pq.write_table(table, tmp_path / "images.parquet")
    cluster = harness.Cluster(tmp_path / "cluster")
    cluster.folder.mkdir()
    try:
        cluster.start_master()
        cluster.start_workers(2)
        command = [sys.executable, "-c", PROGRAM, tmp_path / "images.parquet", cluster.master, "6"]
        work = subprocess.Popen([*command, tmp_path / "out.parquet"], env=environment())
        wait_for(lambda: decoders_of(cluster) > 1, work)
        assert work.poll() is None
        cluster.kill_one()
        assert work.wait(_WAIT_S) == 0
    finally:
        cluster.stop()
    assert pq.read_table(tmp_path / "out.parquet").equals(local(table))


def decoders_of(cluster) -> int:
    """How many decoding processes run below the cluster's workers now."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue  # it has just ended
    workers = {process.pid for process in cluster.processes}
    return sum(bool(workers & set(ancestors(pid, parents))) and is_decoder(pid) for pid in parents)


def ancestors(pid: int, parents: dict[int, int]):
    while pid in parents:
        pid = parents[pid]
        yield pid


def is_decoder(pid: int) -> bool:
    try:
        return b"bounded_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def wait_for(is_so, process: subprocess.Popen) -> None:
    poll = threading.Event()
    for _ in range(_WAIT_S * 10):
        if is_so() or process.poll() is not None:
            return
        poll.wait(0.1)
    pytest.fail("the work did not begin")


def test_the_search_as_a_query_finds_the_same_pairs_on_spark(has_spark, media, expected):
    done = subprocess.run(
        [sys.executable, "-c", QUERY, media], check=True, timeout=_WAIT_S, env=environment(),
        capture_output=True, text=True,
    )  # fmt: skip
    assert [tuple(row) for row in json.loads(done.stdout)] == expected


PARQUET = """
import sys
from pathlib import Path
import pyarrow.parquet as pq
from perito.match.spark_hashing import hash_parquet_on_spark
pq.write_table(hash_parquet_on_spark(Path(sys.argv[1]), master="local[2]"), sys.argv[2])
"""


def test_spark_reads_parquet_itself_and_gives_the_rows_of_this_machine(has_spark, tmp_path):
    from perito.match.sources import hashed

    source, target = tmp_path / "pictures.parquet", tmp_path / "found.parquet"
    pq.write_table(images(40, 64), source)
    subprocess.run([sys.executable, "-c", PARQUET, source, target], check=True, timeout=_WAIT_S)
    here = hashed(source, workers=1).sort_by([("id", "ascending"), ("sha256", "ascending")])
    assert pq.read_table(target).to_pylist() == here.to_pylist()
