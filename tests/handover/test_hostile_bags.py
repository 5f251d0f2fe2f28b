"""Bags of a case that somebody changed on the way: refused for the first fault, and nothing is kept."""

import hashlib
import shutil

import orjson
import pytest
import rfc8785

from conftest import small_case
from perito.errors import CaseError, EvidenceError, Malformed, Missing, PeritoError, SealBroken
from perito.evidence import Limits, Store
from perito.evidence.keys import SigningKey
from perito.evidence.log import Log
from perito.files import files_below
from perito.handover import Reception, Terms, export_case, import_bag

COVER = "data/handover.json"


def seal_again(bag):
    """Makes manifests and tag manifests anew, as somebody does who changed the bag and knows BagIt."""
    payload = [path for path in files_below(bag) if path.startswith("data/")]
    octets = sum((bag / path).stat().st_size for path in payload)
    info = [line for line in (bag / "bag-info.txt").read_text().splitlines() if "Oxum" not in line]
    (bag / "bag-info.txt").write_text("\n".join([*info, f"Payload-Oxum: {octets}.{len(payload)}", ""]))
    for algorithm in ("sha256", "sha512"):
        write_manifest(bag, f"manifest-{algorithm}.txt", algorithm, payload)
    tags = ["bag-info.txt", "bagit.txt", "manifest-sha256.txt", "manifest-sha512.txt"]
    for algorithm in ("sha256", "sha512"):
        write_manifest(bag, f"tagmanifest-{algorithm}.txt", algorithm, tags)


def write_manifest(bag, name, algorithm, paths):
    lines = [f"{hashlib.new(algorithm, (bag / path).read_bytes()).hexdigest()}  {path}\n" for path in paths]
    (bag / name).write_text("".join(lines))


@pytest.fixture
def bag(case, keys, tmp_path):
    """A sound bag of a small case, endorsed to the second key."""
    export_case(case, tmp_path / "bag", Terms(by="A", to="B", next_key=keys[1].verifier), signers=keys[:1])
    return tmp_path / "bag"


@pytest.fixture
def redacted(case, keys, tmp_path):
    """A sound redacted bag of the same case."""
    terms = Terms(by="A", to="B", is_redacted=True, without=("witness.csv",), reason="names of witnesses")
    export_case(case, tmp_path / "redacted", terms, signers=keys[:1])
    return tmp_path / "redacted"


def refused(bag, keys, kind=SealBroken, **known) -> PeritoError:
    folder = bag.parent / "taken"
    with pytest.raises(kind) as caught:
        import_bag(bag, folder, Reception("B", trusted=(keys[0].verifier,), **known))
    assert not folder.exists()
    assert not [path for path in bag.parent.iterdir() if path.name.startswith(".perito-")]
    return caught.value


def edit_cover(bag, **changes):
    cover = orjson.loads((bag / COVER).read_bytes())
    (bag / COVER).write_bytes(rfc8785.dumps({**cover, **changes}))
    seal_again(bag)


def object_in(bag):
    return next(path for path in sorted((bag / "data/evidence/objects").rglob("*")) if path.is_file())


# --- transport: what BagIt itself shows ------------------------------------------------------------------


