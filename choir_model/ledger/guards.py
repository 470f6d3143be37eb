"""Guards 0 to 2 of every instruction: accounts and arguments (L3).

Theory of operation
-------------------
`admit` turns a raw call into the accounts by role and the decoded arguments, or refuses.
Accounts are checked in IDL order, and each for owner, address, data, mint, token owner,
writable, signer, in that order; what applies to an account depends on its role and is
written once, in `IDENTITY` below.  Accounts an instruction is about to create are checked
after the arguments, because their addresses are derived from them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from choir_model.domain.identity import Address, RecordKey
from choir_model.engine import View
from choir_model.ledger.cells import (
    OWNERS,
    Account,
    AccountKind,
    ConfigAccount,
    MintAccount,
    RecordAccount,
    TokenAccount,
)
from choir_model.ports.ledger import Privileges, privileges
from choir_model.program import addresses
from choir_model.program.bindings import (
    DECIMALS,
    INSTRUCTIONS,
    MIN_STAKE_FLOOR,
    SEATS,
    Reason,
)
from choir_model.program.calls import Call, Meta
from choir_model.program.layout import DecodeError, Instruction

Roles: TypeAlias = dict[str, Address]
Check: TypeAlias = Callable[[View, Roles, str], None]


@dataclass(frozen=True, slots=True)
class Admitted:
    """A call that passed guards 0 to 2: accounts by role, arguments by name.

    `further` are the accounts after those of the IDL, with the privileges granted.
    """

    instruction: str
    roles: Roles
    arguments: dict[str, Any]
    further: tuple[Meta, ...]


BY_DISCRIMINATOR = {spec.discriminator: spec for spec in INSTRUCTIONS.values()}


def admit(view: View, call: Call, payer: Address) -> Admitted:
    """Guards 0, 1, 2 and 2b of `call`; refuses with the first that fails."""
    spec = BY_DISCRIMINATOR.get(call.data[:8])
    if spec is None:
        view.refuse(Reason.UnknownInstruction)
    granted = privileges(call, payer)
    roles = _accounts(view, spec, call, granted)
    arguments = _arguments(view, spec, call.data[8:])
    _accounts_to_create(view, spec.name, roles, arguments)
    further = (meta.address for meta in call.accounts[len(spec.accounts) :])
    metas = tuple(Meta(address, *granted[address]) for address in further)
    return Admitted(spec.name, roles, arguments, metas)


def _accounts(view: View, spec: Instruction, call: Call, granted: Privileges) -> Roles:
    if len(call.accounts) < len(spec.accounts):
        view.refuse(Reason.MissingAccount, spec.accounts[len(call.accounts)].name)
    roles = {r.name: m.address for r, m in zip(spec.accounts, call.accounts, strict=False)}
    created = CREATED.get(spec.name, ())
    for role in spec.accounts:
        address = roles[role.name]
        if role.name not in created:
            check = IDENTITY.get((spec.name, role.name)) or IDENTITY.get(role.name)
            if check:
                check(view, roles, role.name)
        signer, writable = granted[address]
        if role.writable and not writable:
            view.refuse(Reason.NotWritable, role.name)
        if role.signer and not signer:
            view.refuse(Reason.MissingSigner, role.name)
    return roles


def _is_a(kind: AccountKind) -> Check:
    """Owned by the program that owns accounts of this kind, and of this kind."""

    def check(view: View, roles: Roles, role: str) -> None:
        found = Account(view, roles[role]).kind
        if OWNERS[found] != OWNERS[kind]:
            view.refuse(Reason.WrongOwner, role)
        if found != kind:
            view.refuse(Reason.WrongDiscriminator, role)

    return check


def _record(view: View, roles: Roles, role: str) -> None:
    if Account(view, roles[role]).kind == AccountKind.VACANT:
        return
    _is_a(AccountKind.RECORD)(view, roles, role)
    if RecordAccount(view, roles[role]).thread != roles["thread"]:
        view.refuse(Reason.WrongAddress, role)


def _is_at(place: Callable[[View, Roles], Address]) -> Check:
    def check(view: View, roles: Roles, role: str) -> None:
        if roles[role] != place(view, roles):
            view.refuse(Reason.WrongAddress, role)

    return check


def _token_account(mint: Callable[[View, Roles], Address], owner: str | None) -> Check:
    def check(view: View, roles: Roles, role: str) -> None:
        _is_a(AccountKind.TOKEN)(view, roles, role)
        token = TokenAccount(view, roles[role])
        if token.mint != mint(view, roles):
            view.refuse(Reason.WrongMint, role)
        if owner is not None and token.owner != roles[owner]:
            view.refuse(Reason.WrongTokenOwner, role)

    return check


def _future_mint(view: View, roles: Roles, role: str) -> None:
    _is_a(AccountKind.MINT)(view, roles, role)
    mint = MintAccount(view, roles[role])
    fit = (
        mint.decimals == DECIMALS
        and mint.supply == 0
        and mint.mint_authority == roles["authority"]
        and mint.freeze_authority in (None, roles["authority"])
    )
    if not fit:
        view.refuse(Reason.InvalidMint, role)


def _choir_mint(view: View, roles: Roles) -> Address:
    return ConfigAccount(view, roles["config"]).mint


CREATED: dict[str, tuple[str, ...]] = {
    "initialize": ("config", "treasury"),
    "create_thread": ("thread", "stake_vault", "escrow_vault", "balance_vault"),
    "submit_message": ("record",),
    "submit_spec": ("record",),
}
"""Accounts an instruction creates; guard 1 asks only that they be writable."""

IDENTITY: dict[str | tuple[str, str], Check] = {
    "config": _is_a(AccountKind.CONFIG),
    "thread": _is_a(AccountKind.THREAD),
    "record": _record,
    "stake_vault": _is_at(lambda view, roles: addresses.stake_vault(roles["thread"])),
    "escrow_vault": _is_at(lambda view, roles: addresses.escrow_vault(roles["thread"])),
    "balance_vault": _is_at(lambda view, roles: addresses.balance_vault(roles["thread"])),
    "treasury": _is_at(lambda view, roles: addresses.treasury()),
    "token_program": _is_at(lambda view, roles: addresses.TOKEN),
    "system_program": _is_at(lambda view, roles: addresses.SYSTEM),
    "author_token": _token_account(_choir_mint, "author"),
    ("claim", "destination"): _token_account(_choir_mint, "beneficiary"),
    ("create_thread", "mint"): _is_at(_choir_mint),
    ("initialize", "mint"): _future_mint,
    ("initialize", "destination"): _token_account(lambda view, roles: roles["mint"], None),
}
"""What an account must be, by role, or by (instruction, role) where that differs."""


def _arguments(view: View, spec: Instruction, data: bytes) -> dict[str, Any]:
    try:
        arguments: dict[str, Any] = spec.arguments.decode(data)
    except DecodeError:
        view.refuse(Reason.InvalidArguments)
    if spec.name == "initialize":
        in_range = (
            arguments["approval_window"] >= 1
            and arguments["min_stake"] >= MIN_STAKE_FLOOR
            and 1 <= arguments["max_co_authors"] <= SEATS
        )
        if not in_range:
            view.refuse(Reason.InvalidParameter)
    return arguments


def _accounts_to_create(view: View, name: str, roles: Roles, arguments: dict[str, Any]) -> None:
    for role in CREATED.get(name, ()):
        if roles[role] != _future_address(view, role, roles, arguments):
            view.refuse(Reason.WrongAddress, role)
    if name == "initialize" and not is_vacant(view, roles["config"]):
        view.refuse(Reason.AlreadyInitialized, "config")
    if name == "create_thread" and not is_vacant(view, roles["thread"]):
        view.refuse(Reason.ThreadExists, "thread")


def _future_address(view: View, role: str, roles: Roles, arguments: dict[str, Any]) -> Address:
    match role:
        case "config":
            return addresses.config()
        case "treasury":
            return addresses.treasury()
        case "thread":
            return addresses.thread(roles["creator"], arguments["nonce"])
        case "stake_vault":
            return addresses.stake_vault(roles["thread"])
        case "escrow_vault":
            return addresses.escrow_vault(roles["thread"])
        case "balance_vault":
            return addresses.balance_vault(roles["thread"])
        case _:
            key = RecordKey(roles["thread"], roles["author"], arguments["hash"])
            return addresses.record(key, ConfigAccount(view, roles["config"]).design)


def is_vacant(view: View, address: Address) -> bool:
    """Whether the address is owned by the system program and holds no data."""
    return Account(view, address).kind == AccountKind.VACANT
