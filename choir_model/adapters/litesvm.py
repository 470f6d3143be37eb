"""The ledger port on LiteSVM: the real Solana VM running the real program, in-process.

Theory of operation
-------------------
LiteSVM has no blocks: every transaction takes effect at once, one blockhash is valid at a
time, and time stands still.  This adapter rotates the blockhash before each transaction,
so that equal calls are different transactions, and moves slot, epoch, timestamp and slot
hashes together in `advance`.  Keys are derived from fixed seeds.

LiteSVM cannot be copied.  `save` therefore records every account this adapter has
touched, and `restore` puts them back, deleting what did not exist; blockhash and
transaction history stay as they are, which only `resend` could notice.

Not modelled by LiteSVM at all: forks, commitment levels, loss and delay of transactions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from choir_model.domain.identity import Address
from choir_model.ports.ledger import (
    RESERVED,
    AccountImage,
    Confirmed,
    EngineUnavailable,
    Foreign,
    LedgerClock,
    Outcome,
    Purse,
    Rejected,
    UnregisteredRefusal,
)
from choir_model.program.addresses import PROGRAM, SYSTEM, TOKEN, base58, base58_decode
from choir_model.program.bindings import DECIMALS, PROGRAM_ID, Reason
from choir_model.program.calls import Call
from choir_model.program.events import failing_program
from choir_model.program.events import read_every_event as read_events

GENESIS_SLOT = 435_888_000
"""First slot, in the range of mainnet's slots of 2026, so that no code counts on zero."""
AMPLE_LAMPORTS = 10**15
FEES_ONLY_LAMPORTS = 890_880 + 1_000_000
"""Rent exemption of an empty account and 200 signatures: less than a record's rent."""
PACKET_BYTES = 1232
"""Longest transaction that clusters pass on; LiteSVM runs longer ones all the same."""
LOOKUP_TABLES = base58_decode("AddressLookupTab1e1111111111111111111111111")

TOKEN_ERRORS = {
    0x1: Foreign.TOKEN_INSUFFICIENT_FUNDS,
    0x3: Foreign.TOKEN_MINT_MISMATCH,
    0x4: Foreign.TOKEN_OWNER_MISMATCH,
    0x11: Foreign.TOKEN_FROZEN,
}
SYSTEM_ERRORS = {0x1: Foreign.INSUFFICIENT_LAMPORTS}
TRANSACTION_ERRORS = {
    "AlreadyProcessed": Foreign.ALREADY_PROCESSED,
    "BlockhashNotFound": Foreign.BLOCKHASH_NOT_FOUND,
    "SignatureFailure": Foreign.SIGNATURE_FAILURE,
    "AccountNotFound": Foreign.ACCOUNT_NOT_FOUND,
    "InsufficientFundsForFee": Foreign.INSUFFICIENT_FUNDS_FOR_FEE,
}
TOKEN_PROGRAM_ERRORS = {
    "MissingRequiredSignature": Foreign.TOKEN_MISSING_SIGNATURE,
    "InvalidAccountData": Foreign.TOKEN_INVALID_ACCOUNT,
    "UninitializedAccount": Foreign.TOKEN_INVALID_ACCOUNT,
}


@dataclass(frozen=True, slots=True)
class Form:
    """How a transaction is written down: what it says to the program is the same in each.

    With `table`, the address of a lookup table, it is a transaction of version 0 and every
    account found there that does not sign is named by one byte; else it is a legacy one.
    `unit_limit`, in compute units, is asked of the compute budget program; None leaves what
    the runtime grants, 200 000.
    """

    table: Address | None = None
    unit_limit: int | None = None


LEGACY = Form()
"""As most clients write transactions."""


