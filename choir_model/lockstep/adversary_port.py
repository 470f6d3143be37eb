"""What is sent by who attacks, and what a ledger must offer to be attacked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from choir_model.domain.identity import Address
from choir_model.ports.ledger import LedgerPort, Outcome
from choir_model.program.calls import Call


@dataclass(frozen=True, slots=True)
class Sent:
    """One transaction of an attack.

    `unit_limit`: compute units asked for; None is what the runtime grants.  `verified`: real
    signatures; else whoever is asked to sign is taken to have signed, on both sides.
    `forged`: whose signatures are by another key.  `again`: the transaction before once more,
    under the same signature; the calls say what that was.  `looked_up`: of version 0, with
    accounts from a lookup table; what it says to the program is the same.
    """

    calls: tuple[Call, ...]
    payer: Address
    unit_limit: int | None = None
    verified: bool = False
    forged: frozenset[Address] = frozenset()
    again: bool = False
    looked_up: bool = False

    @property
    def signers(self) -> frozenset[Address]:
        """Who is asked to sign."""
        asked = {meta.address for call in self.calls for meta in call.accounts if meta.signer}
        return frozenset(asked | {self.payer})

    @property
    def named(self) -> frozenset[Address]:
        """Every account of the transaction."""
        return frozenset(meta.address for call in self.calls for meta in call.accounts)


class HostileLedger(LedgerPort, Protocol):
    """A real ledger that takes what no honest client would send."""

    def send(
        self,
        calls: Sequence[Call],
        payer: Address,
        *,
        unit_limit: int | None = None,
        verified: bool = True,
        forged: Collection[Address] = (),
        looked_up: bool = False,
    ) -> Outcome:
        """Run several calls in one transaction."""

    def enlist(self, accounts: Sequence[Address]) -> None:
        """Put accounts, 256 at most, into the table that transactions can look them up in."""

    def photograph(self, accounts: Sequence[Address]) -> list[object]:
        """What lies at `accounts`, lamports included, to be compared with another photograph."""

    def glance(self, address: Address) -> object:
        """A photograph of one account."""
