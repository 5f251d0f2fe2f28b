"""What was compared in a case is sealed into it, and the measure finds in it what was planted."""

import csv
import hashlib
import io
import json
import os
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import encoded, picture
from signed_pictures import SOURCE_TYPES, signed

from perito.case import load_case
from perito.cli import main
from perito.errors import CaseError, Missing
from perito.evidence import Store
from perito.match.asking import declared_by, seal_found, seal_origins, sealed_cluster
from perito.match.bank import Bank, BankEntry, Query
from perito.match.clusters import families, families_of_hashes
from perito.match.hamming import Pairs
from perito.match.sealing import Sealing, bank_rows, connecting_pairs, own_hash_rows, pair_rows, text_rows
from perito.run import run_case
from perito.simulate import Plan, simulate
from perito.workflow import seal_declared

AI = f"{SOURCE_TYPES}trainedAlgorithmicMedia"
AT_US = 1_780_000_000_000_000
CASE = """
[case]
id = "sealed"
title = { en = "Sealed", es = "Sellado" }
period = { from = 2026-01-01, to = 2027-01-01 }
"""
ITEM = """
[[evidence]]
path = "%s"
format = "document"
acquired_at = 2026-03-20
"""
QUESTION = """
[[question]]
id = "%(ask)s"
measure = "copies"
text.en = "?"
text.es = "?"
[question.parameters]
ask = "%(ask)s"
"""
ASKS = ("families", "completeness", "reupload", "declared")


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: None)  # whether seals outlast a power cut is tested elsewhere


@pytest.fixture
def case(tmp_path):
    """A case with a picture, a lighter copy, a blank one, and one that ends too early."""
    first = picture(1)
    files = {
        "a.png": encoded(first),
        "b.png": encoded(np.clip(first.astype(int) + 6, 0, 255).astype(np.uint8)),
        "blank.png": encoded(np.full((64, 64, 3), 200, np.uint8)),
        "short.png": encoded(picture(2))[:400],
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "case.toml").write_text(CASE + "".join(ITEM % name for name in files), "utf-8")
    seal_declared(load_case(tmp_path))
    return tmp_path


def rows_of(folder, path):
    return list(csv.DictReader(io.StringIO((folder / path).read_text("utf-8"))))


def bytes_of(folder):
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_every_sealed_picture_has_a_row_also_those_that_cannot_be_compared(case):
    answer, (hashes, pairs) = sealed_cluster(case, 31, at_us=AT_US)
    rows = rows_of(case, hashes.path)
    qualities = sorted(int(row["quality"]) for row in rows if row["algorithm"] == "pdq")
    assert len({row["entry_id"] for row in rows}) == answer["pictures"] == 4
    assert len(qualities) == 3
    assert qualities[0] < 50 <= qualities[1]
    assert [row["provenance"] for row in rows if "no PDQ" in row["provenance"]]
    (pair,) = rows_of(case, pairs.path)
    assert pair["query_id"] < pair["entry_id"]
    assert int(pair["distance"]) <= 31


def test_sealing_the_same_again_changes_no_byte(case):
    sealed_cluster(case, 31, at_us=AT_US)
    seal_origins(case, declared_by(case), at_us=AT_US)
    before = bytes_of(case)
    _, again = sealed_cluster(case, 31, at_us=AT_US + 1)
    assert not any(one.is_new for one in (*again, *seal_origins(case, declared_by(case), at_us=AT_US)))
    assert bytes_of(case) == before


def test_the_acquisition_record_names_tool_version_and_parameters(case):
    from perito import __version__

    _, sealed = sealed_cluster(case, 31, at_us=AT_US)
    item = Store(case / "evidence").item(sealed[0].evidence_id)
    facts = item.acquisition
    assert (facts.tool, facts.tool_version) == ("perito match cluster", __version__)
    assert "radius=31" in facts.origin
    assert "least quality=50" in facts.origin


def test_a_picture_added_later_replaces_what_was_sealed(case):
    _, (first, _) = sealed_cluster(case, 31, at_us=AT_US)
    (case / "c.png").write_bytes(encoded(picture(3)))
    with (case / "case.toml").open("a", encoding="utf-8") as stream:
        stream.write(ITEM % "c.png")
    seal_declared(load_case(case))
    _, (second, pairs) = sealed_cluster(case, 31, at_us=AT_US)
    current = {item.path: item.evidence_id for item in Store(case / "evidence").current_items()}
    assert current[first.path] == second.evidence_id != first.evidence_id
    assert not pairs.is_new


