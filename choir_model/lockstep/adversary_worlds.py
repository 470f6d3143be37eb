"""The worlds that are attacked: a story, look-alikes, and how to come back to it.

Look-alikes are put into every world.  Only what could lie on a real ledger is: accounts that
the program owns are at their addresses or all zeros, because anybody may give the program an
empty account (of any size), and nobody but the program can write to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from choir_model.domain.identity import Address, RecordKey
from choir_model.ledger.images import TOKEN_SIZE
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep.adversary_catalogue import catalogue
from choir_model.lockstep.adversary_port import HostileLedger
from choir_model.lockstep.adversary_stories import THREADS, Builder, attack_hash, settings
from choir_model.lockstep.cast import Cast, Setting
from choir_model.ports.ledger import AccountImage, Purse, Rejected
from choir_model.program import addresses
from choir_model.program.addresses import base58_decode
from choir_model.program.bindings import ACCOUNTS, INSTRUCTIONS, Config, Design, Record, Thread
from choir_model.program.calls import Call

TOKEN_2022 = base58_decode("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb")
ASSOCIATED_TOKEN = base58_decode("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL")
LAWFUL = "lawful"
LISTED = 200
"""Accounts of each world that a lookup table names."""
OTHER_PROGRAM = hashlib.sha256(b"some other program").digest()


@dataclass(frozen=True)
class World:
    """A prepared world: who and what is there, and how to come back to it."""

    name: str
    setting: Setting
    cast: Cast
    keys: tuple[RecordKey, ...]
    """Of the records there are."""
    strangers: tuple[Address, ...]
    """Accounts that look like what they are not."""
    accounts: tuple[Address, ...]
    """Every account there is, and every wallet."""
    tokens: tuple[Address, ...]
    """Those that SPL Token owns, be they what they may."""
    kin: Mapping[Address, tuple[Address, ...]]
    """Accounts of the same owner as a token account's, itself among them."""
    audited: bool
    saved: tuple[object, object]
    catalogue: Mapping[str, tuple[Call, ...]]
    """Well-formed calls, by instruction: what anybody could send, rightly or not."""
    by_outcome: Mapping[str, Mapping[str, tuple[Call, ...]]]
    """The same, sorted by what would become of them: ``lawful`` or the name of a refusal."""

    @property
    def design(self) -> Design:
        """The design it was initialized with."""
        return self.setting.design

    @property
    def threads(self) -> tuple[Address, ...]:
        """The threads of the story, and one that does not exist."""
        return tuple(self.cast.thread(number) for number in range(THREADS + 1))

    @property
    def vaults(self) -> tuple[Address, ...]:
        """Every vault."""
        own = (addresses.stake_vault, addresses.escrow_vault, addresses.balance_vault)
        return (addresses.treasury(), *(vault(t) for t in self.threads for vault in own))

    @property
    def paying(self) -> tuple[Call, ...]:
        """Lawful calls that pay somebody at once (payout push)."""
        lawful = (call for name in ("vote", "settle") for call in self.lawful(name))
        return tuple(c for c in lawful if len(c.accounts) > len(INSTRUCTIONS[c.name].accounts))

    def lawful(self, name: str) -> tuple[Call, ...]:
        """Calls of instruction `name` that would be confirmed."""
        return self.by_outcome[name].get(LAWFUL, ())

    def call(self, rng: Random, name: str, lawful: float) -> Call:
        """A call of instruction `name`: with this probability a lawful one, if there is any,
        else one of any fate, so that rare refusals are met as often as frequent ones."""
        by = self.by_outcome[name]
        if LAWFUL in by and rng.random() < lawful:
            return rng.choice(by[LAWFUL])
        return rng.choice(rng.choice(list(by.values())))

    def token(self, wallet: Address) -> Address:
        """The wallet's CHOIR account."""
        return self.cast.token(wallet)


def prepare(reference: ReferenceLedger, real: HostileLedger) -> list[World]:
    """Every world, saved on both ledgers, which must be fresh."""
    for program in (TOKEN_2022, ASSOCIATED_TOKEN):
        image = real.account(program)
        assert image is not None
        reference.put_account(program, AccountImage(image.owner, image.data))
    blank = reference.save(), real.save()
    found = []
    for setting, story in settings():
        reference.restore(blank[0])
        real.restore(blank[1])
        builder = Builder(reference, real, setting)
        story(builder)
        disguise(builder)
        found.append(_world(builder))
    return found


