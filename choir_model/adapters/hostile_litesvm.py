"""LiteSVM for hostile transactions: those that no honest client would send, and many of them.

Beyond the port it takes several calls in one transaction, signatures that are forged, and
transactions whose signatures nobody verifies, which saves most of the time.  Unverified,
whoever is asked to sign is taken to have signed, as the reference takes it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from choir_model.adapters.litesvm import Form, LiteSvmLedger
from choir_model.domain.identity import Address
from choir_model.ports.ledger import RESERVED, Confirmed, Outcome
from choir_model.program.addresses import PROGRAM, TOKEN
from choir_model.program.calls import Call

TABLE: Address = b"the adversary's lookup table".ljust(32, b"!")


class HostileLiteSvm(LiteSvmLedger):
    """`LiteSvmLedger` that can also be attacked."""

    def __init__(self, program: bytes | None = None, *, unix_timestamp: int = 0) -> None:
        super().__init__(program, unix_timestamp=unix_timestamp)
        self._album: tuple[Sequence[Address], list[Any]] = (), []

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
        """Run `calls` as one transaction.

        Verified, every account that is to sign does so with its own key; one in `forged`, or
        one nobody holds a key of, is signed for with the payer's.  `unit_limit` in compute
        units.  Looked up, it is of version 0 and takes its accounts from the table of `enlist`.
        """
        self.svm.with_sigverify(verified)
        if verified:
            self.svm.expire_blockhash()
        form = Form(TABLE if looked_up else None, unit_limit)
        message = self._composed(calls, payer, form)
        transaction = self._attested(message, forged) if verified else self._unsigned(message)
        if verified:
            self._last = transaction
        outcome = self._outcome(self.svm.send_transaction(transaction))
        if isinstance(outcome, Confirmed):
            named = {meta.address for call in calls for meta in call.accounts}
            self._tracked |= {a for a in named - RESERVED - {PROGRAM, TOKEN} if self._is_data(a)}
        return outcome

    def enlist(self, accounts: Sequence[Address]) -> None:
        """Put these accounts, 256 at most, into the lookup table."""
        self.create_lookup_table(TABLE, accounts)

    def photograph(self, accounts: Sequence[Address]) -> list[object]:
        """What lies at `accounts`, to be compared with another photograph and for nothing else."""
        get = self.svm.get_account
        if accounts is not self._album[0]:
            self._album = accounts, [self._pubkey(address) for address in accounts]
        return [get(key) for key in self._album[1]]

    def glance(self, address: Address) -> object:
        """A photograph of one account."""
        return self.svm.get_account(self._pubkey(address))

    def _is_data(self, address: Address) -> bool:
        account = self.svm.get_account(self._pubkey(address))
        return account is None or not account.executable

    def _composed(self, calls: Sequence[Call], payer: Address, form: Form) -> Any:
        from solders.instruction import AccountMeta, Instruction

        pubkey = self._pubkey
        instructions = [
            Instruction(
                pubkey(call.program),
                call.data,
                [AccountMeta(pubkey(m.address), m.signer, m.writable) for m in call.accounts],
            )
            for call in calls
        ]
        if form.unit_limit is not None:
            from solders.compute_budget import set_compute_unit_limit

            instructions.insert(0, set_compute_unit_limit(form.unit_limit))
        return self._compiled(instructions, pubkey(payer), self.svm.latest_blockhash(), form)

    def _attested(self, message: Any, forged: Collection[Address]) -> Any:
        from solders.message import to_bytes_versioned
        from solders.transaction import VersionedTransaction

        signers = [bytes(k) for k in message.account_keys[: message.header.num_required_signatures]]
        text = to_bytes_versioned(message)
        forger = self._keys[signers[0]]
        keys = [forger if s in forged else self._keys.get(s, forger) for s in signers]
        return VersionedTransaction.populate(message, [key.sign_message(text) for key in keys])

    def _unsigned(self, message: Any) -> Any:
        from solders.signature import Signature
        from solders.transaction import VersionedTransaction

        count = message.header.num_required_signatures
        return VersionedTransaction.populate(message, [Signature.default()] * count)