def test_a_changed_byte_in_any_file_of_a_bag_is_refused(bag, keys):
    for name in files_below(bag):
        copy = bag.parent / "copy"
        shutil.copytree(bag, copy)
        data = bytearray((copy / name).read_bytes())
        data[len(data) // 2] ^= 1
        (copy / name).write_bytes(bytes(data))
        assert refused(copy, keys, PeritoError).where
        shutil.rmtree(copy)


def test_a_file_that_is_gone_or_added_is_refused(bag, keys):
    for name in files_below(bag):
        copy = bag.parent / "copy"
        shutil.copytree(bag, copy)
        (copy / name).unlink()
        if not name.startswith("tagmanifest-sha512"):
            refused(copy, keys, PeritoError)
        shutil.rmtree(copy)
    (bag / "data/extra.txt").write_bytes(b"x")
    assert refused(bag, keys).where == "data/extra.txt"


def test_parts_to_be_fetched_are_refused_though_everything_is_there(bag, keys):
    (bag / "fetch.txt").write_text("http://127.0.0.1:9/x - data/case.toml\n")
    assert refused(bag, keys).where == "fetch.txt"


def test_a_link_in_the_place_of_an_object_is_refused(bag, keys, tmp_path):
    target = object_in(bag)
    shutil.copy(target, tmp_path / "elsewhere")
    target.unlink()
    target.symlink_to(tmp_path / "elsewhere")
    assert refused(bag, keys).where == target.relative_to(bag).as_posix()


def test_a_bag_without_room_for_it_is_refused_before_it_is_copied(bag, keys, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=10)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    refused(bag, keys, EvidenceError)


# --- a sealed bag of wrong things: what BagIt does not show -----------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "evidence/index.sqlite",
        "evidence/log/lock",
        "evidence/incoming-1/x",
        "evidence/objects/ab/short",
        "people.toml",
        "tables/posts.parquet",
        ".hidden",
        "CASE.TOML",
        "evidence/log/tile/../../x".replace("..", "up"),
    ],
)
def test_a_file_for_which_there_is_no_place_is_refused(bag, keys, path):
    target = bag / "data" / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(b"x")
    seal_again(bag)
    assert refused(bag, keys).where in {
        f"data/{path}",
        f"evidence/log/{path.removeprefix('evidence/log/')}",
        path.removeprefix("evidence/log/"),
    }


def test_a_changed_object_is_refused_under_new_manifests(bag, keys):
    path = object_in(bag)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    seal_again(bag)
    assert refused(bag, keys).where == path.relative_to(bag).as_posix()


def test_an_object_that_is_gone_is_refused_under_new_manifests(bag, keys):
    path = object_in(bag)
    path.unlink()
    seal_again(bag)
    assert path.name in refused(bag, keys).where


def test_an_object_that_the_log_does_not_know_is_refused(bag, keys):
    digest = hashlib.sha256(b"planted").hexdigest()
    target = bag / "data/evidence/objects" / digest[:2] / digest[2:]
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(b"planted")
    seal_again(bag)
    assert digest in refused(bag, keys).where


def test_a_bag_of_something_else_is_said_to_be_one(tmp_path, keys):
    from bags import hand_made_bag

    refused(hand_made_bag(tmp_path / "bag"), keys, Malformed)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"format": "other"},
        {"kind": "partial"},
        {"log_size": -1},
        {"log_size": "9"},
        {"items": True},
        {"withheld": [{"index": 0}]},
        {"extra": 1},
        {"withheld": ["x"]},
        {"withheld": [{"index": 0, "leaf": "x", "reason": "y", "evidence_id": "../../x"}]},
    ],
)
def test_a_cover_that_is_none_is_refused(bag, keys, changes):
    edit_cover(bag, **changes)
    refused(bag, keys, Malformed)


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": "Z"},
        {"receiver": "Z"},
        {"at_us": 1},
        {"entry": 0},
        {"entry": 99},
        {"items": 99},
        {"case_id": "other"},
        {"log_size": 3},
        {"root": "00" * 32},
        {"is_signed": False},
    ],
)
def test_a_cover_that_says_otherwise_than_the_log_is_refused(bag, keys, changes):
    edit_cover(bag, **changes)
    refused(bag, keys)


def test_a_case_file_of_another_case_is_refused(bag, keys):
    file = bag / "data/case.toml"
    file.write_text(file.read_text().replace('id = "harbour"', 'id = "other"'))
    seal_again(bag)
    assert refused(bag, keys).where == "case.toml"


def test_a_case_file_that_is_none_is_refused(bag, keys):
    (bag / "data/case.toml").write_text("[case\n")
    seal_again(bag)
    refused(bag, keys, CaseError)


