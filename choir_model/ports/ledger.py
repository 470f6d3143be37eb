"""The ledger port: what any ledger, modelled or real, offers to the rest of Choir.

Theory of operation
-------------------
One transaction goes in (`LedgerPort.execute`), one **outcome** comes back as a value:

* `Confirmed`: it took effect; its events, and fee and compute units where known;
* `Rejected`: it took no effect; a `Reason` of the program (L3) or a registered `Foreign`
  reason of the runtime or another program;
* `Unknown`: the response was lost, it may have landed or may land yet (L8).

Everything else is observation: accounts as bytes, the clock, all accounts of a program.
Adapters translate and observe, they assert nothing.  Time moves only by `advance`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, TypeAlias

from choir_model.domain.identity import Address
from choir_model.program.addresses import base58_decode
from choir_model.program.bindings import MEANINGS, Reason
from choir_model.program.calls import Call


class Foreign(Enum):
    """Refusals that do not come from the ledger program, as far as they are known.

    Rent, fee and runtime refusals are foreign to L3.  An adapter that meets one which is
    not registered here raises `UnregisteredRefusal` instead of guessing.
    """

    ALREADY_PROCESSED = "this transaction was processed before"
    BLOCKHASH_NOT_FOUND = "the transaction's blockhash is unknown or too old"
    SIGNATURE_FAILURE = "a signature does not verify"
    ACCOUNT_NOT_FOUND = "the fee payer has no account"
    INSUFFICIENT_FUNDS_FOR_FEE = "the fee payer cannot pay the fee"
    INSUFFICIENT_FUNDS_FOR_RENT = "an account would be left below rent exemption"
    INSUFFICIENT_LAMPORTS = "the payer cannot pay for a new account"
    PAYER_NOT_VACANT = "the payer of a new account holds data or has another owner"
    TOKEN_INSUFFICIENT_FUNDS = "the token account holds less than the amount"
    TOKEN_OWNER_MISMATCH = "the signer does not own the token account"
    TOKEN_MINT_MISMATCH = "the token accounts are of different mints"
    TOKEN_FROZEN = "a token account is frozen"
    TOKEN_MISSING_SIGNATURE = "the owner of the token account has not signed"
    TOKEN_INVALID_ACCOUNT = "an account is no token account"
    TOKEN_NOT_EMPTY = "a token account that holds tokens cannot be closed"
    READ_ONLY = "an account that would change may only be read"
    UNITS_EXHAUSTED = "the transaction asked for fewer compute units than it takes"


Refusal: TypeAlias = Reason | Foreign


def meaning(refusal: Refusal) -> str:
    """What a refusal means, in words."""
    return MEANINGS[refusal] if isinstance(refusal, Reason) else refusal.value


class Purse(Enum):
    """How many lamports an address has, as far as it matters.

    At an address where an account is about to be created, lamports count towards its rent.
    Only `EMPTY` and `AMPLE` are told apart there: nothing between them is modelled.
    """

    EMPTY = "no account at all"
    FEES_ONLY = "enough for fees, not for the rent of the smallest new account"
    AMPLE = "more than is ever needed"


class UnregisteredRefusal(Exception):
    """An engine refused for a reason no adapter knows; says which, so it can be registered."""


class EngineUnavailable(Exception):
    """An engine cannot be used at all; the one-line message says what would be right."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The transaction took effect.  `fee` in lamports; None where not modelled."""

    events: tuple[Any, ...]
    fee: int | None = None
    compute_units: int | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """The transaction took no effect.  `fee` in lamports is charged nevertheless."""

    reason: Refusal
    role: str = ""
    fee: int | None = None
    compute_units: int | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Whether the transaction took effect, or will, is not known (L8)."""


Outcome: TypeAlias = Confirmed | Rejected | Unknown


@dataclass(frozen=True, slots=True)
class AccountImage:
    """An account as it lies on the ledger: owning program, data, lamports where modelled."""

    owner: Address
    data: bytes
    lamports: int | None = None


@dataclass(frozen=True, slots=True)
class LedgerClock:
    """Slot (slots), epoch (epochs), and `unix_timestamp` (seconds), which the program reads."""

    slot: int
    epoch: int
    unix_timestamp: int


CLOCK: Address = base58_decode("SysvarC1ock11111111111111111111111111111111")
"""The sysvar the program reads its clock from."""
RENT: Address = base58_decode("SysvarRent111111111111111111111111111111111")
"""The sysvar the program reads the price of rent from."""

RUNTIME: frozenset[Address] = frozenset((CLOCK, RENT)) | frozenset(
    map(
        base58_decode,
        (
            "11111111111111111111111111111111",
            "AddressLookupTab1e1111111111111111111111111",
            "BPFLoader1111111111111111111111111111111111",
            "BPFLoader2111111111111111111111111111111111",
            "BPFLoaderUpgradeab1e11111111111111111111111",
            "ComputeBudget111111111111111111111111111111",
            "Ed25519SigVerify111111111111111111111111111",
            "KeccakSecp256k11111111111111111111111111111",
            "Secp256r1SigVerify1111111111111111111111111",
            "Stake11111111111111111111111111111111111111",
            "StakeConfig11111111111111111111111111111111",
            "SysvarEpochRewards1111111111111111111111111",
            "SysvarEpochSchedu1e111111111111111111111111",
            "SysvarFees111111111111111111111111111111111",
            "Sysvar1nstructions1111111111111111111111111",
            "SysvarLastRestartS1ot1111111111111111111111",
            "SysvarRecentB1ockHashes11111111111111111111",
            "SysvarS1otHashes111111111111111111111111111",
            "SysvarS1otHistory11111111111111111111111111",
            "SysvarStakeHistory1111111111111111111111111",
            "Vote111111111111111111111111111111111111111",
            "ZkE1Gama1Proof11111111111111111111111111111",
        ),
    )
)
"""System program, sysvars, loaders and other built-in programs: not the system program's."""

