"""What the documentation says of the project is so: links, reference pages, layout, direction, docstrings."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest

from perito.case import read_case
from perito.errors import CaseError

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "perito"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "bench" / "README.md"])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
BASH = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def output_of(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def architecture_block(number: int) -> str:
    return BLOCK.findall((ROOT / "docs" / "architecture.md").read_text("utf-8"))[number]


def group_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported_groups(path: Path) -> set[str]:
    """The groups of the package that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "perito":
            names |= {f"perito.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    groups = {name.split(".")[1] for name in names if name.startswith("perito.")}
    return groups - {group_of(path), "__version__"}


# --- pages ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_of_the_project_leads_to_one(page):
    links = [link.partition("#")[0] for link in LINK.findall(page.read_text("utf-8"))]
    missing = [link for link in links if link and "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_the_reference_pages_are_those_that_would_be_written_now():
    output_of(sys.executable, "docs/generate.py", "--check")


def test_a_reference_page_that_was_changed_by_hand_is_named(tmp_path):
    for name in ("generate.py", "generate.toml"):
        (tmp_path / name).write_bytes((ROOT / "docs" / name).read_bytes())
    written = subprocess.run([sys.executable, tmp_path / "generate.py"], check=False)
    assert written.returncode == 0
    page = tmp_path / "reference" / "measures.md"
    page.write_text(page.read_text("utf-8") + "By hand.\n", "utf-8")
    checked = subprocess.run(
        [sys.executable, tmp_path / "generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 1
    assert "measures.md" in checked.stderr
    assert "formats.md" not in checked.stderr


def test_the_documentation_builds_without_a_warning_and_fetches_nothing(tmp_path):
    pytest.importorskip("mkdocs")
    output_of(sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path))
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 10
    for page in pages:
        assert fetched(page.read_text("utf-8")) == [], page.name


def fetched(html: str) -> list[str]:
    """Addresses of other hosts that a browser would load with the page."""
    found: list[str] = []

    class _Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            given = dict(attrs)
            address = given.get("href") if tag == "link" else given.get("src")
            if address and re.match(r"(?:https?:)?//", address):
                found.append(address)

    _Reader().feed(html)
    return found


def test_the_case_file_page_has_exactly_the_keys_that_a_case_file_may_have():
    documented = tomllib.loads((ROOT / "docs" / "generate.toml").read_text("utf-8"))["case_file"]
    about = '[case]\nid = "a"\ntitle = "b"\nperiod = { from = 2026-01-01, to = 2026-02-01 }\n'
    sections = {
        "[case]": "[case]\nqqqqqqqq = 1\n",
        "[engine]": f"{about}[engine]\nqqqqqqqq = 1\n",
        "[[evidence]]": f"{about}[[evidence]]\nqqqqqqqq = 1\n",
        "[[question]]": f"{about}[[question]]\nqqqqqqqq = 1\n",
        "scope": f'{about}[[question]]\nid = "q"\nmeasure = "m"\nscope = {{ qqqqqqqq = 1 }}\n',
    }
    assert [part["section"] for part in documented] == list(sections)
    for part in documented:
        with pytest.raises(CaseError) as refused:
            read_case(sections[part["section"]].encode(), ROOT)
        known = refused.value.remedy.removeprefix("known: ").split(", ")
        assert sorted(key for key, *_ in part["keys"]) == known


# --- the README and the scripts ------------------------------------------------------------------------


def test_the_readme_has_two_bash_commands_which_the_scripts_and_ci_take_from_it():
    blocks = BASH.findall((ROOT / "README.md").read_text("utf-8"))
    assert len(blocks) == 2
    assert [output_of("scripts/readme-command", number) for number in "12"] == blocks
    assert blocks[0].endswith("perito run examples/spain-2026\n")
    assert blocks[1].endswith("pytest\n")
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert all(f"readme-command {number}" in script for number in "12")


# --- the architecture ----------------------------------------------------------------------------------


def test_the_layout_names_every_part_of_the_package_and_no_other():
    named = re.findall(r"^  (\w+)(?:\.py|/)\s", architecture_block(1), re.MULTILINE)
    hidden = {"__pycache__", "py.typed"}
    there = {path.name.removesuffix(".py") for path in SOURCE.iterdir() if path.name not in hidden}
    assert set(named) == there


def test_every_import_leads_down_the_order_that_the_architecture_gives():
    lines = [line.split(", ") for line in architecture_block(2).splitlines()]
    height = {group: level for level, groups in enumerate(lines) for group in groups}
    parts = {group_of(path) for path in SOURCE.rglob("*.py")}
    assert set(height) == parts - {"__init__"}
    upward = [
        f"{path.relative_to(SOURCE)} imports {other}"
        for path in SOURCE.rglob("*.py")
        for other in imported_groups(path)
        if group_of(path) != "__init__" and height[other] >= height[group_of(path)]
    ]
    assert upward == []


def test_the_estimators_import_nothing_of_the_package_but_its_errors():
    assert {group for path in (SOURCE / "stats").rglob("*.py") for group in imported_groups(path)} == {
        "errors"
    }


# --- docstrings ----------------------------------------------------------------------------------------


def undocumented(body: list[ast.stmt], prefix: str) -> list[str]:
    """Public classes, functions and methods without a docstring, by name."""
    found = []
    for node in body:
        if not isinstance(
            node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        ) or node.name.startswith("_"):
            continue
        if ast.get_docstring(node) is None:
            found.append(f"{prefix}{node.name}")
        if isinstance(node, ast.ClassDef):
            found += undocumented(node.body, f"{prefix}{node.name}.")
    return found


def test_every_public_module_class_and_function_has_a_docstring():
    missing = []
    for path in sorted(SOURCE.rglob("*.py")):
        tree, name = ast.parse(path.read_text("utf-8")), str(path.relative_to(SOURCE))
        missing += [name] if ast.get_docstring(tree) is None else []
        missing += undocumented(tree.body, f"{name}: ")
    assert missing == []