@pytest.mark.parametrize("path", ["../../outside.csv", "a/../../outside.csv"])
def test_a_case_file_that_reaches_for_files_of_the_receiver_is_refused(bag, keys, path):
    file = bag / "data/case.toml"
    file.write_text(file.read_text().replace('"letters.csv"', f'"{path}"'))
    seal_again(bag)
    assert path in refused(bag, keys).where


@pytest.mark.parametrize("path", ["evidence/log/checkpoint", "evidence/log/head", "case.toml"])
def test_a_file_that_is_larger_than_it_can_be_is_refused_before_it_is_read(bag, keys, path):
    with (bag / "data" / path).open("r+b") as file:
        file.truncate(1 << 25)
    seal_again(bag)
    assert refused(bag, keys).where == f"data/{path}"


# --- the log -----------------------------------------------------------------------------------------------


def test_every_file_of_the_log_cut_short_or_gone_is_refused(bag, keys):
    for path in sorted((bag / "data/evidence/log").rglob("*")):
        if not path.is_file() or path.name == "log.vkey":
            continue
        data = path.read_bytes()
        # Without partial tiles of an earlier checkpoint, or a head beside the checkpoint, a log is complete.
        is_needed = path.name in {"checkpoint", str(log_size(bag))}
        for changed in (data[:-1], None) if is_needed else (data[:-1],):
            path.unlink()
            if changed is not None:
                path.write_bytes(changed)
            seal_again(bag)
            refused(bag, keys, PeritoError)
            path.write_bytes(data)


def test_the_checkpoint_of_another_log_is_refused(bag, keys, tmp_path):
    other = Log(tmp_path / "other", [SigningKey(keys[0].name, keys[0].private)])
    for number in range(log_size(bag)):
        other.append({"act": "opened", "at_us": number})
    (bag / "data/evidence/log/checkpoint").write_bytes(other.signed_note().data)
    seal_again(bag)
    refused(bag, keys)


def log_size(bag):
    return orjson.loads((bag / COVER).read_bytes())["log_size"]


def test_an_older_checkpoint_of_the_same_log_is_refused(case, keys, tmp_path):
    older = Store(case / "evidence").custody.log.signed_note()
    export_case(case, tmp_path / "bag", Terms(by="A", to="B"), signers=keys[:1])
    (tmp_path / "bag/data/evidence/log/checkpoint").write_bytes(older.data)
    seal_again(tmp_path / "bag")
    refused(tmp_path / "bag", keys)


def test_a_checkpoint_without_a_signature_is_refused(bag, keys):
    (bag / "data/evidence/log/checkpoint").unlink()
    edit_cover(bag, is_signed=False)
    assert refused(bag, keys).where == "checkpoint"


def test_entries_beyond_the_checkpoint_are_refused(bag, keys):
    Log(bag / "data/evidence/log").append({"act": "received", "at_us": 0, "by": "nobody"})
    for name in ("lock", "incoming"):
        path = bag / "data/evidence/log" / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    seal_again(bag)
    refused(bag, keys)


def test_a_bag_that_is_older_than_what_the_receiver_knows_is_refused(case, keys, tmp_path):
    export_case(case, tmp_path / "bag", Terms(by="A", to="B"), signers=keys[:1])
    store = Store(case / "evidence", signers=keys[:1])
    (tmp_path / "late.csv").write_text("late")
    store.add(tmp_path / "late.csv")
    assert "older" in str(refused(tmp_path / "bag", keys, known=store.custody.log.signed_note()))


def test_another_history_than_the_receiver_knows_is_refused(keys, tmp_path):
    one, two = (small_case(tmp_path / name, keys[:1]) for name in ("one", "two"))
    Store(two / "evidence", signers=keys[:1]).custody.record("opened", by="x")
    export_case(two, tmp_path / "bag", Terms(by="A", to="B"), signers=keys[:1])
    known = Store(one / "evidence").custody.log.signed_note()
    assert "history" in str(refused(tmp_path / "bag", keys, known=known))


