//! `claim`: a denier takes a share of a rejected spec's stake, or an author a refund (L5).

use pinocchio::{Address, ProgramResult};

use crate::{
    accounts::{Accounts, Call},
    decision::subtract,
    events::Batch,
    generated::{
        claim::*, config, record, thread, Config, Error, Payout, Record, RecordStatus,
        ShareClaimed, Thread, TOKEN_PROGRAM as TOKEN,
    },
    pda, seats,
    settlement::{Ending, Recipients},
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
    let ending = ending(&config, &record).ok_or(Error::NothingToClaim)?;
    let bit = claim_bit(&ending, &thread, &record, beneficiary).ok_or(Error::NothingToClaim)?;

    // GUARD 6: duplicates
    let claims = record.get(record::CLAIMS);
    if claims & bit != 0 {
        return Err(Error::AlreadyClaimed.into());
    }

    // GUARD 9: overflow
    let amount = ending.share(record.get(record::STAKE));
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

/// The bit that says that an author claimed their refund.
const REFUND: u32 = 1;

/// How the record ended, unless it was published.
fn ending(config: &State<Config>, record: &State<Record>) -> Option<Ending> {
    let design = config.get(config::DESIGN);
    match record.get(record::STATUS) {
        RecordStatus::Rejected => Some(Ending::rejection(&design, record.get(record::DENIALS))),
        RecordStatus::Expired => Some(Ending::expiry(&design)),
        RecordStatus::Pending | RecordStatus::Published => None,
    }
}

/// The claim bit of the beneficiary, if there is something to claim for them.
fn claim_bit(
    ending: &Ending,
    thread: &State<Thread>,
    record: &State<Record>,
    beneficiary: &Address,
) -> Option<u32> {
    match (ending.payout, ending.recipients) {
        (Payout::Push, _) | (Payout::Claim, Recipients::Treasury) => None,
        (Payout::Claim, Recipients::Author) => {
            (record.get(record::AUTHOR) == *beneficiary).then_some(REFUND)
        }
        (Payout::Claim, Recipients::Deniers) => {
            let bit = votes::bit(seats::seat_of(thread, beneficiary)?)?;
            (ending.denials & bit != 0).then_some(bit)
        }
    }
}
