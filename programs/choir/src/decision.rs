//! The decision of a pending record: what becomes of the thread's totals and of the record.

use pinocchio::Address;

use crate::{
    commitment::Hash,
    generated::{record, thread, Error, Record, RecordStatus, StakeSettled, Thread},
    layout::Field,
    settlement::Settlement,
    state::State,
};

/// A decision with every number checked (guard 9), ready to be carried out.
pub struct Decision {
    status: RecordStatus,
    stake: u64,
    settlement: Settlement,
    pending_count: u64,
    stake_total: u64,
    token_balance: u64,
    escrow_total: u64,
    treasury_paid: u64,
    /// Counter of the status and its new value; publication keeps its own.
    counter: Option<(Field<Thread, u64>, u64)>,
}

impl Decision {
    /// What deciding `record` makes of `thread`. What payees get enters no total: it leaves the
    /// thread.
    pub fn check(
        thread: &State<Thread>,
        record: &State<Record>,
        status: RecordStatus,
        settlement: Settlement,
    ) -> Result<Self, Error> {
        let stake = record.get(record::STAKE);
        let plus = |field, amount| add(thread.get(field), amount);
        let counter = match status {
            RecordStatus::Rejected => Some(thread::REJECTED_COUNT),
            RecordStatus::Expired => Some(thread::EXPIRED_COUNT),
            RecordStatus::Published | RecordStatus::Pending => None,
        };
        Ok(Self {
            status,
            stake,
            settlement,
            pending_count: subtract(thread.get(thread::PENDING_COUNT), 1)?,
            stake_total: subtract(thread.get(thread::STAKE_TOTAL), stake)?,
            token_balance: plus(thread::TOKEN_BALANCE, settlement.to_balance)?,
            escrow_total: plus(thread::ESCROW_TOTAL, settlement.to_escrow)?,
            treasury_paid: plus(thread::TREASURY_PAID, settlement.to_treasury)?,
            counter: match counter {
                Some(field) => Some((field, plus(field, 1)?)),
                None => None,
            },
        })
    }

    pub fn write_thread(&self, thread: &mut State<Thread>) {
        thread.set(thread::PENDING_COUNT, self.pending_count);
        thread.set(thread::STAKE_TOTAL, self.stake_total);
        thread.set(thread::TOKEN_BALANCE, self.token_balance);
        thread.set(thread::ESCROW_TOTAL, self.escrow_total);
        thread.set(thread::TREASURY_PAID, self.treasury_paid);
        if let Some((field, value)) = self.counter {
            thread.set(field, value);
        }
    }

    pub fn write_record(&self, record: &mut State<Record>, now: i64, sequence: u64) {
        record.set(record::STATUS, self.status);
        record.set(record::DECIDED_AT, now);
        record.set(record::DECIDED_SEQUENCE, sequence);
    }

    pub fn event(&self, author: Address, hash: Hash) -> StakeSettled {
        StakeSettled {
            author,
            hash,
            stake: self.stake,
            to_balance: self.settlement.to_balance,
            to_escrow: self.settlement.to_escrow,
            to_payees: self.settlement.to_payees,
            to_treasury: self.settlement.to_treasury,
            share: self.settlement.share,
        }
    }
}

/// The sum, or `Overflow` (guard 9).
pub fn add(total: u64, amount: u64) -> Result<u64, Error> {
    total.checked_add(amount).ok_or(Error::Overflow)
}

/// The difference, or `Overflow` (guard 9).
pub fn subtract(total: u64, amount: u64) -> Result<u64, Error> {
    total.checked_sub(amount).ok_or(Error::Overflow)
}

#[cfg(test)]
#[path = "decision_tests.rs"]
mod tests;