def test_a_known_checkpoint_that_a_stranger_signed_is_no_yardstick(bag, case, keys):
    note = Store(case / "evidence").custody.log.signed_note()
    forged = type(note)(note.text).signed_by(keys[2])
    refused(bag, keys, known=forged)


def test_a_proof_of_another_exhibit_is_refused(bag, keys):
    one, two = sorted((bag / "data/proofs").glob("*/*.tlog-proof"))[:2]
    data = one.read_bytes()
    one.write_bytes(two.read_bytes())
    seal_again(bag)
    assert one.name in refused(bag, keys).where
    one.write_bytes(data)
    one.with_suffix(".json").write_bytes(two.with_suffix(".json").read_bytes())
    seal_again(bag)
    assert one.name in refused(bag, keys).where


def test_a_proof_that_leads_to_another_checkpoint_is_refused(case, keys, tmp_path):
    older = Store(case / "evidence").custody.proof(0)
    export_case(case, tmp_path / "bag", Terms(by="A", to="B"), signers=keys[:1])
    path = next((tmp_path / "bag/data/proofs").glob("*/0.tlog-proof"))
    path.write_bytes(older.data)
    seal_again(tmp_path / "bag")
    assert path.name in refused(tmp_path / "bag", keys).where


def test_a_known_checkpoint_of_another_log_is_refused(bag, keys, tmp_path):
    other = Log(tmp_path / "other", [SigningKey.new("elsewhere.example/x")])
    other.append({"act": "opened", "at_us": 0})
    refused(bag, keys, known=other.signed_note())


# --- entries that are well sealed and make no sense ----------------------------------------------

ITEM = "sha256:" + "a" * 64
RECORD = {"bytes": 1, "evidence_id": ITEM, "path": "x", "recorded_at_us": 0}
ARCHIVE = {"kind": "zip", "members": 0, "refused": 0, "contents_digest": "x"}


@pytest.mark.parametrize(
    "entry",
    [
        {"act": 7, "at_us": 0},
        {"act": "opened"},
        {"act": "opened", "at_us": 1.5},
        {"act": "opened", "at_us": 0, "items": "sha256"},
        {"act": "opened", "at_us": 0, "items": ["../../x"]},
        {"act": "opened", "at_us": 0, "by": ["x"]},
        {"act": "acquired", "at_us": 0},
        {"aaa": 0, "act": "acquired", "at_us": 0, "items": [ITEM], "record": RECORD},
        {"act": "acquired", "at_us": 0, "items": [ITEM], "record": {}},
        {"act": "acquired", "at_us": 0, "items": [ITEM, ITEM], "record": RECORD},
        {"act": "acquired", "at_us": 0, "items": [ITEM], "record": {**RECORD, "path": 7}},
        {"act": "acquired", "at_us": 0, "items": [ITEM], "record": {**RECORD, "bytes": -1}},
        {"act": "acquired", "at_us": 0, "items": [ITEM], "record": {**RECORD, "unknown": "x"}},
        {"act": "acquired", "at_us": 0, "items": [ITEM], "record": {**RECORD, "acquired_at_us": "x"}},
        {"act": "acquired", "at_us": 0, "items": [ITEM], "record": {**RECORD, "archive": ARCHIVE}},
        {
            "act": "acquired",
            "at_us": 0,
            "items": [ITEM],
            "record": {**RECORD, "archive": {**ARCHIVE, "limits": {"ratio": 10**9}}},
        },
        {"act": "acquired", "at_us": 0, "items": [ITEM], "record": {**RECORD, "archive": 7}},
        {
            "act": "acquired",
            "at_us": 0,
            "items": [ITEM],
            "record": {**RECORD, "archive": {**ARCHIVE, "limits": {**Limits().to_json(), "ratio": 10**9}}},
        },
        {"act": "purged", "at_us": 0},
    ],
)
def test_an_entry_from_which_nothing_sensible_follows_is_refused_though_it_is_signed(tmp_path, keys, entry):
    case = small_case(tmp_path / "case", keys[:1])
    export_case(case, tmp_path / "bag", Terms(by="A", to="B"), signers=keys[:1])
    bag, log = tmp_path / "bag", tmp_path / "bag/data/evidence/log"
    Log(log, keys[:1]).append(entry)
    for name in ("lock", "incoming"):
        shutil.rmtree(log / name) if (log / name).is_dir() else (log / name).unlink()
    now = Log(log)
    shutil.rmtree(bag / "data/proofs")
    edit_cover(bag, log_size=now.size, root=now.root().hex())
    assert refused(bag, keys).where == f"log entry {now.size - 1}"


