"""Mutants of the entrypoint, of what accounts must be (guard 1), and of how they are created."""

from __future__ import annotations

from program_mutants import LOCKSTEP, PUSH, SHARED, UNIT, Mutant, mutants_of

FIT_MINT = "test_ledger_accounts.test_bytes_that_are_no_fit_mint_are_refused_by_the_program"
HALVES = "test_ledger_edges.test_no_half_of_vacant_is_vacant"
RULED = "test_ledger_accounts.test_a_mint_somebody_else_rules_is_unfit"
PAIRS = "test_ledger_guards.test_of_two_failing_guards_the_earlier_one_refuses"
MISSING = "test_ledger_edges.test_who_creates_an_account_pays_what_is_missing"

ROWS: list[Mutant] = [
    *mutants_of(
        "entrypoint.rs",
        (
            "whatever is not known is a settlement",
            "L3",
            "_ => Err(Error::UnknownInstruction.into()),",
            "_ => instructions::settle::run(&call),",
        ),
        (
            "an empty call is bad arguments",
            "L3",
            "else {\n        return Err(Error::UnknownInstruction.into());",
            "else {\n        return Err(Error::InvalidArguments.into());",
        ),
        (
            "payees' accounts are not loaded",
            "M5",
            "generated::MOST_ACCOUNTS + generated::SEATS as usize",
            "generated::MOST_ACCOUNTS",
            PUSH,
        ),
        (
            "ten payees at most",
            "M5",
            "generated::MOST_ACCOUNTS + generated::SEATS as usize",
            "generated::MOST_ACCOUNTS + generated::SEATS as usize / 4",
            SHARED,
            (
                "test_ledger_variants_payees."
                "test_as_many_deniers_are_paid_at_once_as_a_transaction_has_room_for"
            ),
        ),
    ),
    *mutants_of(
        "accounts.rs",
        (
            "missing accounts are met one by one",
            "L3",
            "call.views.get(..count)",
            "call.views.get(..count.min(call.views.len()))",
        ),
        ("any address will do", "L3", "if view.address() != address {", "if false {"),
        (
            "flags are judged before the address",
            "L3",
            "if view.address() != address {",
            "flags(view, role)?;\n        if view.address() != address {",
            "",
            PAIRS,
        ),
        (
            "flags are judged before the owner",
            "L3",
            "let state = self.owned(view)?;\n        flags(view, role)?;\n        Ok(state)",
            "flags(view, role)?;\n        let state = self.owned(view)?;\n        Ok(state)",
            "",
            PAIRS,
        ),
        (
            "a record of any thread is voted on",
            "L3",
            "if state.get(record::THREAD) != *thread.view().address() {",
            "if false {",
        ),
        (
            "a vacant record's flags do not matter",
            "L3",
            "if is_vacant(view) {\n            flags(view, role)?;",
            "if is_vacant(view) {",
        ),
        (
            "a vacant record has the wrong owner",
            "L3",
            "if is_vacant(view) {\n            flags(view, role)?;\n            return Ok(None);",
            "if false {\n            return Ok(None);",
        ),
        (
            "what is empty is vacant, whosever it is",
            "L3",
            "view.data_len() == 0 && view.owned_by(&SYSTEM_PROGRAM)",
            "view.data_len() == 0",
            "",
            HALVES,
        ),
        (
            "what is the system's is vacant, whatever it holds",
            "L3",
            "view.data_len() == 0 && view.owned_by(&SYSTEM_PROGRAM)",
            "view.owned_by(&SYSTEM_PROGRAM)",
            "",
            HALVES,
        ),
        ("stakes come from any mint", "L1", "if account.mint != *mint {", "if false {"),
        (
            "a share is paid to anybody's account",
            "L5",
            "if owner.is_some_and(|owner| account.owner != *owner) {",
            "if false {",
        ),
        ("any mint becomes CHOIR", "L1", "if !is_fit(&mint, authority) {", "if false {"),
        (
            "decimals do not matter",
            "L1",
            "mint.decimals == DECIMALS\n        && ",
            "",
            "",
            FIT_MINT,
        ),
        (
            "tokens may be minted before",
            "L1",
            "&& mint.supply == 0\n        ",
            "",
            "",
            FIT_MINT,
        ),
        (
            "another may mint",
            "L1",
            "&& mint.authority == Some(*authority)\n        ",
            "",
        ),
        (
            "another may freeze",
            "L1",
            ".is_none_or(|freeze| freeze == *authority)",
            ".is_none_or(|_| true)",
            "",
            RULED,
        ),
        (
            "who may freeze makes a mint unfit",
            "L1",
            ".is_none_or(|freeze| freeze == *authority)",
            ".is_none()",
        ),
        (
            "accounts of other programs are believed",
            "L3",
            "if !view.owned_by(self.program) {",
            "if false {",
        ),
        (
            "token accounts of other programs are believed",
            "L3",
            "if !view.owned_by(&TOKEN_PROGRAM) {",
            "if false {",
        ),
        (
            "what must be written need not be writable",
            "L3",
            "role.writable && !view.is_writable()",
            "false",
        ),
        ("nobody has to sign", "L3", "role.signer && !view.is_signer()", "false"),
        (
            "the signature is asked for first",
            "L3",
            (
                "if role.writable && !view.is_writable() {\n"
                "        return Err(Error::NotWritable.into());\n    }"
            ),
            (
                "if role.signer && !view.is_signer() {\n"
                "        return Err(Error::MissingSigner.into());\n    }\n"
                "    if role.writable && !view.is_writable() {\n"
                "        return Err(Error::NotWritable.into());\n    }"
            ),
            "",
            PAIRS,
        ),
    ),
    *mutants_of(
        "generated.rs",
        (
            "a voter need not sign",
            "L3",
            "VOTER: Role = Role::new(0, false, true)",
            "VOTER: Role = Role::new(0, false, false)",
        ),
        (
            "a beneficiary need not sign",
            "L5",
            "BENEFICIARY: Role = Role::new(0, false, true)",
            "BENEFICIARY: Role = Role::new(0, false, false)",
        ),
        (
            "a creator need not sign",
            "L3",
            "CREATOR: Role = Role::new(0, true, true)",
            "CREATOR: Role = Role::new(0, true, false)",
        ),
        (
            "a destination need not be writable",
            "L3",
            "DESTINATION: Role = Role::new(5, true, false)",
            "DESTINATION: Role = Role::new(5, false, false)",
        ),
        (
            "a code is another one's",
            "L3",
            "WindowClosed = 6017",
            "WindowClosed = 6099",
        ),
    ),
    *mutants_of(
        "state.rs",
        (
            "discriminators do not matter",
            "L3",
            ".starts_with(&K::DISCRIMINATOR)\n            .then_some(state)",
            ".starts_with(&[])\n            .then_some(state)",
        ),
    ),
    *mutants_of(
        "spl.rs",
        (
            "an empty mint is one",
            "L1",
            "bytes.len() != MINT_SIZE || bytes[45] == 0",
            "bytes.len() != MINT_SIZE",
            "",
            FIT_MINT,
        ),
        (
            "a token account never opened is one",
            "L3",
            "bytes.len() != TOKEN_ACCOUNT_SIZE || bytes[108] == 0",
            "bytes.len() != TOKEN_ACCOUNT_SIZE",
        ),
        (
            "longer accounts of SPL Token are token accounts",
            "L3",
            "bytes.len() != TOKEN_ACCOUNT_SIZE ||",
            "bytes.len() < TOKEN_ACCOUNT_SIZE ||",
            "",
            "test_ledger_foreign.test_what_spl_token_owns_has_the_right_owner_and_the_wrong_data",
        ),
        (
            "an authority may be half there",
            "L1",
            "1 => Some(Some(address)),\n        _ => None,",
            "_ => Some(Some(address)),",
            "",
            UNIT,
        ),
    ),
    *mutants_of(
        "pda.rs",
        (
            "accounts are created anywhere",
            "L2",
            "Some((address, bump)) if address == *view.address() => Ok(bump),",
            "Some((_, bump)) => Ok(bump),",
        ),
        (
            "escrow lies among the stakes",
            "L2",
            "seed: ESCROW_SEED,\n    bump",
            "seed: STAKE_SEED,\n    bump",
        ),
        (
            "a vault's bump is another one's",
            "L2",
            "bump: thread::ESCROW_BUMP",
            "bump: thread::BALANCE_BUMP",
        ),
    ),
    *mutants_of(
        "create.rs",
        (
            "who was sent lamports is in the way",
            "L2",
            "minimum_balance(size)?.saturating_sub(account.lamports())",
            "minimum_balance(size)? - account.lamports()",
            "",
            MISSING,
        ),
        (
            "who has nothing to pay must be able to",
            "L2",
            "if missing > 0 {",
            "if missing < u64::MAX {",
            "",
            LOCKSTEP,
        ),
        (
            "all the rent is paid again",
            "L2",
            ".saturating_sub(account.lamports())",
            "",
            "",
            MISSING,
        ),
        (
            "created accounts stay the system's",
            "L2",
            "owner: creation.owner,",
            "owner: &pinocchio_system::ID,",
        ),
    ),
    *mutants_of(
        "syscalls.rs",
        ("rent forgets the account's head", "L2", "OVERHEAD: u64 = 128", "OVERHEAD: u64 = 0"),
        ("rent of one year", "L2", "TWO => 2", "TWO => 1", "", UNIT),
        ("rent of two years", "L2", "ONE => 1", "ONE => 2", "", UNIT),
        (
            "any threshold is one year",
            "L2",
            "_ => return Err(ProgramError::UnsupportedSysvar)",
            "_ => 1",
            "",
            UNIT,
        ),
        (
            "the clock is the epoch's start",
            "M2",
            "UNIX_TIMESTAMP: usize = 32",
            "UNIX_TIMESTAMP: usize = 8",
        ),
    ),
    *mutants_of(
        "tokens.rs",
        (
            "the last unit of a stake is not taken",
            "M2",
            "Transfer::new(from, to, owner, amount)",
            "Transfer::new(from, to, owner, amount - 1)",
        ),
        (
            "what a thread's vaults pay is signed for by nobody",
            "L4",
            ".invoke_signed(&[Signer::from(&seeds)])",
            ".invoke_signed(&[Signer::from(&seeds[..3])])",
        ),
    ),
]
