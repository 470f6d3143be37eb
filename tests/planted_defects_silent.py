"""Defects that change no transaction, of the audit and of clients, and the test for each."""

from __future__ import annotations

from planted_defects import Defect, defect

from choir_model.ledger import clients, conservation, plausibility

AUDIT = "test_ledger_variants_audit.test_a_record_misread_is_noticed_under_each_variant"
SETTLED = "test_ledger_variants.test_the_stake_of_what_was_denied_goes_by_the_table"

SILENT_DEFECTS: tuple[tuple[str, Defect], ...] = (
    (
        AUDIT,
        defect(
            "totals are compared with themselves",
            "S1",
            conservation._compare_with_records,
            "if getattr(thread, total) != amount:",
            "if getattr(thread, total) != getattr(thread, total):",
        ),
    ),
    (
        AUDIT,
        defect(
            "what was claimed is owed, too",
            "S1",
            conservation.owed,
            " & ~record.claims",
            "",
        ),
    ),
    (
        AUDIT,
        defect(
            "a refund is owed on the second bit",
            "S1",
            plausibility.entitled,
            "1 << AUTHORS_BIT",
            "2 << AUTHORS_BIT",
        ),
    ),
    (
        AUDIT,
        defect(
            "only the first denier is owed a share",
            "S1",
            plausibility.entitled,
            "return record.denials",
            "return record.denials & -record.denials",
        ),
    ),
    (
        AUDIT,
        defect(
            "nothing is owed to the treasury",
            "S1",
            conservation.owed,
            "unclaimed, went.to_treasury",
            "unclaimed, 0",
        ),
    ),
    (
        AUDIT,
        defect(
            "the audit judges by the default design",
            "S1",
            conservation.audit,
            "(config.design, config.mint) if config",
            "(designs.DEFAULT, config.mint) if config",
        ),
    ),
    (
        SETTLED,
        defect(
            "a client forgets the deniers of a settlement",
            "M5",
            clients.paying,
            "denials = record.denials",
            "denials = 0",
        ),
    ),
    (
        "test_ledger_variants.test_the_first_denial_settles_by_the_same_table",
        defect(
            "a client forgets the denial it sends",
            "M5",
            clients.paying,
            "denials |= 1 << thread.seats.index(voter)",
            "pass",
        ),
    ),
)
"""Defects that change no transaction, with the test that must notice each."""
