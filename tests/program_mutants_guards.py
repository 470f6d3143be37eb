"""Mutants of guards 2 to 9 and of payees: arguments, record state, clock, membership (L3)."""

from __future__ import annotations

from program_mutants import AT_CLOSE, LATE, LIVE, PUSH, SHARED, Mutant, mutants_of

RANGES = "test_ledger_accounts.test_parameters_have_ranges"
PAIRS = "test_ledger_guards.test_of_two_failing_guards_the_earlier_one_refuses"
REFUND = "expiry=refund"

ROWS: list[Mutant] = [
    *mutants_of(
        "instructions/initialize.rs",
        ("initialized as often as one likes", "L1", "if !is_vacant(config) {", "if false {"),
        ("a window may be empty", "L2", "approval_window >= 1", "approval_window >= 0", "", RANGES),
        (
            "shares may be zero",
            "M2",
            "min_stake >= MIN_STAKE_FLOOR\n        &&",
            "min_stake >= MIN_STAKE_FLOOR - 1\n        &&",
        ),
        ("no seats at all", "L2", "(1..=SEATS).contains", "(0..=SEATS).contains", "", RANGES),
        ("one seat too many", "L2", "(1..=SEATS).contains", "(1..=SEATS + 1).contains"),
        (
            "ranges come after addresses",
            "L3",
            (
                "check_ranges(&arguments)?;\n\n    // GUARD 2b: accounts to be created\n"
                "    let bump = pda::canonical(config, &[CONFIG_SEED], call.program)?;"
            ),
            (
                "let bump = pda::canonical(config, &[CONFIG_SEED], call.program)?;\n"
                "    check_ranges(&arguments)?;"
            ),
            "",
            PAIRS,
        ),
    ),
    *mutants_of(
        "instructions/create_thread.rs",
        ("a thread is created again", "L2", "if !is_vacant(thread) {", "if false {"),
        (
            "the mint is any mint",
            "L1",
            "accounts.at(MINT, &config.get(config::MINT))?",
            "accounts.any(MINT)?",
        ),
        (
            "the token program is any program",
            "L3",
            "accounts.at(TOKEN_PROGRAM, &TOKEN)?",
            "accounts.any(TOKEN_PROGRAM)?",
        ),
    ),
    *mutants_of(
        "instructions/submit_message.rs",
        (
            "anybody publishes",
            "M1",
            "if seats::seat_of(&thread, &author_key).is_none() {",
            "if false {",
        ),
        ("a message is published twice", "M1", "if !is_vacant(record) {", "if false {"),
    ),
    *mutants_of(
        "instructions/submit_spec.rs",
        (
            "co-authors submit specs",
            "M2",
            "if seats::seat_of(&thread, &author_key).is_some() {",
            "if false {",
        ),
        ("a spec is submitted twice", "M2", "if !is_vacant(record) {", "if false {"),
        (
            "the least stake is too little",
            "M2",
            "if stake < config.get(config::MIN_STAKE) {",
            "if stake <= config.get(config::MIN_STAKE) {",
        ),
        (
            "all one has is not enough",
            "M2",
            "if funds.amount < stake {",
            "if funds.amount <= stake {",
            "",
            "test_ledger_lifecycle.test_a_stake_may_be_all_one_has",
        ),
        ("funds are left to SPL Token", "L3", "if funds.amount < stake {", "if false {"),
        (
            "a seat is always reserved",
            "M7",
            "design.capacity == Capacity::Reserve && is_full",
            "is_full",
            LATE,
        ),
        (
            "no seat is ever reserved",
            "M7",
            "design.capacity == Capacity::Reserve && is_full",
            "false && is_full",
        ),
        (
            "one spec more than seats",
            "M7",
            "co_authors.into()) >= seats",
            "co_authors.into()) > seats",
        ),
        (
            "deadlines wrap",
            "M2",
            "now.checked_add(window).ok_or(Error::Overflow)",
            "Ok(now.wrapping_add(window))",
        ),
        (
            "capacity comes before stakes",
            "L3",
            "    // GUARD 7: stake\n",
            (
                "    if design.capacity == Capacity::Reserve\n"
                "        && is_full(thread.get(thread::CO_AUTHOR_COUNT),\n"
                "            thread.get(thread::PENDING_COUNT),\n"
                "            config.get(config::MAX_CO_AUTHORS))\n"
                "    {\n        return Err(Error::ThreadFull.into());\n    }\n"
            ),
            "",
            PAIRS,
        ),
    ),
    *mutants_of(
        "instructions/vote.rs",
        (
            "arguments come last",
            "L3",
            "// GUARD 3: record state\n    let record = record.ok_or(Error::UnknownRecord)?;",
            "let record = record.ok_or(Error::NotWritable)?;",
        ),
        (
            "what is decided is decided again",
            "M8",
            "if record.get(record::STATUS) != RecordStatus::Pending {",
            "if false {",
        ),
        (
            "a vote counts at the deadline itself",
            "M2",
            "now >= record.get(record::DEADLINE)",
            "now > record.get(record::DEADLINE)",
        ),
        ("votes never come too late", "M2", "now >= record.get(record::DEADLINE)", "false"),
        ("the electorate does not matter", "M2", "if electorate & bit == 0 {", "if false {"),
        (
            "the electorate does not matter where it is live",
            "M3",
            "if electorate & bit == 0 {",
            "if electorate & bit == 0 && design.electorate as u8 == 0 {",
            LIVE,
        ),
        (
            "who approved may deny",
            "M3",
            "if (approvals | denials) & bit != 0 {",
            "if denials & bit != 0 {",
        ),
        (
            "who denied may approve",
            "M3",
            "if (approvals | denials) & bit != 0 {",
            "if approvals & bit != 0 {",
            AT_CLOSE,
        ),
        (
            "an author is seated twice",
            "M4",
            "if seats::seat_of(&self.thread, &self.author).is_some() {",
            "if false {",
        ),
        (
            "capacity is checked for who is seated",
            "M7",
            "if seats::seat_of(&self.thread, &self.author).is_some() {",
            (
                "seats::free_seat(&self.thread, self.seats)?;\n"
                "        if seats::seat_of(&self.thread, &self.author).is_some() {"
            ),
            LATE,
        ),
    ),
    *mutants_of(
        "instructions/settle.rs",
        (
            "what is decided is settled",
            "M8",
            "if record.get(record::STATUS) != RecordStatus::Pending {",
            "if false {",
        ),
        (
            "the deadline itself is too early",
            "M6",
            "now < record.get(record::DEADLINE)",
            "now <= record.get(record::DEADLINE)",
        ),
        ("settled at any time", "M6", "now < record.get(record::DEADLINE)", "false"),
        (
            "surplus bytes are ignored",
            "L3",
            "if call.arguments.len() != ARGUMENTS {",
            "if false {",
        ),
    ),
    *mutants_of(
        "instructions/claim.rs",
        ("surplus bytes are ignored", "L3", "if call.arguments.len() != ARGUMENTS {", "if false {"),
        (
            "pending records have nothing to claim",
            "L3",
            "if record.get(record::STATUS) == RecordStatus::Pending {",
            "if false {",
        ),
        ("a share is claimed twice", "L5", "if claims & bit != 0 {", "if false {"),
        (
            "whoever has a seat has a share",
            "L5",
            "(ending.denials & bit != 0).then_some(bit)",
            "Some(bit)",
        ),
        (
            "anybody claims a refund",
            "L5",
            "(record.get(record::AUTHOR) == *beneficiary).then_some(REFUND)",
            "Some(REFUND)",
            REFUND,
        ),
        (
            "what was sent is claimed",
            "L5",
            "(Payout::Push, _) | (Payout::Claim, Recipients::Treasury) => None,",
            "(_, Recipients::Treasury) => None,\n        (Payout::Push, _) => Some(REFUND),",
            PUSH,
        ),
    ),
    *mutants_of(
        "payees.rs",
        ("a payee need not be writable", "L3", "view.is_writable()\n        && view", "view", PUSH),
        (
            "payees of any program",
            "L3",
            "&& view.owned_by(&TOKEN_PROGRAM)\n        ",
            "",
            f"{PUSH} {REFUND}",
            "test_ledger_edges.test_a_token_account_of_another_program_is_no_payees",
        ),
        (
            "payees of any mint",
            "L3",
            "account.mint == *mint && ",
            "(account.mint == *mint || account.amount < u64::MAX / 2) && ",
            PUSH,
        ),
        ("anybody is paid for a denier", "M5", "&& account.owner == *payee ", "", PUSH),
        (
            "a frozen payee is paid",
            "L3",
            " && !account.is_frozen",
            "",
            f"{PUSH} {REFUND}",
        ),
        (
            "anybody is paid for the author",
            "M6",
            "self.check(0, &record.get(record::AUTHOR))?;\n",
            "",
            f"{PUSH} {REFUND}",
        ),
        (
            "all payees are the first",
            "M5",
            "self.check(count, &thread",
            "self.check(0, &thread",
            SHARED,
        ),
        ("the last payee may be missing", "M5", "count += 1;", "count = 1;", SHARED),
        (
            "missing payees are missing accounts",
            "L3",
            "_ => Err(Error::PayeeUnavailable),",
            "_ => Err(Error::MissingAccount),",
            PUSH,
        ),
    ),
]
