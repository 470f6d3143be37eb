"""How calls are attacked: families of damage, each a function of a seeded generator and a world.

A family takes a well-formed call and returns the transactions of one attack.  What becomes of
them is for the judge to say; here nothing is known about which guard would refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import TypeAlias

from choir_model.domain.identity import Address
from choir_model.lockstep import hostile
from choir_model.lockstep.adversary_port import Sent
from choir_model.lockstep.adversary_worlds import World
from choir_model.lockstep.cast import Cast
from choir_model.ports.ledger import CLOCK, RENT
from choir_model.program import addresses, calls
from choir_model.program.bindings import INSTRUCTIONS
from choir_model.program.calls import Call, Meta

MOST_ACCOUNTS = 60
"""Different accounts in one transaction; the runtime locks 64 at most."""
RUNTIME_OWN = (CLOCK, RENT, addresses.SYSTEM, addresses.PROGRAM, addresses.TOKEN)
INTEGERS = (0, 1, 2, 31, 32, 33, 127, 128, 255, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)
LIMITS = (0, 100, 149, 150, 200, 1_000, 200_000, 1_400_000)
"""Compute units, in which a transaction surely ends early, or surely not."""

Damage: TypeAlias = Callable[[Random, World, Call], Call]
Family: TypeAlias = Callable[[Random, World, Call], tuple[Sent, ...]]


@dataclass(frozen=True, slots=True)
class Attack:
    """Transactions sent to a world one after the other; `base` is the call before the damage."""

    family: str
    world: str
    base: Call
    steps: tuple[Sent, ...]


def payer_of(rng: Random, world: World, call: Call) -> Address:
    """Who pays the fee, and so signs: mostly a party or the crank; rarely who has no lamports."""
    dice = rng.random()
    if dice < 0.02:
        return world.cast.wallets[rng.choice((Cast.PAUPER, Cast.THIN))]
    parties = [m.address for m in call.accounts if m.address in world.cast.wallets]
    return parties[0] if parties and dice < 0.6 else world.cast.crank


def sent(rng: Random, world: World, *several: Call, payer: Address | None = None) -> Sent:
    """One transaction; really signed where somebody could not sign, and now and then; now and
    then with its accounts looked up in a table."""
    payer = payer or payer_of(rng, world, several[-1])
    found = Sent(several, payer, looked_up=rng.random() < 0.03)
    can_sign = set(world.cast.wallets).issuperset(found.signers)
    return found if can_sign and rng.random() > 0.01 else replace(found, verified=True)


def once(damage: Damage) -> Family:
    """The family of one transaction with one damaged call."""
    return lambda rng, world, call: (sent(rng, world, damage(rng, world, call)),)


# Signers


def forged(rng: Random, world: World, call: Call) -> tuple[Sent, ...]:
    """Somebody signs for somebody else, or nobody does."""
    signing = [m.address for m in call.accounts if m.signer]
    at = next((n for n, m in enumerate(call.accounts) if m.signer), None)
    attacker, crank = world.cast.wallets[rng.choice((2, 3, 4, 7))], world.cast.crank
    kind = rng.randrange(5) if at is not None else rng.choice((3, 4))
    if at is None or kind == 3:
        keyless = rng.choice((*world.threads, *world.vaults, *world.strangers[:4]))
        at = rng.randrange(len(call.accounts)) if at is None or rng.random() < 0.5 else at
        return (sent(rng, world, _at(call, at, Meta(keyless, True, True)), payer=crank),)
    if kind == 4:
        victims = frozenset(signing[:1])
        return (Sent((call,), attacker, verified=True, forged=victims - {attacker}),)
    unsigned = _at(call, at, replace(call.accounts[at], signer=False))
    if kind == 0:
        return (sent(rng, world, unsigned, payer=crank),)
    if kind == 1:
        other = _at(call, at, replace(call.accounts[at], address=attacker))
        return (sent(rng, world, other, payer=attacker),)
    helped = replace(unsigned, accounts=(*unsigned.accounts, Meta(attacker, True, True)))
    return (sent(rng, world, helped, payer=crank),)


def _at(call: Call, at: int, meta: Meta) -> Call:
    return replace(call, accounts=(*call.accounts[:at], meta, *call.accounts[at + 1 :]))


def _elsewhere(call: Call, at: int, address: Address) -> Call:
    return _at(call, at, replace(call.accounts[at], address=address))


# Accounts


def look_alike(rng: Random, world: World, call: Call) -> Call:
    """A stranger in some role."""
    at = rng.randrange(len(call.accounts))
    return _elsewhere(call, at, rng.choice((*world.strangers, *RUNTIME_OWN)))


def swapped(rng: Random, world: World, call: Call) -> Call:
    """A right account in the wrong place: of another thread, record, party or purpose."""
    roles = [r.name for r in INSTRUCTIONS[call.name].accounts]
    at = rng.randrange(min(len(roles), len(call.accounts)))
    pools = _pools(world)
    pool = pools[_kind(roles[at])] if rng.random() < 0.7 else rng.choice(list(pools.values()))
    return _elsewhere(call, at, rng.choice(pool))


def _kind(role: str) -> str:
    if role in ("thread", "record", "config", "mint"):
        return role
    if role.endswith("_vault") or role == "treasury":
        return "vault"
    return "token" if role in ("author_token", "destination") else "wallet"


def _pools(world: World) -> Mapping[str, tuple[Address, ...]]:
    cast = world.cast
    records = tuple(addresses.record(key, world.design) for key in world.keys)
    return {
        "thread": world.threads,
        "record": records or world.threads,
        "config": (addresses.config(), *world.threads),
        "mint": (cast.mint, cast.other_mint, cast.spare_mint, cast.unfit_mint),
        "vault": world.vaults,
        "token": (*map(cast.token, cast.wallets), *world.vaults),
        "wallet": cast.wallets,
    }


def shuffled(rng: Random, world: World, call: Call) -> Call:
    """The accounts in another order, or one of them twice, or fewer."""
    metas = list(call.accounts)
    kind = rng.randrange(6)
    first, second = rng.randrange(len(metas)), rng.randrange(len(metas))
    match kind:
        case 0:
            rng.shuffle(metas)
        case 1:
            metas[first], metas[second] = metas[second], metas[first]
        case 2:
            metas[first] = replace(metas[first], address=metas[second].address)
        case 3:
            metas[first] = metas[second]
        case 4:
            metas = [replace(meta, address=metas[first].address) for meta in metas]
        case _:
            del metas[first:]
    return replace(call, accounts=tuple(metas))


def crowded(rng: Random, world: World, call: Call) -> Call:
    """More accounts than anybody asked for, up to `MOST_ACCOUNTS`."""
    room = MOST_ACCOUNTS - len({m.address for m in call.accounts})
    extra = rng.sample(world.accounts, min(rng.randint(1, room), len(world.accounts)))
    metas = [Meta(address, False, rng.random() < 0.5) for address in extra]
    if rng.random() < 0.2:
        metas += [rng.choice(metas) for _ in range(rng.randint(1, 60))]
    if rng.random() < 0.3:
        cut = rng.randint(0, len(call.accounts))
        return replace(call, accounts=(*call.accounts[:cut], *metas, *call.accounts[cut:]))
    return replace(call, accounts=(*call.accounts, *metas))


def payees(rng: Random, world: World, call: Call) -> Call:
    """Accounts to be paid into: permuted, doubled, left out, or not the payees'."""
    count = len(INSTRUCTIONS[call.name].accounts)
    own, paid = call.accounts[:count], list(call.accounts[count:])
    match rng.randrange(8):
        case 0:
            rng.shuffle(paid)
        case 1:
            paid = [*paid[:1], *paid]
        case 2:
            del paid[:1]
        case 3 if paid:
            return hostile.misdirected(call, rng.randint(1, hostile.UNFIT + 1), world.cast)
        case 4 if paid:
            paid[0] = replace(paid[0], writable=False)
        case 5 if paid:
            kin = world.kin.get(paid[0].address, world.tokens)
            paid[0] = Meta(rng.choice(kin), False, True)
        case 6:
            paid[:1] = [Meta(rng.choice(world.tokens), False, True)]
        case _:
            paid[:1] = [Meta(rng.choice(world.strangers), False, True)]
    return replace(call, accounts=(*own, *paid))


