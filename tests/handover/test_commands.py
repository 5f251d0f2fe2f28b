"""Handing a case over on the command line, from key to verified case."""

import json
import subprocess
import sys

import pytest

from conftest import ORIGIN, small_case
from perito.cli import main
from perito.evidence import Store
from perito.evidence.keys import SigningKey, write_key


@pytest.fixture
def perito(capfd):
    """Calls the program: exit code, stdout, stderr."""

    def call(*arguments):
        capfd.readouterr()
        code = main([str(one) for one in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call


@pytest.fixture
def unprotected(keys_folder, keys, monkeypatch):
    """The first custodian's key, in the folder of the keys; a file for each of the others."""
    keys_folder.mkdir()
    write_key(keys_folder / "case.key", keys[0], None)
    write_key(keys_folder.parent / "b.key", keys[1], None)
    return keys_folder


def test_a_case_goes_out_and_comes_in(perito, unprotected, case, keys, tmp_path):
    bag, other = tmp_path / "bag", tmp_path / "b"
    code, out, err = perito("export", case, "--bag", bag, "--to", "Court 4", "--by", "Unit 4")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == str(bag)
    (tmp_path / "a.vkey").write_text(keys[0].verifier.text + "\n")
    code, out, err = perito("import", bag, other, "--trust", tmp_path / "a.vkey", "--by", "Court 4")
    assert code == 0
    assert str(other) in out.splitlines()[-1]
    assert err.count("not checked") == 1  # no earlier checkpoint
    assert perito("check", other, "--quiet")[0] == 0


def test_the_receiver_s_key_signs_from_the_handover_on(perito, unprotected, case, keys, tmp_path):
    vkey = keys[1].verifier.text
    assert perito("export", case, "--bag", tmp_path / "bag", "--to", "B", "--next-key", vkey)[0] == 0
    call = ("import", tmp_path / "bag", tmp_path / "b", "--trust", keys[0].verifier.text, "--json")
    code, out, _ = perito(*call, "--key", tmp_path / "b.key", "--known", case / "evidence/log/checkpoint")
    assert code == 0
    found = json.loads(out)
    assert found["is_signed"]
    assert found["unchecked"] == []
    log = Store(tmp_path / "b/evidence").custody.log
    assert log.signed_note().signers([keys[1].verifier])


def test_json_says_what_was_left_out_and_what_could_not_be_checked(perito, unprotected, case, tmp_path):
    call = ("export", case, "--bag", tmp_path / "bag", "--redacted", "--without", "witness.csv", "--json")
    code, out, err = perito(*call, "--reason", "names")
    assert (code, err) == (0, "")
    assert {one["reason"] for one in json.loads(out)["withheld"]} == {"names"}
    code, out, err = perito("import", tmp_path / "bag", tmp_path / "b", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["kind"] == "redacted"
    assert len(found["unchecked"]) == 4


def test_quiet_prints_nothing(perito, unprotected, case, tmp_path):
    assert perito("export", case, "--bag", tmp_path / "bag", "--quiet") == (0, "", "")
    assert perito("import", tmp_path / "bag", tmp_path / "b", "--quiet") == (0, "", "")


def test_a_bag_that_was_changed_ends_with_one_and_one_line(perito, unprotected, case, tmp_path):
    perito("export", case, "--bag", tmp_path / "bag", "--quiet")
    file = tmp_path / "bag/data/case.toml"
    file.write_bytes(file.read_bytes().replace(b"harbour", b"harbor!"))
    code, out, err = perito("import", tmp_path / "bag", tmp_path / "b")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "data/case.toml" in err
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("export", "case", "--bag", "case"),
        ("export", "case"),
        ("export", "case", "--bag", "bag", "--without", "witness.csv"),
        ("export", "case", "--bag", "bag", "--redacted", "--without", "none.csv", "--reason", "x"),
        ("export", "case", "--bag", "bag", "--redacted", "--without", "witness.csv"),
        ("export", "case", "--bag", "bag", "--next-key", "no+key+here"),
        ("export", "case", "--bag", "bag", "--next-key", "none.vkey"),
        ("export", "case", "--bag", "bag", "--key", "none"),
        ("export", "none", "--bag", "bag"),
        ("import", "none", "b"),
        ("import", "case", "b", "--trust", "none"),
        ("import", "case", "b", "--known", "none"),
        ("import", "case", "b", "--known", "case/case.toml"),
    ],
)
def test_a_wrong_call_ends_with_two_and_one_line(perito, unprotected, case, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    code, out, err = perito(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert not (tmp_path / "bag").exists()
    assert not (tmp_path / "b").exists()


def test_an_unsigned_bag_says_so(perito, tmp_path):
    case = small_case(tmp_path / "plain")
    code, _, err = perito("export", case, "--bag", tmp_path / "bag")
    assert code == 0
    assert "not signed" in err


def test_names_that_could_deceive_a_terminal_are_shown_as_code_points(perito, unprotected, case, tmp_path):
    perito("export", case, "--bag", tmp_path / "bag", "--by", "Unit\u202e4")
    _, out, _ = perito("import", tmp_path / "bag", tmp_path / "b")
    assert "\u202e" not in out
    assert "\\u202e" in out


def test_a_protected_key_opens_with_the_passphrase_of_the_environment(
    perito, keys_folder, tmp_path, monkeypatch
):
    keys_folder.mkdir()
    key = SigningKey.new(ORIGIN)
    write_key(keys_folder / "case.key", key, "correct horse")
    case = small_case(tmp_path / "protected", (key,))
    assert perito("export", case, "--bag", tmp_path / "bag")[0] == 2
    monkeypatch.setenv("PERITO_PASSPHRASE", "correct horse")
    assert perito("export", case, "--bag", tmp_path / "bag", "--quiet") == (0, "", "")


def test_three_custodians_hand_on_a_real_case_and_the_last_verifies_it(
    perito, example_case, tmp_path, monkeypatch
):
    """The whole way, with the program alone: each custodian has a folder of keys of their own."""
    folders = {}
    for name in "abc":
        monkeypatch.setenv("PERITO_KEYS", str(tmp_path / f"keys-{name}"))
        code, out, _ = perito("key", "new", "unit4.example/spain", "--unprotected")
        assert code == 0
        folders[name] = (tmp_path / f"keys-{name}", out.splitlines()[0])
    case, origin = example_case, "unit4.example/spain"
    for name, following in (("a", "b"), ("b", "c")):
        monkeypatch.setenv("PERITO_KEYS", str(folders[name][0]))
        monkeypatch.setenv("PERITO_KEY", origin)
        if name == "a":
            assert perito("run", case, "--quiet")[0] == 0
        else:
            (tmp_path / "letter.txt").write_text("Received with thanks.")
            assert perito("add", case, tmp_path / "letter.txt", "--format", "document", "--quiet")[0] == 0
        bag, taken = tmp_path / f"bag-{name}", tmp_path / f"case-{following}"
        call = (
            "export",
            case,
            "--bag",
            bag,
            "--to",
            following,
            "--next-key",
            folders[following][1],
            "--quiet",
        )
        assert perito(*call) == (0, "", "")
        monkeypatch.setenv("PERITO_KEYS", str(folders[following][0]))
        known = case / "evidence/log/checkpoint"
        call = (
            "import",
            bag,
            taken,
            "--trust",
            folders["a"][1],
            "--known",
            known,
            "--by",
            following,
            "--quiet",
        )
        assert perito(*call) == (0, "", "")
        case = taken
    assert perito("run", case, "--quiet")[0] == 0
    code, _, err = perito("verify", case, "--quiet")
    assert (code, err) == (0, "")


def test_the_help_of_both_commands_needs_no_heavy_module():
    code = """
import sys
from perito.cli import main
main(["export", "--help"])
main(["import", "--help"])
sys.exit(bool({"duckdb", "pyarrow", "numpy", "cryptography"} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
