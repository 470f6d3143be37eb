//! The decision of a pending record: where its stake goes, and what becomes of the totals (M4 to M6).

use pinocchio::Address;

use crate::{
    commitment::Hash,
    generated::{record, thread, Error, Record, RecordStatus, StakeSettled, Thread},
    layout::Field,
    state::State,
};

/// Where a stake goes; the three parts add up to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settlement {
    pub to_balance: u64,
    pub to_escrow: u64,
    pub to_treasury: u64,
    /// What each denier may claim.
    pub share: u64,
}

impl Settlement {
    /// M4: the thread earns the whole stake.
    pub fn publication(stake: u64) -> Self {
        Self {
            to_balance: stake,
            ..Self::default()
        }
    }

    /// M5: equal shares for the deniers, the remainder for the treasury.
    pub fn rejection(stake: u64, denials: u32) -> Self {
        let share = share(stake, denials);
        let to_escrow = share * u64::from(denials.count_ones());
        Self {
            to_escrow,
            to_treasury: stake - to_escrow,
            share,
            ..Self::default()
        }
    }

    /// M6: the treasury takes the whole stake.
    pub fn expiry(stake: u64) -> Self {
        Self {
            to_treasury: stake,
            ..Self::default()
        }
    }
}

/// A denier's share of a stake (M5); at least one denier.
pub fn share(stake: u64, denials: u32) -> u64 {
    stake / u64::from(denials.count_ones())
}

/// A decision with every number checked (guard 9), ready to be carried out.
pub struct Decision {
    status: RecordStatus,
    stake: u64,
    pub settlement: Settlement,
    pending_count: u64,
    stake_total: u64,
    token_balance: u64,
    escrow_total: u64,
    treasury_paid: u64,
    /// Counter of the status and its new value; publication keeps its own.
    counter: Option<(Field<Thread, u64>, u64)>,
}

impl Decision {
    /// What deciding `record` makes of `thread`.
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
            to_payees: 0,
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
#[path = "settlement_tests.rs"]
mod tests;
