"""Membership proofs and their encoding (L7)."""

from __future__ import annotations

import dataclasses
import hashlib
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_ledger_events import fold, h, mountains, subtree

from choir_model.domain.identity import Address, Hash, content_hash
from choir_model.ledger import commitment
from choir_model.ledger.commitment import append_leaf, root
from choir_model.ledger.proofs import (
    Leaf,
    MembershipProof,
    MountainRange,
    ProofError,
    decode,
    encode,
    membership_proof,
    rebuild,
    verify,
)
from choir_model.program.bindings import PEAKS


def leaf(number: int) -> Leaf:
    return content_hash(f"record {number}"), content_hash(f"content {number}")


LEAVES = [leaf(number) for number in range(70)]


def path(hashes: list[Hash], index: int) -> list[Hash]:
    """The siblings of one leaf of a complete tree, bottom-up, found top-down."""
    if len(hashes) == 1:
        return []
    half = len(hashes) // 2
    left, right = hashes[:half], hashes[half:]
    if index < half:
        return [*path(left, index), subtree(right)]
    return [*path(right, index - half), subtree(left)]


def naive_proof(leaves: list[Leaf], index: int) -> MembershipProof:
    """The proof, tree by tree, from the definition."""
    hashes = [h(0, i.to_bytes(8, "little"), r, c) for i, (r, c) in enumerate(leaves)]
    peaks, position = mountains(hashes), 0
    for level in peaks:
        if index < position + 2**level:
            siblings = path(hashes[position : position + 2**level], index - position)
            break
        position += 2**level
    others = [peaks[other] for other in sorted(peaks) if other != level]
    return MembershipProof(index, len(leaves), tuple(siblings), tuple(others))


def naive_root(leaves: list[Leaf]) -> Hash:
    hashes = [h(0, i.to_bytes(8, "little"), r, c) for i, (r, c) in enumerate(leaves)]
    return fold(list(mountains(hashes).values()))


def check_every_leaf(counts: range) -> None:
    """Proofs, roots and peaks of all leaves under all counts, against the naive ones."""
    whole = MountainRange(LEAVES)
    peaks: tuple[Hash, ...] = (bytes(32),) * PEAKS
    for count in counts:
        leaves = LEAVES[:count]
        if count:
            peaks = append_leaf(peaks, count - 1, *leaves[-1])
        found = whole.commitment(count)
        assert found == MountainRange(leaves).commitment()
        assert (found.peaks, found.root) == (peaks, root(peaks, count))
        for index, (record, content) in enumerate(leaves):
            proof = whole.proof(index, count)
            assert proof == naive_proof(leaves, index)
            assert decode(encode(proof)) == proof
            assert verify(proof, record, content, naive_root(leaves), count)


def test_proofs_are_those_of_the_definition() -> None:
    """L7: every leaf under every count up to 70, against trees taken apart top down."""
    check_every_leaf(range(71))


def test_proofs_of_large_random_ranges_are_those_of_the_definition() -> None:
    """L7."""
    rng = random.Random(7)
    for count in (127, 128, 129, *(rng.randrange(71, 1500) for _ in range(3))):
        leaves = [leaf(number) for number in range(count)]
        whole = MountainRange(leaves)
        for index in {0, count - 1, *(rng.randrange(count) for _ in range(4))}:
            assert whole.proof(index) == membership_proof(leaves, index)
            assert whole.proof(index) == naive_proof(leaves, index)
            assert verify(whole.proof(index), *leaves[index], naive_root(leaves), count)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32)))
    .filter(bool)
    .flatmap(lambda leaves: st.tuples(st.just(leaves), st.integers(0, len(leaves) - 1))),
    st.data(),
)
def test_a_proof_shows_its_own_leaf_and_no_other(
    case: tuple[list[Leaf], int], data: st.DataObject
) -> None:
    """L7: of any two records that differ, at any index, one proof fits one."""
    leaves, index = case
    proof, count = membership_proof(leaves, index), len(leaves)
    top = naive_root(leaves)
    assert verify(proof, *leaves[index], top, count)
    other = data.draw(st.sampled_from(leaves))
    assert verify(proof, *other, top, count) is (other == leaves[index])
    elsewhere = data.draw(st.integers(0, count - 1))
    moved = dataclasses.replace(proof, index=elsewhere)
    assert verify(moved, *leaves[index], top, count) is (elsewhere == index)


def flips(data: bytes) -> Iterator[bytes]:
    """`data` with one bit changed, for every bit."""
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


def believed(text: bytes, record: Address, content: Hash, top: Hash, count: int) -> bool:
    try:
        return verify(decode(text), record, content, top, count)
    except ProofError:
        return False


