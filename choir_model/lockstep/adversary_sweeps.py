"""Attacks that leave nothing to chance: every length, bit, role, account, flag and limit, once.

Each sweep damages one well-formed call of each instruction, a lawful one if the world has
one, and of these the one with the most accounts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from choir_model.lockstep.adversary_attacks import RUNTIME_OWN, Attack
from choir_model.lockstep.adversary_port import Sent
from choir_model.lockstep.adversary_worlds import LAWFUL, World
from choir_model.program.calls import Call, Meta

LONGEST = 40
"""Bytes beyond the right length."""
UNITS = range(0, 48_000, 400)
"""Compute units: the last ones are enough for every instruction."""

Sweep: TypeAlias = Callable[[World, Call], Iterator[Sent]]


def lengths(world: World, call: Call) -> Iterator[Sent]:
    """The data cut off at, or filled up with zeros to, every length but the right one."""
    for length in range(len(call.data) + LONGEST):
        if length != len(call.data):
            data = call.data[:length].ljust(length, b"\0")
            yield from _one(world, call.with_data(data))


def bits(world: World, call: Call) -> Iterator[Sent]:
    """Every bit of the data flipped."""
    for at in range(8 * len(call.data)):
        flipped = bytearray(call.data)
        flipped[at // 8] ^= 1 << at % 8
        yield from _one(world, call.with_data(bytes(flipped)))


def places(world: World, call: Call) -> Iterator[Sent]:
    """Every account of the world in every role: look-alikes, other vaults, other threads."""
    everything = sorted({*world.accounts, *world.strangers, *RUNTIME_OWN})
    for at, meta in enumerate(call.accounts):
        for address in everything:
            if address != meta.address:
                yield from _one(world, _with(call, at, replace(meta, address=address)))


def doubles(world: World, call: Call) -> Iterator[Sent]:
    """The account of every role in every other, with the flags of either."""
    for at, meta in enumerate(call.accounts):
        for other in call.accounts:
            if other.address != meta.address:
                yield from _one(world, _with(call, at, replace(meta, address=other.address)))
                yield from _one(world, _with(call, at, other))


def flags(world: World, call: Call) -> Iterator[Sent]:
    """Every flag turned; paid by who signs, and by somebody who has no part in it."""
    for at, meta in enumerate(call.accounts):
        yield from _one(world, _with(call, at, replace(meta, writable=not meta.writable)))
        yield from _one(world, _with(call, at, replace(meta, signer=not meta.signer)))


def fewer(world: World, call: Call) -> Iterator[Sent]:
    """Only the first accounts; and each left out."""
    for count in range(len(call.accounts)):
        yield from _one(world, call.with_accounts(count))
        without = (*call.accounts[:count], *call.accounts[count + 1 :])
        yield from _one(world, replace(call, accounts=without))


def limits(world: World, call: Call) -> Iterator[Sent]:
    """Compute units for less and less of the transaction."""
    for limit in UNITS:
        for step in _one(world, call):
            yield replace(step, unit_limit=limit)


SWEEPS: Mapping[str, Sweep] = {
    "every length": lengths,
    "every bit": bits,
    "every account in every role": places,
    "every role in every other": doubles,
    "every flag": flags,
    "every account missing": fewer,
    "every limit": limits,
}


def attacks(world: World) -> Iterator[Attack]:
    """Every sweep of every instruction in a world."""
    for by in world.by_outcome.values():
        pool = by.get(LAWFUL) or next(iter(by.values()))
        base = max(pool, key=lambda call: len(call.accounts))
        for name, sweep in SWEEPS.items():
            for step in sweep(world, base):
                yield Attack(name, world.name, base, (step,))


def _with(call: Call, at: int, meta: Meta) -> Call:
    return replace(call, accounts=(*call.accounts[:at], meta, *call.accounts[at + 1 :]))


def _one(world: World, call: Call) -> Iterator[Sent]:
    """Paid by the crank; verified where somebody is to sign who has no key."""
    found = Sent((call,), world.cast.crank)
    can_sign = found.signers <= set(world.cast.wallets)
    yield found if can_sign else replace(found, verified=True)