def flagged(rng: Random, world: World, call: Call) -> Call:
    """Signer and writable flags changed; the same account named again with other flags."""
    metas = list(call.accounts)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(metas))
        meta = metas[at]
        if rng.random() < 0.4:
            signs = meta.address in world.cast.wallets and rng.random() < 0.5
            metas.append(Meta(meta.address, signs, rng.random() < 0.5))
        elif meta.signer and rng.random() < 0.5:
            metas[at] = replace(meta, signer=False)
        else:
            metas[at] = replace(meta, writable=not meta.writable)
    return replace(call, accounts=tuple(metas))


# Data


def edges(rng: Random, world: World, call: Call) -> Call:
    """Arguments at the ends of their ranges; `settle` and `claim` meet edges in the accounts."""
    arguments = INSTRUCTIONS[call.name].arguments
    if not arguments.size:
        return call
    data, at, start = call.data, 8, rng.randrange(len(arguments.names))
    for number, name in enumerate(arguments.names):
        size = arguments.sizes[name]
        if number == start or rng.random() < 0.2:
            value = rng.choice(INTEGERS) % 256**size
            data = data[:at] + value.to_bytes(size, "little") + data[at + size :]
        at += size
    if call.name == "create_thread" and rng.random() < 0.7:
        nonce = int.from_bytes(data[8:16], "little")
        return calls.create_thread(call.accounts[0].address, world.cast.mint, nonce)
    return call.with_data(data)


