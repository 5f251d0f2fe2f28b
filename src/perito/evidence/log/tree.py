"""The Merkle tree of RFC 6962: roots, inclusion and consistency proofs, and their verification.

Nothing here knows about files. A proof is made from the hashes of whole subtrees that somebody else
holds; it is verified from the proof alone, by the algorithms of RFC 9162 (2.1.3.2 and 2.1.4.2), which
are those of RFC 6962 written out.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HASH_BYTES = 32
SIZE_MAX = 2**64 - 1  # RFC 6962 writes sizes and indexes as 64-bit numbers
EMPTY_ROOT = hashlib.sha256().digest()
"""The root of a tree without leaves: SHA-256 of nothing."""

_sha256 = hashlib.sha256

if TYPE_CHECKING:
    Subtree = Callable[[int, int], bytes]
    """The hash of the whole subtree of 2**level leaves with that index on its level."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf, `SHA-256(0x00 || data)` (RFC 6962, 2.1).

    Example:
        >>> leaf_hash(b"").hex()
        '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'
    """
    return _sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node, `SHA-256(0x01 || left || right)` (RFC 6962, 2.1)."""
    return _sha256(b"\x01" + left + right).digest()


def leaf_hashes(entries: Sequence[bytes]) -> list[bytes]:
    """The hashes of many leaves, in order."""
    sha256 = _sha256
    return [sha256(b"\x00" + data).digest() for data in entries]


def parents(row: Sequence[bytes]) -> list[bytes]:
    """The hashes of the nodes above a row, pair by pair; a last one without a partner gets none."""
    sha256 = _sha256
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=False)]


def root_of(row: Sequence[bytes]) -> bytes:
    """The root over a row of hashes: of leaves, or of whole subtrees of one size, the last perhaps smaller.

    Example:
        >>> root_of([]) == EMPTY_ROOT, root_of([b"x"]) == b"x"
        (True, True)
    """
    if not row:
        return EMPTY_ROOT
    hashes = list(row)
    while len(hashes) > 1:
        # A hash without a partner moves up as it is: that is where RFC 6962 splits.
        single = hashes[-1:] if len(hashes) % 2 else []
        hashes = parents(hashes) + single
    return hashes[0]


def tree_root(size: int, subtree: Subtree) -> bytes:
    """The root of the tree of the first `size` leaves.

    Args:
        size: Number of leaves.
        subtree: Gives the hash of a whole subtree by level and index.
    """
    return _range_hash(0, size, subtree) if size else EMPTY_ROOT


