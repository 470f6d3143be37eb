"""Calls with one or two things wrong: what can fail in each instruction, in the order of L3.

A *break* makes one guard fail, by other parameters of the call, by something that happens
beforehand, or by damage to the finished call.  `BREAKS` lists those of each instruction in the
order in which the guards stand; of two broken guards the first in the list must refuse.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ledger_world import APPROVE, DENY, STAKE, World

from choir_model.domain.identity import Address, content_hash
from choir_model.ledger.cells import ThreadAccount
from choir_model.ledger.port import ReferenceLedger
from choir_model.lockstep.cast import MIN_STAKE, WINDOW, Setting
from choir_model.ports.ledger import AccountImage
from choir_model.program import addresses, calls
from choir_model.program.bindings import ACCOUNTS, INSTRUCTIONS, Reason, Thread
from choir_model.program.calls import Call

ROOMY = Setting("roomy", max_co_authors=6)
OTHER_NONCE = 9


@dataclass(frozen=True)
class Break:
    """One guard made to fail.  Two breaks that touch the same thing are not combined."""

    reason: Reason
    touches: str
    params: dict[str, Any] = field(default_factory=dict)
    before: Callable[[World, dict[str, Any]], object] | None = None
    when: int = 0
    damage: Callable[[World, Call], Call] | None = None

    def __str__(self) -> str:
        return f"{self.reason.name}({self.touches})"


def at(role: str, reason: Reason, place: Callable[[World], Address]) -> Break:
    """Another account in `role`."""
    return Break(reason, role, damage=lambda world, call: call.with_account(role, place(world)))


def look_alike(world: World) -> Address:
    return world.cast.look_alike


def elsewhere(world: World) -> Address:
    return world.cast.authority


def foreign_record(world: World) -> Address:
    """A record of another thread."""
    key = dataclasses.replace(world.key(1, "elsewhere"), thread=other_thread(world))
    return addresses.record(key, world.design)


def other_thread(world: World) -> Address:
    return addresses.thread(world.wallet(1), OTHER_NONCE)


Places: TypeAlias = list[tuple[Reason, Callable[[World], Address]]]
OURS: Places = [
    (Reason.WrongOwner, look_alike),
    (Reason.WrongDiscriminator, lambda w: w.cast.garbage),
]
PLACED: Places = [(Reason.WrongAddress, elsewhere)]
HELD: Places = [
    (Reason.WrongOwner, look_alike),
    (Reason.WrongDiscriminator, lambda w: w.mint),
    (Reason.WrongMint, lambda w: w.cast.other_token(w.wallet(0))),
    (Reason.WrongTokenOwner, lambda w: w.token(7)),
]
WRONG: dict[str, Places] = {
    "config": OURS,
    "thread": OURS,
    "record": [*OURS, (Reason.WrongAddress, foreign_record)],
    "stake_vault": PLACED,
    "escrow_vault": PLACED,
    "balance_vault": PLACED,
    "treasury": PLACED,
    "token_program": PLACED,
    "system_program": PLACED,
    "author_token": HELD,
    "destination": HELD,
    "mint": [(Reason.WrongAddress, lambda w: w.cast.other_mint)],
}
INITIALIZE: dict[str, Places] = {
    "mint": [
        (Reason.WrongOwner, look_alike),
        (Reason.WrongDiscriminator, lambda w: w.cast.reserve),
        (Reason.InvalidMint, lambda w: w.cast.unfit_mint),
    ],
    "destination": [
        (Reason.WrongOwner, look_alike),
        (Reason.WrongDiscriminator, lambda w: w.cast.spare_mint),
        (Reason.WrongMint, lambda w: w.cast.other_token(w.wallet(0))),
    ],
}
CREATED = {
    "initialize": ["config", "treasury"],
    "create_thread": ["thread", "stake_vault", "escrow_vault", "balance_vault"],
    "submit_message": ["record"],
    "submit_spec": ["record"],
}


def first_guards(name: str) -> Iterator[Break]:
    """Guards 0 to 2b, as far as they are the same everywhere."""
    spec, created = INSTRUCTIONS[name], CREATED.get(name, [])
    last = spec.accounts[-1].name
    yield Break(
        Reason.UnknownInstruction,
        "discriminator",
        damage=lambda _, call: call.with_data(bytes([call.data[0] ^ 1]) + call.data[1:]),
    )
    yield Break(
        Reason.MissingAccount,
        last,
        damage=lambda _, call: call.with_accounts(len(spec.accounts) - 1),
    )
    wrong = WRONG | (INITIALIZE if name == "initialize" else {})
    for role in spec.accounts:
        if role.name not in created:
            for reason, place in wrong.get(role.name, []):
                yield at(role.name, reason, place)
        if role.writable:
            yield _flag(Reason.NotWritable, role.name, "with_writable")
        if role.signer:
            yield _flag(Reason.MissingSigner, role.name, "with_signer")
    yield Break(
        Reason.InvalidArguments, "length", damage=lambda _, call: call.with_data(call.data + b"\0")
    )
    if name == "initialize":
        yield Break(Reason.InvalidParameter, "setting", {"setting": Setting("bad", min_stake=31)})
    for role_name in created:
        yield at(
            role_name,
            Reason.WrongAddress,
            lambda w: addresses.record(w.key(4, "unused"), w.design),
        )


def _flag(reason: Reason, role: str, method: str) -> Break:
    # the payer is somebody else, so that taking the flag away has an effect
    return Break(
        reason, f"{role} {method}", damage=lambda _, call: getattr(call, method)(role, False)
    )


def set_thread(world: World, **values: int) -> None:
    """Put numbers into thread 0 that would take too long to reach."""
    if isinstance(world.ledger, ReferenceLedger):
        for name, value in values.items():
            world.ledger.state[getattr(ThreadAccount, name)[world.thread]] = value
        world.ledger._images.clear()
        return
    image = world.ledger.account(world.thread)
    assert image is not None
    changed = dataclasses.replace(world.about(), **values)  # type: ignore[arg-type]
    data = ACCOUNTS[Thread].encode(changed)
    world.ledger.put_account(world.thread, AccountImage(image.owner, data))


def full(field_name: str, value: int = 2**64 - 1) -> Break:
    """A total of the thread is as large as it can be (guard 9)."""
    return Break(
        Reason.Overflow,
        field_name,
        before=lambda world, _: set_thread(world, **{field_name: value}),
        when=9,
    )


def never_submitted(world: World) -> Address:
    return addresses.record(world.key(2, "never submitted"), world.design)


def submitted_before(world: World, params: dict[str, Any]) -> None:
    seated = world.wallet(params["author"]) in world.seated()
    (world.message if seated else world.spec)(params["author"], params["text"])


def poor(world: World, params: dict[str, Any]) -> None:
    wallet, token = world.wallet(params["author"]), world.token(params["author"])
    world.do(calls.token_burn(wallet, token, world.mint, world.amount(token)))


def fill(world: World, _: dict[str, Any]) -> None:
    while world.about().pending_count + world.about().co_author_count < ROOMY.max_co_authors:
        world.spec(20 + world.about().pending_count, "me too")


def wait(world: World, _: dict[str, Any]) -> None:
    world.wait(WINDOW)


def deny(world: World, _: dict[str, Any]) -> None:
    world.vote(0, world.key(2, "spec"), DENY)


SEQUENCE = full("sequence")
UNKNOWN = at("record", Reason.UnknownRecord, never_submitted)
DECIDED = Break(Reason.AlreadyDecided, "record", before=deny, when=2)
DUPLICATE = Break(Reason.DuplicateContent, "record", before=submitted_before)

BREAKS_OF: dict[str, list[Break]] = {
    "initialize": [
        *first_guards("initialize"),
        Break(
            Reason.AlreadyInitialized,
            "config",
            before=lambda world, _: world.do(
                world.cast.initialize(Setting("usual"))
                .with_account("mint", world.cast.spare_mint)
                .with_account("destination", world.cast.spare_reserve)
            ),
        ),
    ],
    "create_thread": [
        *first_guards("create_thread"),
        Break(Reason.ThreadExists, "thread", {"nonce": 0}),
    ],
    "submit_message": [
        *first_guards("submit_message"),
        Break(Reason.NotCoAuthor, "author", {"author": 3}),
        DUPLICATE,
        full("published_count", 2**32 - 1),
        SEQUENCE,
    ],
    "submit_spec": [
        *first_guards("submit_spec"),
        Break(Reason.AlreadyCoAuthor, "author", {"author": 0}),
        DUPLICATE,
        Break(Reason.InvalidStake, "stake", {"stake": MIN_STAKE - 1}),
        Break(Reason.InsufficientFunds, "author_token", before=poor, when=3),
        Break(Reason.ThreadFull, "thread", before=fill, when=2),
        full("stake_total"),
        SEQUENCE,
    ],
    "vote": [
        *first_guards("vote"),
        UNKNOWN,
        DECIDED,
        Break(Reason.WindowClosed, "clock", before=wait, when=5),
        Break(Reason.NotCoAuthor, "voter", {"voter": 3}),
        Break(
            Reason.NotInElectorate,
            "voter",
            {"voter": 4},
            before=lambda world, _: world.seat(4),
        ),
        Break(
            Reason.AlreadyVoted,
            "voter",
            before=lambda world, _: world.vote(1, world.key(2, "spec")),
        ),
        full("escrow_total"),
        SEQUENCE,
    ],
    "settle": [
        *first_guards("settle"),
        UNKNOWN,
        DECIDED,
        Break(Reason.WindowOpen, "clock", {"wait": False}),
        full("treasury_paid"),
        SEQUENCE,
    ],
    "claim": [
        *first_guards("claim"),
        UNKNOWN,
        Break(Reason.NotDecided, "record", {"decided": False}),
        Break(Reason.NothingToClaim, "beneficiary", {"who": 0}),
        Break(
            Reason.AlreadyClaimed,
            "beneficiary",
            before=lambda world, params: (
                world.do(world.claim_call(1, world.key(2, "spec"))) if params["decided"] else None
            ),
        ),
        SEQUENCE,
    ],
}
"""Every break of every instruction under the default design, in the order of the guards."""

USUAL: dict[str, dict[str, Any]] = {
    "initialize": {"setting": Setting("usual")},
    "create_thread": {"nonce": 1},
    "submit_message": {"author": 1, "text": "new"},
    "submit_spec": {"author": 3, "text": "new", "stake": STAKE},
    "vote": {"voter": 1},
    "settle": {"wait": True},
    "claim": {"who": 1, "decided": True},
}
"""Parameters of the call of each instruction in which nothing is wrong."""


def prepare(world: World, name: str) -> None:
    """Before any break: co-authors 0 and 1, a spec of 2, a record in another thread."""
    if name == "initialize":
        return
    world.seat(1)
    world.spec(2, "spec")
    world.do(calls.create_thread(world.wallet(1), world.mint, OTHER_NONCE))
    elsewhere_ = calls.submit_message(
        world.wallet(1), other_thread(world), content_hash("elsewhere"), world.design
    )
    world.do(elsewhere_)


def broken(
    world: World, name: str, breaks: list[Break], usual: dict[str, Any] | None = None
) -> Call:
    """The call of an instruction with these breaks; without any it would be confirmed."""
    params = USUAL[name] | (usual or {})
    for each in breaks:
        params |= each.params
    if params.get("decided"):
        world.vote(1, world.key(2, "spec"), DENY)
    for each in sorted(breaks, key=lambda b: b.when):
        if each.before is not None:
            each.before(world, params)
    call = _call(world, name, params)
    for each in reversed(breaks):
        if each.damage is not None:
            call = each.damage(world, call)
    return call


def _call(world: World, name: str, params: dict[str, Any]) -> Call:
    spec = None if name == "initialize" else world.key(2, "spec")
    match name:
        case "initialize":
            return world.cast.initialize(params["setting"])
        case "create_thread":
            return calls.create_thread(world.wallet(0), world.mint, params["nonce"])
        case "submit_message":
            return world.message_call(params["author"], params["text"])
        case "submit_spec":
            return world.spec_call(params["author"], params["text"], params["stake"])
    assert spec is not None
    match name:
        case "vote":
            decision = params.get("decision", APPROVE if params["voter"] != 1 else DENY)
            return world.vote_call(params["voter"], spec, decision)
        case "settle":
            if params["wait"]:
                world.wait(WINDOW)
            return world.settle_call(spec)
    return world.claim_call(params["who"], spec)
