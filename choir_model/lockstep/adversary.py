"""The adversary: seeded hostile transactions on prepared worlds, each judged at once (L3, S1).

Theory of operation
-------------------
Reference and real ledger hold the same worlds.  Every attack starts from a world as it was
prepared, and after each of its transactions the judge demands:

* both sides say the same: confirmed with equal events, or refused for the same reason;
* a refusal is one that the instruction is documented to have, or a registered foreign one;
* after a refusal every account of the world, and every account named, is byte for byte what
  it was, lamports included; only the payer is poorer, by the fee that was told;
* what both accept as lawful has the same effects on both, breaks no right of anybody
  (`adversary_rights`), and the tokens of the world still add up (S1, L4).

Signatures are not verified where everybody who is to sign has a key: that saves more than
half of the time.  Forged ones, those of accounts nobody holds a key of, replays, and one in a
hundred of the others are verified.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TypeAlias

from choir_model.domain.identity import Address
from choir_model.ledger.conservation import Imbalance, audit
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep.adversary_attacks import FAMILIES, Attack
from choir_model.lockstep.adversary_port import HostileLedger, Sent
from choir_model.lockstep.adversary_report import describe
from choir_model.lockstep.adversary_rights import violations
from choir_model.lockstep.adversary_shrinking import simpler
from choir_model.lockstep.adversary_worlds import World, prepare
from choir_model.lockstep.ledger_pair import lying, said
from choir_model.lockstep.reachable import REFUSALS
from choir_model.ports.ledger import (
    RESERVED,
    AccountImage,
    Confirmed,
    Foreign,
    Outcome,
    Rejected,
    UnregisteredRefusal,
    privileges,
)
from choir_model.program import addresses
from choir_model.program.bindings import INSTRUCTIONS, Reason
from choir_model.program.calls import Call, Meta

ATTACKS_PER_VISIT = 64
"""In one world before another is entered: fewer than a thin purse pays fees for."""
SHRINKING_TRIES = 600
EVERYWHERE = {
    Reason.Overflow,  # some worlds stand at the edge of every number
    Foreign.SIGNATURE_FAILURE,
    Foreign.UNITS_EXHAUSTED,
    Foreign.ALREADY_PROCESSED,
}
"""Refusals that any instruction can have here, besides those of `reachable`."""
GRANTED_UNITS = 200_000
BY_DISCRIMINATOR = {spec.discriminator: name for name, spec in INSTRUCTIONS.items()}
Met: TypeAlias = tuple[str, str, str]
"""A family, an instruction, and ``lawful`` or the name of a refusal."""


class Breach(AssertionError):
    """A demand that one transaction did not meet."""

    def __init__(self, demand: str, what: str) -> None:
        self.demand = demand
        self.what = what
        super().__init__(f"{demand}: {what}")


class Breached(AssertionError):
    """An attack that found something: the least one, as text; and the attack itself."""

    def __init__(self, attack: Attack, breach: Breach, text: str) -> None:
        self.attack = attack
        self.breach = breach
        super().__init__(text)


@dataclass(slots=True)
class Seen:
    """How a world was before a transaction: on the real ledger, and on the reference."""

    places: dict[Address, int]
    """Where each account is in `photo`."""
    photo: list[object]
    images: dict[Address, AccountImage | None]
    mirror: dict[Address, AccountImage | None]


class Adversary:
    """Attacks one real ledger, with a reference beside it.  `real` must begin at `OLDEST`."""

    def __init__(self, reference: ReferenceLedger, real: HostileLedger) -> None:
        self.reference, self.real = reference, real
        self.worlds = {world.name: world for world in prepare(reference, real)}
        self.met: Counter[Met] = Counter()
        self.transactions = 0
        self._place: World | None = None
        self._seen: Seen
        self._pristine: dict[str, Seen] = {}
        self._dirty = True

    def run(self, seed: int, transactions: int, families: Sequence[str] = tuple(FAMILIES)) -> None:
        """At least so many transactions; raises `Breached` at the first that finds something."""
        rng, until, attacks = Random(seed), self.transactions + transactions, 0
        while self.transactions < until:
            world = rng.choice(list(self.worlds.values()))
            for _ in range(ATTACKS_PER_VISIT):
                attacks += 1
                attack = self._draw(rng, world, families)
                self.launch(attack, f"attack {attacks} of seed {seed}")

    def launch(self, attack: Attack, origin: str = "") -> None:
        """One attack; raises `Breached` with the least form of it."""
        try:
            self._play(attack)
        except Breach as breach:
            least, last = self._least(attack, breach)
            text = describe(self.worlds[attack.world], least)
            raise Breached(least, last, f"{last}\n{origin}\n{text}") from breach

    def _draw(self, rng: Random, world: World, families: Sequence[str]) -> Attack:
        family = rng.choice(families)
        name = rng.choice(list(INSTRUCTIONS))
        if family == "initialize again" or not world.setting.initialized:
            name = "initialize"
        base = world.call(rng, name, lawful=0.0 if family == "uninvited" else 0.6)
        if family == "other payees" and world.paying and rng.random() < 0.8:
            base = rng.choice(world.paying)
        return Attack(family, world.name, base, FAMILIES[family](rng, world, base))

    # Playing and judging

    def _play(self, attack: Attack, *, counted: bool = True) -> None:
        world = self.worlds[attack.world]
        if self._dirty or self._place is not world:
            self.enter(world)
        # Whatever goes wrong below, the next attack begins anew.
        self._dirty = True
        dirty = False
        for step in attack.steps:
            outcome = self._judge(world, step)
            lawful = isinstance(outcome, Confirmed)
            dirty |= lawful
            if counted:
                self.transactions += 1
                result = outcome.reason.name if isinstance(outcome, Rejected) else "lawful"
                self.met[attack.family, instruction(step.calls[-1]), result] += 1
        self._dirty = dirty

    def enter(self, world: World) -> None:
        """Both ledgers as they were when the world was prepared."""
        self.reference.restore(world.saved[0])
        self.real.restore(world.saved[1])
        self._place = world
        if world.name not in self._pristine:
            self._pristine[world.name] = self._look(world)
        seen = self._pristine[world.name]
        self._seen = replace(seen, photo=list(seen.photo), images=dict(seen.images))

    def _look(self, world: World) -> Seen:
        known = world.accounts
        return Seen(
            places={address: number for number, address in enumerate(known)},
            photo=self.real.photograph(known),
            images={address: self.real.account(address) for address in known},
            mirror={address: self.reference.account(address) for address in known},
        )

    def _judge(self, world: World, sent: Sent) -> Outcome:
        further = tuple(sent.named - self._seen.places.keys() - RESERVED - EXECUTABLES)
        unseen = [self.real.glance(address) for address in further]
        found = self._real(sent) if sent.unit_limit is not None else None
        if isinstance(found, Rejected) and found.reason is Foreign.UNITS_EXHAUSTED:
            self._demand((sent.unit_limit or 0) < GRANTED_UNITS, "units", "are exhausted")
        else:
            try:
                expected = self._expected(world, sent)
            except Exception as error:
                raise Breach("reference stops", repr(error)) from error
            found = found or self._real(sent)
            if said(expected) != said(found):
                raise Breach("outcome", f"reference {expected}, real {found}")
        if isinstance(found, Rejected):
            self._documented(sent, found)
            self._untouched(sent, found)
            now = [self.real.glance(address) for address in further]
            self._demand(now == unseen, "refusal changed", "an account of no world")
        else:
            assert isinstance(found, Confirmed)
            self._lawful(world, sent, found, further)
        return found

    def _demand(self, holds: bool, demand: str, what: str) -> None:
        if not holds:
            raise Breach(demand, what)

    def _real(self, sent: Sent) -> Outcome:
        if sent.again:
            return self.real.resend()
        try:
            return self.real.send(
                sent.calls,
                sent.payer,
                unit_limit=sent.unit_limit,
                verified=sent.verified,
                forged=sent.forged,
                looked_up=sent.looked_up,
            )
        except UnregisteredRefusal as refusal:
            raise Breach("registered refusal", str(refusal)) from None

    def _expected(self, world: World, sent: Sent) -> Outcome:
        keyless = sent.signers - set(world.cast.wallets)
        if sent.verified and (sent.forged or keyless):
            return Rejected(Foreign.SIGNATURE_FAILURE)
        if sent.again:
            return self.reference.resend()
        if len(sent.calls) == 1:
            return self.reference.execute(sent.calls[0], sent.payer)
        return self._together(sent)

    def _together(self, sent: Sent) -> Outcome:
        """Several calls: all of them or none, under the flags of the whole transaction."""
        saved = self.reference.save()
        events: list[object] = []
        for call in merged(sent.calls, sent.payer):
            outcome = self.reference.execute(call, sent.payer)
            if not isinstance(outcome, Confirmed):
                self.reference.restore(saved)
                return outcome
            events += outcome.events
        return Confirmed(tuple(events))

    def _documented(self, sent: Sent, outcome: Rejected) -> None:
        if outcome.reason not in EVERYWHERE:
            where = REFUSALS[outcome.reason].instructions
            names = {instruction(call) for call in sent.calls}
            known = bool(names & where) or sent.again
            self._demand(known, "documented", f"{outcome.reason} of {sorted(names)}")

    def _untouched(self, sent: Sent, outcome: Rejected) -> None:
        """A refusal changed nothing but the payer's lamports."""
        payer = sent.payer
        before, after = self._seen.images[payer], self.real.account(payer)
        paid = (before.lamports or 0) - (after.lamports or 0) if before and after else 0
        same = lying(before) == lying(after) and (before is None) == (after is None)
        self._demand(same and paid == outcome.fee, "fee", f"{paid} instead of {outcome.fee}")
        self._seen.images[payer] = after
        self._seen.photo[self._seen.places[payer]] = self.real.glance(payer)
        known = self._place.accounts if self._place else ()
        found = self.real.photograph(known)
        if found != self._seen.photo:
            both = zip(known, found, self._seen.photo, strict=True)
            wrong = [address for address, now, then in both if now != then]
            raise Breach("refusal changed", ", ".join(map(addresses.base58, wrong)))
        for address in sent.named & self._seen.places.keys():
            if self.reference.account(address) != self._seen.mirror[address]:
                raise Breach("refusal changed", f"the reference at {addresses.base58(address)}")

    def _lawful(
        self, world: World, sent: Sent, outcome: Confirmed, further: Sequence[Address]
    ) -> None:
        """What both accept: the same effects, nobody's right broken, all tokens still there."""
        before = self._seen.images
        self._seen = self._look(world)
        after = self._seen.images | {address: self.real.account(address) for address in further}
        for address, image in after.items():
            expected = self.reference.account(address)
            if lying(image) != lying(expected):
                raise Breach("effects", f"{addresses.base58(address)}: {expected} | {image}")
        owned = self.reference.program_accounts(), self.real.program_accounts()
        self._demand(owned[0] == owned[1], "accounts of the program", f"{owned[0] ^ owned[1]}")
        wrong = violations(before, after, sent, outcome.events)
        self._demand(not wrong, "rights", "; ".join(wrong))
        if world.audited:
            try:
                audit(self.real, world.cast.mint, _holders(world, after), self.reference.donated)
            except Imbalance as imbalance:
                raise Breach("S1", str(imbalance)) from None

    # Shrinking

    def _least(self, attack: Attack, breach: Breach) -> tuple[Attack, Breach]:
        """The least attack found that breaks the same demand."""
        tries, found = 0, True
        while found and tries < SHRINKING_TRIES:
            found = False
            for smaller in simpler(attack):
                tries += 1
                again = self._breach_of(smaller)
                if again is not None and again.demand == breach.demand:
                    attack, breach, found = smaller, again, True
                    break
        return attack, breach

    def _breach_of(self, attack: Attack) -> Breach | None:
        self._dirty = True
        try:
            self._play(attack, counted=False)
        except Breach as breach:
            return breach
        except (ValueError, AssertionError):
            return None  # smaller than anything that can be sent
        return None


