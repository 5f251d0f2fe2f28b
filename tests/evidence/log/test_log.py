from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perito.errors import CaseError, EvidenceError, Malformed, Missing, SealBroken
from perito.evidence.keys import KeyKind, SigningKey, key_in_force, rotation_record
from perito.evidence.log import (
    EMPTY_ROOT,
    Checkpoint,
    Log,
    Note,
    leaf_hash,
    tree,
    verify_consistency,
    verify_inclusion,
)

pytestmark = pytest.mark.usefixtures("quick")


def entries(count, start=0):
    return [b'{"n":%d}' % n for n in range(start, start + count)]


def root_over(data):
    return tree.root_of(tree.leaf_hashes(data))


def files_of(log):
    return sorted(path.relative_to(log.path).as_posix() for path in log.path.rglob("*") if path.is_file())


@pytest.fixture
def unsigned(tmp_path):
    return Log(tmp_path / "log")


# --- appending and reading -------------------------------------------------------------------------------


def test_a_log_without_entries_creates_nothing(unsigned):
    assert (unsigned.size, unsigned.root(), list(unsigned)) == (0, EMPTY_ROOT, [])
    assert unsigned.append_many([]) == range(0)
    assert unsigned.check().ok
    assert unsigned.checkpoint() is None
    assert unsigned.keys() == ()
    assert not unsigned.path.exists()


def test_entries_get_indexes_from_zero_in_the_order_of_appending(unsigned):
    assert unsigned.append({"b": 1, "a": 2}) == 0
    assert unsigned.append_many([b'{"n":1}', {"n": 2}]) == range(1, 3)
    assert list(unsigned) == [b'{"a":2,"b":1}', b'{"n":1}', b'{"n":2}']
    assert [unsigned.entry(i) for i in range(3)] == list(unsigned)
    assert unsigned.root() == root_over(list(unsigned))


