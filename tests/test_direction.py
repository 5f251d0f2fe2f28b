"""Who may import whom: lower groups and the own folder, wherever in a module the import stands."""

import ast
import re
from pathlib import Path

import pytest

import perito

SOURCE = Path(perito.__file__).parent
# Lowest first. What stands in one group does not import the others in it.
GROUPS = (
    {"errors"},
    {"clock", "ids", "files"},
    {"schema"},
    {"findings", "law"},
    {"case", "report"},
    {"evidence"},
    {"formats"},
    {"tables"},
    {"engine"},
    {"stats", "match"},
    {"measures"},
    {"workflow"},
    {"sampling", "handover", "simulate", "dossier"},
    {"run"},
    {"web"},
    {"cli"},
)
LEVEL = {name: level for level, group in enumerate(GROUPS) for name in group}
NARROWER = {"stats": {"errors"}}  # what may import less than its place allows
_MODULE_NAME = re.compile(r"perito(\.[a-z_0-9]+)+")

FILES = sorted(file for file in SOURCE.rglob("*.py") if file != SOURCE / "__init__.py")


def part_of(file: Path) -> str:
    """The folder or module directly below the package."""
    return file.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(tree: ast.AST, package: str = "") -> list[tuple[int, str]]:
    """Line and part of every import of ours: inside functions, for type checkers, and by name in a string."""
    found = []
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = "perito" + f".{package}" * bool(package) if node.level else node.module
            names = [f"perito.{alias.name}" for alias in node.names] if module == "perito" else [module]
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and _MODULE_NAME.fullmatch(node.value)
        ):
            names = [node.value]
        parts = (name.split(".")[1] for name in names if name.startswith("perito."))
        found += [(node.lineno, part) for part in parts if part != "__version__"]
    return found


def offences(part: str, tree: ast.AST) -> list[str]:
    """The imports that go up or sideways."""
    return [
        f"line {line}: '{part}' imports '{other}'"
        for line, other in imported(tree, part)
        if other != part
        and (LEVEL.get(other, len(GROUPS)) >= LEVEL[part] or other not in NARROWER.get(part, {other}))
    ]


def test_every_part_of_the_package_has_its_place():
    assert {part_of(file) for file in FILES} - set(LEVEL) == set()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(SOURCE).as_posix())
def test_imports_go_down_only(file):
    assert offences(part_of(file), ast.parse(file.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ("errors", "import perito.clock"),
        ("clock", "from perito.ids import key"),
        ("findings", "def f():\n    from perito.law import provisions"),
        ("law", "if TYPE_CHECKING:\n    from perito.findings import Text"),
        ("stats", "from perito.clock import Period"),
        ("stats", "from perito.findings import Value"),
        ("formats", "from perito import tables"),
        ("evidence", "import_module('perito.formats.delimited')"),
        ("dossier", "from perito.simulate import plan"),
        ("measures", "try:\n    pass\nfinally:\n    import perito.cli.work as w"),
        ("run", "from perito.web.review import queue"),
        ("tables", "from perito.nowhere import x"),
        ("tables", "from perito import run_case"),
    ],
)
def test_an_import_that_goes_up_or_sideways_is_found_wherever_it_stands(part, code):
    assert len(offences(part, ast.parse(code))) == 1


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ("findings", "from perito import __version__\nfrom perito.files import write_folder"),
        ("tables", "from perito.tables.digest import canonical_digest\nfrom . import collect"),
        (
            "stats",
            "import numpy\nfrom perito.errors import StatsError\nfrom perito.stats.interval import Interval",
        ),
        ("cli", "from perito.measures import asking\nx = 'see perito.web. for more'"),
    ],
)
def test_an_import_that_goes_down_or_stays_in_its_folder_is_allowed(part, code):
    assert offences(part, ast.parse(code)) == []


def test_the_root_of_the_package_imports_nothing_but_for_type_checkers():
    tree = ast.parse((SOURCE / "__init__.py").read_text("utf-8"))
    at_run_time = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert [name for node in at_run_time for _, name in imported(node)] == []


# What a format, a table, a finding or a measure may not look at: equal inputs would give other outputs.
IMPURE_MODULES = {
    "time",
    "random",
    "locale",
    "socket",
    "secrets",
    "uuid",
    "getpass",
    "platform",
    "urllib.request",
}
IMPURE_NAMES = {"now_us", "now", "today", "utcnow", "environ", "getenv", "getcwd"}
PURE = {"schema", "findings", "law", "formats", "tables", "stats", "match", "measures"}


def impurities(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name in IMPURE_MODULES]
        elif isinstance(node, ast.ImportFrom):
            found += [
                alias.name
                for alias in node.names
                if node.module in IMPURE_MODULES or alias.name in IMPURE_NAMES
            ]
        elif isinstance(node, ast.Attribute) and node.attr in IMPURE_NAMES:
            found.append(node.attr)
    return found


@pytest.mark.parametrize(
    "file",
    [file for file in FILES if part_of(file) in PURE],
    ids=lambda file: file.relative_to(SOURCE).as_posix(),
)
def test_what_must_be_pure_reads_no_clock_locale_environment_or_network(file):
    assert impurities(ast.parse(file.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "code", ["import random", "from time import sleep", "from datetime import datetime\ndatetime.now()",
             "import os\nos.environ['TZ']", "from perito.clock import now_us"],
)  # fmt: skip
def test_a_look_at_the_machine_is_found(code):
    assert impurities(ast.parse(code))
