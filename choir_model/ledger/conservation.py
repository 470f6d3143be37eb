"""Conservation of tokens (S1, L4), audited on the account bytes of any ledger.

Every base unit lies in a token account, so the amounts of all token accounts of the CHOIR
mint add up to its supply.  The records of a thread say what its totals must be, and the
totals how much must be in each vault; whatever is there beyond that was donated.  A vault
must be nobody's but its thread's or the config's, and each record one that votes and claims
under the design can have led to: amounts that add up prove little about who can take them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from choir_model.domain.identity import Address
from choir_model.ledger import stakes
from choir_model.ledger.plausibility import COUNTERS, entitled, implausible
from choir_model.ports.ledger import AccountImage, LedgerPort, token_amounts
from choir_model.program import addresses, designs
from choir_model.program.bindings import (
    ACCOUNTS,
    SUPPLY,
    Config,
    Design,
    Record,
    RecordStatus,
    Thread,
)
from choir_model.program.layout import DecodeError


@dataclass(frozen=True, slots=True)
class Audit:
    """Where all tokens are, in base units; vaults by record, and donations to them."""

    supply: int
    holders: int
    stakes: int
    escrow: int
    balances: int
    treasury: int
    donations: int

    @property
    def burned(self) -> int:
        """What holders have burned since the supply was minted."""
        return SUPPLY - self.supply if self.supply else 0


class Imbalance(AssertionError):
    """Tokens have appeared or vanished, or accounts are not what the records say they are."""


TOTALS = ("stake_total", "token_balance", "escrow_total", "treasury_paid")
"""The totals of a thread account: pending, published, unclaimed, and to the treasury."""


def audit(
    ledger: LedgerPort,
    mint: Address,
    holders: Iterable[Address],
    donated: Callable[[Address], int],
) -> Audit:
    """Add everything up; `holders` are all token accounts of the mint but the vaults.

    Vaults are judged by the mint of the config, whichever mint that is.

    Raises `Imbalance` with the account and what is wrong, amounts included.
    """
    image = ledger.account(mint)
    supply = int.from_bytes(image.data[36:44], "little") if image else 0
    held = sum(token_amounts(ledger, holders).values())
    config, (threads, records) = _config(ledger), threads_and_records(ledger)
    design, choir = (config.design, config.mint) if config else (designs.DEFAULT, mint)
    _compare_with_records(threads, records.values(), design)
    _compare_votes(threads, records, design)
    totals = {"stakes": 0, "escrow": 0, "balances": 0, "treasury": 0}
    vaults: dict[Address, tuple[Address, int]] = {}
    for address, thread in threads.items():
        vaults[addresses.stake_vault(address)] = address, thread.stake_total
        vaults[addresses.escrow_vault(address)] = address, thread.escrow_total
        vaults[addresses.balance_vault(address)] = address, thread.token_balance
        totals["stakes"] += thread.stake_total
        totals["escrow"] += thread.escrow_total
        totals["balances"] += thread.token_balance
        totals["treasury"] += thread.treasury_paid
    if config:
        vaults[addresses.treasury()] = addresses.config(), totals["treasury"]
    donations = total = 0
    for vault, (owner, recorded) in vaults.items():
        amount, uninvited = _held(ledger.account(vault), vault, choir, owner), donated(vault)
        total += amount
        donations += uninvited
        if amount != recorded + uninvited:
            raise Imbalance(
                f"vault {addresses.base58(vault)} holds {amount} base units; by record "
                f"{recorded}, donated {uninvited}"
            )
    if held + total != supply:
        raise Imbalance(
            f"token accounts hold {held + total} base units, the mint's supply is {supply}"
        )
    return Audit(supply=supply, holders=held, donations=donations, **totals)


_VAULT = bytes(36) + b"\1" + bytes(56)
"""A vault behind mint, owner and amount: initialised, with no delegate, no close authority."""


def _held(image: AccountImage | None, vault: Address, mint: Address, owner: Address) -> int:
    """The base units in a vault, which must be the program's alone to dispose of (L2)."""
    if image is None or image.owner != addresses.TOKEN or len(image.data) != 165:
        raise Imbalance(f"vault {addresses.base58(vault)} is no token account of SPL Token")
    data = image.data
    if data[:64] == mint + owner and data[72:] == _VAULT:
        return int.from_bytes(data[64:72], "little")
    wrong = {
        "is of another mint": data[:32] != mint,
        f"belongs to {addresses.base58(data[32:64])}": data[32:64] != owner,
        "has a delegate": any(data[72:76]) or any(data[121:129]),
        "is frozen or not initialised": data[108] != 1,
        "has a close authority": any(data[129:133]),
    }
    found = next((what for what, so in wrong.items() if so), "has bytes no vault ever has")
    raise Imbalance(f"vault {addresses.base58(vault)} {found}")