@pytest.mark.parametrize(("index", "count"), [(0, 1), (1, 2), (4, 7), (6, 7), (10, 22), (63, 64)])
def test_one_changed_bit_anywhere_is_refused(index: int, count: int) -> None:
    """L7: in the proof, the record's address, the content hash, the root, the count."""
    leaves = LEAVES[:count]
    top, (record, content) = naive_root(leaves), leaves[index]
    text = encode(membership_proof(leaves, index))
    assert believed(text, record, content, top, count)
    assert not any(believed(t, record, content, top, count) for t in flips(text))
    assert not any(believed(text, r, content, top, count) for r in flips(record))
    assert not any(believed(text, record, c, top, count) for c in flips(content))
    assert not any(believed(text, record, content, t, count) for t in flips(top))
    for bit in range(64):
        assert not believed(text, record, content, top, count ^ 1 << bit)
        proof = decode(text)
        shifted = dataclasses.replace(proof, count=count ^ 1 << bit)
        assert not verify(shifted, record, content, top, shifted.count)


def test_a_proof_of_another_shape_is_refused() -> None:
    """L7: its lengths, types and numbers are believed no more than its hashes."""
    leaves, index, count = LEAVES[:22], 10, 22
    proof, top = membership_proof(leaves, index), naive_root(leaves)
    zero = bytes(32)
    wrong: list[dict[str, object]] = [
        {"siblings": proof.siblings[:-1]},
        {"siblings": (*proof.siblings, zero)},
        {"siblings": (*proof.siblings, proof.peaks[-1]), "peaks": proof.peaks[:-1]},
        {"peaks": proof.peaks[:-1]},
        {"peaks": (*proof.peaks, zero)},
        {"siblings": (proof.siblings[0][:-1], *proof.siblings[1:])},
        {"siblings": (proof.siblings[0].hex(), *proof.siblings[1:])},
        {"peaks": (None, *proof.peaks[1:])},
        {"index": count},
        {"index": -1},
        {"index": 2**64},
        {"index": True},
        {"index": 10.0},
        {"index": "10"},
        {"count": 0},
        {"count": -22},
        {"count": 22.0},
        {"count": 2**PEAKS},
    ]
    for change in wrong:
        changed = dataclasses.replace(proof, **change)  # type: ignore[arg-type]
        assert not verify(changed, *leaves[index], top, count), change
        assert not verify(changed, *leaves[index], top, changed.count), change
        if not {type(v) for v in change.values()} & {bool, float, str}:
            with pytest.raises(ProofError) as error:
                encode(changed)
            assert "\n" not in str(error.value)
    for turned in (
        dataclasses.replace(proof, peaks=proof.peaks[::-1]),
        dataclasses.replace(proof, siblings=proof.siblings[::-1]),
    ):
        assert not verify(turned, *leaves[index], top, count)
    record, content = leaves[index]
    for other in (
        (record[:-1], content, top),
        (record, content + b"\0", top),
        (record, content, top[:-1]),
    ):
        assert not verify(proof, *other, count)
    assert not verify(MembershipProof(0, 0, (), ()), record, content, zero, 0)


NO_TUPLES_OF_HASHES: tuple[Any, ...] = (
    None,
    5,
    "no hashes",
    b"32 bytes",
    [],
    [bytes(32)],
    (None,),
    (5,),
    {},
    object,
)


@pytest.mark.parametrize("part", ["index", "count", "siblings", "peaks"])
@pytest.mark.parametrize("value", NO_TUPLES_OF_HASHES, ids=str)
def test_a_proof_of_anything_at_all_is_refused_and_raises_nothing(part: str, value: object) -> None:
    """L7: whoever brings a proof chooses what it holds."""
    for index, count in ((0, 1), (10, 22)):
        proof, top = membership_proof(LEAVES[:count], index), naive_root(LEAVES[:count])
        assert verify(proof, *LEAVES[index], top, count)
        changed = dataclasses.replace(proof, **{part: value})  # type: ignore[arg-type]
        assert not verify(changed, *LEAVES[index], top, count)
        record, content = LEAVES[index]
        anything: Any = value
        assert not verify(proof, anything, content, top, count)
        assert not verify(proof, record, anything, top, count)
        assert not verify(proof, record, content, anything, count)
        assert not verify(proof, record, content, top, anything)


def test_a_root_says_nothing_of_its_count() -> None:
    """L7: why the count must be trusted like the root, and the proof need not be."""
    six = MountainRange(LEAVES[:6])
    rewritten = dataclasses.replace(six.proof(0), count=5)
    assert not verify(rewritten, *LEAVES[0], six.commitment().root, 6)
    assert verify(rewritten, *LEAVES[0], six.commitment().root, 5)


