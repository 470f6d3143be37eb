//! Payees: who is paid by the instruction that decides (payout push), and the transfers (M5, M6).

use pinocchio::{AccountView, Address, ProgramResult};

use crate::{
    accounts::Call,
    generated::{record, thread, Error, Payout, Record, Thread, TOKEN_PROGRAM},
    settlement::{Ending, Recipients, Settlement},
    spl::{self, TokenAccount},
    state::State,
    tokens, votes,
};

/// What a call brought after the accounts of the IDL: for all we know, anything.
pub struct Offered<'a> {
    views: &'a [AccountView],
    mint: Address,
}

impl<'a> Offered<'a> {
    /// The accounts after the first `count`; payees hold tokens of `mint`.
    pub fn after(call: &Call<'a>, count: usize, mint: Address) -> Self {
        Self {
            views: call.views.get(count..).unwrap_or_default(),
            mint,
        }
    }

    /// Guard 7: the accounts of the payees, one each and in their order, or `PayeeUnavailable`.
    /// Further accounts are ignored, all of them where nobody is paid.
    pub fn payees(
        &self,
        ending: &Ending,
        thread: &State<Thread>,
        record: &State<Record>,
    ) -> Result<&'a [AccountView], Error> {
        match (ending.payout, ending.recipients) {
            (Payout::Claim, _) | (Payout::Push, Recipients::Treasury) => Ok(&[]),
            (Payout::Push, Recipients::Author) => {
                self.check(0, &record.get(record::AUTHOR))?;
                self.first(1)
            }
            (Payout::Push, Recipients::Deniers) => {
                let mut count = 0;
                for seat in votes::seats(ending.denials) {
                    self.check(count, &thread.get(thread::SEATS.item(seat)))?;
                    count += 1;
                }
                self.first(count)
            }
        }
    }

    fn first(&self, count: usize) -> Result<&'a [AccountView], Error> {
        self.views.get(..count).ok_or(Error::PayeeUnavailable)
    }

    /// Whether a transfer to `payee` through the account number `index` will succeed.
    fn check(&self, index: usize, payee: &Address) -> Result<(), Error> {
        match self.views.get(index) {
            Some(view) if is_fit(view, payee, &self.mint) => Ok(()),
            _ => Err(Error::PayeeUnavailable),
        }
    }
}

/// The caller chooses among the accounts of a payee; whichever it is, the tokens are the payee's.
/// Nor can a payee stop a settlement by closing theirs: anyone may open another one for them.
fn is_fit(view: &AccountView, payee: &Address, mint: &Address) -> bool {
    view.is_writable()
        && view.owned_by(&TOKEN_PROGRAM)
        && spl::read(view, TokenAccount::read).is_some_and(|account| {
            account.mint == *mint && account.owner == *payee && !account.is_frozen
        })
}

/// The way of a stake out of its vault.
pub struct Payment<'a> {
    pub stake_vault: &'a AccountView,
    pub escrow_vault: &'a AccountView,
    pub payees: &'a [AccountView],
    pub treasury: &'a AccountView,
}

impl Payment<'_> {
    /// Move the parts of a stake: to escrow, to each payee, to the treasury.
    pub fn make(&self, thread: &State<Thread>, parts: &Settlement) -> ProgramResult {
        tokens::pay(thread, self.stake_vault, self.escrow_vault, parts.to_escrow)?;
        for payee in self.payees {
            tokens::pay(thread, self.stake_vault, payee, parts.share)?;
        }
        tokens::pay(thread, self.stake_vault, self.treasury, parts.to_treasury)
    }
}

#[cfg(test)]
#[path = "payees_tests.rs"]
mod tests;
