"""Conservation of tokens (S1, L4), audited on the account bytes of any ledger.

Every base unit lies in a token account, so the amounts of all token accounts of the CHOIR
mint add up to its supply.  The records of a thread say what its totals must be, and the
totals how much must be in each vault; whatever is there beyond that was donated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from choir_model.domain.identity import Address
from choir_model.ports.ledger import LedgerPort, token_amounts
from choir_model.program import addresses
from choir_model.program.bindings import ACCOUNTS, SUPPLY, Record, RecordStatus, Thread


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
    _compare_with_records(threads, records)
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


def owed(record: Record) -> tuple[int, int, int, int]:
    """What one record adds to each of the `TOTALS` of its thread, in base units (M2 to M6)."""
    match record.status:
        case RecordStatus.PENDING:
            return record.stake, 0, 0, 0
        case RecordStatus.PUBLISHED:
            return 0, record.stake, 0, 0
        case RecordStatus.EXPIRED:
            return 0, 0, 0, record.stake
    deniers = record.denials.bit_count()
    share = record.stake // deniers if deniers else 0
    unclaimed = (record.denials & ~record.claims).bit_count()
    return 0, 0, unclaimed * share, record.stake - deniers * share


def _compare_with_records(threads: dict[Address, Thread], records: list[Record]) -> None:
    sums = {address: [0, 0, 0, 0] for address in threads}
    for record in records:
        if record.thread not in sums:
            raise Imbalance(f"a record names {addresses.base58(record.thread)}, which is no thread")
        mine = sums[record.thread]
        for at, amount in enumerate(owed(record)):
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