EXECUTABLES = {addresses.PROGRAM, addresses.TOKEN}


def instruction(call: Call) -> str:
    """The instruction that the data names; that of the call, where it names none."""
    own = call.program == addresses.PROGRAM
    return BY_DISCRIMINATOR.get(call.data[:8], call.name) if own else call.name


def merged(calls: Sequence[Call], payer: Address) -> list[Call]:
    """The calls with the flags that the runtime grants to a transaction of all of them."""
    signs: dict[Address, bool] = {}
    writes: dict[Address, bool] = {}
    for call in calls:
        for address, (signer, writable) in privileges(call, payer).items():
            signs[address] = signs.get(address, False) or signer
            writes[address] = writes.get(address, False) or writable
    for call in calls:
        writes[call.program] = False
    return [
        replace(
            call,
            accounts=tuple(
                Meta(m.address, signs[m.address], writes[m.address]) for m in call.accounts
            ),
        )
        for call in calls
    ]


def _holders(world: World, images: dict[Address, AccountImage | None]) -> list[Address]:
    """Every token account of the CHOIR mint but the vaults."""
    vaults = set(world.vaults)
    vaults |= {v(a) for v in VAULTS for a, i in images.items() if i and i.owner == PROGRAM_ID}
    return [
        address
        for address, image in images.items()
        if image is not None
        and image.owner == addresses.TOKEN
        and len(image.data) == 165
        and image.data[:32] == world.cast.mint
        and image.data[108]
        and address not in vaults
    ]


PROGRAM_ID = addresses.PROGRAM
VAULTS: tuple[Callable[[Address], Address], ...] = (
    addresses.stake_vault,
    addresses.escrow_vault,
    addresses.balance_vault,
)