# --- redacted copies ---------------------------------------------------------------------------------


def test_a_changed_line_of_an_open_log_is_refused(redacted, keys):
    file = redacted / "data/log/entries.ndjson"
    lines = file.read_bytes().splitlines(keepends=True)
    swapped = [lines[1], lines[0], *lines[2:]]
    changed = [lines[0].replace(b"A. Nalyst", b"B. Nalyst"), *lines[1:]]
    other_leaf = [b'{"index":0,"leaf":"%s"}\n' % (b"0" * 64), *lines[1:]]
    endless = [b'{"entry":"' + b"x" * 200_000 + b'","index":0}\n', *lines[1:]]
    garbage = [b"[" * 100_000 + b"\n", *lines[1:]]
    for harm in (
        lines[:-1],
        swapped,
        changed,
        other_leaf,
        garbage,
        endless,
        [*lines, lines[-1]],
        [b"\n", *lines],
    ):
        file.write_bytes(b"".join(harm))
        seal_again(redacted)
        refused(redacted, keys, PeritoError)


@pytest.mark.parametrize("changes", [{"withheld": []}, {"is_signed": False}, {"sender": "Z"}, {"entry": 1}])
def test_the_cover_of_a_redacted_copy_is_held_against_its_log(redacted, keys, changes):
    cover = orjson.loads((redacted / COVER).read_bytes())
    if "withheld" in changes:
        changes = {"withheld": [{**cover["withheld"][0], "leaf": "0" * 64}]}
    edit_cover(redacted, **changes)
    refused(redacted, keys)


def test_an_item_that_the_shown_entries_do_not_name_is_refused(redacted, case, keys):
    item = Store(case / "evidence").find("witness.csv").evidence_id.removeprefix("sha256:")
    target = redacted / "data/evidence/objects" / item[:2] / item[2:]
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(b"id,name\n1,J. Doe\n")
    seal_again(redacted)
    assert item in refused(redacted, keys).where


def test_a_shown_item_that_is_not_in_the_bag_is_refused(redacted, keys):
    path = object_in(redacted)
    path.unlink()
    seal_again(redacted)
    assert path.name in refused(redacted, keys).where


def test_a_proof_of_a_redacted_copy_that_leads_elsewhere_is_refused(redacted, keys):
    for path in sorted((redacted / "data/proofs").rglob("*.tlog-proof")):
        data = path.read_bytes()
        lines = data.splitlines(keepends=True)
        path.write_bytes(b"".join([*lines[:2], lines[3], lines[2], *lines[4:]]))
        seal_again(redacted)
        refused(redacted, keys, PeritoError)
        path.write_bytes(data)


def test_a_missing_bag_is_said_to_be_missing(tmp_path, keys):
    with pytest.raises(Missing):
        import_bag(tmp_path / "none", tmp_path / "b", Reception("B"))


def test_what_lies_in_the_place_of_the_case_stays(bag, tmp_path):
    (tmp_path / "b").mkdir()
    with pytest.raises(CaseError):
        import_bag(bag, tmp_path / "b", Reception("B"))
    assert list((tmp_path / "b").iterdir()) == []
