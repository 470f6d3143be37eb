"""What a confirmed transaction may have changed, judged without the reference.

Theory of operation
-------------------
Reference and program might be wrong together.  So of every transaction that both accept, the
real accounts before and after are held against rules that follow from who signed and from
the events alone: nobody but a signer loses tokens or lamports; a vault gains and loses what
the events say, to the base unit; votes, claims and submissions are their signers'; what is
final, or says who somebody is, never changes; and tokens neither appear nor vanish (S1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from choir_model.domain.identity import Address
from choir_model.lockstep.adversary_port import Sent
from choir_model.ports.ledger import AccountImage
from choir_model.program import addresses
from choir_model.program.addresses import PROGRAM, TOKEN, base58
from choir_model.program.bindings import (
    ACCOUNTS,
    Config,
    Record,
    RecordStatus,
    ShareClaimed,
    SpecSubmitted,
    StakeSettled,
    Thread,
)

Images: TypeAlias = Mapping[Address, AccountImage | None]
KINDS: dict[bytes, type] = {layout.discriminator: kind for kind, layout in ACCOUNTS.items()}

THREAD_FIXED = [
    "creator",
    "nonce",
    "created_at",
    "bump",
    "stake_bump",
    "escrow_bump",
    "balance_bump",
]
THREAD_GROWS = ["published_count", "rejected_count", "expired_count", "co_author_count"]
THREAD_GROWS += ["token_balance", "treasury_paid"]
RECORD_FIXED = [
    "bump",
    "thread",
    "author",
    "hash",
    "stake",
    "electorate_size",
    "submitted_at",
    "deadline",
]
RECORD_FIXED += ["submitted_sequence"]
DECIDED = ["approvals", "denials", "status", "decided_at", "decided_sequence", "leaf_index"]


def violations(before: Images, after: Images, sent: Sent, events: Iterable[Any]) -> list[str]:
    """What nobody was entitled to, in words; empty if all is well.

    `before` and `after` hold every account that could have changed.
    """
    found: list[str] = []
    flows = _flows(sent, events)
    for address, new in after.items():
        old = before.get(address)
        if old == new:
            continue
        lost = (old.lamports or 0) - ((new.lamports or 0) if new else 0) if old else 0
        if lost > 0 and address not in sent.signers and "token_close" not in _names(sent):
            found.append(f"{base58(address)} lost {lost} lamports")
        found += (
            f"{base58(address)}: {what}" for what in _change(address, old, new, sent, flows, before)
        )
    return found + list(_created_or_lost(before, after))


def _names(sent: Sent) -> set[str]:
    return {call.name for call in sent.calls}


def _change(
    address: Address,
    old: AccountImage | None,
    new: AccountImage | None,
    sent: Sent,
    flows: Mapping[Address, int],
    before: Images,
) -> Iterable[str]:
    if old is not None and new is not None and (old.owner, old.data) == (new.owner, new.data):
        return ()
    if old is None or (old.owner == addresses.SYSTEM and not old.data):
        return _creation(address, new, sent, flows, before)
    if new is None or new.owner != old.owner or len(new.data) != len(old.data):
        return () if _was_closed(old, sent) else ["is no longer what it was"]
    if old.owner == PROGRAM and new.data[:8] == old.data[:8] and old.data[:8] in KINDS:
        layout = ACCOUNTS[KINDS[old.data[:8]]]
        judge = JUDGES[KINDS[old.data[:8]]]
        return judge(layout.decode(old.data), layout.decode(new.data), sent, before)
    if old.owner == TOKEN and len(old.data) == 165:
        return _token(address, old.data, new.data, sent, flows)
    if old.owner == TOKEN and len(old.data) == 82:
        authority = old.data[4:36]
        burnt = "token_burn" in _names(sent) and old.data[:36] == new.data[:36]
        return () if authority in sent.signers or burnt else ["a mint changed"]
    return ["a foreign account changed"]


def _was_closed(old: AccountImage, sent: Sent) -> bool:
    empty = old.owner == TOKEN and not any(old.data[64:72])
    return empty and "token_close" in _names(sent) and old.data[32:64] in sent.signers


def _creation(
    address: Address,
    new: AccountImage | None,
    sent: Sent,
    flows: Mapping[Address, int],
    before: Images,
) -> Iterable[str]:
    if new is None or (new.owner == addresses.SYSTEM and not new.data):
        return
    if new.owner == TOKEN:
        owner = new.data[32:64]
        made = {addresses.stake_vault, addresses.escrow_vault, addresses.balance_vault}
        if address not in {addresses.treasury(), *(vault(owner) for vault in made)}:
            yield "a token account that is no vault was created"
        if int.from_bytes(new.data[64:72], "little") != flows[address]:
            yield "was created with tokens in it"
        return
    value = ACCOUNTS[KINDS[new.data[:8]]].decode(new.data)
    match value:
        case Config(mint=mint):
            held = before.get(mint)
            if held is None or held.data[4:36] not in sent.signers:
                yield "initialized without the mint authority"
        case Thread(creator=creator):
            if creator not in sent.signers:
                yield "a thread was created for who did not sign"
        case Record(author=author):
            if author not in sent.signers:
                yield "a record was created for who did not sign"


def _same(old: Any, new: Any, fields: Iterable[str]) -> Iterable[str]:
    return (f"{name} changed" for name in fields if getattr(old, name) != getattr(new, name))


def _config(old: Config, new: Config, sent: Sent, before: Images) -> Iterable[str]:
    yield "the config changed"


def _thread(old: Thread, new: Thread, sent: Sent, before: Images) -> Iterable[str]:
    yield from _same(old, new, THREAD_FIXED)
    yield from (f"{n} shrank" for n in THREAD_GROWS if getattr(new, n) < getattr(old, n))
    if new.sequence <= old.sequence:
        yield "it changed without an event"
    if new.seats[: old.co_author_count] != old.seats[: old.co_author_count]:
        yield "somebody lost a seat"


def _record(old: Record, new: Record, sent: Sent, before: Images) -> Iterable[str]:
    yield from _same(old, new, RECORD_FIXED)
    if old.status is not RecordStatus.PENDING:
        yield from _same(old, new, DECIDED)
    image = before.get(old.thread)
    assert image is not None
    thread: Thread = ACCOUNTS[Thread].decode(image.data)
    seated = [n for n in range(thread.co_author_count) if thread.seats[n] in sent.signers]
    own = sum(1 << seat for seat in seated)
    for name in ("approvals", "denials"):
        was, now = getattr(old, name), getattr(new, name)
        if was & ~now or (now & ~was) & ~own:
            yield f"{name} changed by who has no such seat"
    if old.author in sent.signers:
        own |= 1
    if old.claims & ~new.claims or (new.claims & ~old.claims) & ~own:
        yield "claims changed by who has none"


JUDGES: dict[type, Callable[[Any, Any, Sent, Images], Iterable[str]]] = {
    Config: _config,
    Thread: _thread,
    Record: _record,
}


def _token(
    address: Address, old: bytes, new: bytes, sent: Sent, flows: Mapping[Address, int]
) -> Iterable[str]:
    owner = old[32:64]
    gain = int.from_bytes(new[64:72], "little") - int.from_bytes(old[64:72], "little")
    if _is_vault(address, owner):
        if new[:64] != old[:64] or new[72:] != old[72:]:
            yield "a vault is no longer one"
        if gain != flows[address]:
            yield f"a vault gained {gain} base units, by the events {flows[address]}"
    elif (gain < 0 or new[:64] != old[:64]) and owner not in sent.signers:
        yield f"an owner who did not sign has {gain} base units more"
    elif new[:32] != old[:32] or new[72:] != old[72:]:
        yield "a token account changed its mint or state"


def _is_vault(address: Address, owner: Address) -> bool:
    if address == addresses.treasury():
        return True
    own = (addresses.stake_vault, addresses.escrow_vault, addresses.balance_vault)
    return any(address == vault(owner) for vault in own)


def _flows(sent: Sent, events: Iterable[Any]) -> Mapping[Address, int]:
    """What each vault gains by the events, and by transfers of holders into it."""
    flows: Counter[Address] = Counter()
    for event in events:
        match event:
            case SpecSubmitted(thread=thread, stake=stake):
                flows[addresses.stake_vault(thread)] += stake
            case StakeSettled(thread=thread):
                flows[addresses.stake_vault(thread)] -= event.stake
                flows[addresses.escrow_vault(thread)] += event.to_escrow
                flows[addresses.balance_vault(thread)] += event.to_balance
                flows[addresses.treasury()] += event.to_treasury
            case ShareClaimed(thread=thread, amount=amount):
                flows[addresses.escrow_vault(thread)] -= amount
    for call in sent.calls:
        if call.name == "token_transfer":
            flows[call.accounts[1].address] += int.from_bytes(call.data[1:9], "little")
    return flows


def _created_or_lost(before: Images, after: Images) -> Iterable[str]:
    """Tokens of each mint, against its supply (S1)."""
    gained: Counter[Address] = Counter()
    for sign, images in ((-1, before), (1, after)):
        for address, image in images.items():
            if image is None or image.owner != TOKEN:
                continue
            if len(image.data) == 165:
                gained[image.data[:32]] += sign * int.from_bytes(image.data[64:72], "little")
            elif len(image.data) == 82:
                gained[address] -= sign * int.from_bytes(image.data[36:44], "little")
    return (f"{base58(m)}: {n} base units came from nowhere" for m, n in gained.items() if n)
