//! `claim`: a denier takes the share of a rejected spec's stake (L5).

use pinocchio::{Address, ProgramResult};

use crate::{
    accounts::{Accounts, Call},
    events::Batch,
    generated::{
        claim::*, config, record, thread, Config, Error, Record, RecordStatus, ShareClaimed,
        Thread, TOKEN_PROGRAM as TOKEN,
    },
    pda, seats,
    settlement::{share, subtract},
    state::State,
    tokens, votes,
};

#[inline(never)]
pub fn run(call: &Call) -> ProgramResult {
    // GUARD 1: accounts
    let accounts = Accounts::new(call, ACCOUNTS)?;
    let beneficiary = accounts.any(BENEFICIARY)?.address();
    let config = accounts.state::<Config>(CONFIG)?;
    let mut thread = accounts.state::<Thread>(THREAD)?;
    let record = accounts.record(RECORD, &thread)?;
    let escrow_vault = accounts.vault(ESCROW_VAULT, &pda::ESCROW, &thread)?;
    let mint = config.get(config::MINT);
    let (destination, _) = accounts.token_account(DESTINATION, &mint, Some(beneficiary))?;
    accounts.at(TOKEN_PROGRAM, &TOKEN)?;

    // GUARD 2: arguments
    if call.arguments.len() != ARGUMENTS {
        return Err(Error::InvalidArguments.into());
    }

    // GUARD 3: record state
    let mut record = record.ok_or(Error::UnknownRecord)?;
    if record.get(record::STATUS) == RecordStatus::Pending {
        return Err(Error::NotDecided.into());
    }

    // GUARD 5: membership
    let bit = denial_of(&thread, &record, beneficiary).ok_or(Error::NothingToClaim)?;

    // GUARD 6: duplicates
    let claims = record.get(record::CLAIMS);
    if claims & bit != 0 {
        return Err(Error::AlreadyClaimed.into());
    }

    // GUARD 9: overflow
    let amount = share(record.get(record::STAKE), record.get(record::DENIALS));
    let escrow_total = subtract(thread.get(thread::ESCROW_TOTAL), amount)?;
    let batch = Batch::next(&thread, 1)?;

    // EFFECTS
    record.set(record::CLAIMS, claims | bit);
    thread.set(thread::ESCROW_TOTAL, escrow_total);
    thread.set(thread::SEQUENCE, batch.last);
    tokens::pay(&thread, escrow_vault, destination, amount)?;

    // EMITS
    batch.log(&thread).event(&ShareClaimed {
        author: record.get(record::AUTHOR),
        hash: record.get(record::HASH),
        beneficiary: *beneficiary,
        amount,
    });
    Ok(())
}

/// The bit of the beneficiary's denial, if the record was rejected and the beneficiary denied it.
fn denial_of(thread: &State<Thread>, record: &State<Record>, beneficiary: &Address) -> Option<u32> {
    if record.get(record::STATUS) != RecordStatus::Rejected {
        return None;
    }
    let bit = votes::bit(seats::seat_of(thread, beneficiary)?)?;
    (record.get(record::DENIALS) & bit != 0).then_some(bit)
}
