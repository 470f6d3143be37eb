"""The commitment rebuilt from records and found in the thread's account (L7)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import pytest
import test_proofs as of_proofs
from ledger_world import APPROVE, DENY, World, worlds
from planted_defects import Defect, defect, planted
from test_proofs import LEAVES, leaf

from choir_model.domain.identity import Address, content_hash
from choir_model.ledger import commitment, proofs
from choir_model.ledger.commitment import root
from choir_model.ledger.port import ReferenceLedger
from choir_model.ledger.projection import read_thread
from choir_model.ledger.proofs import (
    CommitmentError,
    MountainRange,
    decode,
    rebuild,
    rebuild_from,
    verify,
)
from choir_model.lockstep.cast import Setting
from choir_model.ports.ledger import AccountImage, LedgerPort
from choir_model.program import addresses, calls
from choir_model.program.bindings import ACCOUNTS, Record, RecordStatus, Thread

Make = Callable[[], LedgerPort]


def published(index: int, status: RecordStatus = RecordStatus.PUBLISHED) -> Record:
    values = dict.fromkeys(ACCOUNTS[Record].names, 0) | {
        "thread": bytes(32),
        "author": bytes(32),
        "hash": content_hash(f"content {index}"),
        "status": status,
        "leaf_index": index,
    }
    return Record(**values)  # type: ignore[arg-type]


def test_records_that_are_no_range_are_refused_with_the_leaf() -> None:
    """L7: each index below the count exactly once."""
    records = {leaf(index)[0]: published(index) for index in (3, 0, 4, 2, 1)}
    spec = content_hash("pending")
    records[spec] = published(0, RecordStatus.PENDING)
    assert rebuild(records) == rebuild(records, 5) == MountainRange(LEAVES[:5]).commitment()
    without = {a: r for a, r in records.items() if r.leaf_index != 2}
    twice = {**records, spec: published(2)}
    for wrong, count, why in (
        (without, None, "leaf 2 is missing: no published record has it"),
        (records, 6, "leaf 5 is missing: no published record has it"),
        (records, 4, "leaf 4 is one too many: the count is 4"),
        (twice, None, "leaf 2 is doubled: two records have it"),
        (twice, 5, "leaf 2 is doubled: two records have it"),
    ):
        with pytest.raises(CommitmentError) as error:
            rebuild(wrong, count)
        assert str(error.value) == why


def talk(world: World) -> None:
    """A conversation with every way a record can end, and a second thread beside it."""
    world.do(calls.create_thread(world.wallet(1), world.mint, 0))
    other = addresses.thread(world.wallet(1), 0)
    world.do(calls.submit_message(world.wallet(1), other, content_hash("elsewhere")))
    world.seat(1, 2)
    for number in range(9):
        world.message(number % 3, f"message {number}")
        if number == 4:
            key = world.spec(3, "no")
            world.vote(1, key, DENY)
            world.expired(3, "late")
            world.spec(3, "open")
        if number == 6:
            key = world.spec(9, "yes")
            for voter in (2, 0, 1):
                world.vote(voter, key, APPROVE)


@worlds
def test_every_record_of_a_conversation_is_proved_against_the_threads_account(make: Make) -> None:
    """L7: proofs made from record accounts hold under the account's peaks and count."""
    world = World(make, Setting("roomy", max_co_authors=8))
    assert rebuild_from(world.ledger, world.thread).count == 0
    talk(world)
    thread = world.about()
    assert thread.published_count == 12
    found = rebuild_from(world.ledger, world.thread)
    assert (found.peaks, found.count) == (thread.peaks, thread.published_count)
    assert found.root == root(thread.peaks, thread.published_count)
    state = read_thread(world.ledger, world.thread)
    assert state is not None
    leaves = proofs.published_leaves(state.records, thread.published_count)
    whole = MountainRange(leaves)
    shown = 0
    for address, record in state.records.items():
        candidate = whole.proof(record.leaf_index)
        holds = verify(candidate, address, record.hash, found.root, found.count)
        assert holds is (record.status is RecordStatus.PUBLISHED)
        shown += holds
    assert shown == found.count
    before = whole.commitment(11), whole.proof(3, 11)
    assert verify(before[1], *leaves[3], before[0].root, 11)
    assert not verify(before[1], *leaves[3], found.root, found.count)


