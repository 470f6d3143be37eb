"""An attack as text: what was sent, account by account, and what was changed in it."""

from __future__ import annotations

from collections.abc import Iterator

from choir_model.domain.identity import Address
from choir_model.lockstep.adversary_attacks import Attack
from choir_model.lockstep.adversary_port import Sent
from choir_model.lockstep.adversary_worlds import World
from choir_model.program import addresses
from choir_model.program.bindings import INSTRUCTIONS
from choir_model.program.calls import Call, Meta


def describe(world: World, attack: Attack) -> str:
    """The attack, so that it can be understood, and written as a test."""
    names = names_of(world)
    lines = [f"world {world.name!r}, family {attack.family!r}"]
    for number, step in enumerate(attack.steps, 1):
        lines += _step(names, number, step, attack.base)
    return "\n".join(lines)


def _step(names: dict[Address, str], number: int, sent: Sent, base: Call) -> Iterator[str]:
    said = [f"transaction {number}, paid by {_name(names, sent.payer)}"]
    if sent.again:
        said.append("the same signature again")
    if sent.looked_up:
        said.append("accounts looked up in a table")
    if sent.unit_limit is not None:
        said.append(f"at most {sent.unit_limit} compute units")
    said += [f"signature of {_name(names, who)} forged" for who in sorted(sent.forged)]
    said.append("signatures verified" if sent.verified else "signatures not verified")
    yield ", ".join(said)
    for call in sent.calls:
        yield f"  {call.name}, data {call.data.hex()}"
        if call.name == base.name and call.data != base.data:
            yield f"    was data {base.data.hex()}"
        roles = [r.name for r in INSTRUCTIONS[call.name].accounts] if _is_own(call) else []
        rights = base.accounts if call.name == base.name else ()
        for at, meta in enumerate(call.accounts):
            role = roles[at] if at < len(roles) else f"account {at + 1}"
            right = rights[at] if at < len(rights) else meta
            was = f"   (was {_meta(names, right)})" if right != meta else ""
            yield f"    {role:14} {_meta(names, meta)}{was}"


def _is_own(call: Call) -> bool:
    return call.name in INSTRUCTIONS


def _meta(names: dict[Address, str], meta: Meta) -> str:
    flags = ("signer " if meta.signer else "") + ("writable " if meta.writable else "")
    return f"{flags}{_name(names, meta.address)}"


def _name(names: dict[Address, str], address: Address) -> str:
    return names.get(address) or addresses.base58(address)


def names_of(world: World) -> dict[Address, str]:
    """Readable names of a world's addresses."""
    found = dict(world.cast.names())
    for number, thread in enumerate(world.threads):
        found[thread] = f"thread{number}"
        found[addresses.stake_vault(thread)] = f"stake vault of thread{number}"
        found[addresses.escrow_vault(thread)] = f"escrow vault of thread{number}"
        found[addresses.balance_vault(thread)] = f"balance vault of thread{number}"
    found |= {addresses.record(k, world.design): f"record{n}" for n, k in enumerate(world.keys)}
    known = {"config": addresses.config(), "treasury": addresses.treasury()}
    known |= {"SPL Token": addresses.TOKEN, "the program": addresses.PROGRAM}
    known |= {"the system program": addresses.SYSTEM}
    return found | {address: name for name, address in known.items()}
