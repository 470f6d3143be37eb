//! `submit_message`: a co-author publishes directly, by vacuous unanimity (M1).

use pinocchio::ProgramResult;

use crate::{
    accounts::{is_vacant, Accounts, Call},
    commitment,
    events::Batch,
    generated::{
        config, record, submit_message::*, thread, Config, Error, MessageCreated, MessagePublished,
        RecordStatus, Thread, SYSTEM_PROGRAM as SYSTEM,
    },
    records::Submission,
    seats, syscalls,
};

#[inline(never)]
pub fn run(call: &Call) -> ProgramResult {
    // GUARD 1: accounts
    let accounts = Accounts::new(call, ACCOUNTS)?;
    let author = accounts.any(AUTHOR)?;
    let config = accounts.state::<Config>(CONFIG)?;
    let mut thread = accounts.state::<Thread>(THREAD)?;
    let record = accounts.any(RECORD)?;
    accounts.at(SYSTEM_PROGRAM, &SYSTEM)?;

    // GUARD 2: arguments
    let Arguments { hash } = Arguments::decode(call.arguments).ok_or(Error::InvalidArguments)?;

    // GUARD 2b: accounts to be created
    let (thread_key, author_key) = (*thread.view().address(), *author.address());
    let submission = Submission {
        key: config.get(config::DESIGN).record_key,
        record,
        author,
        thread: &thread_key,
        hash: &hash,
    };
    let bump = submission.bump(call.program)?;

    // GUARD 5: membership
    if seats::seat_of(&thread, &author_key).is_none() {
        return Err(Error::NotCoAuthor.into());
    }

    // GUARD 6: duplicates
    if !is_vacant(record) {
        return Err(Error::DuplicateContent.into());
    }

    // GUARD 9: overflow
    let leaf_index = commitment::next_leaf(&thread)?;
    let batch = Batch::next(&thread, 2)?;

    // EFFECTS
    let now = syscalls::now()?;
    let mut state = submission.create(bump, call.program)?;
    state.set(record::STATUS, RecordStatus::Published);
    state.set(record::SUBMITTED_AT, now);
    state.set(record::DECIDED_AT, now);
    state.set(record::SUBMITTED_SEQUENCE, batch.first);
    state.set(record::DECIDED_SEQUENCE, batch.last);
    state.set(record::LEAF_INDEX, leaf_index);
    thread.set(thread::SEQUENCE, batch.last);
    commitment::publish(&mut thread, leaf_index, record.address(), &hash);

    // EMITS
    let mut log = batch.log(&thread);
    log.event(&MessageCreated {
        author: author_key,
        hash,
        submitted_at: now,
    });
    log.event(&MessagePublished {
        author: author_key,
        hash,
        leaf_index,
        decided_at: now,
    });
    Ok(())
}