def test_a_refused_record_leaves_the_log_as_it_was(unsigned):
    unsigned.append({"n": 0})
    before = {path: (unsigned.path / path).read_bytes() for path in files_of(unsigned)}
    for wrong in ({"a": 2**53}, b"{ }", {"a": "x" * 65_535}):
        with pytest.raises(CaseError):
            unsigned.append_many([{"n": 1}, wrong])
    assert {path: (unsigned.path / path).read_bytes() for path in files_of(unsigned)} == before


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 513, 70_000])
def test_roots_proofs_and_entries_are_right_at_every_kind_of_size(unsigned, size):
    data = entries(size)
    unsigned.append_many(data)
    assert unsigned.size == size
    assert unsigned.root() == root_over(data)
    fresh = Log(unsigned.path)
    assert fresh.root() == unsigned.root()
    for n in {1, size // 3 or 1, size // 2 or 1, size - 1 or 1, size}:
        root = root_over(data[:n])
        assert fresh.root(n) == root
        assert verify_consistency(n, size, root, fresh.root(), fresh.consistency(n, size))
        for i in {0, n // 2, n - 1}:
            assert fresh.entry(i) == data[i]
            assert verify_inclusion(data[i], i, n, fresh.inclusion(i, n), root)
    assert list(fresh) == data
    assert fresh.check().ok


@settings(max_examples=25)
@given(st.lists(st.integers(1, 300), min_size=1, max_size=6), st.randoms())
def test_it_does_not_matter_how_the_entries_are_divided_into_appends(tmp_path_factory, counts, random):
    folder = tmp_path_factory.mktemp("log")
    total, log = sum(counts), Log(folder)
    done = 0
    for count in counts:
        log = random.choice([log, Log(folder)])
        assert log.append_many(entries(count, done)) == range(done, done + count)
        done += count
    assert log.root() == root_over(entries(total))
    assert list(Log(folder)) == entries(total)
    assert Log(folder).check().ok
    m = random.randrange(total + 1)
    assert verify_consistency(m, total, log.root(m), log.root(), log.consistency(m))


def test_every_proof_of_a_log_that_grew_one_by_one_holds(unsigned):
    roots = [EMPTY_ROOT]
    for data in entries(40):
        unsigned.append(data)
        roots.append(unsigned.root())
    for n in range(41):
        assert unsigned.root(n) == roots[n] == root_over(entries(n))
        for m in range(n + 1):
            assert verify_consistency(m, n, roots[m], roots[n], unsigned.consistency(m, n))
        for i in range(n):
            assert verify_inclusion(unsigned.entry(i), i, n, unsigned.inclusion(i, n), roots[n])


def test_an_object_sees_what_another_has_appended(unsigned):
    other = Log(unsigned.path)
    unsigned.append({"n": 0})
    assert other.size == 1
    other.append_many(entries(600, 1))
    assert unsigned.size == 601
    assert unsigned.append({"n": 601}) == 601
    assert list(other) == entries(602)


@pytest.mark.parametrize("wrong", [-1, 3, 10**30, None, "0", 1.0, True], ids=repr)
def test_what_is_not_in_the_log_is_missing(unsigned, wrong):
    unsigned.append_many(entries(3))
    calls = [unsigned.entry, unsigned.inclusion, lambda i: unsigned.inclusion(i, 3)]
    calls += (
        [lambda n: unsigned.inclusion(0, n + 1), lambda n: unsigned.root(n + 1)] if wrong in (3, -2) else []
    )
    for call in calls:
        with pytest.raises(Missing):
            call(wrong)


def test_a_state_that_the_log_never_had_is_missing(unsigned):
    unsigned.append_many(entries(3))
    for call in (
        lambda: unsigned.root(4),
        lambda: unsigned.root(-1),
        lambda: unsigned.inclusion(0, 4),
        lambda: unsigned.inclusion(2, 2),
        lambda: unsigned.consistency(4),
        lambda: unsigned.consistency(3, 2),
        lambda: unsigned.consistency(-1, 2),
        lambda: Log(unsigned.path / "none").entry(0),
    ):
        with pytest.raises(Missing):
            call()


# --- files -----------------------------------------------------------------------------------------------


def test_the_files_are_those_of_the_specification(unsigned):
    unsigned.append_many(entries(600))
    assert [name for name in files_of(unsigned) if name.startswith("tile/")] == [
        "tile/0/000",
        "tile/0/001",
        "tile/0/002.p/88",
        "tile/1/000.p/2",
        "tile/entries/000",
        "tile/entries/001",
        "tile/entries/002.p/88",
    ]
    bundle = (unsigned.path / "tile/entries/000").read_bytes()
    assert bundle[:20] == b'\x00\x07{"n":0}\x00\x07{"n":1}\x00\x07'
    hashes = (unsigned.path / "tile/0/000").read_bytes()
    assert hashes == b"".join(leaf_hash(data) for data in entries(256))
    above = (unsigned.path / "tile/1/000.p/2").read_bytes()
    assert above == root_over(entries(256)) + root_over(entries(256, 256))


def test_files_are_read_only(unsigned):
    unsigned.append_many(entries(300))
    for name in files_of(unsigned):
        if name.startswith("tile/"):
            assert (unsigned.path / name).stat().st_mode & 0o222 == 0


def test_partial_files_that_no_checkpoint_needs_are_taken_away(unsigned):
    for data in entries(20):
        unsigned.append(data)
    assert files_of(unsigned) == ["head", "lock", "tile/0/000.p/20", "tile/entries/000.p/20"]


def test_partial_files_of_a_checkpoint_stay_until_the_tile_is_full(log):
    log.append_many(entries(3))
    log.append_many(entries(2, 3))
    Log(log.path).append_many(entries(2, 5))  # without a signature
    Log(log.path).append_many(entries(2, 7))
    tiles = [name for name in files_of(log) if name.startswith("tile/0")]
    assert tiles == ["tile/0/000.p/3", "tile/0/000.p/5", "tile/0/000.p/9"]
    log.append_many(entries(300, 9))
    tiles = [name for name in files_of(log) if name.startswith("tile/")]
    assert tiles == [
        "tile/0/000",
        "tile/0/001.p/53",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/53",
    ]
    assert log.check().ok


def test_a_log_is_read_where_nothing_can_be_written(log, case_key):
    log.append_many(entries(300))
    for path in (log.path, *log.path.rglob("*")):
        path.chmod(path.stat().st_mode & 0o555)
    before = {path: path.stat().st_mtime_ns for path in (log.path, *log.path.rglob("*"))}
    reader = Log(log.path)
    assert list(reader) == entries(300)
    assert reader.proof(7).verify(b'{"n":7}', [case_key.verifier])
    assert reader.check().ok
    assert {path: path.stat().st_mtime_ns for path in (log.path, *log.path.rglob("*"))} == before
    for path in (log.path, *log.path.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)


def test_a_copy_with_nothing_but_tiles_and_checkpoint_is_a_log(log, tmp_path):
    log.append_many(entries(300))
    copy = tmp_path / "copy"
    for name in files_of(log):
        if name.startswith("tile/") or name == "checkpoint":
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((log.path / name).read_bytes())
    found = Log(copy)
    assert list(found) == entries(300)
    assert found.root() == log.root()
    assert found.check(log.keys()).ok
    assert found.append({"n": 300}) == 300
    assert Log(copy).root() == root_over(entries(301))


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("a file")
    with pytest.raises(EvidenceError):
        Log(tmp_path / "file" / "log").append({})


def test_a_file_that_cannot_be_read_is_an_error(unsigned):
    unsigned.append_many(entries(300))
    (unsigned.path / "tile/entries/000").unlink()
    (unsigned.path / "tile/entries/000").mkdir()
    with pytest.raises(EvidenceError):
        Log(unsigned.path).entry(0)
    assert [one.kind for one in unsigned.check().problems] == ["unreadable"]


def test_what_cannot_be_opened_is_an_error(unsigned):
    unsigned.append_many(entries(3))
    for name in ("head", "lock"):
        (unsigned.path / name).rename(unsigned.path / "kept")
        (unsigned.path / name).symlink_to(unsigned.path / name)
        with pytest.raises(EvidenceError):
            Log(unsigned.path).root()
        with pytest.raises(EvidenceError):
            Log(unsigned.path).append({})
        (unsigned.path / name).unlink()
        (unsigned.path / "kept").rename(unsigned.path / name)
    assert unsigned.check().ok


# --- damage ----------------------------------------------------------------------------------------------


def damage(log, name, place=0):
    path = log.path / name
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(data))


def test_a_damaged_entry_is_never_handed_out(unsigned):
    unsigned.append_many(entries(300))
    damage(unsigned, "tile/entries/000", 5)
    log = Log(unsigned.path)
    with pytest.raises(SealBroken, match="entry 0"):
        log.entry(0)
    with pytest.raises(SealBroken):
        log.entry(200)
    assert log.entry(299) == b'{"n":299}'


@pytest.mark.parametrize("name", ["tile/0/000", "tile/0/000.p/44", "tile/1/000.p/1", "head"])
def test_a_damaged_tile_gives_no_proof_and_takes_no_entry(unsigned, name):
    unsigned.append_many(entries(300) if name != "tile/0/000.p/44" else entries(44))
    damage(unsigned, name, 4)
    log = Log(unsigned.path)
    with pytest.raises(SealBroken):
        log.inclusion(3)
    if name != "tile/0/000":  # a full tile is not read for an append
        with pytest.raises(SealBroken):
            log.append({})


@pytest.mark.parametrize("name", ["tile/0/000", "tile/0/001.p/44", "tile/entries/001.p/44", "head"])
def test_a_file_that_was_cut_short_is_named(unsigned, name):
    unsigned.append_many(entries(300))
    (unsigned.path / name).chmod(0o644)
    (unsigned.path / name).write_bytes((unsigned.path / name).read_bytes()[:-1])
    with pytest.raises(SealBroken, match=name.replace(".", r"\.")):
        Log(unsigned.path).inclusion(3)
    assert any(problem.where == name for problem in unsigned.check().problems)


@pytest.mark.parametrize("name", ["tile/0/000", "tile/0/001.p/44", "tile/entries/001.p/44", "head"])
def test_a_file_that_is_gone_is_named(unsigned, name):
    unsigned.append_many(entries(300))
    (unsigned.path / name).unlink()
    with pytest.raises(SealBroken, match=name.replace(".", r"\.")):
        Log(unsigned.path).inclusion(3)


def test_a_log_that_was_set_back_is_not_continued(log, tmp_path):
    log.append_many(entries(3))
    old_head = (log.path / "head").read_bytes()
    log.append_many(entries(3, 3))
    (log.path / "head").chmod(0o644)
    (log.path / "head").write_bytes(old_head)
    for act in (lambda: Log(log.path).append({}), lambda: Log(log.path).sign(SigningKey.new("x"))):
        with pytest.raises(SealBroken):
            act()
    assert (log.path / "tile/entries/000.p/6").exists()


def test_a_rewritten_log_is_not_continued(log, case_key):
    log.append_many(entries(3))
    checkpoint = (log.path / "checkpoint").read_bytes()
    other = Log(log.path.parent / "other")
    other.append_many(entries(5, 1))
    for name in files_of(other):
        if name != "lock":
            (log.path / name).unlink(missing_ok=True)
            (log.path / name).write_bytes((other.path / name).read_bytes())
    assert (log.path / "checkpoint").read_bytes() == checkpoint
    for act in (lambda: Log(log.path).append({}), lambda: Log(log.path).proof(0)):
        with pytest.raises(SealBroken):
            act()
    assert "checkpoint" in [one.kind for one in log.check().problems]


# --- signing ---------------------------------------------------------------------------------------------


def test_every_append_with_a_key_signs_the_new_head(log, case_key):
    for size, data in enumerate(entries(4), start=1):
        log.append(data)
        note = log.signed_note()
        assert note.signers([case_key.verifier])
        assert Checkpoint.parse(note.text) == Checkpoint(case_key.name, size, log.root())
    assert (log.path / "checkpoint").read_bytes() == note.data
    assert log.keys() == (case_key.verifier,)


def test_a_log_can_be_signed_after_it_has_grown(unsigned, case_key):
    unsigned.append_many(entries(3))
    assert unsigned.checkpoint() is None
    unsigned.sign(case_key)
    unsigned.append_many(entries(3, 3))
    assert unsigned.checkpoint().size == 3
    assert unsigned.check().ok
    unsigned.sign(case_key)
    assert unsigned.checkpoint() == Checkpoint(case_key.name, 6, unsigned.root())


def test_an_empty_log_can_be_signed(unsigned, case_key):
    unsigned.sign(case_key)
    assert unsigned.checkpoint() == Checkpoint(case_key.name, 0, EMPTY_ROOT)
    assert unsigned.check().ok
    unsigned.append({"n": 0})
    assert unsigned.check([case_key.verifier]).ok


def test_a_witness_adds_its_signature_to_the_checkpoint(log, case_key, witness_key):
    log.append_many(entries(3))
    note = log.sign(witness_key, at_us=1_767_913_200_000_000)
    assert note == log.signed_note()
    assert note.signers([case_key.verifier, witness_key.verifier]) == (
        case_key.verifier,
        witness_key.verifier,
    )
    assert log.keys() == (case_key.verifier, witness_key.verifier)
    assert log.check().ok
    assert log.check([case_key.verifier, witness_key.verifier]).ok


def test_a_witness_elsewhere_signs_the_file_and_gives_it_back(log, case_key, witness_key):
    log.append_many(entries(3))
    carried = (log.path / "checkpoint").read_bytes()
    back = Note.parse(carried).signed_by(witness_key, 1_000_000).signed_by(SigningKey.new("stranger")).data
    note = log.add_signatures(back, witness_key.verifier)
    assert [one.name for one in note.signatures] == [case_key.name, witness_key.name]
    assert log.signed_note() == note
    assert log.check().ok


def test_signatures_that_do_not_fit_are_refused(log, tmp_path, case_key, witness_key):
    log.append_many(entries(3))
    old = log.signed_note()
    witnessed = old.signed_by(witness_key, 1_000_000)
    bad = Note(old.text, (*old.signatures, *Note("other\n").signed_by(witness_key, 1).signatures))
    for data, error in ((b"", Malformed), (bad.data, SealBroken), (old.data, CaseError)):
        with pytest.raises(error):
            log.add_signatures(data, witness_key.verifier)
    log.append({"n": 3})
    with pytest.raises(CaseError):
        log.add_signatures(witnessed.data, witness_key.verifier)
    with pytest.raises(CaseError):
        Log(tmp_path / "unsigned").add_signatures(witnessed.data, witness_key.verifier)
    assert log.signed_note().signers([witness_key.verifier]) == ()


def test_only_a_key_with_the_name_of_the_log_signs_a_new_head(log, case_key, witness_key):
    log.append_many(entries(3))
    other = SigningKey.new("other.example/log")
    with pytest.raises(CaseError):
        Log(log.path, [other]).append({"n": 3})
    assert log.size == 3
    log.append({"n": 3})
    Log(log.path).append({"n": 4})
    for keys in ([other], [witness_key], [SigningKey.new(case_key.name, KeyKind.WITNESS)], []):
        with pytest.raises(CaseError):
            log.sign(*keys, at_us=1)
    assert log.checkpoint().size == 4
    assert log.check().ok


def test_a_log_goes_on_under_a_new_key_that_the_old_one_signed(log, case_key):
    log.append_many(entries(3))
    new = SigningKey.new(case_key.name)
    log.append(rotation_record(case_key, new, 1_767_913_200_000_000, "yearly change"))
    rotated = Log(log.path, [new])
    rotated.append({"n": 4})
    assert rotated.keys() == (case_key.verifier, new.verifier)
    assert rotated.check().ok
    key = key_in_force(rotated, case_key.verifier)
    assert key == new.verifier
    assert rotated.check([key]).ok
    assert rotated.proof(0).verify(rotated.entry(0), [key])
    assert not rotated.proof(0).verify(rotated.entry(0), [case_key.verifier])


def test_a_damaged_checkpoint_or_key_file_is_named(log):
    log.append_many(entries(3))
    (log.path / "checkpoint").chmod(0o644)
    (log.path / "checkpoint").write_bytes(b"")
    with pytest.raises(SealBroken, match="checkpoint"):
        log.append({})
    (log.path / "checkpoint").write_bytes(b"text\n\n" + "— a AAAAAAA=\n".encode())
    with pytest.raises(SealBroken, match="checkpoint"):
        log.checkpoint()
    (log.path / "log.vkey").chmod(0o644)
    for data in (b"no key\n", b"\xff\n", log.path.joinpath("log.vkey").read_bytes()[:-1]):
        (log.path / "log.vkey").write_bytes(data)
        with pytest.raises(SealBroken, match="vkey"):
            log.keys()


def test_two_logs_of_the_same_entries_have_the_same_tiles(tmp_path):
    one, other = Log(tmp_path / "one"), Log(tmp_path / "other")
    one.append_many(entries(270))
    for data in entries(270):
        other.append(data)
    names = [name for name in files_of(one) if name != "lock"]
    assert names == [name for name in files_of(other) if name != "lock"]
    assert all((one.path / name).read_bytes() == (other.path / name).read_bytes() for name in names)