def test_only_a_case_is_sealed_into_and_only_a_whole_comparison(case, tmp_path_factory):
    with pytest.raises(CaseError, match="case"):
        sealed_cluster(tmp_path_factory.mktemp("no case"), 31, at_us=AT_US)
    with pytest.raises(CaseError, match="31"):
        sealed_cluster(case, 30, at_us=AT_US)


def test_copied_texts_need_tables(case):
    with pytest.raises(Missing):
        sealed_cluster(case, 31, at_us=AT_US, text_threshold=0.7)


def test_a_case_whose_pictures_do_not_match_can_be_run(case):
    (case / "b.png").unlink()
    folder = case / "alone"
    folder.mkdir()
    (folder / "a.png").write_bytes((case / "a.png").read_bytes())
    (folder / "case.toml").write_text(CASE + ITEM % "a.png" + QUESTION % {"ask": "families"}, "utf-8")
    seal_declared(load_case(folder))
    _, (_, pairs) = sealed_cluster(folder, 31, at_us=AT_US)
    assert pairs.rows == 0
    run_case(folder)
    (finding,) = json.loads((folder / "findings" / "findings.json").read_text("utf-8"))
    assert finding["status"] == "exact"
    assert finding["values"][0]["estimate"] == 0


def test_matches_in_a_list_are_sealed_without_its_hashes_and_each_list_apart(case):
    rows = rows_of(case, sealed_cluster(case, 31, at_us=AT_US)[1][0].path)
    known = next(row for row in rows if row["algorithm"] == "pdq" and int(row["quality"]) >= 50)
    bank = Bank([BankEntry("known", "3", "7", "pdq", known["value"], 90, provenance="an example")])
    found = bank.search([Query(known["entry_id"], known["value"], 90)])
    lists = [case.parent / f"{case.name}-{name}.csv" for name in ("one", "two")]
    for file in lists:
        file.write_text(file.name, "utf-8")
    (first,), (second,) = (seal_found(case, [file], 31, found, at_us=AT_US) for file in lists)
    (row,) = rows_of(case, first.path)
    assert (row["list_id"], row["list_version"], row["entry_id"], row["distance"]) == ("known", "3", "7", "0")
    assert known["value"] not in (case / first.path).read_text("utf-8")
    assert first.path != second.path


def test_an_edited_copy_keeps_window_verification_and_points():
    edited = {
        "id": "sha256:0a", "known": "/home/someone/original.png", "known_id": "sha256:0b",
        "method": "pdq_window", "distance": 9, "symmetry": "original", "window": "frame",
        "known_window": "central 5%", "state": "verified", "inliers": 40,
    }  # fmt: skip
    (row,) = bank_rows([], [edited])
    assert (row["entry_id"], row["method"], row["verification"], row["inliers"]) == (
        "sha256:0b", "pdq", "verified", 40,
    )  # fmt: skip
    assert row["window"] == "frame of central 5%"
    assert "someone" not in str(row)


def test_a_reason_in_many_lines_stays_on_one():
    (row,) = own_hash_rows([{"id": "sha256:0a", "sha256": "0a", "pdq": None, "error": "a\r\n=b\tc"}])
    assert row["provenance"].endswith("a =b c")


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 31)), max_size=20))
def test_each_pair_is_sealed_once_whatever_its_direction_and_order(found):
    ids = [f"sha256:{number}" for number in range(6)]
    pairs = [(one, other, abs(one - other)) for one, other, _ in found if one != other]
    columns = [np.array(column, np.int64) for column in zip(*pairs, strict=True)] or [np.empty(0, int)] * 3
    turned = [columns[1][::-1], columns[0][::-1], columns[2][::-1]]
    rows = pair_rows(ids, Pairs(*columns))
    assert rows == pair_rows(ids, Pairs(*turned))
    assert len({(row["query_id"], row["entry_id"]) for row in rows}) == len(rows)


@settings(deadline=None)  # the first search compiles
@given(st.lists(st.integers(0, 6), max_size=30))
def test_connecting_pairs_make_the_families_that_all_pairs_make(bits):
    hashes = np.zeros((len(bits), 32), np.uint8)
    for row, number in enumerate(bits):
        hashes[row, :number] = 0xFF  # eight bits more for each: those at most three apart match
    made = families(len(bits), *connecting_pairs(hashes, 31))
    known = families_of_hashes(hashes, 31)
    assert [(one.members, one.largest_distance) for one in made] == [
        (one.members, one.largest_distance) for one in known
    ]