class Doctored:
    """A ledger that shows some accounts otherwise than they are."""

    def __init__(self, ledger: LedgerPort, shown: dict[Address, bytes | None]) -> None:
        self.ledger, self.shown = ledger, shown

    def account(self, address: Address) -> AccountImage | None:
        image = self.ledger.account(address)
        data = self.shown.get(address, image.data if image else None)
        return AccountImage(addresses.PROGRAM, data) if data else None

    def program_accounts(self) -> frozenset[Address]:
        return self.ledger.program_accounts()


def test_accounts_that_do_not_fit_their_commitment_are_told_apart() -> None:
    """L7: a lost record, a changed hash and changed peaks each have their own line."""
    world = World(ReferenceLedger)
    keys = [world.message(0, f"message {number}") for number in range(3)]
    thread, record = world.about(), world.record(keys[1])
    at = addresses.record(keys[1])
    forged = dataclasses.replace(record, hash=content_hash("forged"))
    moved = dataclasses.replace(thread, peaks=(bytes(32), *thread.peaks[1:]))
    for shown, why in (
        ({at: None}, "leaf 1 is missing"),
        ({at: ACCOUNTS[Record].encode(forged)}, "peak 1 of the thread is"),
        ({world.thread: ACCOUNTS[Thread].encode(moved)}, "peak 0 of the thread is 0000"),
        ({world.thread: None}, "there is no thread at"),
    ):
        with pytest.raises(CommitmentError, match=why):
            rebuild_from(Doctored(world.ledger, shown), world.thread)  # type: ignore[arg-type]


# Planted mistakes

Row = tuple[str, Callable[..., object], str, str]
ROWS: list[Row] = [
    ("siblings swapped", verify, "node_hash(sibling, node) if", "node_hash(node, sibling) if"),
    ("nodes hashed as leaves", commitment.node_hash, r'b"\1"', r'b"\0"'),
    ("leaves hashed as nodes", commitment.leaf_hash, r'b"\0"', r'b"\1"'),
    ("peaks hashed as nodes", commitment.root, r'b"\2"', r'b"\1"'),
    ("the count is not compared", verify, "proof.count != count or not", "not"),
    ("the shape is not checked", verify, "or not _fits(proof)", ""),
    ("extra siblings pass", proofs._fits, "len(proof.siblings) == height", "True"),
    ("other peaks pass", proofs._fits, "len(proof.peaks) ==", "len(proof.peaks) >="),
    ("one leaf too many", proofs._height, "0 <= index < count", "0 <= index <= count"),
    ("the record is not hashed", commitment.leaf_hash, "+ record + content", "+ content"),
    ("the index is not hashed", commitment.leaf_hash, 'index.to_bytes(8, "little")', "bytes(8)"),
    ("lengths are not checked", decode, "len(data) != size", "len(data) < size"),
    ("a doubled leaf passes", proofs.published_leaves, "record.leaf_index in leaves", "False"),
    ("peaks are not compared", rebuild_from, "peak != stored", "False"),
]
MISTAKES: list[Defect] = [defect(name, "L7", where, old, new) for name, where, old, new in ROWS]


def fails(test: Callable[[], None]) -> bool:
    try:
        test()
    except (AssertionError, pytest.fail.Exception, IndexError, ValueError):
        return True
    return False


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_planted_mistakes_are_caught(mistake: Defect) -> None:
    """L7: each check here is one that something depends on."""

    def checks() -> Iterator[Callable[[], None]]:
        yield lambda: of_proofs.check_every_leaf(range(9))
        yield of_proofs.test_a_proof_of_another_shape_is_refused
        yield of_proofs.test_no_node_passes_for_a_leaf_nor_a_peak_for_a_node
        yield lambda: of_proofs.test_one_changed_bit_anywhere_is_refused(4, 7)
        yield of_proofs.test_an_old_proof_is_good_for_the_old_count_only
        yield of_proofs.test_the_encoding_has_the_documented_bytes_and_no_others
        yield test_records_that_are_no_range_are_refused_with_the_leaf
        yield test_accounts_that_do_not_fit_their_commitment_are_told_apart

    with planted(mistake):
        assert any(fails(check) for check in checks())