def disguise(b: Builder) -> None:
    """Look-alikes: right bytes of the wrong owner, wrong bytes of the right one."""
    cast, first, attacker = b.cast, b.wallets[0], b.wallets[3]
    owners = {"another program": OTHER_PROGRAM, "SPL Token": addresses.TOKEN}
    owners["the system"] = addresses.SYSTEM
    real = {"config": addresses.config(), "treasury": addresses.treasury()}
    real |= {
        "thread": cast.thread(0),
        "vault": addresses.escrow_vault(cast.thread(0)),
        "mint": cast.mint,
    }
    real |= {"record": addresses.record(b.keys[-1], b.design)} if b.keys else {}
    real |= {"account": cast.token(attacker)}
    for what, address in real.items():
        image = b.real.account(address)
        for whose, owner in owners.items():
            if image is not None and (owner != image.owner):
                b.put(f"{what} of {whose}", AccountImage(owner, image.data))
        if image is not None and image.owner == addresses.TOKEN:
            b.put(f"{what} of Token-2022", AccountImage(TOKEN_2022, image.data))
    for kind in (Config, Thread, Record):
        size = ACCOUNTS[kind].size
        b.put(f"zeros as long as {kind.__name__}", AccountImage(addresses.PROGRAM, bytes(size)))
    b.put("nothing, given to the program", AccountImage(addresses.PROGRAM, b""))
    b.put("a multisig", AccountImage(addresses.TOKEN, bytes([1, 1, 1]) + attacker + bytes(320)))
    owned = {"a vault for thread 0": cast.thread(0), "a treasury": addresses.config()}
    owned |= {"a second account": first, "an account of the vault": addresses.treasury()}
    for what, owner in owned.items():
        b.put(what, _tokens(cast.mint, owner))
    b.put("other tokens", _tokens(cast.other_mint, attacker))
    for owner in (first, attacker):
        b.put(f"frozen, of {owner.hex()}", _tokens(cast.mint, owner, state=b"\2"))
    for what, data in _mints(attacker, cast.crank).items():
        mint = b.put(what, AccountImage(addresses.TOKEN, data))
        b.attackers_mints.append((mint, b.put(f"account of {what}", _tokens(mint, attacker))))
    b.strangers += [cast.look_alike, cast.garbage, cast.token_garbage, cast.unborn_token]
    b.strangers += [cast.frozen, cast.unfit_mint, cast.spare_mint, cast.spare_reserve]
    b.strangers += [TOKEN_2022, ASSOCIATED_TOKEN, addresses.TOKEN, addresses.PROGRAM]
    coming = addresses.record(RecordKey(cast.thread(0), attacker, attack_hash(50)), b.design)
    thread = addresses.thread(b.wallets[1], 1)
    b.further += [coming, thread, addresses.stake_vault(thread)]
    purses = (Purse.AMPLE, Purse.FEES_ONLY, Purse.AMPLE)
    for address, purse in zip(b.further[-3:], purses, strict=True):
        for ledger in (b.reference, b.real):
            ledger.fund(address, purse)


def _tokens(mint: Address, owner: Address, state: bytes = b"\1") -> AccountImage:
    data = mint + owner + bytes(8) + bytes(36) + state + bytes(56)
    return AccountImage(addresses.TOKEN, data)


def _mints(authority: Address, other: Address) -> Mapping[str, bytes]:
    """Mints of who attacks; the first two are fit to become CHOIR, if nothing else is yet."""
    head, none, nobody = b"\1\0\0\0" + authority, bytes(8), bytes(36)
    return {
        "the attacker's mint": head + none + bytes([9, 1]) + nobody,
        "a mint the attacker can freeze": head + none + bytes([9, 1]) + head,
        "a mint another can freeze": head + none + bytes([9, 1]) + b"\1\0\0\0" + other,
        "a mint with a supply": head + b"\1" + bytes(7) + bytes([9, 1]) + nobody,
        "a mint of other decimals": head + none + bytes([6, 1]) + nobody,
        "a mint of nobody's": nobody + none + bytes([9, 1]) + nobody,
    }


def _world(b: Builder) -> World:
    found = catalogue(b)
    named = {meta.address for many in found.values() for call in many for meta in call.accounts}
    named |= {*b.cast.accounts(), *b.strangers, *b.further}
    there = {address for address in named if b.real.account(address) is not None}
    there -= {addresses.PROGRAM, addresses.TOKEN}
    b.real.enlist(sorted(there)[:LISTED])
    for address in there:  # read once, what is saved is known already when it is restored
        b.reference.account(address)
    tokens = {a: b.real.account(a) for a in sorted(there) if _owner(b, a) == addresses.TOKEN}
    whose = {a: i.data[32:64] for a, i in tokens.items() if i and len(i.data) == TOKEN_SIZE}
    return World(
        name=b.setting.name,
        setting=b.setting,
        cast=b.cast,
        keys=tuple(b.keys),
        strangers=tuple(b.strangers),
        accounts=tuple(sorted(there | set(b.cast.wallets))),
        tokens=tuple(tokens),
        kin={a: tuple(x for x in whose if whose[x] == owner) for a, owner in whose.items()},
        audited=b.audited,
        saved=(b.reference.save(), b.real.save()),
        catalogue=found,
        by_outcome=_sorted(b.reference, b.cast, found),
    )


def _owner(b: Builder, address: Address) -> Address | None:
    image = b.real.account(address)
    return image.owner if image else None


def _sorted(
    reference: ReferenceLedger, cast: Cast, found: Mapping[str, tuple[Call, ...]]
) -> Mapping[str, Mapping[str, tuple[Call, ...]]]:
    """The calls of a catalogue by what the reference says to them right now."""
    saved = reference.save()
    sorted_: dict[str, dict[str, list[Call]]] = {name: {LAWFUL: []} for name in found}
    for name, many in found.items():
        for call in many:
            outcome = reference.execute(call, cast.crank)
            result = outcome.reason.name if isinstance(outcome, Rejected) else LAWFUL
            sorted_[name].setdefault(result, []).append(call)
            if result == LAWFUL:
                reference.restore(saved)
    return {
        name: {result: tuple(many) for result, many in by.items() if many}
        for name, by in sorted_.items()
    }