RESERVED: frozenset[Address] = RUNTIME | frozenset(
    map(
        base58_decode,
        (
            "Config1111111111111111111111111111111111111",
            "Feature111111111111111111111111111111111111",
            "LoaderV411111111111111111111111111111111111",
            "NativeLoader1111111111111111111111111111111",
            "Sysvar1111111111111111111111111111111111111",
            "SysvarRewards111111111111111111111111111111",
            "ZkTokenProof1111111111111111111111111111111",
        ),
    )
)
"""Addresses no transaction may write, whatever it says: the runtime makes them read-only.

Those beyond `RUNTIME` are names for now: no account needs to lie there.
"""


class LedgerPort(Protocol):
    """A ledger.  All addresses are 32 bytes; all amounts base units; times seconds."""

    name: str
    versions: dict[str, str]

    def close(self) -> None:
        """Release what the ledger holds."""

    def wallet(self, number: int) -> Address:
        """The address of seeded wallet `number`, whose key this ledger can sign with."""

    def fund(self, wallet: Address, purse: Purse) -> None:
        """Give an address lamports (a fixture; not a transaction); what lies there stays."""

    def create_mint(self, mint: Address, authority: Address, freeze: Address | None) -> None:
        """Put an empty SPL mint of 9 decimals at `mint` (a fixture)."""

    def create_token_account(self, account: Address, mint: Address, owner: Address) -> None:
        """Put an empty SPL token account at `account` (a fixture)."""

    def put_account(self, address: Address, image: AccountImage) -> None:
        """Put arbitrary bytes at an address (a fixture for look-alikes and damage).

        Lamports that lie there stay, beyond what rent takes.
        """

    def execute(self, call: Call, payer: Address) -> Outcome:
        """Run one transaction holding `call`; `payer` pays the fee and so signs."""

    def resend(self) -> Outcome:
        """Send the last transaction once more, the same signature (L8)."""

    def execute_stale(self, call: Call, payer: Address) -> Outcome:
        """Run a transaction whose blockhash has expired (L8)."""

    def account(self, address: Address) -> AccountImage | None:
        """The account at `address`, or None; what the runtime itself keeps is not shown."""

    def program_accounts(self) -> frozenset[Address]:
        """Addresses of all accounts the ledger program owns."""

    def clock(self) -> LedgerClock:
        """The ledger's clock."""

    def advance(self, slots: int, seconds: int) -> None:
        """Let time pass: slot, epoch and clock together.  Neither may be negative."""

    def save(self) -> object:
        """Everything needed to come back to this moment."""

    def restore(self, saved: object) -> None:
        """Go back to a moment returned by `save` of this ledger."""


Privileges: TypeAlias = Mapping[Address, tuple[bool, bool]]
"""(signer, writable) by address."""


def privileges(call: Call, payer: Address) -> Privileges:
    """The privileges the runtime grants to the accounts of a transaction of one call.

    Flags are the transaction's, not the account list's: an address that signs or may be
    written anywhere in it does so everywhere, and the fee payer always does both.  Nothing
    may write what the runtime keeps (`RESERVED`), nor the program that is called.
    """
    granted: dict[Address, tuple[bool, bool]] = {payer: (True, True)}
    for meta in call.accounts:
        signer, writable = granted.get(meta.address, (False, False))
        demoted = meta.address in RESERVED or meta.address == call.program
        writes = (writable or meta.writable) and not demoted
        granted[meta.address] = (signer or meta.signer, writes)
    return granted


def token_amounts(ledger: LedgerPort, accounts: Iterable[Address]) -> dict[Address, int]:
    """Base units by token account, read from the account bytes."""
    found = {}
    for address in accounts:
        image = ledger.account(address)
        found[address] = int.from_bytes(image.data[64:72], "little") if image else 0
    return found