def owed(record: Record, design: Design) -> tuple[int, int, int, int]:
    """What one record adds to each of the `TOTALS` of its thread, in base units (M2 to M6).

    What was sent to payees, and what was claimed, has left the thread.
    """
    if record.status is RecordStatus.PENDING:
        return record.stake, 0, 0, 0
    went = stakes.settlement(record.status, design, record.stake, record.denials.bit_count())
    unclaimed = (entitled(record, design) & ~record.claims).bit_count() * went.share
    return 0, went.to_balance, unclaimed, went.to_treasury


def design_of(ledger: LedgerPort) -> Design:
    """The design fixed at `initialize`, from the config account; the default before that."""
    config = _config(ledger)
    return config.design if config else designs.DEFAULT


def _config(ledger: LedgerPort) -> Config | None:
    image = ledger.account(addresses.config())
    if image is None or image.owner != addresses.PROGRAM:
        return None
    config: Config = _decoded(Config, addresses.config(), image)
    return config


def _compare_with_records(
    threads: Mapping[Address, Thread], records: Iterable[Record], design: Design
) -> None:
    sums = {address: [0, 0, 0, 0] for address in threads}
    for record in records:
        if record.thread not in sums:
            raise Imbalance(f"a record names {addresses.base58(record.thread)}, which is no thread")
        mine = sums[record.thread]
        for at, amount in enumerate(owed(record, design)):
            mine[at] += amount
    for address, thread in threads.items():
        for total, amount in zip(TOTALS, sums[address], strict=True):
            if getattr(thread, total) != amount:
                raise Imbalance(
                    f"thread {addresses.base58(address)}: {total} is {getattr(thread, total)} "
                    f"base units, its records add up to {amount}"
                )


def _compare_votes(
    threads: Mapping[Address, Thread], records: Mapping[Address, Record], design: Design
) -> None:
    """Each record by itself, and how many there are of each status (S1, S3, S10)."""
    for address, record in records.items():
        wrong = implausible(record, threads[record.thread], design)
        if wrong:
            raise Imbalance(f"record {addresses.base58(address)}: {wrong}")
    found = Counter((record.thread, record.status) for record in records.values())
    for address, thread in threads.items():
        for status, counter in COUNTERS.items():
            counted, there = getattr(thread, counter), found[address, status]
            if counted != there:
                raise Imbalance(
                    f"thread {addresses.base58(address)}: {counter} is {counted}, of its "
                    f"records {there} are {status.name.lower()}"
                )


def threads_and_records(
    ledger: LedgerPort,
) -> tuple[dict[Address, Thread], dict[Address, Record]]:
    """Every thread and every record account of the ledger, each decoded once.

    Raises `Imbalance` for one that begins like either and is none.
    """
    threads: dict[Address, Thread] = {}
    records: dict[Address, Record] = {}
    for address in ledger.program_accounts():
        image = ledger.account(address)
        if image and image.data[:8] == ACCOUNTS[Thread].discriminator:
            threads[address] = _decoded(Thread, address, image)
        elif image and image.data[:8] == ACCOUNTS[Record].discriminator:
            records[address] = _decoded(Record, address, image)
    return threads, records


def _decoded(kind: type, address: Address, image: AccountImage) -> Any:
    try:
        return ACCOUNTS[kind].decode(image.data)
    except DecodeError as error:
        raise Imbalance(
            f"account {addresses.base58(address)} is no {kind.__name__}: {error}"
        ) from None
