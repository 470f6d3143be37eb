//! `submit_spec`: anyone without a seat submits a spec with a stake (M2, M7).

use pinocchio::ProgramResult;

use crate::{
    accounts::{is_vacant, Accounts, Call},
    decision::add,
    events::Batch,
    generated::{
        config, record, submit_spec::*, thread, Capacity, Config, Error, Record, RecordStatus,
        SpecSubmitted, Thread, SYSTEM_PROGRAM as SYSTEM, TOKEN_PROGRAM as TOKEN,
    },
    pda,
    records::Submission,
    seats,
    state::State,
    syscalls, tokens,
};

#[inline(never)]
pub fn run(call: &Call) -> ProgramResult {
    // GUARD 1: accounts
    let accounts = Accounts::new(call, ACCOUNTS)?;
    let author = accounts.any(AUTHOR)?;
    let config = accounts.state::<Config>(CONFIG)?;
    let mut thread = accounts.state::<Thread>(THREAD)?;
    let record = accounts.any(RECORD)?;
    let mint = config.get(config::MINT);
    let (author_token, funds) =
        accounts.token_account(AUTHOR_TOKEN, &mint, Some(author.address()))?;
    let stake_vault = accounts.vault(STAKE_VAULT, &pda::STAKE, &thread)?;
    accounts.at(TOKEN_PROGRAM, &TOKEN)?;
    accounts.at(SYSTEM_PROGRAM, &SYSTEM)?;

    // GUARD 2: arguments
    let Arguments { hash, stake } =
        Arguments::decode(call.arguments).ok_or(Error::InvalidArguments)?;

    // GUARD 2b: accounts to be created
    let (thread_key, author_key) = (*thread.view().address(), *author.address());
    let design = config.get(config::DESIGN);
    let submission = Submission {
        key: design.record_key,
        record,
        author,
        thread: &thread_key,
        hash: &hash,
    };
    let bump = submission.bump(call.program)?;

    // GUARD 5: membership
    if seats::seat_of(&thread, &author_key).is_some() {
        return Err(Error::AlreadyCoAuthor.into());
    }

    // GUARD 6: duplicates
    if !is_vacant(record) {
        return Err(Error::DuplicateContent.into());
    }

    // GUARD 7: stake
    if stake < config.get(config::MIN_STAKE) {
        return Err(Error::InvalidStake.into());
    }
    if funds.amount < stake {
        return Err(Error::InsufficientFunds.into());
    }

    // GUARD 8: capacity
    let electorate_size = thread.get(thread::CO_AUTHOR_COUNT);
    let pending = thread.get(thread::PENDING_COUNT);
    let seats = config.get(config::MAX_CO_AUTHORS);
    if design.capacity == Capacity::Reserve && is_full(electorate_size, pending, seats) {
        return Err(Error::ThreadFull.into());
    }

    // GUARD 9: overflow
    let now = syscalls::now()?;
    let deadline = deadline(now, config.get(config::APPROVAL_WINDOW))?;
    let stake_total = add(thread.get(thread::STAKE_TOTAL), stake)?;
    let pending_count = add(pending, 1)?;
    let batch = Batch::next(&thread, 1)?;

    // EFFECTS
    let state = submission.create(bump, call.program)?;
    let spec = SpecSubmitted {
        author: author_key,
        hash,
        stake,
        electorate_size,
        submitted_at: now,
        deadline,
    };
    write(state, &spec, batch.first);
    thread.set(thread::SEQUENCE, batch.last);
    thread.set(thread::PENDING_COUNT, pending_count);
    thread.set(thread::STAKE_TOTAL, stake_total);
    tokens::take(author_token, stake_vault, author, stake)?;

    // EMITS
    batch.log(&thread).event(&spec);
    Ok(())
}

/// Write down what the event will say.
fn write(mut record: State<Record>, spec: &SpecSubmitted, sequence: u64) {
    record.set(record::STATUS, RecordStatus::Pending);
    record.set(record::ELECTORATE_SIZE, spec.electorate_size);
    record.set(record::STAKE, spec.stake);
    record.set(record::SUBMITTED_AT, spec.submitted_at);
    record.set(record::DEADLINE, spec.deadline);
    record.set(record::SUBMITTED_SEQUENCE, sequence);
}

/// Whether every seat is taken or reserved by a pending spec (M7).
fn is_full(co_authors: u8, pending: u64, seats: u8) -> bool {
    pending.saturating_add(co_authors.into()) >= seats.into()
}

/// When the window ends, or `Overflow` (M2).
fn deadline(now: i64, window: i64) -> Result<i64, Error> {
    now.checked_add(window).ok_or(Error::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines() {
        assert_eq!(deadline(-10, 4), Ok(-6));
        assert_eq!(deadline(i64::MAX - 5, 5), Ok(i64::MAX));
        assert_eq!(deadline(i64::MAX - 5, 6), Err(Error::Overflow));
        assert_eq!(deadline(i64::MIN, i64::MAX), Ok(-1));
    }

    #[test]
    fn a_pending_spec_reserves_a_seat() {
        assert!(!is_full(1, 0, 2));
        assert!(is_full(1, 1, 2));
        assert!(is_full(2, 0, 2));
        assert!(is_full(1, 0, 1));
        assert!(is_full(1, u64::MAX, 32));
    }
}
