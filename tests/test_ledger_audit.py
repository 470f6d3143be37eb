"""What the audit tells besides sums: whose the vaults are, and what no votes can have led to."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ledger_world import DENY, World, worlds
from planted_defects import Defect, defect, planted
from test_ledger_variants import AUTHOR, world_of

from choir_model.domain.identity import Address
from choir_model.ledger import conservation, plausibility
from choir_model.ledger.conservation import Imbalance, audit
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep.cast import WINDOW
from choir_model.ports.ledger import AccountImage, LedgerPort
from choir_model.program import addresses
from choir_model.program.bindings import ACCOUNTS, Config, Record, RecordStatus, Thread

Make = Callable[[], LedgerPort]
STRANGER: Address = b"\x66" * 32
SEATED = 21
"""The wallet in seat 1."""


class Shown:
    """A ledger that shows one account other than it is."""

    def __init__(self, ledger: LedgerPort, at: Address, image: AccountImage | None) -> None:
        self._ledger, self._at, self._image = ledger, at, image

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def account(self, address: Address) -> AccountImage | None:
        return self._image if address == self._at else self._ledger.account(address)


def told(world: World, at: Address, image: AccountImage | None) -> str:
    """What the audit says of a ledger that shows `image` at one address."""
    shown: Any = Shown(world.ledger, at, image)
    with pytest.raises(Imbalance) as caught:
        audit(shown, world.mint, [], lambda _: 0)
    text = str(caught.value)
    assert "\n" not in text
    return text


def changed(world: World, kind: type, at: Address, **fields: object) -> AccountImage:
    """The account of the program at an address, with other fields."""
    value: Any = dataclasses.replace(world.read(kind, at), **fields)
    return AccountImage(addresses.PROGRAM, ACCOUNTS[kind].encode(value))


def lived(make: Make, *choices: str) -> tuple[World, dict[str, Address]]:
    """Two seats; a message and a spec of each status; their records by name."""
    world = world_of(make, *choices, seats=1)
    late = world.spec(3, "late")
    world.wait(WINDOW)
    world.settle(late)
    yes, no = world.spec(1, "yes"), world.spec(2, "no")
    for voter in (0, SEATED):
        world.vote(voter, yes)
    world.vote(0, no, DENY)
    if "rejection=at_close" in choices:
        world.wait(WINDOW)
        world.settle(no)
    keys = {"late": late, "yes": yes, "no": no, "said": world.message(0, "said")}
    keys["open"] = world.spec(AUTHOR, "open")
    with pytest.raises(Imbalance, match="the mint's supply"):
        audit(world.ledger, world.mint, [], lambda _: 0)
    return world, {name: addresses.record(key, world.design) for name, key in keys.items()}


def put(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


TAG = b"\1\0\0\0"
VAULT_DAMAGE: dict[str, Callable[[AccountImage], AccountImage | None]] = {
    "belongs to": lambda i: AccountImage(i.owner, put(i.data, 32, STRANGER)),
    "is of another mint": lambda i: AccountImage(i.owner, put(i.data, 0, STRANGER)),
    "has a delegate": lambda i: AccountImage(i.owner, put(i.data, 72, TAG + STRANGER)),
    "has a delegate ": lambda i: AccountImage(i.owner, put(i.data, 121, b"\1")),
    "has a close authority": lambda i: AccountImage(i.owner, put(i.data, 129, TAG + STRANGER)),
    "is frozen or not": lambda i: AccountImage(i.owner, put(i.data, 108, b"\2")),
    "is frozen or not ": lambda i: AccountImage(i.owner, put(i.data, 108, b"\0")),
    "has bytes no vault": lambda i: AccountImage(i.owner, put(i.data, 109, TAG)),
    "is no token account": lambda i: AccountImage(STRANGER, i.data),
    "is no token account ": lambda i: AccountImage(i.owner, i.data[:-1]),
    "is no token account  ": lambda i: None,
}


@worlds
@pytest.mark.parametrize("kind", ["stake", "escrow", "balance", "treasury"])
def test_a_vault_is_its_threads_and_nobody_elses(make: Make, kind: str) -> None:
    """S1, L2: whoever owns it, is its delegate or may close it can take what adds up today."""
    world, _ = lived(make)
    vault = world.vault(kind)
    image = world.ledger.account(vault)
    assert image is not None
    for what, damage in VAULT_DAMAGE.items():
        expected = f"vault {addresses.base58(vault)} {what.strip()}"
        assert told(world, vault, damage(image)).startswith(expected)


Row = tuple[tuple[str, ...], str, dict[str, Any], str]
OUTSIDE = "somebody outside its electorate has voted"
NOT_ENTITLED = "somebody has claimed who is not entitled"
LIVE, AT_CLOSE = ("electorate=live",), ("rejection=at_close",)
UNSHARED = ("denial_share=treasury",)
A_GAP = {"electorate_size": 1, "approvals": 0b101, "author": STRANGER}
RECORDS: list[Row] = [
    ((), "yes", {"denials": 1}, "a seat has approved and denied it"),
    ((), "yes", {"electorate_size": 4}, "its electorate are 4 of 3 seats"),
    ((), "yes", {"approvals": 0b111}, OUTSIDE),
    ((), "open", {"denials": 0b1000}, OUTSIDE),
    (LIVE, "yes", {"approvals": 0b111}, OUTSIDE),
    (LIVE, "yes", {"approvals": 0b1011}, OUTSIDE),
    (LIVE, "said", {"approvals": 0b10}, OUTSIDE),
    ((), "said", {"approvals": 1}, OUTSIDE),
    ((), "yes", {"claims": 1}, NOT_ENTITLED),
    ((), "open", {"claims": 1}, NOT_ENTITLED),
    ((), "late", {"claims": 1}, NOT_ENTITLED),
    ((), "no", {"claims": 0b10}, NOT_ENTITLED),
    (("expiry=refund",), "late", {"claims": 0b10}, NOT_ENTITLED),
    (("payout=push",), "no", {"claims": 1}, NOT_ENTITLED),
    ((), "open", {"electorate_size": 0}, "it has no electorate, and is no direct message"),
    ((), "yes", {"electorate_size": 0, "approvals": 0}, "it has no electorate, and is no direct"),
    ((), "said", {"status": RecordStatus.EXPIRED}, "it has no electorate, and is no direct"),
    ((), "yes", {"approvals": 1, "denials": 2}, "it is published although somebody has denied"),
    ((), "yes", {"approvals": 1}, "it is published without the approval of its whole electorate"),
    (LIVE, "yes", {"approvals": 1}, "it is published without the approval"),
    (LIVE, "yes", {"electorate_size": 1, "approvals": 0b10}, "it is published without the appr"),
    (LIVE, "yes", A_GAP, "it is published without the approval of its whole electorate"),
    (UNSHARED, "no", {"denials": 0}, "it is rejected although nobody has denied it"),
    (UNSHARED, "no", {"denials": 3}, "it is denied by several although the first denial decides"),
    ((), "late", {"denials": 1}, "it is expired although somebody has denied it"),
    ((), "open", {"denials": 1}, "it is pending although the first denial decides"),
    ((), "open", {"approvals": 0b111}, "it is not published although its whole electorate has"),
    ((), "late", {"approvals": 0b11}, "it is not published although its whole electorate has"),
]


def check_record(make: Make, row: Row) -> None:
    choices, name, fields, what = row
    world, records = lived(make, *choices)
    at = records[name]
    expected = f"record {addresses.base58(at)}: {what}"
    assert told(world, at, changed(world, Record, at, **fields)).startswith(expected)


@worlds
@pytest.mark.parametrize("row", RECORDS, ids=lambda row: f"{row[3]} {row[1]} {row[2]}")
def test_a_record_is_one_that_votes_and_claims_can_lead_to(make: Make, row: Row) -> None:
    """S1, S3, S9, S10: although every total is what it should be."""
    check_record(make, row)


@worlds
@pytest.mark.parametrize("choices", [(), LIVE, AT_CLOSE, UNSHARED, ("expiry=refund",)])
def test_what_votes_can_lead_to_is_no_imbalance(make: Make, choices: tuple[str, ...]) -> None:
    """S3: denied by several, approved by some, an author seated meanwhile, late joiners."""
    world, _ = lived(make, *choices)
    several, again = world.spec(AUTHOR, "several"), world.spec(AUTHOR, "again")
    world.vote(0, several)
    if choices == AT_CLOSE:
        world.vote(SEATED, several, DENY)
        world.vote(1, several, DENY)
    for voter in (0, SEATED, 1):
        world.vote(voter, again)
    if choices == LIVE:
        world.vote(SEATED, several)
        world.vote(1, several)
    with pytest.raises(Imbalance, match="the mint's supply"):
        audit(world.ledger, world.mint, [], lambda _: 0)


@worlds
@pytest.mark.parametrize("counter", plausibility.COUNTERS.values())
def test_a_thread_counts_its_records(make: Make, counter: str) -> None:
    """S1."""
    world, _ = lived(make)
    there = getattr(world.about(), counter)
    image = changed(world, Thread, world.thread, **{counter: 77})
    said = told(world, world.thread, image)
    who = f"thread {addresses.base58(world.thread)}"
    assert said.startswith(f"{who}: {counter} is 77, of its records {there} are ")


@worlds
@pytest.mark.parametrize("kind", [Thread, Record, Config])
def test_an_account_that_does_not_decode_is_named(make: Make, kind: type) -> None:
    """S1: a byte too many, a byte too few."""
    world, records = lived(make)
    at = {Thread: world.thread, Record: records["open"], Config: addresses.config()}[kind]
    image = world.ledger.account(at)
    assert image is not None
    for data in (image.data + b"\0", image.data[:-1]):
        said = told(world, at, AccountImage(image.owner, data))
        assert said.startswith(f"account {addresses.base58(at)} is no {kind.__name__}: ")


CHECKS = [
    ("approved and denied", "record.approvals & record.denials:", "False:"),
    ("electorates beyond the seats", "record.electorate_size > seats", "False"),
    ("outsiders vote", "votes >> voting or", ""),
    ("authors vote", "or votes & _authors_seat(record, thread)", ""),
    ("strangers claim", "record.claims & ~entitled(record, design)", "False"),
    ("a message is a vote", "and record.electorate_size\n", "\n"),
    ("no electorate", "return None if direct else", "return None if True else"),
    ("no electorate, but a stake", "and not record.stake", ""),
]
OF_SPECS = [
    ("published, denied", "RecordStatus.PUBLISHED if denials:", "RecordStatus.PUBLISHED if 0:"),
    ("published, not by all", "if not _is_complete(record, thread, design):", "if False:"),
    ("rejected by nobody", "RecordStatus.REJECTED if not denials", "RecordStatus.REJECTED if 0"),
    ("rejected by several", "at_once and denials.bit_count() > 1", "False"),
    ("expired, denied", "RecordStatus.EXPIRED if denials", "RecordStatus.EXPIRED if False"),
    ("pending, denied", "at_once and denials:", "False:"),
    ("complete, not published", "undecided and _is_complete(record, thread, design)", "False"),
]
BLIND: list[Defect] = [
    *(defect(n, "S1", plausibility.implausible, old, new) for n, old, new in CHECKS),
    *(defect(n, "S1", plausibility._undecidable, old, new) for n, old, new in OF_SPECS),
    defect("a gap", "S3", plausibility._is_complete, "approvals == passed", "passed == passed"),
    defect("too few", "S3", plausibility._is_complete, "approvals & members == members and", ""),
]


@pytest.mark.parametrize("blind", BLIND, ids=str)
def test_each_check_of_a_record_is_one_that_some_record_needs(blind: Defect) -> None:
    def missed() -> Iterator[Row]:
        for row in RECORDS:
            try:
                check_record(ReferenceLedger, row)
            except (AssertionError, pytest.fail.Exception):
                yield row

    with planted(blind):
        assert next(missed(), None)


def test_the_audit_looks_at_each_account_once() -> None:
    """It runs at the end of each lockstep sequence."""
    world, _ = lived(ReferenceLedger)
    asked: list[Address] = []

    class Counting(Shown):
        def account(self, address: Address) -> AccountImage | None:
            asked.append(address)
            return self._ledger.account(address)

    counting: Any = Counting(world.ledger, STRANGER, None)
    with pytest.raises(Imbalance):
        conservation.audit(counting, world.mint, [], lambda _: 0)
    config = addresses.config()
    assert {a for a in asked if asked.count(a) > 1} <= {config}
