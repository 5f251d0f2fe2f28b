"""No parser and no renderer goes out: whatever address evidence holds, nobody is asked for it."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import perito

SOURCE = Path(perito.__file__).parent
ADDRESSES = (
    "http://198.51.100.7/a.parquet",
    "https://example.invalid/context.jsonld",
    "s3://bucket/key",
    "//198.51.100.7/share",
    "file:///etc/passwd",
    "read_csv('http://198.51.100.7/x')",
    "<img src=http://198.51.100.7/p.png>",
    '<!DOCTYPE x SYSTEM "http://198.51.100.7/x.dtd">',
    "@import url(http://198.51.100.7/x.css)",
    '#import "@preview/x:1.0.0"',
)  # fmt: skip
WATCHED = """
import sys
tried = []
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "urllib.Request"):
        tried.append((event, repr(arguments)))
sys.addaudithook(watch)
from perito.cli import main
code = main(sys.argv[1:])
print(tried, file=sys.stderr)
sys.exit(code or bool(tried))
"""


def test_a_run_over_evidence_full_of_addresses_reaches_for_none(case_with):
    lines = [
        json.dumps({"study": one, "kind": "count", "class": one, "source": one, "definition": one})
        for one in ADDRESSES
    ]
    case = case_with("\n".join(lines).encode())
    for command in (("run", case, "--quiet"), ("verify", case, "--quiet"), ("check", case, "--quiet")):
        done = subprocess.run(
            [sys.executable, "-c", WATCHED, *map(str, command)], check=False, capture_output=True, text=True
        )
        assert (done.returncode, done.stderr.strip()) == (0, "[]")
    report = (case / "dossier" / "report.html").read_text("utf-8")
    for mark in ('src="http', "src=http", 'href="http', "url(http", "@import", "<!ENTITY"):
        assert mark not in report


# Who may speak to a network, and at whose word.
MAY_ASK = {"evidence/log/authority.py", "web"}


def test_only_the_modules_on_the_list_can_speak_to_a_network():
    """`perito log stamp` asks the authority that the user names; the web part listens on this machine."""
    speaking = set()
    for file in sorted(SOURCE.rglob("*.py")):
        place = file.relative_to(SOURCE)
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                continue
            if any(
                name.split(".")[0] in ("urllib", "http", "requests", "httpx") for name in names
            ) and not all(name in ("urllib.parse", "http") for name in names):
                speaking.add(place.as_posix())
    assert {
        place for place in speaking if place not in MAY_ASK and place.split("/")[0] not in MAY_ASK
    } == set()


# --- markup ------------------------------------------------------------------------------------------

BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>
<x xmlns:xi="http://www.w3.org/2001/XInclude">&c;<xi:include href="file:///etc/passwd"/></x>"""


@pytest.mark.parametrize("name", ["export.xml", "export.html", "export.svg"])
def test_markup_is_kept_as_bytes_and_nothing_in_it_is_expanded_or_fetched(name, perito, case_with):
    case = case_with(BOMB, name, "document")
    assert perito("run", case, "--quiet").code == 0
    assert perito("show", case, f"sources/{name}").out.encode() == BOMB
    refused = perito("show", case, f"sources/{name}", "#/x")
    assert (refused.code, len(refused.err.splitlines())) == (2, 1)


def test_xml_in_a_format_that_expects_records_is_an_error_that_names_the_item(perito, case_with):
    said = perito("run", case_with(BOMB, "export.xml", "table:counts"))
    assert (said.code, "sources/export.xml" in said.err) == (2, True)


NO_PARSER = {"Element", "escape", "quoteattr"}  # a type, and what writes


def test_no_parser_of_xml_is_used_but_one_that_refuses_entities():
    unsafe = {"xml", "lxml", "xmltodict", "bs4", "html5lib"}
    found = []
    for file in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names = [(alias.name, alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [(node.module or "", alias.name) for alias in node.names]
            else:
                continue
            found += [
                (file.name, name)
                for module, name in names
                if module.split(".")[0] in unsafe and name not in NO_PARSER
            ]
    assert found == []
