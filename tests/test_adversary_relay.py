"""A hostile program between the caller and ours, on the real VM (L3).

Whoever calls through another program gives it their signatures.  It can pass on what it was
given or less, and no more: what an inner call may do, the outer one had to be allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from event_reader_parrots import relay
from ledger_world import DENY, World

from choir_model.adapters.hostile_litesvm import HostileLiteSvm
from choir_model.domain.identity import Address
from choir_model.lockstep.cast import WINDOW, Setting
from choir_model.ports.ledger import Confirmed, Outcome, Rejected, UnregisteredRefusal
from choir_model.program import addresses, calls
from choir_model.program.bindings import INSTRUCTIONS, Reason
from choir_model.program.calls import Call, Meta


class Relayed(World):
    """A ledger on which calls can be sent through a program made for each of them."""

    ledger: HostileLiteSvm

    def __init__(self, setting: Setting) -> None:
        super().__init__(HostileLiteSvm, setting, thread=setting.initialized)

    def relay(self, inner: Call, outer: tuple[Meta, ...] | None = None) -> Outcome:
        """Send `inner` through a program; `outer` are the accounts as they are given to it."""
        from solders.pubkey import Pubkey

        targets = [*(meta.address for meta in inner.accounts), addresses.PROGRAM]
        sizes = [len(image.data) if image else 0 for image in map(self.found, targets)]
        code = relay(inner, sizes, 0)
        program = sha256(code).digest()
        self.ledger.svm.add_program(Pubkey(program), code)
        metas = (*(outer or inner.accounts), Meta(addresses.PROGRAM, False, False))
        call = Call("relay", program, metas, inner.data)
        return self.ledger.send([call], self.cast.authority)

    def found(self, address: Address) -> Any:
        from solders.pubkey import Pubkey

        return self.ledger.svm.get_account(Pubkey(address))


def begun() -> Relayed:
    world = Relayed(Setting("roomy", max_co_authors=5))
    world.seat(1)
    world.spec(2, "spec")
    return world


def initializing() -> tuple[Relayed, Call]:
    world = Relayed(Setting("blank", initialized=False))
    return world, world.cast.initialize(Setting("usual"))


def opening() -> tuple[Relayed, Call]:
    world = begun()
    return world, calls.create_thread(world.wallet(3), world.mint, 5)


def message() -> tuple[Relayed, Call]:
    world = begun()
    return world, world.message_call(1, "hello")


def spec() -> tuple[Relayed, Call]:
    world = begun()
    return world, world.spec_call(3, "another")


def vote() -> tuple[Relayed, Call]:
    world = begun()
    return world, world.vote_call(0, world.key(2, "spec"), DENY)


def settlement() -> tuple[Relayed, Call]:
    world = begun()
    world.wait(WINDOW)
    return world, world.settle_call(world.key(2, "spec"))


def claim() -> tuple[Relayed, Call]:
    world = begun()
    world.vote(0, world.key(2, "spec"), DENY)
    return world, world.claim_call(0, world.key(2, "spec"))


CALLS = (initializing, opening, message, spec, vote, settlement, claim)
through = pytest.mark.parametrize("make", CALLS, ids=[make.__name__ for make in CALLS])
Make = Callable[[], tuple[Relayed, Call]]


def lesser(meta: Meta) -> list[tuple[Meta, Reason]]:
    """The account with one of its flags less, and the refusal where that flag is missed."""
    found = []
    if meta.signer:
        found.append((replace(meta, signer=False), Reason.MissingSigner))
    if meta.writable:
        found.append((replace(meta, writable=False), Reason.NotWritable))
    return found


def test_every_instruction_is_relayed() -> None:
    assert {make()[1].name for make in CALLS} == INSTRUCTIONS.keys()


@through
def test_through_another_program_a_call_does_the_same(make: Make) -> None:
    """The same events and accounts as if it had been sent directly."""
    world, call = make()
    saved = world.ledger.save()
    direct = world.ledger.execute(call, world.cast.authority)
    world._watch(call)
    expected = world.images()
    world.ledger.restore(saved)
    relayed = world.relay(call)
    assert isinstance(direct, Confirmed)
    assert isinstance(relayed, Confirmed)
    assert (relayed.events, world.images()) == (direct.events, expected)


@through
def test_a_program_lends_nobody_a_signature_or_the_right_to_write(make: Make) -> None:
    """The runtime ends the transaction, before our program runs; nothing has changed."""
    world, call = make()
    world._watch(call)
    before, count = world.images(), 0
    for at, meta in enumerate(call.accounts):
        if meta.address == world.cast.authority:
            continue  # pays the fee, and so has signed
        for less, _ in lesser(meta):
            outer = (*call.accounts[:at], less, *call.accounts[at + 1 :])
            with pytest.raises(UnregisteredRefusal, match="PrivilegeEscalation"):
                world.relay(call, outer)
            count += 1
    assert world.images() == before
    assert count >= 2


@through
def test_what_a_program_does_not_pass_on_is_missed_by_guard_1(make: Make) -> None:
    """It was given signature and right to write, and asks without them."""
    world, call = make()
    world._watch(call)
    before, met = world.images(), set()
    for at, meta in enumerate(call.accounts):
        for less, reason in lesser(meta):
            asked = (*call.accounts[:at], less, *call.accounts[at + 1 :])
            outcome = world.relay(replace(call, accounts=asked), call.accounts)
            assert isinstance(outcome, Rejected)
            assert outcome.reason is reason
            met.add(reason)
    assert world.images() == before
    assert Reason.NotWritable in met
