"""From sealed evidence to tables: every record accounted for, equal bytes anywhere, whole or not at all."""

import csv
import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perito.case import load_case
from perito.errors import CaseError, Malformed, MeasureError, SealBroken, Unrecognised
from perito.evidence import Store, csv_record
from perito.files import files_below
from perito.formats import find
from perito.tables import build_tables, open_tables
from perito.workflow import seal_declared

HEADER = find("label_counts").columns
GOOD = {
    "study": "s",
    "platform": "x",
    "row": "count",
    "class": "c",
    "count": "1",
    "denominator": "2",
    "status": "seen",
}
ACQUIRED = {"format": "label_counts", "platform": "x", "acquired_at_us": 0}


def record(**cells) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([{**GOOD, **cells}.get(name, "") for name in HEADER])
    return out.getvalue().encode()


HEAD = ",".join(HEADER).encode() + b"\n"
DAMAGED = {
    "NUL": record().replace(b"c,1", b"c\0,1"),
    "long cell": record(note="m" * 1_000_000),
    "encoding": record().replace(b"s,x", b"\xff\xfe,x"),
    "number": record(count="many"),
    "cells": b"a,b,c\n",
    "platform": record(platform="mastdon"),
    "date": record(as_of="2026-02-30"),
    "negative": record(count="-1"),
    "quote": b'x"y,"z"w"\n',
}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "evidence")


@pytest.fixture
def tables(tmp_path):
    return tmp_path / "tables"


def seal(store, name, content, **facts):
    source = store.path.parent / "incoming"
    source.write_bytes(content)
    return store.add(source, path_in_case=name, **{**ACQUIRED, **facts})


def rows(built, name):
    return built.read(name).to_pylist() if name in built.inputs else []


def content(folder):
    return {name: (folder / name).read_bytes() for name in files_below(folder)}


@settings(max_examples=20)
@given(
    st.lists(st.lists(st.sampled_from(["good", *DAMAGED]), max_size=8), min_size=1, max_size=3),
    st.sampled_from([b"", b"\xef\xbb\xbf"]),
)
def test_rows_mapped_and_rejects_are_the_records_present_for_each_item(tmp_path_factory, files, mark):
    folder = tmp_path_factory.mktemp("case")
    store = Store(folder / "evidence")
    planted = {}
    for at, kinds in enumerate(files):
        lines = [record(study=f"file {at}"), *(DAMAGED.get(kind, record()) for kind in kinds)]
        receipt = seal(store, f"{at}.csv", mark + HEAD + b"".join(lines))
        planted[receipt.evidence_id] = ["good", *kinds]
    built = build_tables(store, folder / "tables")
    items = {row["evidence_id"]: row for row in rows(built, "evidence")}
    for item_id, kinds in planted.items():
        bad = [f"row={number}" for number, kind in enumerate(kinds, start=1) if kind != "good"]
        good = [f"row={number}" for number, kind in enumerate(kinds, start=1) if kind == "good"]
        assert {row["locator"] for row in rows(built, "rejects") if row["evidence_id"] == item_id} == set(bad)
        assert {row["locator"] for row in rows(built, "counts") if row["evidence_id"] == item_id} == set(good)
        item = items[item_id]
        assert (item["records"], item["mapped"], item["rejected"]) == (len(kinds), len(good), len(bad))


def test_a_reject_leads_back_to_its_bytes_and_says_why_in_printable_words(store, tables):
    receipt = seal(store, "a.csv", HEAD + record() + b"".join(DAMAGED.values()))
    found = rows(build_tables(store, tables), "rejects")
    assert len(found) == len(DAMAGED)
    planted = {f"row={number}": raw for number, raw in enumerate(DAMAGED.values(), start=2)}
    for reject in found:
        with store.get(receipt.evidence_id) as stream:
            raw = csv_record(stream, int(reject["locator"].removeprefix("row=")))
        assert raw == planted[reject["locator"]].rstrip(b"\n")
        assert reject["reason"].isprintable()
        assert reject["excerpt"] is None or reject["excerpt"].isprintable()
        assert reject["platform"] == "x"


