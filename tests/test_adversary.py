"""The adversary: 50 000 hostile transactions in prepared worlds, none of which finds anything.

Signatures are verified where one is forged or cannot be given, in replays, and in one
transaction of a hundred besides; elsewhere whoever is asked to sign is taken to have signed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import pytest
from adversary_siege import RANDOM, SEED, SWEPT, adversary, by_family, refusals, sweep

from choir_model.lockstep.adversary import Adversary, merged
from choir_model.lockstep.adversary_attacks import FAMILIES
from choir_model.lockstep.adversary_sweeps import SWEEPS
from choir_model.lockstep.adversary_worlds import LAWFUL
from choir_model.lockstep.reachable import CALLS, REASONS, TOKEN_CALLS, reachable
from choir_model.ports.ledger import Foreign
from choir_model.program import addresses
from choir_model.program.bindings import Reason
from choir_model.program.calls import Call, Meta

GUARD_1 = ("WrongOwner", "WrongAddress", "WrongDiscriminator")
MEETS: dict[str, tuple[str, ...]] = {
    "forged signer": ("MissingSigner", "SIGNATURE_FAILURE", "WrongTokenOwner", "NotCoAuthor"),
    "look-alike account": (*GUARD_1, "WrongMint", "WrongTokenOwner", "InvalidMint", "NotWritable"),
    "swapped account": (*GUARD_1, "WrongMint", "WrongTokenOwner", "UnknownRecord"),
    "accounts out of order": (*GUARD_1, "MissingAccount", "MissingSigner", "NotWritable"),
    "too many accounts": (LAWFUL, *GUARD_1),
    "other payees": (LAWFUL, "PayeeUnavailable"),
    "mixed flags": (LAWFUL, "NotWritable", "MissingSigner"),
    "edge of arithmetic": (
        *("InvalidArguments", "InvalidParameter", "InvalidStake", "InsufficientFunds"),
        *("Overflow", "WrongAddress", LAWFUL),
    ),
    "garbled data": ("UnknownInstruction", "InvalidArguments", "WrongAddress"),
    "uninvited": (
        *("AlreadyInitialized", "ThreadExists", "UnknownRecord", "AlreadyDecided", "NotDecided"),
        *("WindowClosed", "WindowOpen", "NotCoAuthor", "AlreadyCoAuthor", "NotInElectorate"),
        *("NothingToClaim", "AlreadyVoted", "AlreadyClaimed", "DuplicateContent"),
        *("InvalidStake", "InsufficientFunds", "PayeeUnavailable", "ThreadFull", "Overflow"),
        *("INSUFFICIENT_LAMPORTS", "TOKEN_FROZEN", "ACCOUNT_NOT_FOUND"),
    ),
    "compound": (*GUARD_1, "UnknownInstruction", "InvalidArguments", "NotWritable"),
    "replay": (
        *("ALREADY_PROCESSED", "DuplicateContent", "ThreadExists", "AlreadyVoted"),
        *("AlreadyDecided", "AlreadyClaimed", "AlreadyInitialized"),
    ),
    "initialize again": (LAWFUL, "AlreadyInitialized", "InvalidMint", "InvalidParameter"),
    "several in one": (LAWFUL, *GUARD_1, "TOKEN_OWNER_MISMATCH"),
    "starved": ("UNITS_EXHAUSTED", LAWFUL),
    "robbery": (
        *("TOKEN_OWNER_MISMATCH", "TOKEN_INSUFFICIENT_FUNDS", "TOKEN_INVALID_ACCOUNT"),
        *("TOKEN_MINT_MISMATCH", "TOKEN_FROZEN", "TOKEN_NOT_EMPTY", "SIGNATURE_FAILURE"),
        "TOKEN_MISSING_SIGNATURE",
    ),
    "every length": ("UnknownInstruction", "InvalidArguments"),
    "every bit": ("UnknownInstruction", "InvalidArguments", "WrongAddress", "InvalidParameter"),
    "every account in every role": (*GUARD_1, "WrongMint", "WrongTokenOwner", "PayeeUnavailable"),
    "every role in every other": (*GUARD_1, "NotWritable", "MissingSigner", "PayeeUnavailable"),
    "every flag": ("NotWritable", "MissingSigner", "SIGNATURE_FAILURE", LAWFUL),
    "every account missing": ("MissingAccount", "PayeeUnavailable"),
    "every limit": ("UNITS_EXHAUSTED", LAWFUL),
}
"""What each family must have met, besides what else it meets."""


@pytest.fixture(scope="module")
def siege() -> Iterator[Adversary]:
    """Sweeps of some worlds and random attacks on all; says how long they took (``-s``)."""
    found = adversary()
    start = time.process_time()
    sweep(found, SWEPT)
    found.run(SEED, RANDOM)
    seconds = time.process_time() - start
    print(f"\n{found.transactions} hostile transactions in {seconds:.1f} s of one core")
    for (family, result), times in sorted(by_family(found).items()):
        print(f"{times:7} {family}: {result}")
    yield found
    found.real.close()


def test_fifty_thousand_hostile_transactions_find_nothing(siege: Adversary) -> None:
    """L3, L4, S1: the fixture would have failed at the first that does."""
    assert siege.transactions >= 50_000


def test_every_family_attacks_every_instruction(siege: Adversary) -> None:
    met = {(family, name) for family, name, _ in siege.met}
    assert MEETS.keys() == FAMILIES.keys() | SWEEPS.keys()
    own = {(f, name) for f in MEETS if f not in ("robbery", "initialize again") for name in CALLS}
    own |= {("robbery", name) for name in TOKEN_CALLS} | {("initialize again", "initialize")}
    assert own - met == set()


@pytest.mark.parametrize("family", MEETS)
def test_every_family_meets_the_refusals_it_is_there_for(siege: Adversary, family: str) -> None:
    met = by_family(siege)
    assert [result for result in MEETS[family] if not met[family, result]] == []


def test_every_instruction_meets_every_refusal_it_is_documented_to_have(siege: Adversary) -> None:
    """L3: in some design and some world; and, where everything is full, the overflow."""
    own = {reason.name for reason in REASONS if isinstance(reason, Reason)}
    expected = {pair for world in siege.worlds.values() for pair in reachable(world.design)}
    expected = {(name, result) for name, result in expected if name in CALLS and result in own}
    full = ("submit_message", "submit_spec", "vote", "settle", "claim")
    expected |= {(name, "Overflow") for name in full}
    expected |= {(name, LAWFUL) for name in CALLS}
    foreign = (Foreign.SIGNATURE_FAILURE, Foreign.ALREADY_PROCESSED, Foreign.UNITS_EXHAUSTED)
    expected |= {(name, reason.name) for name in CALLS for reason in foreign}
    assert expected - refusals(siege).keys() == set()


def test_every_world_is_attacked_and_in_order(siege: Adversary) -> None:
    """What is restored is what was saved, after everything that has happened."""
    assert len(siege.worlds) == 17
    for world in siege.worlds.values():
        siege.enter(world)
        for address in world.accounts:
            expected, found = siege.reference.account(address), siege.real.account(address)
            if expected is not None and found is not None and found.data:
                assert (expected.owner, expected.data) == (found.owner, found.data)


def test_the_same_seed_is_the_same_siege(siege: Adversary) -> None:
    def run() -> Counter[tuple[str, str, str]]:
        before = Counter(siege.met)
        siege.run(7, 1_500)
        return siege.met - before

    assert run() == run()


def test_flags_of_a_transaction_hold_for_all_its_calls() -> None:
    """Who signs one of them signs all; what one of them calls, none of them writes."""
    who, other = b"\1" * 32, b"\2" * 32
    one = Call("one", addresses.PROGRAM, (Meta(who, False, False), Meta(other, False, True)), b"")
    metas = (Meta(who, True, True), Meta(addresses.PROGRAM, False, True))
    first, second = merged([one, Call("two", addresses.TOKEN, metas, b"")], b"\3" * 32)
    assert first.accounts == (Meta(who, True, True), Meta(other, False, True))
    assert second.accounts == (Meta(who, True, True), Meta(addresses.PROGRAM, False, False))
