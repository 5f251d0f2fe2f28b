from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from perito import __version__
from perito.cli import commands

NAMES = commands.list_commands(None)
HEAVY = ("numpy", "scipy", "pyarrow", "duckdb", "orjson", "jinja2", "babel", "vl_convert", "tqdm")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_explains_itself_with_an_example_that_calls_it(name, flag):
    shown = CliRunner().invoke(commands, [name, flag], prog_name="perito")
    assert shown.exit_code == 0
    assert shown.output.startswith(f"Usage: perito {name} ")
    assert f"\n    perito {name} " in shown.output or f"Example: perito {name} " in shown.output


@pytest.mark.parametrize("name", NAMES)
def test_every_option_says_what_it_does(name):
    options = [one for one in commands.get_command(None, name).params if isinstance(one, click.Option)]
    assert [option.name for option in options if not option.help] == []


def test_the_help_of_the_program_names_every_command_and_the_exit_codes(perito):
    shown = perito("--help")
    assert shown.code == 0
    listed = shown.text.split("Commands:")[1].split()
    assert [name for name in NAMES if name not in listed] == []
    assert "0 done, 1 a check did not hold, 2 the input" in " ".join(shown.text.split())


def test_the_help_of_the_program_loads_no_heavy_module():
    code = (
        "import sys; from perito.cli import main; code = main(['--help']);"
        f"print(code, [name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "0 []"


def test_the_program_alone_shows_its_help_and_counts_as_a_wrong_call(perito):
    outcome = perito()
    assert outcome.code == 2
    assert outcome.err.startswith("Usage: perito ")


def test_the_version_is_that_of_the_package(perito):
    outcome = perito("--version")
    assert outcome.code == 0
    assert outcome.text.split()[-1] == __version__