def garbled(rng: Random, world: World, call: Call) -> Call:
    """Data cut off, too long, with a bit flipped, of another instruction, or random."""
    data = call.data
    match rng.randrange(6):
        case 0:
            return call.with_data(data[: rng.randrange(len(data))])
        case 1:
            return call.with_data(data + rng.randbytes(rng.choice((1, 2, 8, 32, 900))))
        case 2 | 3:
            at = rng.randrange(8 * len(data))
            flipped = bytes([data[at // 8] ^ 1 << at % 8])
            return call.with_data(data[: at // 8] + flipped + data[at // 8 + 1 :])
        case 4:
            other = INSTRUCTIONS[rng.choice(list(INSTRUCTIONS))]
            return call.with_data(other.discriminator + data[8:])
        case _:
            return call.with_data(data[:8] + rng.randbytes(len(data) - 8))


# Whole transactions


def uninvited(rng: Random, world: World, call: Call) -> tuple[Sent, ...]:
    """Nothing is damaged: the wrong party, or the wrong moment."""
    return (sent(rng, world, call),)


def compound(rng: Random, world: World, call: Call) -> tuple[Sent, ...]:
    """Two or three kinds of damage in one call."""
    for damage in rng.sample(list(DAMAGES.values()), rng.randint(2, 3)):
        if call.accounts and call.data:
            call = damage(rng, world, call)
    return (sent(rng, world, call),)


def replayed(rng: Random, world: World, call: Call) -> tuple[Sent, ...]:
    """The same transaction once more: the same signature, or signed again."""
    first = Sent((call,), payer_of(rng, world, call), verified=True)
    again = replace(first, again=True)
    return rng.choice(((first, again), (first, first), (first, again, first)))


def reinitialized(rng: Random, world: World, call: Call) -> tuple[Sent, ...]:
    """`initialize` by anybody with any mint, before or after somebody else's."""
    own = world.catalogue["initialize"]
    steps = [rng.choice(own) for _ in range(rng.randint(1, 2))]
    if rng.random() < 0.3:
        steps[-1] = rng.choice(list(DAMAGES.values()))(rng, world, steps[-1])
    if rng.random() < 0.3:
        return (sent(rng, world, *steps),)
    return tuple(sent(rng, world, step) for step in steps)


def several(rng: Random, world: World, call: Call) -> tuple[Sent, ...]:
    """Several calls in one transaction, the program's and SPL Token's; the last one decides."""
    if rng.random() < 0.3 and world.lawful("create_thread"):
        return (sent(rng, world, *_sponsored(rng, world, call), payer=world.cast.crank),)
    many = [_any_call(rng, world) for _ in range(rng.randint(1, 3))]
    if rng.random() < 0.5:
        call = rng.choice(list(DAMAGES.values()))(rng, world, call)
    if rng.random() < 0.3:
        many.append(robbery(rng, world))
    return (_fitting(rng, world, [*many, call]),)


def _sponsored(rng: Random, world: World, call: Call) -> tuple[Call, Call]:
    """A call without some of its flags, after another that names the same accounts with them."""
    metas = list(call.accounts)
    lent = rng.sample(range(len(metas)), rng.randint(1, len(metas)))
    for at in lent:
        metas[at] = Meta(metas[at].address, False, False)
    sponsor = rng.choice(world.lawful("create_thread"))
    lending = (*sponsor.accounts, *(call.accounts[at] for at in lent))
    return replace(sponsor, accounts=lending), replace(call, accounts=tuple(metas))


def _any_call(rng: Random, world: World) -> Call:
    name = rng.choice(list(INSTRUCTIONS)) if world.setting.initialized else "initialize"
    return world.call(rng, name, lawful=0.9)


def _fitting(rng: Random, world: World, many: list[Call]) -> Sent:
    while len({m.address for call in many for m in call.accounts}) > MOST_ACCOUNTS:
        del many[0]
    return sent(rng, world, *many)


def starved(rng: Random, world: World, call: Call) -> tuple[Sent, ...]:
    """Too few compute units, to end the transaction anywhere."""
    limit = rng.choice(LIMITS) if rng.random() < 0.3 else rng.randint(150, 45_000)
    return (replace(sent(rng, world, call), unit_limit=limit),)


def robbed(rng: Random, world: World, call: Call) -> tuple[Sent, ...]:
    """SPL Token asked for what is in a vault, or in somebody else's account."""
    return (sent(rng, world, robbery(rng, world)),)


def robbery(rng: Random, world: World) -> Call:
    """A transfer, burn, closing or giving away of any account of SPL Token, by anybody."""
    cast = world.cast
    thief = rng.choice(cast.wallets)
    source, target = rng.choice(world.tokens), cast.token(thief)
    made = rng.choice(
        (
            calls.token_transfer(thief, source, target, rng.choice((0, 1, 7, 1000, 2**64 - 1))),
            calls.token_transfer(thief, target, source, rng.choice((1, 7))),
            calls.token_burn(thief, source, cast.mint, 1),
            calls.token_close(thief, source, cast.token(cast.wallets[0])),
            calls.token_set_owner(thief, source, thief),
        )
    )
    if rng.random() < 0.3:
        owners = (*world.threads, addresses.config(), *cast.wallets)
        owner = Meta(rng.choice(owners), rng.random() < 0.5, False)
        made = replace(made, accounts=(*made.accounts[:-1], owner))
    return made


DAMAGES: Mapping[str, Damage] = {
    "look-alike account": look_alike,
    "swapped account": swapped,
    "accounts out of order": shuffled,
    "too many accounts": crowded,
    "other payees": payees,
    "mixed flags": flagged,
    "edge of arithmetic": edges,
    "garbled data": garbled,
}
"""Families that damage one call."""

FAMILIES: Mapping[str, Family] = {
    **{name: once(damage) for name, damage in DAMAGES.items()},
    "forged signer": forged,
    "uninvited": uninvited,
    "compound": compound,
    "replay": replayed,
    "initialize again": reinitialized,
    "several in one": several,
    "starved": starved,
    "robbery": robbed,
}
"""Every family of attacks."""
