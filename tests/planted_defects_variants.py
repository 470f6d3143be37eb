"""Wrong rules of the design variants: each with the choices under which a run must notice it."""

from __future__ import annotations

from planted_defects import Defect, defect
from planted_defects_votes import (
    AT_CLOSE,
    DENIED_BACK,
    EXPIRED_BACK,
    PUSH,
    RECORDS,
    SHARED,
    VOTES,
)

from choir_model.ledger import decisions, instructions, payees, stakes

SETTLEMENT: tuple[tuple[str, Defect], ...] = (
    (
        "denial_share=treasury",
        defect(
            "the treasury's denials are the deniers'",
            "M5",
            stakes.receiver,
            "_OF_REJECTED[design.denial_share]",
            "Receiver.DENIERS",
        ),
    ),
    (
        DENIED_BACK,
        defect(
            "a denied author gets nothing back",
            "M5",
            stakes.receiver,
            "_OF_REJECTED[design.denial_share]",
            "Receiver.TREASURY",
        ),
    ),
    (
        f"{PUSH} {DENIED_BACK}",
        defect(
            "a denied author's refund waits",
            "M5",
            stakes.settlement,
            "if design.payout is Payout.PUSH:",
            "if design.payout is Payout.PUSH and to is Receiver.DENIERS:",
        ),
    ),
    (
        "",
        defect(
            "an expired stake goes back",
            "M6",
            stakes.receiver,
            "_OF_EXPIRED[design.expiry]",
            "Receiver.AUTHOR",
        ),
    ),
    (
        EXPIRED_BACK,
        defect(
            "no expired stake goes back",
            "M6",
            stakes.receiver,
            "_OF_EXPIRED[design.expiry]",
            "Receiver.TREASURY",
        ),
    ),
    (
        f"{PUSH} {EXPIRED_BACK}",
        defect(
            "an expired stake is sent and said to wait",
            "M6",
            stakes.settlement,
            "Settlement(to_payees=shared,",
            "Settlement(to_payees=shared, to_escrow=shared,",
        ),
    ),
    (
        AT_CLOSE,
        defect(
            "shares are rounded up",
            "L4",
            stakes.settlement,
            "share = stake // shares",
            "share = -(-stake // shares)",
        ),
    ),
    (
        SHARED,
        defect(
            "what payees get together is one share",
            "L6",
            stakes.settlement,
            "Settlement(to_payees=shared,",
            "Settlement(to_payees=share,",
        ),
    ),
    (
        AT_CLOSE,
        defect(
            "the treasury's total takes the whole stake",
            "L4",
            decisions._pay,
            "thread.update(total, add, amount)",
            'thread.update(total, add, verdict.stake if vault == "treasury" else amount)',
        ),
    ),
    (
        PUSH,
        defect(
            "what was sent counts as escrow",
            "L4",
            decisions._pay,
            "amount = getattr(verdict.settlement, part)",
            "amount = getattr(verdict.settlement, part)\n"
            '        if vault == "escrow_vault":\n'
            "            thread.update(total, add, verdict.settlement.to_payees)",
        ),
    ),
)
"""Rows of the settlement table, rounding, and totals."""

PAYEES: tuple[tuple[str, Defect], ...] = (
    (
        SHARED,
        defect(
            "payees come from the last seat",
            "M5",
            stakes.payees,
            "for seat in range(len(seats))",
            "for seat in reversed(range(len(seats)))",
        ),
    ),
    (
        SHARED,
        defect(
            "the first payee gets all shares",
            "M5",
            decisions._pay,
            "tokens.move(view, source, account, share)",
            "tokens.move(view, source, verdict.payees[0], share)",
        ),
    ),
    (
        SHARED,
        defect(
            "the first payee stands for all",
            "L3",
            payees.accounts,
            "given = call.further[place : place + 1]",
            "given, owner = call.further[:1], owners[0]",
        ),
    ),
    (
        PUSH,
        defect("a payee need not be writable", "L3", payees._is_fit, "not given.writable or ", ""),
    ),
    (
        f"{PUSH} {EXPIRED_BACK}",
        defect("a frozen payee is paid", "L3", payees._is_fit, " and not token.frozen", ""),
    ),
    (PUSH, defect("payees of any mint", "L3", payees._is_fit, "token.mint == mint and ", "")),
    (
        PUSH,
        defect("anybody is paid", "M5", payees._is_fit, "and token.owner == owner ", ""),
    ),
    (
        EXPIRED_BACK,
        defect(
            "a refund's bit is the second",
            "L5",
            instructions._claim_bit,
            "return AUTHORS_BIT if",
            "return AUTHORS_BIT + 1 if",
        ),
    ),
    (
        AT_CLOSE,
        defect(
            "a later claim makes an earlier one undone",
            "S10",
            instructions.claim,
            "record.update(RecordAccount.claims, set_bit, bit)",
            "record.claims = 1 << bit",
        ),
    ),
    (
        DENIED_BACK,
        defect(
            "a refund is a share",
            "L5",
            instructions.claim,
            "share = stakes.settlement(status, design, record.stake, deniers).share",
            "share = record.stake // (1 + record.denials.bit_count())",
        ),
    ),
)
"""Who is paid, into what, and who claims."""

VARIANT_DEFECTS: tuple[tuple[str, Defect], ...] = (*SETTLEMENT, *PAYEES, *VOTES, *RECORDS)
"""Defects with the choices under which a ledger run must notice them."""
