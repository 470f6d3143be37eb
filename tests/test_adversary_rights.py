"""The rules that judge a lawful transaction without the reference: each can be broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import pytest
from ledger_world import DENY, STAKE, World

from choir_model.adapters.hostile_litesvm import HostileLiteSvm
from choir_model.domain.identity import Address
from choir_model.lockstep.adversary_port import Sent
from choir_model.lockstep.adversary_rights import violations
from choir_model.lockstep.cast import Setting
from choir_model.ports.ledger import AccountImage, Confirmed
from choir_model.program import addresses, calls
from choir_model.program.bindings import ACCOUNTS, Config, Record, RecordStatus, Thread
from choir_model.program.calls import Call

Images: TypeAlias = dict[Address, AccountImage | None]


@dataclass
class Happened:
    """A lawful transaction: what it was, and the accounts before and after."""

    world: World
    sent: Sent
    before: Images
    after: Images
    events: tuple[Any, ...]

    def judged(self) -> list[str]:
        return violations(self.before, self.after, self.sent, self.events)

    def patch(self, address: Address, at: int, new: bytes) -> None:
        """Other bytes in an account afterwards."""
        image = self.after[address]
        assert image is not None
        data = image.data[:at] + new + image.data[at + len(new) :]
        self.after[address] = replace(image, data=data)

    def change(self, kind: type, address: Address, **values: object) -> None:
        """Other values in an account of the program afterwards."""
        image = self.after[address]
        assert image is not None
        value = replace(ACCOUNTS[kind].decode(image.data), **values)
        self.after[address] = replace(image, data=ACCOUNTS[kind].encode(value))


def happened(world: World, call: Call, payer: Address | None = None) -> Happened:
    """Execute a call that must be confirmed."""
    sent = Sent((call,), payer or world.cast.crank)
    world._watch(call)
    watched = world.watched | set(world.cast.wallets)
    before = {address: world.ledger.account(address) for address in watched}
    outcome = world.ledger.execute(call, sent.payer)
    assert isinstance(outcome, Confirmed), outcome
    after = {address: world.ledger.account(address) for address in watched}
    return Happened(world, sent, before, after, outcome.events)


def begun() -> World:
    """Wallets 0 and 1 are seated; 2 has a spec."""
    world = World(HostileLiteSvm, Setting("roomy", max_co_authors=5))
    world.seat(1)
    world.spec(2, "spec")
    return world


def approval() -> Happened:
    world = begun()
    return happened(world, world.vote_call(0, world.key(2, "spec")))


def publication() -> Happened:
    world = begun()
    world.vote(0, world.key(2, "spec"))
    return happened(world, world.vote_call(1, world.key(2, "spec")))


def rejection() -> Happened:
    world = begun()
    return happened(world, world.vote_call(0, world.key(2, "spec"), DENY))


def share() -> Happened:
    world = begun()
    world.vote(0, world.key(2, "spec"), DENY)
    return happened(world, world.claim_call(0, world.key(2, "spec")))


def submission() -> Happened:
    world = begun()
    return happened(world, world.spec_call(3, "another"))


def opening() -> Happened:
    world = begun()
    return happened(world, calls.create_thread(world.wallet(3), world.mint, 5))


def gift() -> Happened:
    world = begun()
    call = calls.token_transfer(world.wallet(0), world.token(0), world.vault("stake"), 5)
    return happened(world, call)


LAWFUL = (approval, publication, rejection, share, submission, opening, gift)


@pytest.mark.parametrize("make", LAWFUL, ids=lambda make: str(make.__name__))
def test_what_is_lawful_breaks_no_right(make: Callable[[], Happened]) -> None:
    assert make().judged() == []


def vault(kind: str, amount: int) -> Callable[[Happened], None]:
    """The vault holds so much more or less than it should, and wallet 3 the difference."""

    def spoil(it: Happened) -> None:
        for place, gain in ((it.world.vault(kind), amount), (it.world.token(3), -amount)):
            it.patch(place, 64, (it.world.amount(place) + gain).to_bytes(8, "little"))

    return spoil


def thread(**values: object) -> Callable[[Happened], None]:
    return lambda it: it.change(Thread, it.world.thread, **values)


def record(**values: object) -> Callable[[Happened], None]:
    key = "spec"
    return lambda it: it.change(Record, addresses.record(it.world.key(2, key)), **values)


def unsigned(it: Happened) -> None:
    """The same, but nobody had signed."""
    (call,) = it.sent.calls
    metas = tuple(replace(meta, signer=False) for meta in call.accounts)
    it.sent = Sent((replace(call, accounts=metas),), it.world.cast.crank)


def burnt(it: Happened) -> None:
    it.patch(it.world.token(3), 64, bytes(8))


def minted(it: Happened) -> None:
    it.patch(it.world.mint, 36, b"\xff")


def vanished(it: Happened) -> None:
    it.after[it.world.thread] = None


def lamports(it: Happened) -> None:
    image = it.after[it.world.thread]
    assert image is not None
    it.after[it.world.thread] = replace(image, lamports=(image.lamports or 0) - 1)


def stranger(it: Happened) -> None:
    it.patch(it.world.cast.token_garbage, 0, b"?")


def fake_vault(it: Happened) -> None:
    """A token account that is none of the vaults comes into being."""
    it.after[b"\7" * 32] = it.after[it.world.token(5)]


CASES: list[tuple[Callable[[], Happened], Callable[[Happened], None], str]] = [
    (approval, unsigned, "approvals changed by who has no such seat"),
    (approval, record(approvals=0b11), "approvals changed by who has no such seat"),
    (approval, record(denials=0b10), "denials changed by who has no such seat"),
    (approval, record(claims=0b10), "claims changed by who has none"),
    (approval, record(stake=STAKE - 1), "stake changed"),
    (approval, record(deadline=0), "deadline changed"),
    (approval, thread(creator=b"\1" * 32), "creator changed"),
    (approval, thread(sequence=0), "changed without an event"),
    (approval, thread(seats=(b"\1" * 32, b"\2" * 32)), "somebody lost a seat"),
    (approval, thread(co_author_count=1), "co_author_count shrank"),
    (approval, vault("stake", -1), "a vault gained -1"),
    (approval, vault("balance", -1), "a vault gained -1"),
    (approval, burnt, "an owner who did not sign has"),
    (approval, burnt, "came from nowhere"),
    (approval, minted, "a mint changed"),
    (approval, vanished, "is no longer what it was"),
    (approval, lamports, "lost 1 lamports"),
    (approval, stranger, "a foreign account changed"),
    (approval, fake_vault, "a token account that is no vault was created"),
    (approval, lambda it: it.change(Config, addresses.config(), min_stake=32), "the config"),
    (publication, vault("treasury", 1), "a vault gained 1"),
    (publication, vault("balance", 1), f"a vault gained {STAKE + 1}"),
    (rejection, vault("escrow", -1), f"a vault gained {STAKE - 1}"),
    (share, vault("escrow", 1), f"a vault gained -{STAKE - 1}"),
    (share, unsigned, "claims changed by who has none"),
    (share, record(status=RecordStatus.EXPIRED), "status changed"),
    (share, record(denials=0b11), "denials changed"),
    (submission, unsigned, "a record was created for who did not sign"),
    (submission, unsigned, "an owner who did not sign has"),
    (opening, unsigned, "a thread was created for who did not sign"),
    (gift, vault("stake", 1), "a vault gained 6"),
    (gift, unsigned, "an owner who did not sign has -5"),
]


@pytest.mark.parametrize(("make", "spoil", "told"), CASES)
def test_every_right_can_be_broken(
    make: Callable[[], Happened], spoil: Callable[[Happened], None], told: str
) -> None:
    it = make()
    spoil(it)
    assert any(told in line for line in it.judged()), it.judged()


def test_initializing_needs_the_mint_authority() -> None:
    """L1: whoever else is made to sign."""
    world = World(HostileLiteSvm, Setting("blank", initialized=False), thread=False)
    it = happened(world, world.cast.initialize(Setting("usual")), world.cast.authority)
    assert it.judged() == []
    unsigned(it)
    assert any("initialized without the mint authority" in line for line in it.judged())