def test_a_reason_cannot_deceive_whoever_prints_it(store, tables):
    seal(store, "a.csv", HEAD + record() + record(count="\x1b[2J\u202e5"))
    (reject,) = rows(build_tables(store, tables), "rejects")
    assert reject["reason"].isprintable()
    assert "\\x1b" in reject["reason"]


def test_tables_hold_rows_and_their_profile(store, tables):
    seal(store, "a.csv", HEAD + record() + record(count="2"))
    built = build_tables(store, tables)
    assert list(built.inputs) == ["counts", "evidence", "holdings"]
    profile = {(row["table_name"], row["column_name"]): row for row in rows(built, "holdings")}
    assert (profile["counts", "value"]["minimum"], profile["counts", "value"]["maximum"]) == ("1", "2")
    assert (profile["counts", "study"]["filled"], profile["counts", "study"]["maximum"]) == (2, None)
    assert profile["evidence", "path"]["rows"] == 1


def test_what_is_kept_unread_is_listed_and_not_read(store, tables):
    seal(store, "report.pdf", b"%PDF-1.7", format="document")
    seal(store, "notes.txt", b"notes", format=None)
    found = {row["path"]: row for row in rows(build_tables(store, tables), "evidence")}
    for row in found.values():
        assert (row["format"], row["records"], row["mapped"], row["rejected"], row["is_current"]) == (
            None,
            None,
            None,
            None,
            True,
        )
    assert found["report.pdf"]["media_type"] == "application/pdf"


def test_a_store_without_items_gives_tables_without_rows(store, tables):
    built = build_tables(store, tables)
    assert built.inputs["evidence"][1] == 0
    assert open_tables(tables).digest("evidence") == built.inputs["evidence"]


def test_only_what_was_sealed_last_under_a_path_is_read(store, tables):
    old = seal(store, "a.csv", HEAD + record(study="old"))
    new = seal(store, "a.csv", HEAD + record(study="new"))
    built = build_tables(store, tables)
    assert [row["study"] for row in rows(built, "counts")] == ["new"]
    items = {row["evidence_id"]: row for row in rows(built, "evidence")}
    assert (items[old.evidence_id]["is_current"], items[old.evidence_id]["format"]) == (False, None)
    assert (items[new.evidence_id]["is_current"], items[new.evidence_id]["format"]) == (True, "label_counts")


def test_the_same_bytes_under_two_paths_count_once_with_the_facts_stated_last(store, tables):
    raw = HEAD + record(platform="")
    seal(store, "a.csv", raw, platform="x", tool="first")
    seal(store, "0.csv", raw, platform="tiktok", tool="second")
    built = build_tables(store, tables)
    assert [row["platform"] for row in rows(built, "counts")] == ["tiktok"]
    (item,) = rows(built, "evidence")
    assert (item["path"], item["platform"], item["tool"], item["records"]) == ("0.csv", "tiktok", "second", 1)


def test_members_of_an_archive_are_as_current_as_it_is(store, tables):
    def archive(*names):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as pack:
            for name in names:
                pack.writestr(zipfile.ZipInfo(name), f"content of {name}")
        return out.getvalue()

    seal(store, "export.zip", archive("old.txt", "both.txt"), format="document")
    seal(store, "export.zip", archive("new.txt", "both.txt"), format="document")
    found = rows(build_tables(store, tables), "evidence")
    assert sorted((row["path"], row["is_current"]) for row in found) == [
        ("both.txt", True), ("export.zip", False), ("export.zip", True), ("new.txt", True),
        ("old.txt", False),
    ]  # fmt: skip
    assert [row["path"] for row in found if row["parent_id"] is None] == ["export.zip", "export.zip"]


def test_rows_are_observed_when_the_item_was_acquired_if_nothing_else_is_known(store, tables):
    seal(
        store,
        "own.ndjson",
        b'{"study": "s", "kind": "count", "class": "c"}\n',
        format="table:counts",
        acquired_at_us=5,
    )
    built = build_tables(store, tables)
    assert rows(built, "counts")[0]["platform"] == "x"
    assert rows(built, "evidence")[0]["acquired_at_us"] == 5


