//! `settle`: anyone closes a spec whose window is over (M6). With a recorded denial it is rejected,
//! else it expires; the approval of all would have published it in `vote`.

use pinocchio::ProgramResult;

use crate::{
    accounts::{Accounts, Call},
    decision::Decision,
    events::Batch,
    generated::{
        config, record, settle::*, thread, Config, Error, MessageExpired, MessageRejected,
        RecordStatus, Thread, TOKEN_PROGRAM as TOKEN,
    },
    payees::{Offered, Payment},
    pda,
    settlement::Ending,
    syscalls,
};

#[inline(never)]
pub fn run(call: &Call) -> ProgramResult {
    // GUARD 1: accounts
    let accounts = Accounts::new(call, ACCOUNTS)?;
    let config = accounts.state::<Config>(CONFIG)?;
    let mut thread = accounts.state::<Thread>(THREAD)?;
    let record = accounts.record(RECORD, &thread)?;
    let stake_vault = accounts.vault(STAKE_VAULT, &pda::STAKE, &thread)?;
    let escrow_vault = accounts.vault(ESCROW_VAULT, &pda::ESCROW, &thread)?;
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

    // GUARD 7: payees
    let design = config.get(config::DESIGN);
    let ending = match record.get(record::DENIALS) {
        0 => Ending::expiry(&design),
        denials => Ending::rejection(&design, denials),
    };
    let offered = Offered::after(call, ACCOUNTS, config.get(config::MINT));
    let payees = offered.payees(&ending, &thread, &record)?;

    // GUARD 9: overflow
    let parts = ending.settlement(record.get(record::STAKE));
    let decision = Decision::check(&thread, &record, ending.status, parts)?;
    let batch = Batch::next(&thread, 2)?;

    // EFFECTS
    let (author, hash) = (record.get(record::AUTHOR), record.get(record::HASH));
    decision.write_thread(&mut thread);
    decision.write_record(&mut record, now, batch.first);
    thread.set(thread::SEQUENCE, batch.last);
    let payment = Payment {
        stake_vault,
        escrow_vault,
        payees,
        treasury,
    };
    payment.make(&thread, &parts)?;

    // EMITS
    let mut log = batch.log(&thread);
    if ending.status == RecordStatus::Rejected {
        log.event(&MessageRejected {
            author,
            hash,
            decided_at: now,
        });
    } else {
        log.event(&MessageExpired {
            author,
            hash,
            decided_at: now,
        });
    }
    log.event(&decision.event(author, hash));
    Ok(())
}