def test_members_of_a_text_family_stand_beside_its_first_post():
    text = "the quick brown fox jumps over the lazy dog near the bank of the river"
    rows = text_rows({"x:3": text + "!", "x:1": text, "x:2": "something else"}, 0.7)
    assert [(row["query_id"], row["entry_id"]) for row in rows] == [("x:3", "x:1")]
    assert 0.9 < rows[0]["similarity"] < 1


def test_a_declaration_is_a_row_and_none_is_a_row_too(case):
    (sealed,) = seal_origins(case, declared_by(case), at_us=AT_US)
    assert [row["state"] for row in rows_of(case, sealed.path)] == ["none"] * 4


def test_the_commands_say_what_was_sealed_and_what_was_sealed_before(case, capsys):
    for command in ("cluster", "origin"):
        states = []
        for _ in range(2):
            assert main(["match", command, str(case), "--seal", "--json"]) == 0
            states.append([one["is_new"] for one in json.loads(capsys.readouterr().out)["sealed"]])
        assert all(states[0])
        assert not any(states[1])


def test_matches_are_sealed_by_the_command_too(case, capsys, tmp_path_factory):
    assert main(["match", "cluster", str(case), "--seal"]) == 0
    known = next(row for row in rows_of(case, "match/hashes.csv") if row["algorithm"] == "sha256")
    bank = tmp_path_factory.mktemp("bank") / "bank.csv"
    bank.write_text(f"id,sha256,provenance\n7,{known['value']},an example\n", "utf-8")
    originals = tmp_path_factory.mktemp("originals")
    (originals / "a.png").write_bytes(encoded(picture(1)))
    asked = ["match", "search", case, "--bank", bank, "--edited", originals, "--seal", "--json"]
    capsys.readouterr()
    assert main([str(word) for word in asked]) == 0
    (sealed,) = json.loads(capsys.readouterr().out)["sealed"]
    rows = rows_of(case, sealed["path"])
    assert {row["method"] for row in rows} == {"sha256", "pdq"}
    assert str(originals) not in (case / sealed["path"]).read_text("utf-8")


