"""Mutants of what each instruction writes and announces."""

from __future__ import annotations

from program_mutants import AT_CLOSE, LATE, PUSH, SHARED, UNIT, Mutant, mutants_of

REFUND = "expiry=refund"
BY_HASH = "record_key=thread_hash"

ROWS: list[Mutant] = [
    *mutants_of(
        "records.rs",
        (
            "the author is in every key",
            "L2",
            "RecordKey::ThreadHash => &author[..0]",
            "RecordKey::ThreadHash => author",
            BY_HASH,
        ),
        (
            "the author is in no key",
            "L2",
            "RecordKey::ThreadAuthorHash => author",
            "RecordKey::ThreadAuthorHash => &author[..0]",
        ),
        ("a record forgets its bump", "L2", "state.set(record::BUMP, bump);", ""),
        ("a record forgets its hash", "L2", "state.set(record::HASH, *self.hash);", ""),
    ),
    *mutants_of(
        "instructions/initialize.rs",
        (
            "the supply can be inflated later",
            "L1",
            "tokens::revoke(mint, authority, AuthorityType::MintTokens)?;",
            "",
        ),
        (
            "accounts can be frozen later",
            "L1",
            "if has_freeze_authority {",
            "if false && has_freeze_authority {",
        ),
        ("one token is missing", "L1", "authority, SUPPLY)?;", "authority, SUPPLY - 1)?;"),
        (
            "whoever initializes owns the treasury",
            "L1",
            "owner: self.config.address()",
            "owner: self.authority.address()",
        ),
        (
            "the design is not kept",
            "L2",
            "state.set(config::DESIGN, self.arguments.design);",
            "",
            LATE,
        ),
        (
            "the treasury's bump is the config's",
            "L2",
            "config::TREASURY_BUMP, self.treasury_bump",
            "config::TREASURY_BUMP, self.bump",
        ),
    ),
    *mutants_of(
        "instructions/create_thread.rs",
        ("a thread is not dated", "L2", "state.set(thread::CREATED_AT, now);", ""),
        ("the creator has no seat", "L2", "seats::take_seat(&mut state, 0, *creator);", ""),
        ("vaults forget their bumps", "L2", "thread.set(self.vault.bump, self.bump);", ""),
        ("a thread begins with number zero", "L6", "state.set(thread::SEQUENCE, batch.last);", ""),
        ("the nonce is not told", "L6", "nonce: arguments.nonce,", "nonce: 0,"),
        (
            "the payer owns the vaults",
            "L2",
            "            mint,\n            owner,",
            "            mint,\n            owner: payer.address(),",
        ),
    ),
    *mutants_of(
        "instructions/submit_message.rs",
        (
            "created is published",
            "L6",
            "record::DECIDED_SEQUENCE, batch.last",
            "record::DECIDED_SEQUENCE, batch.first",
        ),
        ("a message is pending", "M1", "RecordStatus::Published);", "RecordStatus::Pending);"),
        ("a message forgets its leaf", "L7", "state.set(record::LEAF_INDEX, leaf_index);", ""),
        (
            "a message is no leaf",
            "L7",
            "commitment::publish(&mut thread, leaf_index, record.address(), &hash);",
            "",
        ),
        (
            "a message is not announced",
            "L6",
            "log.event(&MessageCreated {",
            "let _ = (&MessageCreated {",
        ),
    ),
    *mutants_of(
        "instructions/submit_spec.rs",
        (
            "a stake is recorded but not moved",
            "M2",
            "tokens::take(author_token, stake_vault, author, stake)?;",
            "let _ = (author_token, stake_vault);",
        ),
        ("a pending spec is not counted", "M7", "add(pending, 1)?", "pending"),
        ("stakes are not added up", "L4", "add(thread.get(thread::STAKE_TOTAL), stake)?", "stake"),
        (
            "the electorate lacks the last seat",
            "M2",
            "record.set(record::ELECTORATE_SIZE, spec.electorate_size);",
            "record.set(record::ELECTORATE_SIZE, spec.electorate_size - 1);",
        ),
        (
            "a spec is told to end at once",
            "L6",
            "batch.log(&thread).event(&spec);",
            "batch.log(&thread).event(&SpecSubmitted { deadline: now, ..spec });",
        ),
        (
            "a spec has no number",
            "L6",
            "record.set(record::SUBMITTED_SEQUENCE, sequence);",
            "let _ = sequence;",
        ),
        ("the thread's number stands still", "L6", "thread.set(thread::SEQUENCE, batch.last);", ""),
    ),
    *mutants_of(
        "instructions/vote.rs",
        (
            "denials approve",
            "M3",
            "Vote::Deny => denials |= bit,",
            "Vote::Deny => approvals |= bit,",
            AT_CLOSE,
        ),
        (
            "a denial decides at once",
            "M5",
            "design.rejection == Rejection::FirstDenial",
            "true",
            AT_CLOSE,
        ),
        ("no denial decides at once", "M5", "design.rejection == Rejection::FirstDenial", "false"),
        (
            "a vote is not written down",
            "M3",
            "self.write_votes();\n        self.thread.set",
            "self.thread.set",
        ),
        (
            "denials are not written down",
            "M5",
            "self.record.set(record::DENIALS, self.denials);",
            "",
        ),
        (
            "the rejection has the vote's number",
            "L6",
            """self.write_votes();
        decision.write_record(&mut self.record, self.now, batch.first + 1);""",
            """self.write_votes();
        decision.write_record(&mut self.record, self.now, batch.first);""",
        ),
        (
            "the publication has the last number",
            "L6",
            """leaf_index);
        decision.write_record(&mut self.record, self.now, batch.first + 1);""",
            """leaf_index);
        decision.write_record(&mut self.record, self.now, batch.last);""",
        ),
        (
            "nobody joins by a spec",
            "M4",
            "seats::free_seat(&self.thread, self.seats).map(Some)",
            "seats::free_seat(&self.thread, self.seats).map(|_| None)",
        ),
        (
            "who joins is not announced",
            "L6",
            "log.event(&CoAuthorAdded {",
            "let _ = (&CoAuthorAdded {",
        ),
        ("joining has no number", "L6", "3 + u64::from(seat.is_some())", "3"),
        ("a spec forgets its leaf", "L7", "self.record.set(record::LEAF_INDEX, leaf_index);", ""),
        (
            "a published stake is not moved",
            "M4",
            "            parts.to_balance,",
            "            parts.to_escrow,",
        ),
        (
            "seats are always free",
            "M7",
            "seats::free_seat(&self.thread, self.seats)",
            "seats::free_seat(&self.thread, 32)",
            LATE,
        ),
        (
            "settled before published",
            "L6",
            "log.event(&self.received());\n        log.event(&MessagePublished",
            """log.event(&decision.event(self.author, self.hash));
        log.event(&MessagePublished""",
        ),
    ),
    *mutants_of(
        "instructions/settle.rs",
        (
            "denials are forgotten at the close",
            "M6",
            "denials => Ending::rejection(&design, denials),",
            "_ => Ending::expiry(&design),",
            AT_CLOSE,
        ),
        (
            "the close rejects without a denial",
            "M6",
            "0 => Ending::expiry(&design),",
            "0 => Ending::rejection(&design, 1),",
        ),
        (
            "what expired is told as rejected",
            "L6",
            "if ending.status == RecordStatus::Rejected {",
            "if ending.status != RecordStatus::Rejected {",
        ),
        (
            "a settlement is three events",
            "L6",
            "Batch::next(&thread, 2)?",
            "Batch::next(&thread, 3)?",
        ),
        (
            "settled is decided",
            "L6",
            "write_record(&mut record, now, batch.first);",
            "write_record(&mut record, now, batch.last);",
        ),
        (
            "the treasury pays no payees",
            "M6",
            "escrow_vault,\n        payees,",
            "escrow_vault,\n        payees: &payees[..0],",
            f"{PUSH} {REFUND}",
        ),
    ),
    *mutants_of(
        "instructions/claim.rs",
        (
            "a refund's bit is the second",
            "L5",
            "const REFUND: u32 = 1;",
            "const REFUND: u32 = 2;",
            REFUND,
        ),
        (
            "an expired record is claimed like a rejected one",
            "L5",
            "RecordStatus::Expired => Some(Ending::expiry(&design)),",
            "RecordStatus::Expired => Some(Ending::rejection(&design, 1)),",
            f"{REFUND} denial_share=treasury",
        ),
        ("a claim is not written down", "L5", "record.set(record::CLAIMS, claims | bit);", ""),
        (
            "a later claim makes an earlier one undone",
            "S10",
            "record::CLAIMS, claims | bit",
            "record::CLAIMS, bit",
            AT_CLOSE,
        ),
        (
            "a claimed share stays in the escrow's total",
            "L4",
            "thread.set(thread::ESCROW_TOTAL, escrow_total);",
            "",
        ),
        (
            "a share is not paid",
            "L5",
            "tokens::pay(&thread, escrow_vault, destination, amount)?;",
            "let _ = (escrow_vault, destination);",
        ),
        (
            "a denier is told as the author",
            "L6",
            "beneficiary: *beneficiary,",
            "beneficiary: record.get(record::AUTHOR),",
        ),
    ),
    *mutants_of(
        "votes.rs",
        (
            "payees come from the last seat",
            "M5",
            "(0..usize::from(SEATS)).filter",
            "(0..usize::from(SEATS)).rev().filter",
            SHARED,
        ),
        (
            "the first seats of too many",
            "M7",
            "1u64 << count.min(SEATS)",
            "1u64 << count",
            "",
            UNIT,
        ),
        (
            "thirty-three seats",
            "M7",
            "(seat < SEATS).then(|| 1 << seat)",
            "(seat <= SEATS).then(|| 1u32.wrapping_shl(seat.into()))",
            "",
            UNIT,
        ),
    ),
]