def test_no_node_passes_for_a_leaf_nor_a_peak_for_a_node() -> None:
    """L7: leaf, node and fold are hashed behind different bytes."""
    (r0, c0), (r1, c1) = LEAVES[:2]
    first, second = (commitment.leaf_hash(i, *LEAVES[i]) for i in range(2))
    node = naive_root(LEAVES[:2])
    assert node == commitment.node_hash(first, second)
    # The two leaves below as if they were the address and hash of one.
    assert not verify(MembershipProof(0, 1, (), ()), first, second, node, 1)
    # The fold of a tree of two and a single leaf as if it were one tree, or the reverse.
    third = commitment.leaf_hash(2, *LEAVES[2])
    folded = naive_root(LEAVES[:3])
    assert folded not in (commitment.node_hash(node, third), commitment.node_hash(third, node))
    assert not verify(MembershipProof(0, 2, (second,), ()), r0, c0, folded, 2)
    assert not verify(MembershipProof(1, 4, (first, third), ()), r1, c1, folded, 4)


def test_an_old_proof_is_good_for_the_old_count_only() -> None:
    """L7: a root means something with its count, and so does a proof."""
    for old in range(1, 40):
        new = MountainRange(LEAVES[: old + 1]).commitment()
        before = MountainRange(LEAVES[:old])
        then = before.commitment()
        for index in range(old):
            proof, of_leaf = before.proof(index), LEAVES[index]
            assert verify(proof, *of_leaf, then.root, old)
            assert not verify(proof, *of_leaf, new.root, new.count)
            assert not verify(proof, *of_leaf, then.root, new.count)
            assert not verify(proof, *of_leaf, new.root, old)


def test_the_encoding_has_the_documented_bytes_and_no_others() -> None:
    """L7: index u64 LE ‖ count u64 LE ‖ siblings ‖ peaks."""
    proof = membership_proof(LEAVES[:7], 4)
    text = encode(proof)
    head = b"\4" + bytes(7) + b"\7" + bytes(7)
    assert text == head + b"".join(proof.siblings) + b"".join(proof.peaks)
    assert (len(proof.siblings), len(proof.peaks)) == (1, 2)

    def u64(number: int) -> bytes:
        return number.to_bytes(8, "little")

    for wrong, why in (
        (b"", "proof: 0 bytes instead of at least 16"),
        (text[:15], "proof: 15 bytes instead of at least 16"),
        (text[:-1], "proof of leaf 4 of 7: 111 bytes instead of 112"),
        (text + b"\0", "proof of leaf 4 of 7: 113 bytes instead of 112"),
        (u64(7) + text[8:], "proof: leaf 7 is not below the count 7"),
        (u64(0) + u64(0), "proof: leaf 0 is not below the count 0"),
        (u64(0) + u64(2**32), "proof: count 4294967296 is not between 0 and 4294967295"),
    ):
        with pytest.raises(ProofError) as error:
            decode(wrong)
        assert str(error.value) == why


@given(st.binary(max_size=200))
def test_what_decodes_encodes_to_the_same_bytes(data: bytes) -> None:
    """L7: one proof, one text; random bytes never raise anything but `ProofError`."""
    small = bytes([data[0] % 8, *bytes(7), data[1] % 9, *bytes(7)]) if len(data) > 1 else b""
    for text in (data, small + data[2 : 2 + (len(data) - 2) // 32 * 32]):
        try:
            proof = decode(text)
        except ProofError:
            continue
        assert encode(proof) == text


def test_a_missing_leaf_has_no_proof() -> None:
    """L7."""
    whole = MountainRange(LEAVES[:5])
    for index, count in ((5, None), (-1, None), (3, 3), (0, 0), (0, 6), (0, -1)):
        with pytest.raises(ProofError):
            whole.proof(index, count)
    with pytest.raises(ProofError, match="leaf 0 is not below the count 0"):
        membership_proof([], 0)
    assert MountainRange().commitment() == rebuild({})


def test_ten_thousand_proofs_need_each_node_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """L7: n leaves make fewer than 2n hashes; every proof is a look-up."""
    hashed = 0
    whole = hashlib.sha256

    def counted(data: bytes) -> object:
        nonlocal hashed
        hashed += 1
        return whole(data)

    monkeypatch.setattr(hashlib, "sha256", counted)
    leaves = LEAVES * 143
    tree = MountainRange(leaves)
    assert hashed < 2 * len(leaves)
    done = hashed
    assert sum(len(tree.proof(index).siblings) for index in range(len(leaves))) > 10**5
    assert hashed == done
