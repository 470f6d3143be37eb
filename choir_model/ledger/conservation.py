"""Conservation of tokens (S1, L4), audited on the account bytes of any ledger.

Every base unit lies in a token account, so the amounts of all token accounts of the CHOIR
mint add up to its supply.  The records of a thread say what its totals must be, and the
totals how much must be in each vault; whatever is there beyond that was donated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from choir_model.domain.identity import Address
from choir_model.ledger import stakes
from choir_model.ledger.stakes import AUTHORS_BIT, Receiver
from choir_model.ports.ledger import LedgerPort, token_amounts
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
    """Tokens have appeared or vanished, or totals or a vault differ from the records."""


TOTALS = ("stake_total", "token_balance", "escrow_total", "treasury_paid")
"""The totals of a thread account: pending, published, unclaimed, and to the treasury."""


def audit(
    ledger: LedgerPort,
    mint: Address,
    holders: Iterable[Address],
    donated: Callable[[Address], int],
) -> Audit:
    """Add everything up; `holders` are all token accounts of the mint but the vaults.

    Raises `Imbalance` with the account and both amounts.
    """
    image = ledger.account(mint)
    supply = int.from_bytes(image.data[36:44], "little") if image else 0
    held = sum(token_amounts(ledger, holders).values())
    recorded: dict[Address, int] = {}
    totals = {"stakes": 0, "escrow": 0, "balances": 0, "treasury": 0}
    threads, records = threads_and_records(ledger)
    _compare_with_records(threads, records, design_of(ledger))
    for address, thread in threads.items():
        recorded[addresses.stake_vault(address)] = thread.stake_total
        recorded[addresses.escrow_vault(address)] = thread.escrow_total
        recorded[addresses.balance_vault(address)] = thread.token_balance
        totals["stakes"] += thread.stake_total
        totals["escrow"] += thread.escrow_total
        totals["balances"] += thread.token_balance
        totals["treasury"] += thread.treasury_paid
    recorded[addresses.treasury()] = totals["treasury"]
    vaults = token_amounts(ledger, recorded)
    donations = 0
    for vault, amount in vaults.items():
        uninvited = donated(vault)
        donations += uninvited
        if amount != recorded[vault] + uninvited:
            raise Imbalance(
                f"vault {addresses.base58(vault)} holds {amount} base units; by record "
                f"{recorded[vault]}, donated {uninvited}"
            )
    total = held + sum(vaults.values())
    if total != supply:
        raise Imbalance(f"token accounts hold {total} base units, the mint's supply is {supply}")
    return Audit(supply=supply, holders=held, donations=donations, **totals)


def owed(record: Record, design: Design) -> tuple[int, int, int, int]:
    """What one record adds to each of the `TOTALS` of its thread, in base units (M2 to M6).

    What was sent to payees, and what was claimed, has left the thread.
    """
    if record.status is RecordStatus.PENDING:
        return record.stake, 0, 0, 0
    went = stakes.settlement(record.status, design, record.stake, record.denials.bit_count())
    match stakes.claimants(record.status, design):
        case Receiver.DENIERS:
            entitled = record.denials
        case Receiver.AUTHOR:
            entitled = 1 << AUTHORS_BIT
        case _:
            entitled = 0
    unclaimed = (entitled & ~record.claims).bit_count() * went.share
    return 0, went.to_balance, unclaimed, went.to_treasury


def design_of(ledger: LedgerPort) -> Design:
    """The design fixed at `initialize`, from the config account; the default before that."""
    image = ledger.account(addresses.config())
    if image is None or image.owner != addresses.PROGRAM:
        return designs.DEFAULT
    design: Design = ACCOUNTS[Config].decode(image.data).design
    return design


def _compare_with_records(
    threads: dict[Address, Thread], records: list[Record], design: Design
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


def threads_and_records(ledger: LedgerPort) -> tuple[dict[Address, Thread], list[Record]]:
    """Every thread and every record account of the ledger, each decoded once."""
    threads: dict[Address, Thread] = {}
    records: list[Record] = []
    for address in ledger.program_accounts():
        image = ledger.account(address)
        if image and image.data[:8] == ACCOUNTS[Thread].discriminator:
            threads[address] = ACCOUNTS[Thread].decode(image.data)
        elif image and image.data[:8] == ACCOUNTS[Record].discriminator:
            records.append(ACCOUNTS[Record].decode(image.data))
    return threads, records