def inclusion_path(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """The hashes that lead from a leaf up to the root of the first `size` leaves (RFC 6962, 2.1.1)."""
    low, high, path = 0, size, []
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append((middle, high))
            high = middle
        else:
            path.append((low, middle))
            low = middle
    return [_range_hash(start, end, subtree) for start, end in reversed(path)]


def consistency_path(old_size: int, size: int, subtree: Subtree) -> list[bytes]:
    """The hashes that show that the first tree is the beginning of the second (RFC 6962, 2.1.2).

    None are needed where the sizes are equal or the first tree is empty.
    """
    if old_size in (0, size):
        return []
    low, high, path = 0, size, []
    while high != old_size:
        middle = low + _split(high - low)
        if old_size <= middle:
            path.append((middle, high))
            high = middle
        else:
            path.append((low, middle))
            low = middle
    if low:  # otherwise the old tree is a subtree whose root the verifier has
        path.append((low, high))
    return [_range_hash(start, end, subtree) for start, end in reversed(path)]


def verify_inclusion(leaf: bytes, i: int, n: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows that `leaf` is entry `i` of the tree of `n` entries with that root.

    A root does not tell its size: where two sizes give the same way up from entry `i`, the proof holds
    for both. The size is vouched for by the signed checkpoint, never by the proof alone.

    Args:
        leaf: The bytes of the entry, not their hash.
        i: Its index, from zero.
        n: The number of entries of the tree.
        proof: Hashes from the leaf's sibling up (RFC 6962, 2.1.1).
        root: The root of the tree.

    Returns:
        False too for anything that is no proof, index, size or root at all.

    Example:
        >>> left, right = leaf_hash(b"a"), leaf_hash(b"b")
        >>> verify_inclusion(b"a", 0, 2, [right], node_hash(left, right))
        True
        >>> verify_inclusion(b"a", 1, 2, [right], node_hash(left, right))
        False
    """
    if not (_is_size(n) and _is_size(i) and i < n and _are_hashes(proof) and _are_hashes([root])):
        return False
    return _is_bytes(leaf) and _climb(leaf_hash(leaf), i, n - 1, proof) == root


def verify_consistency(m: int, n: int, root_m: bytes, root_n: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the tree of `m` entries is the beginning of that of `n` entries.

    As with inclusion, the sizes are vouched for by the signed checkpoints.

    Args:
        m: Entries of the earlier tree. Every tree begins with the empty one.
        n: Entries of the later tree.
        root_m: Root of the earlier tree.
        root_n: Root of the later tree.
        proof: The hashes of RFC 6962, 2.1.2.

    Returns:
        False too for anything that is no proof, size or root at all.

    Example:
        >>> old, new = leaf_hash(b"a"), leaf_hash(b"b")
        >>> verify_consistency(1, 2, old, node_hash(old, new), [new])
        True
    """
    is_formed = (
        _is_size(m) and _is_size(n) and m <= n and _are_hashes(proof) and _are_hashes([root_m, root_n])
    )
    if not is_formed or (n == 0 and root_n != EMPTY_ROOT):
        return False
    if m == 0:
        return not proof and root_m == EMPTY_ROOT
    if m == n:
        return not proof and root_m == root_n
    return _both_roots(m, n, root_m, proof) == (root_m, root_n)


def _split(width: int) -> int:
    """The largest power of two that is smaller than the width."""
    return 1 << (width - 1).bit_length() - 1


def _range_hash(start: int, end: int, subtree: Subtree) -> bytes:
    """The hash over leaves `[start, end)`; `start` is a multiple of a power of two not below the width."""
    peaks = []
    while start < end:
        level = (end - start).bit_length() - 1
        peaks.append(subtree(level, start >> level))
        start += 1 << level
    result = peaks.pop()
    while peaks:
        result = node_hash(peaks.pop(), result)
    return result


def _climb(digest: bytes, position: int, last: int, proof: Sequence[bytes]) -> bytes | None:
    """The root that the path leads to; None if it is too long or too short for the place."""
    for sibling in proof:
        if last == 0:
            return None
        if position & 1 or position == last:
            digest = node_hash(sibling, digest)
            position, last = _skip_single(position, last)
        else:
            digest = node_hash(digest, sibling)
        position, last = position >> 1, last >> 1
    return digest if last == 0 else None


def _both_roots(m: int, n: int, root_m: bytes, proof: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """The roots of both trees that the proof leads to; None if it has the wrong length."""
    position, last = m - 1, n - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    hashes = [root_m, *proof] if position == 0 else list(proof)
    if not hashes:
        return None
    old = new = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return None
        if position & 1 or position == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            position, last = _skip_single(position, last)
        else:
            new = node_hash(new, sibling)
        position, last = position >> 1, last >> 1
    return (old, new) if last == 0 else None


def _skip_single(position: int, last: int) -> tuple[int, int]:
    """Passes the levels on which the last hash has no partner and moves up as it is."""
    while position and not position & 1:
        position, last = position >> 1, last >> 1
    return position, last


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= SIZE_MAX


def _is_bytes(value: object) -> bool:
    return isinstance(value, bytes)


def _are_hashes(values: object) -> bool:
    return isinstance(values, list | tuple) and all(
        isinstance(value, bytes) and len(value) == HASH_BYTES for value in values
    )