def test_progress_is_told_of_every_item(store, tables):
    seal(store, "b.csv", HEAD + record())
    seal(store, "a.csv", HEAD + record(study="t"))
    seen = []

    def progress(items):
        for item in items:
            yield item
            seen.append(item.path)

    build_tables(store, tables, progress)
    assert seen == ["a.csv", "b.csv"]


FAULTS = [
    ("garbage", b"garbage", {}, Malformed),
    ("empty", b"", {}, Malformed),
    ("header only", HEAD, {}, Malformed),
    ("all damaged", HEAD + b"".join(DAMAGED.values()), {}, Malformed),
    ("impossible", HEAD + record(count="3"), {}, MeasureError),
    ("larger than the population", HEAD + record(population="1"), {}, MeasureError),
    ("unknown format", HEAD + record(), {"format": "label_count"}, Unrecognised),
    ("unknown platform", HEAD + record(), {"platform": "twiter"}, CaseError),
]


@pytest.mark.parametrize(
    ("raw", "facts", "error"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS]
)
def test_an_error_names_what_is_wrong_on_one_line_and_leaves_the_old_tables_untouched(
    store, tables, raw, facts, error
):
    seal(store, "good.csv", HEAD + record())
    build_tables(store, tables)
    before = content(tables)
    seal(store, "zz/bad.csv", raw, **facts)
    with pytest.raises(error) as caught:
        build_tables(store, tables)
    assert "\n" not in str(caught.value)
    assert "zz/bad.csv" in str(caught.value) or error is Unrecognised
    assert caught.value.exit_code == 2
    assert content(tables) == before
    assert sorted(path.name for path in tables.parent.iterdir() if path.name != "incoming") == [
        "evidence",
        "tables",
    ]


def test_a_first_build_that_fails_leaves_no_tables(store, tables):
    seal(store, "bad.csv", b"garbage")
    with pytest.raises(Malformed):
        build_tables(store, tables)
    assert not tables.exists()


def test_bytes_that_are_not_those_that_were_sealed_are_not_read(store, tables):
    seal(store, "good.csv", HEAD + record())
    (sealed,) = [path for path in (store.path / "objects").rglob("*") if path.is_file()]
    sealed.chmod(0o644)
    sealed.write_bytes(sealed.read_bytes().replace(b"seen", b"sEEn"))
    with pytest.raises(SealBroken):
        build_tables(store, tables)
    assert not tables.exists()


def test_a_second_build_touches_no_file(store, tables):
    seal(store, "good.csv", HEAD + record())
    build_tables(store, tables)
    os.utime(tables / "counts.parquet", (0, 0))
    build_tables(store, tables)
    assert (tables / "counts.parquet").stat().st_mtime == 0


BUILD = """
import sys
from pathlib import Path
from perito.case import load_case
from perito.workflow import seal_declared, tables_of
case = load_case(sys.argv[1])
seal_declared(case)
tables_of(case)
"""


@pytest.mark.parametrize(
    "environment",
    [
        {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "1"},
        {"TZ": "Europe/Madrid", "LC_ALL": "es_ES.UTF-8", "PYTHONHASHSEED": "2"},
    ],
    ids=lambda environment: environment["TZ"],
)
def test_two_fresh_cases_give_the_same_bytes_in_any_environment(example_case, tmp_path, environment):
    case = load_case(shutil.copytree(example_case, tmp_path / "another"))
    seal_declared(case)
    build_tables(Store(case.evidence_folder), tmp_path / "here")
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "VIRTUAL_ENV"}}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", BUILD, str(example_case)],
        env={**kept, **environment},
        capture_output=True,
        check=False,
    )
    assert done.stderr.decode() == ""
    assert content(Path(example_case) / "tables") == content(tmp_path / "here")


def test_the_example_is_read_without_a_reject(example_case, tmp_path):
    case = load_case(example_case)
    seal_declared(case)
    built = build_tables(Store(case.evidence_folder), tmp_path / "tables")
    assert {name: count for name, (_, count) in built.inputs.items() if name != "holdings"} == {
        "counts": 5 + 7 + 56 + 4, "evidence": 6, "proceedings": 19, "statement_stats": 64_959,
    }  # fmt: skip
