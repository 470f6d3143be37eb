"""Membership proofs for the commitment to content, and the commitment rebuilt (L7).

Theory of operation
-------------------
The published records of a thread are the leaves of a Merkle mountain range: one complete
tree per bit of their count, the largest leftmost, and the peaks folded into one root.  A
**proof** that a record is leaf ``index`` of ``count`` is the path to the peak of its tree,
bottom-up, and the other peaks.  Which side each sibling stands on, how many there are and
which peaks exist follow from index and count alone; a proof says nothing of its shape, so
there is none to lie about, and `verify` refuses whatever does not have exactly that shape.

A leaf, an inner node and a fold begin with different bytes before they are hashed, so none
passes for another.  The count is compared beside the root and hashed nowhere, so a root
alone does not say how many leaves it has: the proof of a leaf of 6 can be rewritten as one
of 5 under the same root.  What a verifier must trust is that root and count were read
together from the account of the thread meant, which the program wrote; neither the proof
nor whoever brings it need be trusted.  An old proof stays good for the old pair only.

A proof shows that a hash was recorded.  Whether the content is stored anywhere, it cannot.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from choir_model.domain.identity import Address, Hash
from choir_model.ledger.commitment import EMPTY, leaf_hash, node_hash, root
from choir_model.ledger.projection import read_thread
from choir_model.ports.ledger import LedgerPort
from choir_model.program.bindings import PEAKS, Record, RecordStatus

Leaf: TypeAlias = tuple[Address, Hash]
"""Address of a published record's account, and its content hash."""
HASH = 32
_HEAD = struct.Struct("<QQ")


class ProofError(ValueError):
    """A proof that cannot be made, written or read; the one-line message says why."""


class CommitmentError(ValueError):
    """Records that are not the leaves of a commitment, or of another one than claimed."""


@dataclass(frozen=True, slots=True)
class MembershipProof:
    """That a record is leaf `index` of `count`: `siblings` bottom-up on the way to its peak,
    and the other `peaks` from the tree of the fewest leaves to that of the most."""

    index: int
    count: int
    siblings: tuple[Hash, ...]
    peaks: tuple[Hash, ...]


@dataclass(frozen=True, slots=True)
class Commitment:
    """What a thread's account says, or should say: `peaks` as stored there, their `root`,
    and the `count` of leaves without which a root means nothing."""

    peaks: tuple[Hash, ...]
    root: Hash
    count: int


class MountainRange:
    """Every node over a growing list of leaves: proofs for each, also as of an earlier count."""

    def __init__(self, leaves: Iterable[Leaf] = ()) -> None:
        self._levels: list[list[Hash]] = [[] for _ in range(PEAKS)]
        for record, content in leaves:
            self.append(record, content)

    @property
    def count(self) -> int:
        """Leaves so far."""
        return len(self._levels[0])

    def append(self, record: Address, content: Hash) -> None:
        """One more publication.  Raises `CommitmentError` when the peaks can take no more."""
        index = self.count
        if index >= 2**PEAKS - 1:
            raise CommitmentError(f"a commitment takes no more than {2**PEAKS - 1} leaves")
        node, level = leaf_hash(index, record, content), 0
        self._levels[0].append(node)
        while index >> level & 1:
            node = node_hash(self._levels[level][-2], node)
            level += 1
            self._levels[level].append(node)

    def commitment(self, count: int | None = None) -> Commitment:
        """The commitment to the first `count` leaves, or to all."""
        count = self._up_to(count)
        peaks = tuple(self._peak(level, count) for level in range(PEAKS))
        return Commitment(peaks, root(peaks, count), count)

    def proof(self, index: int, count: int | None = None) -> MembershipProof:
        """The proof for leaf `index` among the first `count` leaves, or among all.

        Raises `ProofError` when there is no such leaf.
        """
        count = self._up_to(count)
        height = _height(index, count)
        siblings = tuple(self._levels[level][index >> level ^ 1] for level in range(height))
        others = tuple(self._peak(level, count) for level in _other_peaks(height, count))
        return MembershipProof(index, count, siblings, others)

    def _peak(self, level: int, count: int) -> Hash:
        return self._levels[level][(count >> level) - 1] if count >> level & 1 else EMPTY

    def _up_to(self, count: int | None) -> int:
        if count is None:
            return self.count
        if not 0 <= count <= self.count:
            raise ProofError(f"there are {self.count} leaves, not {count}")
        return count


def membership_proof(leaves: Iterable[Leaf], index: int) -> MembershipProof:
    """The proof for leaf `index` of `leaves`, in the order of their publication.

    For many proofs over the same leaves keep a `MountainRange`.  Raises `ProofError`.
    """
    return MountainRange(leaves).proof(index)


def verify(proof: MembershipProof, record: Address, content: Hash, root_: Hash, count: int) -> bool:
    """Whether `record` with the content hash `content` is a leaf under (`root_`, `count`).

    `root_` and `count` are the trusted part: both read at one moment from the thread's
    account, never taken from who brings the proof.  False for whatever is wrong; raises
    nothing, whatever the proof holds and of whatever type.
    """
    if type(proof.index) is not int or type(proof.count) is not int or type(count) is not int:
        return False
    if proof.count != count or not _fits(proof):
        return False
    if not _are_hashes((record, content, root_)):
        return False
    node = leaf_hash(proof.index, record, content)
    for level, sibling in enumerate(proof.siblings):
        on_the_right = proof.index >> level & 1
        node = node_hash(sibling, node) if on_the_right else node_hash(node, sibling)
    height = len(proof.siblings)
    peaks = [EMPTY] * PEAKS
    peaks[height] = node
    for level, peak in zip(_other_peaks(height, count), proof.peaks, strict=True):
        peaks[level] = peak
    return root(tuple(peaks), count) == root_


