from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pymerkle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perito.evidence.log import tree
from perito.evidence.log.tree import verify_consistency, verify_inclusion

SMALL = range(1, 40)
# RFC 6962 reference leaves of the Certificate Transparency implementations.
REFERENCE_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]


def sha256(data):
    return hashlib.sha256(data).digest()


# --- a second reading of RFC 6962, word for word, that shares nothing with the code ----------------------


def split(n):
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def mth(leaves):
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0])
    k = split(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:]))


def root_by_path(i, n, digest, path):
    if n == 1:
        return None if path else digest
    if not path:
        return None
    k = split(n)
    if i < k:
        below = root_by_path(i, k, digest, path[:-1])
        return below and sha256(b"\x01" + below + path[-1])
    below = root_by_path(i - k, n - k, digest, path[:-1])
    return below and sha256(b"\x01" + path[-1] + below)


def roots_by_proof(m, n, known, proof):
    """Both roots, from SUBPROOF read backwards; `known` is the old root while the whole old tree is meant."""
    if m == n:
        if known is not None:
            return None if proof else (known, known)
        return (proof[0], proof[0]) if len(proof) == 1 else None
    if not proof:
        return None
    k = split(n)
    if m <= k:
        below = roots_by_proof(m, k, known, proof[:-1])
        return below and (below[0], sha256(b"\x01" + below[1] + proof[-1]))
    below = roots_by_proof(m - k, n - k, None, proof[:-1])
    return below and tuple(sha256(b"\x01" + proof[-1] + one) for one in below)


# --- fixtures --------------------------------------------------------------------------------------------


def leaves_of(n):
    return [b"leaf %d" % i for i in range(n)]


def subtrees(leaves):
    rows = [tree.leaf_hashes(leaves)]
    while len(rows[-1]) > 1:
        rows.append(tree.parents(rows[-1]))
    return lambda level, index: rows[level][index]


