"""What can be known before Spark starts, in a bounded time.

It is installed, in the tested version, with Java, and the cluster answers.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from importlib import metadata
from pathlib import Path

from perito.engine.portable import require_sqlglot
from perito.errors import CaseError

PYSPARK_VERSION = "4.3.0"  # the pin of the extra
LOCAL_MASTER = "local[*]"

_OLDEST_JAVA = 17
_CONNECT_S = 5.0
_JAVA_S = 30.0
_LOCAL = re.compile(r"local(\[(\*|[1-9][0-9]*)\])?")
_CLUSTER = re.compile(
    r"spark://([^,/:\s]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5}(,([^,/:\s]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5})*"
)
_LOOPBACK = "127.0.0.1"


def check_spark(master: str = LOCAL_MASTER) -> str:
    """The address of this machine that the cluster can reach, once everything that can be known is right.

    Args:
        master: `local[N]`, or `spark://host:port` of a standalone cluster.

    Raises:
        CaseError: pyspark or sqlglot is absent or in another version, Java is absent or too old, the
            master's address is wrong, or nobody answers there.
    """
    require_sqlglot()
    _require_pyspark()
    _require_java()
    return _reachable_from(master)


def is_local(master: str) -> bool:
    """Whether Spark runs in this process's own machine only.

    Example:
        >>> is_local("local[2]"), is_local("spark://127.0.0.1:7077")
        (True, False)
    """
    return _LOCAL.fullmatch(master) is not None


def _require_pyspark() -> None:
    try:
        found = metadata.version("pyspark")
    except metadata.PackageNotFoundError:
        raise CaseError(
            "Spark's Python package 'pyspark' is not installed",
            remedy="install the extra: pip install 'perito[spark]'",
        ) from None
    if found != PYSPARK_VERSION:
        raise CaseError(
            "Spark has another version than the one that was tested",
            expected=PYSPARK_VERSION,
            found=found,
            remedy="install the extra with its pins: pip install 'perito[spark]'",
        )


def _require_java() -> None:
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    where = "JAVA_HOME" if home else "PATH"
    if program is None or not os.access(program, os.X_OK):
        raise CaseError(
            "Spark needs Java, and there is none",
            where=where,
            expected=f"Java {_OLDEST_JAVA} or later",
            remedy="install it, for example: apt-get install openjdk-17-jre-headless",
        )
    version = _java_version(program)
    if version < _OLDEST_JAVA:
        raise CaseError(
            "Spark cannot run on this Java",
            where=f"{where}: {program}",
            expected=f"Java {_OLDEST_JAVA} or later",
            found=f"Java {version}" if version else "a program that does not say its version",
            remedy="set JAVA_HOME to a newer one",
        )


def _java_version(program: str) -> int:
    """The first number of what Java says of itself; 0 if it says none."""
    try:
        said = subprocess.run(  # noqa: S603  (the user's own Java)
            [program, "-version"],
            capture_output=True,
            check=False,
            timeout=_JAVA_S,
            text=True,
            errors="replace",
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r'version "(?:1\.)?([0-9]+)', said.stderr + said.stdout)
    return int(found[1]) if found else 0


def _reachable_from(master: str) -> str:
    """The local address from which the master answers; loopback if Spark runs here."""
    if is_local(master):
        return _LOOPBACK
    if _CLUSTER.fullmatch(master) is None:
        raise CaseError(
            "not an address of a Spark master",
            where="--master",
            expected="local[N] or spark://host:port",
            found=master[:120],
        )
    failures = []
    for address in master.removeprefix("spark://").split(","):
        host, _, port = address.rpartition(":")
        try:
            with socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_S) as connection:
                return str(connection.getsockname()[0])
        except (OSError, OverflowError, UnicodeError) as error:
            failures.append(f"{address}: {getattr(error, 'strerror', None) or error}")
    raise CaseError(
        "the Spark cluster cannot be reached",
        where=master,
        found="; ".join(failures)[:300],
        remedy="start its master, or correct the address",
    )