@pytest.mark.parametrize(
    "words",
    [
        ["cluster", "FOLDER", "--seal"],
        ["origin", "FOLDER", "--seal"],
        ["search", "FOLDER", "--bank", "nowhere.csv", "--seal"],
        ["cluster", "FOLDER", "--texts"],
        ["cluster", "CASE", "--seal", "--radius", "8"],
    ],
)
def test_what_cannot_be_sealed_is_refused_before_work_starts(case, tmp_path_factory, words, capsys):
    folder = tmp_path_factory.mktemp("folder")
    named = {"FOLDER": str(folder), "CASE": str(case)}
    assert main(["match", *(named.get(word, word) for word in words)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not list(folder.iterdir())
    assert not (case / "match").exists()


def test_a_signed_picture_and_a_platforms_copy_of_it_are_told_apart(tmp_path):
    original, _ = signed([{"action": "c2pa.created", "digitalSourceType": AI}], encoded(picture(1)))
    copy = encoded(picture(1), "JPEG", quality=70)
    media = "media_id,post_id,platform,kind,content_id\nx:1,x:2,x,image,sha256:"
    files = {"original.png": original, "copy.jpg": copy}
    files["media.csv"] = f"{media}{hashlib.sha256(copy).hexdigest()}\n".encode()
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    text = ITEM % "original.png" + ITEM % "copy.jpg"
    text += ITEM.replace("document", "table:media") % "media.csv"
    question = QUESTION % {"ask": "declared"} + 'platform = "x"\n'
    (tmp_path / "case.toml").write_text(CASE + text + question, "utf-8")
    seal_declared(load_case(tmp_path))
    sealed_cluster(tmp_path, 31, at_us=AT_US)
    (sealed,) = seal_origins(tmp_path, declared_by(tmp_path), at_us=AT_US)
    assert {(row["state"], row["integrity"], row["trust"]) for row in rows_of(tmp_path, sealed.path)} == {
        ("declared", "valid", "untrusted"), ("none", "", ""),
    }  # fmt: skip
    (finding,) = run_case(tmp_path)
    found = values(finding.to_json())
    assert finding.status == "conditional"
    assert (found["state_declared"], found["families_carried"], found["families_kept"]) == (1, 1, 0)


def test_a_store_that_refuses_leaves_nothing_half_sealed(case, monkeypatch):
    monkeypatch.setattr(Store, "add_many", lambda *_: (_ for _ in ()).throw(CaseError("the disk is full")))
    with pytest.raises(CaseError, match="full"):
        Sealing(case, "test", {}, AT_US).seal({"hashes": ("hashes", [])})
    assert not any(item.path.startswith("match/") for item in Store(case / "evidence").items())


# --- planted truth ---------------------------------------------------------------------------------------


def planted(folder, *, stated, unchecked):
    """A simulated case with many families and notices, hashed, sealed and run."""
    plan = Plan()
    plan = replace(
        plan,
        media=replace(plan.media, share=0.5, families=0.7, family_size=3.0),
        notices=replace(plan.notices, of_class=1.0, of_others=0.9, delay_median_h=24.0),
        removal=replace(plan.removal, wrong_ratio=1.0, stated=stated, unchecked=unchecked),
    )
    simulate(folder, 120, 5, plan, pictures=60)
    text = (folder / "case.toml").read_text("utf-8")
    questions = "".join(QUESTION % {"ask": ask} for ask in ASKS)
    (folder / "case.toml").write_text(text + questions, "utf-8")
    seal_declared(load_case(folder))
    sealed_cluster(folder, 31, at_us=AT_US)
    seal_origins(folder, declared_by(folder), at_us=AT_US)
    run_case(folder)
    findings = json.loads((folder / "findings" / "findings.json").read_text("utf-8"))
    return {finding["id"]: finding for finding in findings}


class Truth:
    """What was planted: the posts of each family, when each was published, and when each was removed."""

    def __init__(self, folder):
        def rows(path):
            return pq.read_table(folder / path).to_pylist()

        held = {row["media_id"]: row["post_id"] for row in rows("sources/media.parquet") if row["content_id"]}
        record = json.loads((folder / "truth" / "truth.json").read_text("utf-8"))
        captured = np.datetime64(record["period"]["captured"].rstrip("Z")).astype("datetime64[us]")
        notified = {row["notice_id"]: row["post_id"] for row in rows("sources/notices.parquet")}
        self.created = {row["post_id"]: row["created_at_us"] for row in rows("sources/posts.parquet")}
        self.removed = {
            notified[row["notice_id"]]: row["ended_at_us"]
            for row in rows("truth/notices.parquet")
            if row["cause"] == "removed" and row["ended_at_us"] <= int(captured.astype(np.int64))
        }
        families = defaultdict(list)
        for row in rows("truth/media.parquet"):
            if row["picture_family"] is not None and row["media_id"] in held:
                families[row["picture_family"]].append(held[row["media_id"]])
        self.families = [posts for posts in families.values() if len(posts) > 1]
        self.with_removal = [posts for posts in self.families if self.removed.keys() & set(posts)]

    @property
    def others(self):
        return sum(len(posts) - 1 for posts in self.with_removal)

    @property
    def others_removed(self):
        return sum(len(self.removed.keys() & set(posts)) - 1 for posts in self.with_removal)

    @property
    def later(self):
        return sum(
            any(self.removed.get(other, self.created[post]) < self.created[post] for other in posts)
            for posts in self.with_removal
            for post in posts
        )


def values(finding):
    return {value["name"]: value["estimate"] for value in finding["values"]} | finding["counts"]


def test_the_findings_are_what_was_planted_and_the_case_verifies(tmp_path):
    from perito.dossier.verify import verify

    findings = planted(tmp_path / "case", stated=1.0, unchecked=0.0)
    truth = Truth(tmp_path / "case")
    families, complete, again, declared = (values(findings[ask]) for ask in ASKS)
    assert truth.others_removed > 5 < truth.later
    assert families["families"] == len(truth.families)
    assert families["pictures_in_families"] == sum(map(len, truth.families))
    assert complete["families_with_removal"] == again["families_with_removal"] == len(truth.with_removal)
    assert complete["others"] == truth.others
    assert complete["others_removed"] == truth.others_removed
    assert again["copies_certain"] == truth.later
    assert (declared["read"], declared["state_declared"]) == (60, 0)
    assert verify(tmp_path / "case").ok


def test_what_nobody_saw_widens_the_bounds_and_they_hold_the_truth(tmp_path):
    findings = planted(tmp_path / "case", stated=0.5, unchecked=0.3)
    truth, complete = Truth(tmp_path / "case"), values(findings["completeness"])
    assert 0 < complete["families_with_removal"] <= len(truth.with_removal)
    assert complete["share_removed_least"] < complete["share_removed_most"]
    assert values(findings["reupload"])["copies_certain"] <= truth.later
    known = truth.others_removed / truth.others
    assert complete["share_removed_least"] <= known <= complete["share_removed_most"]
