"""`perito match`: from a folder, a case or Parquet to hashes, matches, families and comparisons."""

import io
import json
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from perito.match import hash_image
from perito.match.scenes import edits, scene


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two pictures, two edits of the second, a blank one and a damaged file."""
    path = tmp_path_factory.mktemp("pictures")
    for number in range(2):
        Image.fromarray(scene(number)).save(path / f"p{number}.png")
    for name in ("lighter", "border of 5 %"):
        Image.fromarray(edits()[name](scene(1), np.random.default_rng(1))).save(path / f"{name[:6]}.png")
    Image.new("RGB", (64, 64), "white").save(path / "blank.png")
    (path / "damaged.jpg").write_bytes(b"\xff\xd8\xff nothing")
    return path


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    path = tmp_path_factory.mktemp("bank") / "known.csv"
    path.write_text(f"entry_id,pdq,quality,source\n7,{hash_image(scene(1)).hex},100,an example\n")
    return path


def answer(perito, *arguments):
    done = perito(*arguments, "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def names(rows):
    return {row["id"].rsplit("/", 1)[-1] for row in rows}


def test_every_file_has_a_row_and_a_damaged_one_its_reason(perito, folder):
    rows = answer(perito, "match", "hash", folder)
    assert names(rows) == {path.name for path in folder.iterdir()}
    assert [row["id"].endswith("damaged.jpg") for row in rows if row["error"]] == [True]
    assert all(len(row["sha256"]) == 64 for row in rows)


def test_a_bank_is_answered_with_provenance_and_what_is_not_comparable(perito, folder, bank):
    found = answer(perito, "match", "search", folder, "--bank", bank)
    assert {one["query_id"].rsplit("/", 1)[-1] for one in found["matches"]} == {"p1.png", "lighte.png"}
    assert {one["provenance"] for one in found["matches"]} == {"an example"}
    assert (found["searched"], found["not_comparable"], found["duty"]) == (6, 2, [])


def test_edited_copies_are_found_beside_the_bank(perito, folder, bank, tmp_path):
    known = tmp_path / "known"
    known.mkdir()
    Image.fromarray(scene(1)).save(known / "original.png")
    found = answer(perito, "match", "search", folder, "--bank", bank, "--edited", known)
    assert names(found["edited"]) == {"p1.png", "lighte.png", "border.png"}
    assert {one["state"] for one in found["edited"]} == {"verified"}
    assert names([{"id": one} for one in found["unreadable"]]) == {"damaged.jpg"}


def test_hashes_of_a_private_picture_go_to_the_bank_without_picture_or_name(perito, folder, bank, tmp_path):
    out = tmp_path / "ask.csv"
    consent = ("--consent", "in writing", "--by", "A.B.")
    done = perito("match", "hash", folder / "p1.png", "--no-store", *consent, "--out", out)
    assert done.code == 0, done.err
    assert "p1" not in out.read_text()
    record = json.loads((tmp_path / "ask.csv.consent.json").read_bytes())
    assert (record["consent"], record["by"], record["pictures_read"], record["pictures_kept"]) == (
        "in writing", "A.B.", 1, 0,
    )  # fmt: skip
    found = answer(perito, "match", "search", out, "--bank", bank)
    assert [one["distance"] for one in found["matches"]] == [0]
    assert hash_image(scene(1)).hex not in json.dumps(found)


def test_without_consent_nothing_is_written(perito, folder, tmp_path):
    done = perito("match", "hash", folder, "--no-store", "--out", tmp_path / "ask.csv")
    assert (done.code, list(tmp_path.iterdir())) == (2, [])


def test_families_name_a_representative_and_count_what_cannot_be_compared(perito, folder):
    found = answer(perito, "match", "cluster", folder)
    assert (found["pictures"], found["unreadable"], found["not_comparable"]) == (6, 1, 1)
    family = found["families"][0]
    assert {one.rsplit("/", 1)[-1] for one in family["members"]} == {"p1.png", "lighte.png"}
    assert family["representative"] in family["members"]


def test_parquet_with_bytes_gives_the_hashes_of_the_files(perito, folder, tmp_path):
    paths = sorted(folder.glob("*.png"))
    table = pa.table({"id": [str(path) for path in paths], "bytes": [path.read_bytes() for path in paths]})
    pq.write_table(table, tmp_path / "pictures.parquet")
    rows = answer(perito, "match", "hash", tmp_path / "pictures.parquet")
    from_files = {row["id"]: row for row in answer(perito, "match", "hash", folder)}
    assert {row["id"]: row for row in rows} == {row["id"]: from_files[row["id"]] for row in rows}


def test_the_sealed_pictures_of_a_case_are_hashed_by_evidence_id(perito, folder, tmp_path):
    case = tmp_path / "case"
    assert perito("new", case).code == 0
    assert perito("add", case, folder / "p0.png", folder / "p1.png", "--format", "document").code == 0
    rows = answer(perito, "match", "hash", case)
    assert sorted(row["id"] for row in rows) == sorted(f"sha256:{row['sha256']}" for row in rows)
    assert len(rows) == 2


def test_a_match_with_a_list_of_abuse_material_prompts_the_duty_and_is_logged_once(
    perito, folder, bank, tmp_path
):
    case = tmp_path / "case"
    perito("new", case)
    perito("add", case, folder / "p1.png", "--format", "document")
    arguments = ("match", "search", case, "--bank", bank, "--known-abuse")
    first, again = answer(perito, *arguments), answer(perito, *arguments)
    assert len(first["duty"]) == len(again["duty"]) == 1
    from perito.evidence import Store

    acts = [entry["act"] for entry in Store(case / "evidence").custody.entries()]
    assert acts.count("duty_prompted") == 1


def test_two_pictures_are_compared_and_the_region_is_written(perito, folder, tmp_path):
    found = answer(
        perito, "match", "compare", folder / "border.png", folder / "p1.png", "--map", tmp_path / "m.png"
    )
    assert (found["same_bytes"], found["verified"]) == (False, True)
    assert found["declared_by_one"].startswith("no declaration found")
    assert found["false_matches_in_calibration"]
    with Image.open(tmp_path / "m.png") as region:
        assert region.mode == "L"


def test_the_table_of_edits_is_made_from_a_folder_too(perito, folder):
    rows = answer(perito, "match", "robustness", folder, "--pictures", "1")
    assert {row["tried"] for row in rows} == {1}
    assert rows[-1]["edit"] == "unrelated pictures"
    ends = (0.025, 1.0) if rows[0]["found"] else (0.0, 0.975)  # of one trial, Clopper-Pearson
    assert (rows[0]["recall"]["low"], rows[0]["recall"]["high"]) == pytest.approx(ends)
    assert (rows[-1]["pairs"], rows[-1]["recall"]) == (1, None)
    assert rows[-1]["false_per_pair"]["high"] == pytest.approx(0.975)


@pytest.mark.parametrize("name", ["hashes.csv", "hashes.parquet"])
def test_hashes_that_were_written_are_searched_and_clustered_without_the_pictures(
    perito, folder, bank, tmp_path, name
):
    file = tmp_path / name
    assert perito("match", "hash", folder, "--out", file).code == 0
    found = answer(perito, "match", "search", file, "--bank", bank)
    assert names([{"id": one["query_id"]} for one in found["matches"]]) == {"p1.png", "lighte.png"}
    assert answer(perito, "match", "cluster", file) == answer(perito, "match", "cluster", folder)


def test_a_purged_picture_has_a_row_with_its_reason_and_the_others_are_hashed(perito, folder, tmp_path):
    from perito.evidence import Store

    case = tmp_path / "case"
    assert perito("new", case).code == 0
    assert perito("add", case, folder / "p0.png", folder / "p1.png", "--format", "document").code == 0
    gone = answer(perito, "match", "hash", case)[0]["id"]
    Store(case / "evidence").purge(gone, reason="an order", authority="a court", by="A.B.")
    rows = answer(perito, "match", "hash", case)
    assert [row["id"] for row in rows if row["error"]] == [gone]
    assert sum(row["pdq"] is not None for row in rows) == 1
    origins = answer(perito, "match", "origin", case)["origins"]
    assert {name: one["state"] for name, one in origins.items()}[gone] == "unreadable"


@pytest.mark.parametrize("kind", [pa.int64(), pa.string()])
def test_parquet_of_another_kind_is_refused(perito, tmp_path, kind):
    table = pa.table({"id": pa.array([1], pa.int64()).cast(kind), "bytes": ["text"]})
    pq.write_table(table, tmp_path / "p.parquet")
    assert perito("match", "hash", tmp_path / "p.parquet").code == 2


WORDS = "the quick brown fox jumps over the lazy dog"
TEXT_FILES = {
    "posts.csv": f"id,text\na,{WORDS}\nb,{WORDS}!\nc,\nd,\n",
    "posts.jsonl": f'{{"id":"a","text":"{WORDS}"}}\n\n{{"id":"b","text":"{WORDS}!"}}\n'
    '{"id":"c","text":null}\n{"id":"d","text":""}\n',
    "posts.txt": f"{WORDS}\n{WORDS}!\n\n\n",
}


@pytest.mark.parametrize("name", TEXT_FILES)
def test_texts_of_a_file_are_grouped_and_blank_ones_are_counted(perito, tmp_path, name):
    (tmp_path / name).write_text(TEXT_FILES[name])
    found = answer(perito, "match", "texts", tmp_path / name)
    assert (found["texts"], found["missing"], found["threshold"]) == (4, 2, 0.7)
    assert [len(one["members"]) for one in found["families"]] == [2]
    assert 0.9 < found["families"][0]["least_similarity_to_first"] < 1


def test_letters_that_look_alike_are_made_one_when_asked(perito, tmp_path):
    file = tmp_path / "p.txt"
    file.write_text("payment due today\np\u0430ym\u0435nt du\u0435 tod\u0430y\n")
    assert answer(perito, "match", "texts", file)["families"] == []
    assert len(answer(perito, "match", "texts", file, "--lookalikes")["families"]) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [("p.csv", "id\n1\n"), ("p.jsonl", "{"), ("p.jsonl", '{"id":1}'), ("p.jsonl", "[" * 9999),
     ("p.parquet", "PAR"), ("p.mp4", ""), ("p.txt", "\udcff")],
)  # fmt: skip
def test_a_file_of_texts_that_cannot_be_is_refused(perito, tmp_path, name, text):
    (tmp_path / name).write_text(text, errors="surrogateescape")
    done = perito("match", "texts", tmp_path / name)
    assert (done.code, done.err.count("\n")) == (2, 1)


def test_videos_are_compared_and_their_frames_written(perito, tmp_path):
    import cv2

    files = {}
    for name, seeds in (("one", (1, 2)), ("other", (2, 3))):
        files[name] = tmp_path / f"{name}.mp4"
        writer = cv2.VideoWriter(str(files[name]), cv2.VideoWriter_fourcc(*"mp4v"), 10, (640, 480))
        for seed in seeds:
            for _ in range(4):
                writer.write(scene(seed))
        writer.release()
    found = answer(perito, "match", "videos", files["one"], files["other"])
    assert (found["one"]["share"], found["other"]["share"]) == (0.5, 0.5)
    assert found["longest_run"]["frames"] == 4
    done = perito("match", "frames", files["one"], "--every", "4")
    rows = [line.split(",") for line in done.out.decode().splitlines()]
    assert [(row[0], len(row[2]), row[3]) for row in rows] == [("0", 64, "0.000"), ("4", 64, "0.400")]


def test_a_file_that_is_no_video_is_refused_in_one_line(perito, folder):
    done = perito("match", "videos", folder / "damaged.jpg", folder / "damaged.jpg")
    assert (done.code, done.err.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    "arguments",
    [
        ("hash", "nowhere"),
        ("cluster", "nowhere"),
        ("compare", "nowhere", "nowhere"),
        ("search", "nowhere", "--bank", "nowhere.csv"),
        ("hash", "nowhere", "--workers", "0"),
        ("cluster", "nowhere", "--radius", "48"),
        ("origin", "nowhere"),
        ("texts", "nowhere.csv"),
        ("videos", "nowhere.mp4", "nowhere.mp4"),
        ("frames", "nowhere.mp4"),
        ("hash", "nowhere.parquet", "--master", "local[1]"),
    ],
)
def test_what_is_not_there_or_cannot_be_is_refused_in_one_line(perito, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = perito("match", *arguments)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text", ["id,pdq\n", "id,pdq,pdq_quality\na,zz,100\n", "id,pdq,pdq_quality\na,,x\n", ""]
)
def test_a_file_of_hashes_that_cannot_be_is_refused(perito, bank, tmp_path, text):
    file = tmp_path / "ask.csv"
    file.write_text(text)
    assert perito("match", "search", file, "--bank", bank).code == 2


def test_who_declares_is_named_in_words_and_nothing_is_left_to_be_filled_in(perito, tmp_path):
    declared = b"ai picture\nSteps: 20, Sampler: x, Model: y, Version: generator 1"
    body = b"tEXt" + b"parameters\0" + declared
    chunk = len(body[4:]).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    file = io.BytesIO()
    Image.new("RGB", (9, 9)).save(file, "PNG")
    (tmp_path / "a.png").write_bytes(file.getvalue()[:33] + chunk + file.getvalue()[33:])
    said = perito("match", "origin", tmp_path / "a.png").out.decode()
    compared = answer(perito, "match", "compare", tmp_path / "a.png", tmp_path / "a.png")["declared_by_one"]
    assert "present by «" in said
    assert "{" not in said + compared
