"""Calls: instructions with their accounts, as any client would send them.

`Call` is what the runtime gets: program, account list, data.  The builders below fill in
the canonical accounts of each instruction from the IDL; where a record lies depends on the
design, and payees follow after the accounts of the IDL.  The `with_…` methods damage a call
on purpose, one property at a time, to see it refused.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from choir_model.domain.identity import Address, Hash, RecordKey
from choir_model.program import addresses, designs
from choir_model.program.bindings import INSTRUCTIONS, Decision, Design


@dataclass(frozen=True, slots=True)
class Meta:
    """One account of a call: its address, whether it signs, whether it may be written."""

    address: Address
    signer: bool
    writable: bool


@dataclass(frozen=True, slots=True)
class Call:
    """One instruction of a transaction.  `name` is for people; the program sees only `data`."""

    name: str
    program: Address
    accounts: tuple[Meta, ...]
    data: bytes

    def role(self, role: str) -> int:
        """The position of the account that plays `role`; `ValueError` if none does."""
        return [r.name for r in INSTRUCTIONS[self.name].accounts].index(role)

    def address(self, role: str) -> Address:
        """The address of the account that plays `role`."""
        return self.accounts[self.role(role)].address

    def with_account(self, role: str, address: Address) -> Call:
        """The same call with another account in `role`."""
        return self._changed(role, address=address)

    def with_signer(self, role: str, signer: bool) -> Call:
        """The same call with or without the signature of `role`."""
        return self._changed(role, signer=signer)

    def with_writable(self, role: str, writable: bool) -> Call:
        """The same call with `role` writable or not."""
        return self._changed(role, writable=writable)

    def with_payees(self, payees: Sequence[Address]) -> Call:
        """The same call with the token accounts of payees after its own (payout push)."""
        metas = tuple(Meta(payee, False, True) for payee in payees)
        return dataclasses.replace(self, accounts=(*self.accounts, *metas))

    def with_data(self, data: bytes) -> Call:
        """The same accounts with other data."""
        return dataclasses.replace(self, data=data)

    def with_accounts(self, count: int) -> Call:
        """The same call with only its first `count` accounts."""
        return dataclasses.replace(self, accounts=self.accounts[:count])

    def _changed(self, role: str, **change: object) -> Call:
        at = self.role(role)
        meta = dataclasses.replace(self.accounts[at], **change)  # type: ignore[arg-type]
        return dataclasses.replace(
            self, accounts=(*self.accounts[:at], meta, *self.accounts[at + 1 :])
        )


def _call(name: str, accounts: Mapping[str, Address], **arguments: object) -> Call:
    spec = INSTRUCTIONS[name]
    known = {
        "config": addresses.config(),
        "treasury": addresses.treasury(),
        "token_program": addresses.TOKEN,
        "system_program": addresses.SYSTEM,
        **accounts,
    }
    if "thread" in known:
        known["stake_vault"] = addresses.stake_vault(known["thread"])
        known["escrow_vault"] = addresses.escrow_vault(known["thread"])
        known["balance_vault"] = addresses.balance_vault(known["thread"])
    metas = tuple(Meta(known[r.name], r.signer, r.writable) for r in spec.accounts)
    data = spec.discriminator + spec.arguments.encode(arguments)
    return Call(name, addresses.PROGRAM, metas, data)


def initialize(
    authority: Address,
    mint: Address,
    destination: Address,
    design: Design,
    approval_window: int,
    min_stake: int,
    max_co_authors: int,
) -> Call:
    """Fix mint, design and parameters; the supply goes to the token account `destination`."""
    return _call(
        "initialize",
        {"authority": authority, "mint": mint, "destination": destination},
        design=design,
        approval_window=approval_window,
        min_stake=min_stake,
        max_co_authors=max_co_authors,
    )


def create_thread(creator: Address, mint: Address, nonce: int) -> Call:
    """Open the creator's thread number `nonce` (u64)."""
    thread = addresses.thread(creator, nonce)
    return _call("create_thread", {"creator": creator, "mint": mint, "thread": thread}, nonce=nonce)


def submit_message(
    author: Address, thread: Address, hash: Hash, design: Design = designs.DEFAULT
) -> Call:
    """Publish directly, as a co-author (M1)."""
    record = addresses.record(RecordKey(thread, author, hash), design)
    accounts = {"author": author, "thread": thread, "record": record}
    return _call("submit_message", accounts, hash=hash)


def submit_spec(
    author: Address,
    author_token: Address,
    thread: Address,
    hash: Hash,
    stake: int,
    design: Design = designs.DEFAULT,
) -> Call:
    """Submit a spec with `stake` base units from the token account `author_token` (M2)."""
    record = addresses.record(RecordKey(thread, author, hash), design)
    accounts = {
        "author": author,
        "thread": thread,
        "record": record,
        "author_token": author_token,
    }
    return _call("submit_spec", accounts, hash=hash, stake=stake)


def vote(
    voter: Address, record: RecordKey, decision: Decision, design: Design = designs.DEFAULT
) -> Call:
    """Approve or deny a pending spec (M3)."""
    accounts = {
        "voter": voter,
        "thread": record.thread,
        "record": addresses.record(record, design),
    }
    return _call("vote", accounts, decision=decision)


def settle(record: RecordKey, design: Design = designs.DEFAULT) -> Call:
    """Close a spec whose window is over; anyone may (M6)."""
    accounts = {"thread": record.thread, "record": addresses.record(record, design)}
    return _call("settle", accounts)


def claim(
    beneficiary: Address,
    record: RecordKey,
    destination: Address,
    design: Design = designs.DEFAULT,
) -> Call:
    """Take a share of a rejected spec's stake, or the author's refund (L5)."""
    accounts = {
        "beneficiary": beneficiary,
        "thread": record.thread,
        "record": addresses.record(record, design),
        "destination": destination,
    }
    return _call("claim", accounts)


def token_transfer(owner: Address, source: Address, destination: Address, amount: int) -> Call:
    """Send tokens: SPL Token's ``Transfer``.  To a vault, it is a donation (L4)."""
    metas = (Meta(source, False, True), Meta(destination, False, True), Meta(owner, True, False))
    return Call("token_transfer", addresses.TOKEN, metas, b"\x03" + amount.to_bytes(8, "little"))


def token_burn(owner: Address, account: Address, mint: Address, amount: int) -> Call:
    """Burn tokens of one's own: SPL Token's ``Burn`` (L1)."""
    metas = (Meta(account, False, True), Meta(mint, False, True), Meta(owner, True, False))
    return Call("token_burn", addresses.TOKEN, metas, b"\x08" + amount.to_bytes(8, "little"))


def token_close(owner: Address, account: Address, destination: Address) -> Call:
    """Close an empty token account: SPL Token's ``CloseAccount``; its rent to `destination`."""
    metas = (
        Meta(account, False, True),
        Meta(destination, False, True),
        Meta(owner, True, False),
    )
    return Call("token_close", addresses.TOKEN, metas, b"\x09")


def token_set_owner(owner: Address, account: Address, new_owner: Address) -> Call:
    """Give a token account away: SPL Token's ``SetAuthority`` of type ``AccountOwner``."""
    metas = (Meta(account, False, True), Meta(owner, True, False))
    return Call("token_set_owner", addresses.TOKEN, metas, b"\x06\x02\x01" + new_owner)