def load_program(path: Path | None = None) -> bytes:
    """The program's bytes: those shipped with the package, or those at `path`.

    Raises `EngineUnavailable` when the file cannot be read, is no ELF file, or, for the
    shipped one, differs from its recorded SHA-256.
    """
    if path is None:
        shipped = files("choir_model.program")
        source: Any = shipped.joinpath("choir.so")
    else:
        source = path
    try:
        code: bytes = source.read_bytes()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise EngineUnavailable(
            f"{source}: cannot read the program: {why}; expected a built choir.so"
        ) from None
    if code[:4] != b"\x7fELF":
        raise EngineUnavailable(f"{source}: is no ELF file; expected a built choir.so")
    if path is None:
        recorded = shipped.joinpath("choir.so.sha256").read_text("ascii").split()[0]
        if hashlib.sha256(code).hexdigest() != recorded:
            raise EngineUnavailable(f"{source}: differs from its recorded SHA-256; install again")
    return code


class LiteSvmLedger:
    """A fresh ledger with the program loaded and nothing initialized.

    `program` is the program's bytes (see `load_program`).  Raises `EngineUnavailable` when
    solders is not installed or the VM refuses the program.
    """

    def __init__(self, program: bytes | None = None, *, unix_timestamp: int = 0) -> None:
        try:
            import solders.litesvm
        except ImportError:
            raise EngineUnavailable(
                "the package solders is missing; run pip install solders==0.29.0"
            ) from None
        self.name = "litesvm"
        self.versions = {"solders": version("solders")}
        self._keys: dict[Address, Any] = {}
        self._pubkeys: dict[Address, Any] = {}
        self._tracked: set[Address] = set()
        self._last: Any = None
        self._seen: dict[Address, tuple[Any, AccountImage]] = {}
        self.svm = solders.litesvm.LiteSVM()
        code = load_program() if program is None else program
        try:
            self.svm.add_program(self._pubkey(PROGRAM), code)
        except Exception as error:  # noqa: BLE001 (the VM's error class is not exported)
            raise EngineUnavailable(f"the Solana VM refuses the program: {error}") from None
        self._set_clock(GENESIS_SLOT, unix_timestamp)

    def close(self) -> None:
        """Nothing to release."""

    # Fixtures

    def wallet(self, number: int) -> Address:
        """The address of the keypair seeded with `number`."""
        from solders.keypair import Keypair

        seed = hashlib.sha256(b"choir wallet" + number.to_bytes(8, "little")).digest()
        key = Keypair.from_seed(seed)
        address = bytes(key.pubkey())
        self._keys[address] = key
        return address

    def fund(self, wallet: Address, purse: Purse) -> None:
        """Give a wallet the lamports its purse stands for."""
        amounts = {Purse.EMPTY: 0, Purse.FEES_ONLY: FEES_ONLY_LAMPORTS, Purse.AMPLE: AMPLE_LAMPORTS}
        self._put(wallet, SYSTEM, b"", amounts[purse])

    def create_mint(self, mint: Address, authority: Address, freeze: Address | None) -> None:
        """Put an empty SPL mint at `mint`, as ``InitializeMint2`` would leave it."""
        frozen_by = b"\1\0\0\0" + freeze if freeze else bytes(36)
        data = b"\1\0\0\0" + authority + bytes(8) + bytes([DECIMALS, 1]) + frozen_by
        self._put_rent_exempt(mint, TOKEN, data)

    def create_token_account(self, account: Address, mint: Address, owner: Address) -> None:
        """Put an empty SPL token account at `account`, as ``InitializeAccount3`` would."""
        data = mint + owner + bytes(8) + bytes(36) + b"\1" + bytes(56)
        self._put_rent_exempt(account, TOKEN, data)

    def create_lookup_table(self, table: Address, listed: Sequence[Address]) -> None:
        """Put a lookup table at `table`, filled in an earlier slot and never deactivated."""
        kind, active_for_ever, filled_in_slot_0_by_nobody = b"\1\0\0\0", b"\xff" * 8, bytes(44)
        header = kind + active_for_ever + filled_in_slot_0_by_nobody
        self._put_rent_exempt(table, LOOKUP_TABLES, header + b"".join(listed))

    def put_account(self, address: Address, image: AccountImage) -> None:
        """Put arbitrary bytes at `address`."""
        self._put_rent_exempt(address, image.owner, image.data)

    # Transactions

    def execute(self, call: Call, payer: Address, form: Form = LEGACY) -> Outcome:
        """Run one transaction under a new blockhash."""
        self.svm.expire_blockhash()
        self._last = self._sign(call, payer, form)
        return self._outcome(self.svm.send_transaction(self._last))

    def resend(self) -> Outcome:
        """Send the last transaction once more."""
        return self._outcome(self.svm.send_transaction(self._last))

    def execute_stale(self, call: Call, payer: Address) -> Outcome:
        """Sign under the current blockhash, rotate it, then send."""
        transaction = self._sign(call, payer)
        self.svm.expire_blockhash()
        return self._outcome(self.svm.send_transaction(transaction))

    def transaction_bytes(self, call: Call, payer: Address, form: Form = LEGACY) -> int:
        """Length of the signed transaction, to hold against `PACKET_BYTES`."""
        return len(bytes(self._sign(call, payer, form)))

    def _sign(self, call: Call, payer: Address, form: Form = LEGACY) -> Any:
        from solders.instruction import AccountMeta, Instruction
        from solders.message import to_bytes_versioned
        from solders.transaction import VersionedTransaction

        pubkey = self._pubkey
        metas = [AccountMeta(pubkey(m.address), m.signer, m.writable) for m in call.accounts]
        instructions = [Instruction(pubkey(call.program), call.data, metas)]
        if form.unit_limit is not None:
            from solders.compute_budget import set_compute_unit_limit

            instructions.insert(0, set_compute_unit_limit(form.unit_limit))
        message = self._message(instructions, pubkey(payer), form)
        self._tracked.update(m.address for m in call.accounts)
        self._tracked -= RESERVED | {PROGRAM, TOKEN}
        # Signed here: the transaction's own constructor takes twice as long.
        signers = message.account_keys[: message.header.num_required_signatures]
        text = to_bytes_versioned(message)
        signatures = [self._keys[bytes(signer)].sign_message(text) for signer in signers]
        return VersionedTransaction.populate(message, signatures)

    def _message(self, instructions: Sequence[Any], payer: Any, form: Form) -> Any:
        blockhash = self.svm.latest_blockhash()
        if form.table is None:
            from solders.message import Message

            return Message.new_with_blockhash(instructions, payer, blockhash)
        from solders.address_lookup_table_account import (
            AddressLookupTable,
            AddressLookupTableAccount,
        )
        from solders.message import MessageV0

        image = self.account(form.table)
        if image is None:
            raise ValueError(f"there is no lookup table at {base58(form.table)}")
        listed = AddressLookupTable.deserialize(image.data).addresses
        tables = [AddressLookupTableAccount(self._pubkey(form.table), listed)]
        return MessageV0.try_compile(payer, instructions, tables, blockhash)

    def _outcome(self, result: Any) -> Outcome:
        failed = type(result).__name__ == "FailedTransactionMetadata"
        meta = result.meta() if failed else result
        fee, units = meta.fee(), meta.compute_units_consumed()
        if not failed:
            return Confirmed(read_events(meta.logs()), fee, units)
        return Rejected(refusal(result.err(), meta.logs()), "", fee, units)

    # Observation

    def account(self, address: Address) -> AccountImage | None:
        """The account at `address`, or None; the same image as before if it is unchanged."""
        if address in RESERVED:
            return None
        found = self.svm.get_account(self._pubkey(address))
        if found is None:
            return None
        seen = self._seen.get(address)
        if seen is None or seen[0] != found:
            seen = found, AccountImage(bytes(found.owner), found.data, found.lamports)
            self._seen[address] = seen
        return seen[1]

    def program_accounts(self) -> frozenset[Address]:
        """Addresses of all accounts the program owns."""
        found = self.svm.get_program_accounts(self._pubkey(PROGRAM))
        return frozenset(bytes(address) for address, _ in found)

    def rent_exempt(self, size: int) -> int:
        """Lamports an account of `size` bytes must hold."""
        lamports: int = self.svm.minimum_balance_for_rent_exemption(size)
        return lamports

    # Time

    def clock(self) -> LedgerClock:
        """The Clock sysvar."""
        clock = self.svm.get_clock()
        return LedgerClock(clock.slot, clock.epoch, clock.unix_timestamp)

    def advance(self, slots: int, seconds: int) -> None:
        """Move slot, epoch, timestamp and slot hashes together.

        Raises `ValueError` if time would go backwards or leave i64.
        """
        clock = self.clock()
        if slots < 0 or seconds < 0 or clock.unix_timestamp + seconds >= 2**63:
            raise ValueError("time does not go backwards, nor beyond i64")
        self._set_clock(clock.slot + slots, clock.unix_timestamp + seconds)

    def _set_clock(self, slot: int, unix_timestamp: int) -> None:
        from solders.clock import Clock
        from solders.hash import Hash

        schedule = self.svm.get_epoch_schedule()
        epoch = schedule.get_epoch(slot)
        self.svm.set_clock(Clock(slot, 0, epoch, epoch + 1, unix_timestamp))
        digest = hashlib.sha256(slot.to_bytes(8, "little")).digest()
        self.svm.set_slot_hashes([(slot, Hash(digest))])

    # Saving

    def save(self) -> object:
        """Every touched account, and the clock."""
        accounts = {a: self.svm.get_account(self._pubkey(a)) for a in self._tracked}
        return accounts, self.clock()

    def restore(self, saved: object) -> None:
        """Put every touched account and the clock back."""
        from solders.account import Account
        from solders.pubkey import Pubkey

        assert isinstance(saved, tuple)
        accounts, clock = saved
        gone = Account(0, b"", Pubkey.default())
        for address in self._tracked | accounts.keys():
            account = accounts.get(address) or gone
            self.svm.set_account(self._pubkey(address), account)
        self._tracked = set(accounts)
        self._set_clock(clock.slot, clock.unix_timestamp)

    # Plumbing

    def _pubkey(self, address: Address) -> Any:
        found = self._pubkeys.get(address)
        if found is None:
            from solders.pubkey import Pubkey

            found = self._pubkeys[address] = Pubkey(address)
        return found

    def _put_rent_exempt(self, address: Address, owner: Address, data: bytes) -> None:
        self._put(address, owner, data, self.rent_exempt(len(data)))

    def _put(self, address: Address, owner: Address, data: bytes, lamports: int) -> None:
        from solders.account import Account

        self._tracked.add(address)
        self.svm.set_account(self._pubkey(address), Account(lamports, data, self._pubkey(owner)))


def refusal(error: Any, logs: list[str]) -> Reason | Foreign:
    """The registered refusal an engine's transaction error stands for.

    Raises `UnregisteredRefusal` for an error nobody has registered yet.
    """
    inner = getattr(error, "err", None)
    program = failing_program(logs)
    if inner is None:
        name = str(error).rsplit(".", 1)[-1]
        found: Reason | Foreign | None = TRANSACTION_ERRORS.get(name)
        if "InsufficientFundsForRent" in str(error):
            found = Foreign.INSUFFICIENT_FUNDS_FOR_RENT
    elif (code := getattr(inner, "code", None)) is not None:
        if program == PROGRAM_ID and code in Reason._value2member_map_:
            found = Reason(code)
        elif program == base58(TOKEN):
            found = TOKEN_ERRORS.get(code)
        else:
            found = SYSTEM_ERRORS.get(code) if program == base58(SYSTEM) else None
    else:
        name = str(inner).rsplit(".", 1)[-1]
        found = TOKEN_PROGRAM_ERRORS.get(name) if program == base58(TOKEN) else None
    if found is None:
        raise UnregisteredRefusal(f"{error} of program {program}: {' | '.join(logs[-3:])}")
    return found
