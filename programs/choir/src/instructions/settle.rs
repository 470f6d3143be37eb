//! `settle`: anyone closes a spec whose window is over (M6). It expires: a denial would have
//! rejected it in `vote`, and the approval of all would have published it there.

use pinocchio::ProgramResult;

use crate::{
    accounts::{Accounts, Call},
    events::Batch,
    generated::{
        record, settle::*, thread, Config, Error, MessageExpired, RecordStatus, Thread,
        TOKEN_PROGRAM as TOKEN,
    },
    pda,
    settlement::{Decision, Settlement},
    syscalls, tokens,
};

#[inline(never)]
pub fn run(call: &Call) -> ProgramResult {
    // GUARD 1: accounts
    let accounts = Accounts::new(call, ACCOUNTS)?;
    let config = accounts.state::<Config>(CONFIG)?;
    let mut thread = accounts.state::<Thread>(THREAD)?;
    let record = accounts.record(RECORD, &thread)?;
    let stake_vault = accounts.vault(STAKE_VAULT, &pda::STAKE, &thread)?;
    accounts.vault(ESCROW_VAULT, &pda::ESCROW, &thread)?;
    let treasury = accounts.treasury(TREASURY, &config)?;
    accounts.at(TOKEN_PROGRAM, &TOKEN)?;

    // GUARD 2: arguments
    if call.arguments.len() != ARGUMENTS {
        return Err(Error::InvalidArguments.into());
    }

    // GUARD 3: record state
    let mut record = record.ok_or(Error::UnknownRecord)?;
    if record.get(record::STATUS) != RecordStatus::Pending {
        return Err(Error::AlreadyDecided.into());
    }

    // GUARD 4: clock
    let now = syscalls::now()?;
    if now < record.get(record::DEADLINE) {
        return Err(Error::WindowOpen.into());
    }

    // GUARD 9: overflow
    let settlement = Settlement::expiry(record.get(record::STAKE));
    let decision = Decision::check(&thread, &record, RecordStatus::Expired, settlement)?;
    let batch = Batch::next(&thread, 2)?;

    // EFFECTS
    let (author, hash) = (record.get(record::AUTHOR), record.get(record::HASH));
    decision.write_thread(&mut thread);
    decision.write_record(&mut record, now, batch.first);
    thread.set(thread::SEQUENCE, batch.last);
    tokens::pay(&thread, stake_vault, treasury, settlement.to_treasury)?;

    // EMITS
    let mut log = batch.log(&thread);
    log.event(&MessageExpired {
        author,
        hash,
        decided_at: now,
    });
    log.event(&decision.event(author, hash));
    Ok(())
}
