"""Commitment to content: a Merkle mountain range over published records, SHA-256 (L7).

``peaks[i]`` is the root of the complete subtree of 2^i leaves, or zeros where the count
of leaves has no such bit.  Appending is binary addition: a new leaf carries through the
peaks that are set.
"""

from __future__ import annotations

import hashlib

from choir_model.domain.identity import Address, Hash
from choir_model.program.bindings import PEAKS

EMPTY: Hash = bytes(32)


def leaf_hash(index: int, record: Address, content: Hash) -> Hash:
    """H(0x00 ‖ index u64 LE ‖ record address ‖ content hash)."""
    return hashlib.sha256(b"\0" + index.to_bytes(8, "little") + record + content).digest()


def node_hash(left: Hash, right: Hash) -> Hash:
    """H(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\1" + left + right).digest()


def append_leaf(
    peaks: tuple[Hash, ...], count: int, record: Address, content: Hash
) -> tuple[Hash, ...]:
    """The peaks after one more publication; `count` is the number of leaves before it."""
    node, level = leaf_hash(count, record, content), 0
    after = list(peaks) or [EMPTY] * PEAKS
    while count >> level & 1:
        node = node_hash(after[level], node)
        after[level] = EMPTY
        level += 1
    after[level] = node
    return tuple(after)


def root(peaks: tuple[Hash, ...], count: int) -> Hash:
    """The root of `count` leaves: peaks folded right to left, H(0x02 ‖ peak ‖ acc).

    The rightmost peak, that of the fewest leaves, starts the fold; zeros for no leaves.
    The count says which peaks there are and is no part of what is hashed: other peaks under
    another count can have the same root.  So the count must be compared beside the root,
    and trusted like it: both as read together from the thread's account.
    """
    present = [peaks[i] for i in range(PEAKS) if count >> i & 1]
    if not present:
        return EMPTY
    folded = present[0]
    for peak in present[1:]:
        folded = hashlib.sha256(b"\2" + peak + folded).digest()
    return folded
