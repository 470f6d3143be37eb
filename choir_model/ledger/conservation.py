"""Conservation of tokens (S1, L4), audited on the account bytes of any ledger.

Every base unit lies in a token account, so the amounts of all token accounts of the CHOIR
mint add up to its supply.  Of each vault the records say how much must be in it; whatever
is there beyond that was donated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from choir_model.domain.identity import Address
from choir_model.ports.ledger import LedgerPort, token_amounts
from choir_model.program import addresses
from choir_model.program.bindings import ACCOUNTS, SUPPLY, Thread


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
    """Tokens have appeared or vanished, or a vault does not hold what the records say."""


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
    for address, thread in threads(ledger).items():
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


def threads(ledger: LedgerPort) -> dict[Address, Thread]:
    """Every thread account of the ledger, decoded."""
    layout = ACCOUNTS[Thread]
    found = {}
    for address in ledger.program_accounts():
        image = ledger.account(address)
        if image and image.data[:8] == layout.discriminator:
            found[address] = layout.decode(image.data)
    return found
