//! `vote`: a member of the electorate approves or denies; the deciding vote settles (M3 to M5).

use pinocchio::{AccountView, Address, ProgramResult};

use crate::{
    accounts::{Accounts, Call},
    commitment::{self, Hash},
    events::Batch,
    generated::{
        record, thread, vote::*, ApprovalReceived, CoAuthorAdded, Config, Decision as Vote, Error,
        MessagePublished, MessageRejected, Record, RecordStatus, Thread, TOKEN_PROGRAM as TOKEN,
    },
    pda, seats,
    settlement::{Decision, Settlement},
    state::State,
    syscalls, tokens, votes,
};

#[inline(never)]
pub fn run(call: &Call) -> ProgramResult {
    // GUARD 1: accounts
    let accounts = Accounts::new(call, ACCOUNTS)?;
    let voter = accounts.any(VOTER)?.address();
    let config = accounts.state::<Config>(CONFIG)?;
    let thread = accounts.state::<Thread>(THREAD)?;
    let record = accounts.record(RECORD, &thread)?;
    let stake_vault = accounts.vault(STAKE_VAULT, &pda::STAKE, &thread)?;
    let escrow_vault = accounts.vault(ESCROW_VAULT, &pda::ESCROW, &thread)?;
    let balance_vault = accounts.vault(BALANCE_VAULT, &pda::BALANCE, &thread)?;
    let treasury = accounts.treasury(TREASURY, &config)?;
    accounts.at(TOKEN_PROGRAM, &TOKEN)?;

    // GUARD 2: arguments
    let Arguments { decision } =
        Arguments::decode(call.arguments).ok_or(Error::InvalidArguments)?;

    // GUARD 3: record state
    let record = record.ok_or(Error::UnknownRecord)?;
    if record.get(record::STATUS) != RecordStatus::Pending {
        return Err(Error::AlreadyDecided.into());
    }

    // GUARD 4: clock
    let now = syscalls::now()?;
    if now >= record.get(record::DEADLINE) {
        return Err(Error::WindowClosed.into());
    }

    // GUARD 5: membership
    let seat = seats::seat_of(&thread, voter).ok_or(Error::NotCoAuthor)?;
    let electorate_size = record.get(record::ELECTORATE_SIZE);
    if seat >= electorate_size {
        return Err(Error::NotInElectorate.into());
    }

    // GUARD 6: duplicates
    let bit = votes::bit(seat).ok_or(Error::NotInElectorate)?;
    let (approvals, denials) = (record.get(record::APPROVALS), record.get(record::DENIALS));
    if (approvals | denials) & bit != 0 {
        return Err(Error::AlreadyVoted.into());
    }

    // GUARD 9, EFFECTS, EMITS: by what the vote comes to
    let ballot = Ballot {
        author: record.get(record::AUTHOR),
        hash: record.get(record::HASH),
        voter: *voter,
        decision,
        now,
        thread,
        record,
        stake_vault,
    };
    if decision == Vote::Deny {
        ballot.reject(denials | bit, escrow_vault, treasury)
    } else if votes::is_unanimous(approvals | bit, electorate_size) {
        ballot.publish(approvals | bit, balance_vault)
    } else {
        ballot.approve(approvals | bit)
    }
}

/// A vote that is admitted; what it comes to continues the instruction.
struct Ballot<'a> {
    author: Address,
    hash: Hash,
    voter: Address,
    decision: Vote,
    now: i64,
    thread: State<Thread>,
    record: State<Record>,
    stake_vault: &'a AccountView,
}

impl Ballot<'_> {
    /// An approval that others must follow.
    fn approve(mut self, approvals: u32) -> ProgramResult {
        // GUARD 9: overflow
        let batch = Batch::next(&self.thread, 1)?;

        // EFFECTS
        self.record.set(record::APPROVALS, approvals);
        self.thread.set(thread::SEQUENCE, batch.last);

        // EMITS
        batch.log(&self.thread).event(&self.received());
        Ok(())
    }

    /// A denial (M5).
    fn reject(
        mut self,
        denials: u32,
        escrow_vault: &AccountView,
        treasury: &AccountView,
    ) -> ProgramResult {
        // GUARD 9: overflow
        let split = Settlement::rejection(self.record.get(record::STAKE), denials);
        let decision = Decision::check(&self.thread, &self.record, RecordStatus::Rejected, split)?;
        let batch = Batch::next(&self.thread, 3)?;

        // EFFECTS
        self.record.set(record::DENIALS, denials);
        decision.write_record(&mut self.record, self.now, batch.first + 1);
        decision.write_thread(&mut self.thread);
        self.thread.set(thread::SEQUENCE, batch.last);
        tokens::pay(
            &self.thread,
            self.stake_vault,
            escrow_vault,
            split.to_escrow,
        )?;
        tokens::pay(&self.thread, self.stake_vault, treasury, split.to_treasury)?;

        // EMITS
        let mut log = batch.log(&self.thread);
        log.event(&self.received());
        log.event(&MessageRejected {
            author: self.author,
            hash: self.hash,
            decided_at: self.now,
        });
        log.event(&decision.event(self.author, self.hash));
        Ok(())
    }

    /// The approval that completes the electorate (M4).
    fn publish(mut self, approvals: u32, balance_vault: &AccountView) -> ProgramResult {
        // GUARD 9: overflow
        let split = Settlement::publication(self.record.get(record::STAKE));
        let decision = Decision::check(&self.thread, &self.record, RecordStatus::Published, split)?;
        let leaf_index = commitment::next_leaf(&self.thread)?;
        let seat = self.seat_for_author()?;
        let batch = Batch::next(&self.thread, 3 + u64::from(seat.is_some()))?;

        // EFFECTS
        self.record.set(record::APPROVALS, approvals);
        self.record.set(record::LEAF_INDEX, leaf_index);
        decision.write_record(&mut self.record, self.now, batch.first + 1);
        decision.write_thread(&mut self.thread);
        self.thread.set(thread::SEQUENCE, batch.last);
        let record = *self.record.view().address();
        commitment::publish(&mut self.thread, leaf_index, &record, &self.hash);
        if let Some(seat) = seat {
            seats::take_seat(&mut self.thread, seat, self.author);
        }
        tokens::pay(
            &self.thread,
            self.stake_vault,
            balance_vault,
            split.to_balance,
        )?;

        // EMITS
        let mut log = batch.log(&self.thread);
        log.event(&self.received());
        log.event(&MessagePublished {
            author: self.author,
            hash: self.hash,
            leaf_index,
            decided_at: self.now,
        });
        if let Some(seat) = seat {
            log.event(&CoAuthorAdded {
                co_author: self.author,
                seat,
            });
        }
        log.event(&decision.event(self.author, self.hash));
        Ok(())
    }

    /// The seat that the author takes: none when another spec has seated them meanwhile.
    fn seat_for_author(&self) -> Result<Option<u8>, Error> {
        match seats::seat_of(&self.thread, &self.author) {
            Some(_) => Ok(None),
            None => seats::free_seat(&self.thread).map(Some),
        }
    }

    fn received(&self) -> ApprovalReceived {
        ApprovalReceived {
            author: self.author,
            hash: self.hash,
            voter: self.voter,
            decision: self.decision,
        }
    }
}
