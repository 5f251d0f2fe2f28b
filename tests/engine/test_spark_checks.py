"""What is wrong with Spark, Java or the cluster is said before anything starts, by name."""

import socket
import sys
from importlib import metadata

import pytest

from perito.engine import check_engine, open_engine, spark_checks
from perito.engine.spark_checks import PYSPARK_VERSION, check_spark
from perito.errors import CaseError

pytest.importorskip("sqlglot", reason="the parser of the extra 'spark' is not installed")


@pytest.fixture
def java(tmp_path, monkeypatch):
    """Puts a program that says a version in the place of Java."""

    def install(said: str = 'openjdk version "17.0.1"', code: int = 0) -> None:
        home = tmp_path / "java"
        (home / "bin").mkdir(parents=True)
        program = home / "bin" / "java"
        program.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit {code}\n")
        program.chmod(0o755)
        monkeypatch.setenv("JAVA_HOME", str(home))

    return install


@pytest.fixture
def installed(java, monkeypatch):
    """Spark and Java as they should be, whatever is on this machine."""
    java()
    monkeypatch.setattr(metadata, "version", lambda _: PYSPARK_VERSION)


def refusal(master: str = "local[1]") -> CaseError:
    with pytest.raises(CaseError) as caught:
        check_engine("spark", master)
    return caught.value


@pytest.mark.parametrize("master", ["local", "local[1]", "local[64]", "local[*]"])
def test_spark_on_this_machine_listens_on_loopback_only(installed, master):
    assert check_spark(master) == "127.0.0.1"


def test_a_cluster_is_reached_from_the_address_that_leads_to_it(installed):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert check_spark(f"spark://127.0.0.1:{port}") == "127.0.0.1"
        assert check_spark(f"spark://127.0.0.1:1,127.0.0.1:{port}") == "127.0.0.1"


def test_a_cluster_that_nobody_answers_for_is_named(installed):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    error = refusal(f"spark://127.0.0.1:{port}")
    assert str(port) in error.where
    assert error.exit_code == 2


def test_a_host_that_does_not_exist_is_named(installed, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", unknown)
    assert "no.such.host" in refusal("spark://no.such.host:7077").found


@pytest.mark.parametrize(
    "scheme", ["spark://", "http://127.0.0.1:1", "yarn", "sc://127.0.0.1:1", "127.0.0.1:1"]
)
def test_a_master_of_another_kind_is_refused(installed, scheme):
    assert "spark://host:port" in refusal(scheme).expected


@pytest.mark.parametrize(
    "master", ["spark://host", "spark://host:port", "spark://a:1 --conf x=y", "spark://a:1,"]
)
def test_an_address_without_host_or_port_is_refused(installed, master):
    assert "spark://host:port" in refusal(master).expected


@pytest.mark.parametrize("master", ["local[0]", "local[-1]", "local[2", "local-cluster[2,1,1024]"])
def test_a_number_of_threads_that_does_no_work_is_refused(installed, master):
    assert "local[N]" in refusal(master).expected


@pytest.mark.parametrize("port", ["0", "65536", "99999"])
def test_a_port_that_does_not_exist_is_refused(installed, port):
    assert port in str(refusal(f"spark://127.0.0.1:{port}"))


def test_without_pyspark_the_extra_is_named(installed, monkeypatch):
    def absent(_):
        raise metadata.PackageNotFoundError("pyspark")

    monkeypatch.setattr(metadata, "version", absent)
    assert "perito[spark]" in refusal().remedy


def test_another_version_of_pyspark_is_refused(installed, monkeypatch):
    monkeypatch.setattr(metadata, "version", lambda _: "3.5.0")
    error = refusal()
    assert (error.expected, error.found) == (PYSPARK_VERSION, "3.5.0")


def test_without_the_parser_the_extra_is_named(installed, monkeypatch):
    monkeypatch.setitem(sys.modules, "sqlglot", None)
    assert "perito[spark]" in refusal().remedy


def test_without_java_what_to_install_is_named(installed, monkeypatch, tmp_path):
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(tmp_path))
    error = refusal()
    assert "Java" in error.what
    assert "install" in error.remedy


def test_a_java_home_without_java_is_named(installed, monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))
    assert refusal().where == "JAVA_HOME"


@pytest.mark.parametrize(
    "said", ['openjdk version "11.0.2"', 'java version "1.8.0_292"', "Segmentation fault", ""]
)
def test_a_java_that_is_too_old_or_says_nothing_is_refused(java, monkeypatch, said):
    monkeypatch.setattr(metadata, "version", lambda _: PYSPARK_VERSION)
    java(said, code=0 if "version" in said else 139)
    error = refusal()
    assert error.expected == "Java 17 or later"
    assert said.partition('"')[2].removeprefix("1.")[:1] in error.found


def test_a_newer_java_is_taken(java, monkeypatch):
    monkeypatch.setattr(metadata, "version", lambda _: PYSPARK_VERSION)
    java('openjdk version "25" 2025-09-16')
    check_engine("spark", "local[1]")


def test_a_java_that_hangs_is_given_up(installed, monkeypatch, tmp_path):
    program = tmp_path / "java" / "bin" / "java"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(spark_checks, "_JAVA_S", 0.2)
    assert "does not say its version" in refusal().found


def test_nothing_is_written_when_the_cluster_cannot_be_reached(installed, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(CaseError):
        open_engine("spark", {}, ["posts"], master=f"spark://127.0.0.1:{port}", spill=tmp_path / "spill")
    assert not (tmp_path / "spill").exists()


@pytest.mark.parametrize("options", [{"threads": 0}, {"memory_limit_mb": 0}])
def test_limits_that_leave_nothing_are_refused(installed, options):
    with pytest.raises(CaseError, match="0"):
        open_engine("spark", {}, ["posts"], **options)


def test_a_cluster_is_named_for_an_engine_without_one(installed):
    with pytest.raises(CaseError, match="--engine spark"):
        check_engine("duckdb", "spark://127.0.0.1:7077")