def flips(data):
    for position in range(8 * len(data)):
        changed = bytearray(data)
        changed[position // 8] ^= 1 << position % 8
        yield bytes(changed)


def path_flips(path):
    for place, one in enumerate(path):
        for changed in flips(one):
            yield [*path[:place], changed, *path[place + 1 :]]


@pytest.fixture(scope="module")
def vectors():
    """Eleven tree sizes of leaves "leaf 0", "leaf 1" ...: made for this project, CC0-1.0."""
    return json.loads(Path(__file__).with_name("rfc6962_vectors.json").read_text(encoding="utf-8"))


# --- golden values ---------------------------------------------------------------------------------------


def test_the_root_of_the_certificate_transparency_leaves_is_the_published_one():
    hashes = tree.leaf_hashes(REFERENCE_LEAVES)
    assert tree.root_of(hashes).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def test_the_empty_tree_has_the_digest_of_nothing_as_its_root():
    assert tree.tree_root(0, subtrees([])) == tree.root_of([]) == sha256(b"")


def test_roots_and_proofs_are_those_of_the_reference_vectors(vectors):
    assert len(vectors) == 11
    for case in vectors:
        n, leaves = case["n"], leaves_of(case["n"])
        subtree = subtrees(leaves)
        root = tree.tree_root(n, subtree)
        assert root.hex() == case["root"]
        for one in case["inclusion"]:
            path = tree.inclusion_path(one["i"], n, subtree)
            assert [digest.hex() for digest in path] == one["path"]
            assert verify_inclusion(leaves[one["i"]], one["i"], n, path, root)
        for one in case["consistency"]:
            proof = tree.consistency_path(one["m"], n, subtree)
            assert [digest.hex() for digest in proof] == one["proof"]
            assert verify_consistency(one["m"], n, bytes.fromhex(one["root_m"]), root, proof)


@pytest.mark.parametrize("n", [*range(1, 20), 255, 256, 257, 1000])
def test_roots_and_inclusion_paths_are_those_of_another_implementation(n):
    other = pymerkle.InmemoryTree(algorithm="sha256")
    for leaf in leaves_of(n):
        other.append_entry(leaf)
    subtree = subtrees(leaves_of(n))
    assert tree.tree_root(n, subtree) == other.get_root()
    for i in {0, n // 3, n // 2, n - 1}:
        leaf, *path = other.prove_inclusion(i + 1, n).path  # it counts from one, and puts the leaf first
        assert leaf == tree.leaf_hash(b"leaf %d" % i)
        assert path == tree.inclusion_path(i, n, subtree)


# --- every proof of every small tree ---------------------------------------------------------------------


@pytest.mark.parametrize("n", SMALL)
def test_every_inclusion_proof_holds_and_no_single_bit_of_it_can_change(n):
    leaves = leaves_of(n)
    subtree, root = subtrees(leaves), mth(leaves)
    assert tree.tree_root(n, subtree) == root
    for i, leaf in enumerate(leaves):
        path = tree.inclusion_path(i, n, subtree)
        assert verify_inclusion(leaf, i, n, path, root)
        assert not any(verify_inclusion(changed, i, n, path, root) for changed in flips(leaf))
        assert not any(verify_inclusion(leaf, i, n, changed, root) for changed in path_flips(path))
        assert not any(verify_inclusion(leaf, i, n, path, changed) for changed in flips(root))
        for bit in range(7):
            assert not verify_inclusion(leaf, i ^ 1 << bit, n, path, root)


@pytest.mark.parametrize("n", SMALL)
def test_another_size_is_accepted_only_where_the_way_to_the_root_is_the_same(n):
    # A root does not hold its size: where both trees lead up the same way no verifier can tell them apart.
    # The size is signed with the root in the checkpoint; test_proof shows that no bit of it can change.
    leaves = leaves_of(n)
    subtree, root = subtrees(leaves), mth(leaves)
    for i, leaf in enumerate(leaves):
        path = tree.inclusion_path(i, n, subtree)
        for size in range(130):
            is_same_way = i < size and root_by_path(i, size, tree.leaf_hash(leaf), path) == root
            assert verify_inclusion(leaf, i, size, path, root) == is_same_way


@pytest.mark.parametrize("n", SMALL)
def test_every_consistency_proof_holds_and_no_single_bit_of_it_can_change(n):
    leaves = leaves_of(n)
    subtree, root_n = subtrees(leaves), mth(leaves)
    for m in range(1, n + 1):
        root_m, proof = mth(leaves[:m]), tree.consistency_path(m, n, subtree)
        assert verify_consistency(m, n, root_m, root_n, proof)
        assert not any(verify_consistency(m, n, root_m, root_n, changed) for changed in path_flips(proof))
        assert not any(verify_consistency(m, n, changed, root_n, proof) for changed in flips(root_m))
        assert not any(verify_consistency(m, n, root_m, changed, proof) for changed in flips(root_n))


@pytest.mark.parametrize("n", SMALL)
def test_other_sizes_are_consistent_only_where_the_proof_leads_to_the_same_roots(n):
    leaves = leaves_of(n)
    subtree, root_n = subtrees(leaves), mth(leaves)
    for m in range(1, n + 1):
        root_m, proof = mth(leaves[:m]), tree.consistency_path(m, n, subtree)
        pairs = [(old, n) for old in range(1, n + 1)] + [(m, new) for new in range(m, 130)]
        for old, new in pairs:
            is_same = roots_by_proof(old, new, root_m, proof) == (root_m, root_n)
            assert verify_consistency(old, new, root_m, root_n, proof) == is_same


def test_every_tree_continues_the_empty_one_and_itself():
    root = mth(leaves_of(5))
    assert verify_consistency(0, 5, tree.EMPTY_ROOT, root, [])
    assert verify_consistency(0, 0, tree.EMPTY_ROOT, tree.EMPTY_ROOT, [])
    assert verify_consistency(5, 5, root, root, [])
    assert not verify_consistency(0, 5, root, root, [])
    assert not verify_consistency(0, 5, tree.EMPTY_ROOT, root, [root])
    assert not verify_consistency(0, 0, tree.EMPTY_ROOT, root, [])
    assert not verify_consistency(5, 5, root, tree.EMPTY_ROOT, [])
    assert not verify_consistency(5, 5, root, root, [root])


# --- larger trees ----------------------------------------------------------------------------------------


@given(st.data(), st.integers(1, 3000))
def test_proofs_of_larger_trees_hold(data, n):
    leaves = leaves_of(n)
    subtree = subtrees(leaves)
    root = tree.tree_root(n, subtree)
    i, m = data.draw(st.integers(0, n - 1)), data.draw(st.integers(0, n))
    path, proof = tree.inclusion_path(i, n, subtree), tree.consistency_path(m, n, subtree)
    assert root_by_path(i, n, tree.leaf_hash(leaves[i]), path) == root
    assert verify_inclusion(leaves[i], i, n, path, root)
    assert verify_consistency(m, n, tree.tree_root(m, subtree), root, proof)
    assert not verify_inclusion(leaves[i], i, n, [*path, root], root)
    assert not verify_consistency(m, n, tree.tree_root(m, subtree), root, [*proof, root])
    if path:
        assert not verify_inclusion(leaves[i], i, n, path[:-1], root)
        assert not verify_inclusion(leaves[i], i, n, path[1:], root)
    if len(proof) > 1:
        assert not verify_consistency(m, n, tree.tree_root(m, subtree), root, proof[::-1])


@given(
    st.integers(0, 2**64 + 5),
    st.integers(0, 2**64 + 5),
    st.lists(st.binary(min_size=32, max_size=32), max_size=66),
    st.binary(min_size=32, max_size=32),
)
def test_a_proof_of_random_hashes_never_holds(one, other, hashes, root):
    assert not verify_inclusion(b"leaf", one, other, hashes, root)
    assert not verify_consistency(one + 1, other, root, tree.leaf_hash(root), hashes)


NO_SIZES = [-1, 2**64, 10**400, 1.0, True, "1", None, b"1"]
NO_PROOFS = [None, "path", b"p" * 32, {}, [b"p" * 31], [b"p" * 33], ["p" * 32], [None], 7, [bytearray(32)]]
NO_ROOTS = [None, "r" * 32, b"", b"r" * 31, b"r" * 33, 7, bytearray(32)]


@pytest.mark.parametrize("wrong", NO_SIZES, ids=repr)
def test_what_is_no_size_or_index_proves_nothing(wrong):
    path, root = [tree.leaf_hash(b"b")], mth([b"a", b"b"])
    assert verify_inclusion(b"a", 0, 2, path, root)
    assert not verify_inclusion(b"a", wrong, 2, path, root)
    assert not verify_inclusion(b"a", 0, wrong, path, root)
    assert not verify_consistency(wrong, 2, tree.leaf_hash(b"a"), root, path)
    assert not verify_consistency(1, wrong, tree.leaf_hash(b"a"), root, path)


@pytest.mark.parametrize("wrong", NO_PROOFS, ids=repr)
def test_what_is_no_proof_proves_nothing(wrong):
    root = mth([b"a", b"b"])
    assert not verify_inclusion(b"a", 0, 2, wrong, root)
    assert not verify_consistency(1, 2, tree.leaf_hash(b"a"), root, wrong)


@pytest.mark.parametrize("wrong", NO_ROOTS, ids=repr)
def test_what_is_no_root_or_leaf_proves_nothing(wrong):
    path, root = [tree.leaf_hash(b"b")], mth([b"a", b"b"])
    assert not verify_inclusion(b"a", 0, 2, path, wrong)
    assert not verify_inclusion(wrong, 0, 2, path, root)
    assert not verify_consistency(1, 2, wrong, root, path)
    assert not verify_consistency(1, 2, tree.leaf_hash(b"a"), wrong, path)
