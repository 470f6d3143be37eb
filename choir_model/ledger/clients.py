"""What a client looks up before it sends: whom a deciding call would pay (payout push).

A client reads thread and record and puts one token account for each payee after the
accounts of the call.  By the time the call lands, somebody else may have voted: then the
accounts are not the right ones, and the program refuses with `PayeeUnavailable`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from choir_model.domain.identity import Address
from choir_model.ledger import stakes
from choir_model.ports.ledger import LedgerPort
from choir_model.program.bindings import (
    ACCOUNTS,
    INSTRUCTIONS,
    Decision,
    Design,
    Payout,
    Record,
    RecordStatus,
    Rejection,
    Thread,
)
from choir_model.program.calls import Call


def paying(
    ledger: LedgerPort, call: Call, design: Design, token_of: Callable[[Address], Address]
) -> Call:
    """`call`, with the token accounts of whom it would pay if it landed now.

    The same call where it is no `vote` or `settle`, or would pay nobody.  `token_of` says
    where a wallet wants its tokens.
    """
    if design.payout is not Payout.PUSH or call.name not in ("vote", "settle"):
        return call
    thread: Thread | None = _read(ledger, Thread, call.address("thread"))
    record: Record | None = _read(ledger, Record, call.address("record"))
    if thread is None or record is None or record.status is not RecordStatus.PENDING:
        return call
    denials = record.denials
    if call.name == "vote":
        arguments = INSTRUCTIONS["vote"].arguments.decode(call.data[8:])
        denies = arguments["decision"] is Decision.DENY
        voter = call.address("voter")
        if not denies or design.rejection is Rejection.AT_CLOSE or voter not in thread.seats:
            return call
        denials |= 1 << thread.seats.index(voter)
    status = RecordStatus.REJECTED if denials else RecordStatus.EXPIRED
    wallets = stakes.payees(status, design, thread, record, denials)
    return call.with_payees([token_of(wallet) for wallet in wallets])


def _read(ledger: LedgerPort, kind: type, address: Address) -> Any:
    image = ledger.account(address)
    layout = ACCOUNTS[kind]
    if image is None or image.data[:8] != layout.discriminator:
        return None
    return layout.decode(image.data)
