//! `vote`: a member of the electorate approves or denies; the deciding vote settles (M3 to M5).

use pinocchio::{AccountView, Address, ProgramResult};

use crate::{
    accounts::{Accounts, Call},
    commitment::{self, Hash},
    decision::Decision,
    electorate,
    events::Batch,
    generated::{
        config, record, thread, vote::*, ApprovalReceived, CoAuthorAdded, Config, Decision as Vote,
        Design, Error, MessagePublished, MessageRejected, Record, RecordStatus, Rejection, Thread,
        TOKEN_PROGRAM as TOKEN,
    },
    payees::{Offered, Payment},
    pda, seats,
    settlement::{Ending, Settlement},
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
    let bit = votes::bit(seat).ok_or(Error::NotInElectorate)?;
    let design = config.get(config::DESIGN);
    let electorate = electorate::members(design.electorate, &thread, &record);
    if electorate & bit == 0 {
        return Err(Error::NotInElectorate.into());
    }

    // GUARD 6: duplicates
    let (mut approvals, mut denials) = (record.get(record::APPROVALS), record.get(record::DENIALS));
    if (approvals | denials) & bit != 0 {
        return Err(Error::AlreadyVoted.into());
    }

    // GUARDS 7 TO 9, EFFECTS, EMITS: by what the vote comes to
    match decision {
        Vote::Approve => approvals |= bit,
        Vote::Deny => denials |= bit,
    }
    let ballot = Ballot {
        author: record.get(record::AUTHOR),
        hash: record.get(record::HASH),
        voter: *voter,
        decision,
        approvals,
        denials,
        now,
        design,
        seats: config.get(config::MAX_CO_AUTHORS),
        offered: Offered::after(call, ACCOUNTS, config.get(config::MINT)),
        thread,
        record,
        stake_vault,
        escrow_vault,
        balance_vault,
        treasury,
    };
    match decision {
        Vote::Approve if electorate::is_unanimous(electorate, approvals) => ballot.publish(),
        Vote::Deny if design.rejection == Rejection::FirstDenial => ballot.reject(),
        Vote::Approve | Vote::Deny => ballot.stand(),
    }
}

/// A vote that is admitted; what it comes to continues the instruction.
struct Ballot<'a> {
    author: Address,
    hash: Hash,
    voter: Address,
    decision: Vote,
    /// The votes with this one.
    approvals: u32,
    denials: u32,
    now: i64,
    design: Design,
    /// How many there may be.
    seats: u8,
    offered: Offered<'a>,
    thread: State<Thread>,
    record: State<Record>,
    stake_vault: &'a AccountView,
    escrow_vault: &'a AccountView,
    balance_vault: &'a AccountView,
    treasury: &'a AccountView,
}

impl Ballot<'_> {
    /// A vote that decides nothing: others must follow, or the window must end.
    fn stand(mut self) -> ProgramResult {
        // GUARD 9: overflow
        let batch = Batch::next(&self.thread, 1)?;

        // EFFECTS
        self.write_votes();
        self.thread.set(thread::SEQUENCE, batch.last);

        // EMITS
        batch.log(&self.thread).event(&self.received());
        Ok(())
    }

    /// A denial that decides (M5).
    fn reject(mut self) -> ProgramResult {
        // GUARD 7: payees
        let ending = Ending::rejection(&self.design, self.denials);
        let payees = self.offered.payees(&ending, &self.thread, &self.record)?;

        // GUARD 9: overflow
        let parts = ending.settlement(self.record.get(record::STAKE));
        let decision = Decision::check(&self.thread, &self.record, ending.status, parts)?;
        let batch = Batch::next(&self.thread, 3)?;

        // EFFECTS
        self.write_votes();
        decision.write_record(&mut self.record, self.now, batch.first + 1);
        decision.write_thread(&mut self.thread);
        self.thread.set(thread::SEQUENCE, batch.last);
        let payment = Payment {
            stake_vault: self.stake_vault,
            escrow_vault: self.escrow_vault,
            payees,
            treasury: self.treasury,
        };
        payment.make(&self.thread, &parts)?;

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
    fn publish(mut self) -> ProgramResult {
        // GUARD 8: capacity
        let seat = self.seat_for_author()?;

        // GUARD 9: overflow
        let parts = Settlement::publication(self.record.get(record::STAKE));
        let decision = Decision::check(&self.thread, &self.record, RecordStatus::Published, parts)?;
        let leaf_index = commitment::next_leaf(&self.thread)?;
        let batch = Batch::next(&self.thread, 3 + u64::from(seat.is_some()))?;

        // EFFECTS
        self.write_votes();
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
            self.balance_vault,
            parts.to_balance,
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
        if seats::seat_of(&self.thread, &self.author).is_some() {
            return Ok(None);
        }
        seats::free_seat(&self.thread, self.seats).map(Some)
    }

    fn write_votes(&mut self) {
        self.record.set(record::APPROVALS, self.approvals);
        self.record.set(record::DENIALS, self.denials);
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
