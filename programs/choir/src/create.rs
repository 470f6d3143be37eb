//! Creation of accounts at program addresses.

use pinocchio::{
    cpi::{Seed, Signer},
    AccountView, Address, ProgramResult,
};
use pinocchio_system::instructions::{Allocate, Assign, Transfer};

use crate::syscalls::minimum_balance;

/// An account to be created.
pub struct Creation<'a> {
    pub payer: &'a AccountView,
    pub account: &'a AccountView,
    /// The seeds of its address, with the bump.
    pub seeds: &'a [Seed<'a>],
    pub size: usize,
    pub owner: &'a Address,
}

/// Create the account in three steps. The system program's single step refuses an address that
/// holds lamports, and anyone can send some to an address that is known beforehand (L2).
#[inline(never)]
pub fn create(creation: &Creation) -> ProgramResult {
    let account = creation.account;
    let size = creation.size as u64;
    let missing = minimum_balance(size)?.saturating_sub(account.lamports());
    if missing > 0 {
        Transfer {
            from: creation.payer,
            to: account,
            lamports: missing,
        }
        .invoke()?;
    }
    let signer = [Signer::from(creation.seeds)];
    Allocate {
        account,
        space: size,
    }
    .invoke_signed(&signer)?;
    Assign {
        account,
        owner: creation.owner,
    }
    .invoke_signed(&signer)
}
