//! Where the stake of a decided spec goes, by design (M4 to M6).

use crate::generated::{DenialShare, Design, Expiry, Payout, RecordStatus};

/// Where a stake goes; the four parts add up to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settlement {
    pub to_balance: u64,
    pub to_escrow: u64,
    /// What all payees get together.
    pub to_payees: u64,
    pub to_treasury: u64,
    /// What each claimant or payee gets.
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
}

/// Whom the stake of a spec that was not published is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipients {
    /// Those who denied, in equal shares; the treasury takes the remainder.
    Deniers,
    Author,
    Treasury,
}

/// The end of a record without publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    pub status: RecordStatus,
    pub recipients: Recipients,
    pub payout: Payout,
    /// The bits of those who denied.
    pub denials: u32,
}

impl Ending {
    /// M5; at least one denial.
    pub fn rejection(design: &Design, denials: u32) -> Self {
        Self {
            status: RecordStatus::Rejected,
            recipients: match design.denial_share {
                DenialShare::Deniers => Recipients::Deniers,
                DenialShare::Treasury => Recipients::Treasury,
                DenialShare::Refund => Recipients::Author,
            },
            payout: design.payout,
            denials,
        }
    }

    /// M6.
    pub fn expiry(design: &Design) -> Self {
        Self {
            status: RecordStatus::Expired,
            recipients: match design.expiry {
                Expiry::Treasury => Recipients::Treasury,
                Expiry::Refund => Recipients::Author,
            },
            payout: design.payout,
            denials: 0,
        }
    }

    /// What each of the recipients gets; the treasury gets no share, but what is left.
    pub fn share(&self, stake: u64) -> u64 {
        match self.recipients {
            Recipients::Deniers => stake / u64::from(self.denials.count_ones()),
            Recipients::Author => stake,
            Recipients::Treasury => 0,
        }
    }

    /// How `stake` is divided.
    pub fn settlement(&self, stake: u64) -> Settlement {
        let share = self.share(stake);
        let shares = match self.recipients {
            Recipients::Deniers => share * u64::from(self.denials.count_ones()),
            Recipients::Author | Recipients::Treasury => share,
        };
        let (to_escrow, to_payees) = match self.payout {
            Payout::Claim => (shares, 0),
            Payout::Push => (0, shares),
        };
        Settlement {
            to_balance: 0,
            to_escrow,
            to_payees,
            to_treasury: stake - shares,
            share,
        }
    }
}

#[cfg(test)]
#[path = "settlement_tests.rs"]
mod tests;