def encode(proof: MembershipProof) -> bytes:
    """Index u64 LE ‖ count u64 LE ‖ siblings ‖ peaks, 32 bytes each, in the proof's order.

    No lengths are written, since index and count determine them: one proof, one text.
    Raises `ProofError` for a proof of another shape than that of its index and count.
    """
    height = _height(proof.index, proof.count)
    if not _fits(proof):
        raise ProofError(
            f"proof of leaf {proof.index} of {proof.count}: needs {height} siblings and "
            f"{len(_other_peaks(height, proof.count))} peaks of {HASH} bytes"
        )
    return _HEAD.pack(proof.index, proof.count) + b"".join(proof.siblings + proof.peaks)


def decode(data: bytes) -> MembershipProof:
    """The proof that `encode` wrote as `data`; raises `ProofError` for any other bytes."""
    if len(data) < _HEAD.size:
        raise ProofError(f"proof: {len(data)} bytes instead of at least {_HEAD.size}")
    index, count = _HEAD.unpack_from(data)
    height = _height(index, count)
    others = len(_other_peaks(height, count))
    size = _HEAD.size + HASH * (height + others)
    if len(data) != size:
        raise ProofError(f"proof of leaf {index} of {count}: {len(data)} bytes instead of {size}")
    hashes = tuple(data[at : at + HASH] for at in range(_HEAD.size, size, HASH))
    return MembershipProof(index, count, hashes[:height], hashes[height:])


def published_leaves(
    records: Mapping[Address, Record], count: int | None = None
) -> tuple[Leaf, ...]:
    """The leaves of a thread's commitment, in order, from its records by address.

    Each index below `count`, or below the highest there is, must occur exactly once; else
    raises `CommitmentError`, which says which is missing, doubled or too high.
    """
    leaves: dict[int, Leaf] = {}
    for address, record in records.items():
        if record.status is not RecordStatus.PUBLISHED:
            continue
        if record.leaf_index in leaves:
            raise CommitmentError(f"leaf {record.leaf_index} is doubled: two records have it")
        leaves[record.leaf_index] = address, record.hash
    expected = max(leaves, default=-1) + 1 if count is None else count
    surplus = [index for index in leaves if index >= expected]
    if surplus:
        raise CommitmentError(f"leaf {min(surplus)} is one too many: the count is {expected}")
    # As many distinct ones below the count as the count are all there are.
    if len(leaves) != expected:
        missing = next(index for index in range(expected) if index not in leaves)
        raise CommitmentError(f"leaf {missing} is missing: no published record has it")
    return tuple(leaves[index] for index in range(expected))


def rebuild(records: Mapping[Address, Record], count: int | None = None) -> Commitment:
    """The commitment computed anew from the records of a thread; see `published_leaves`."""
    return MountainRange(published_leaves(records, count)).commitment()


def rebuild_from(ledger: LedgerPort, thread: Address) -> Commitment:
    """The commitment of `thread`, rebuilt from its records' accounts and found in its own.

    Raises `CommitmentError` where there is no such thread, where a leaf is missing or
    doubled, or where the peaks of the thread's account are not those of its records.
    """
    state = read_thread(ledger, thread)
    if state is None:
        raise CommitmentError(f"there is no thread at {thread.hex()}")
    rebuilt = rebuild(state.records, state.thread.published_count)
    for level, (peak, stored) in enumerate(zip(rebuilt.peaks, state.thread.peaks, strict=True)):
        if peak != stored:
            raise CommitmentError(
                f"peak {level} of the thread is {stored.hex()}, of its records {peak.hex()}"
            )
    return rebuilt


def _height(index: int, count: int) -> int:
    """The level of the peak above leaf `index`; `ProofError` when there is no such leaf."""
    if not 0 <= count < 2**PEAKS:
        raise ProofError(f"proof: count {count} is not between 0 and {2**PEAKS - 1}")
    if not 0 <= index < count:
        raise ProofError(f"proof: leaf {index} is not below the count {count}")
    # The trees left of this one are those of the higher bits that index and count share.
    return (index ^ count).bit_length() - 1


def _other_peaks(height: int, count: int) -> list[int]:
    """The levels of all peaks but the one at `height`, the lowest first."""
    return [level for level in range(PEAKS) if count >> level & 1 and level != height]


def _fits(proof: MembershipProof) -> bool:
    """Whether the proof has the shape that its index and count determine."""
    try:
        height = _height(proof.index, proof.count)
    except ProofError:
        return False
    return (
        _are_hashes(proof.siblings)
        and _are_hashes(proof.peaks)
        and len(proof.siblings) == height
        and len(proof.peaks) == len(_other_peaks(height, proof.count))
    )


def _are_hashes(values: object) -> bool:
    """Whether this is a tuple of hashes; nothing else is looked into."""
    return type(values) is tuple and all(type(v) is bytes and len(v) == HASH for v in values)
