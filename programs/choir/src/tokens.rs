//! Calls of SPL Token.

use pinocchio::{
    cpi::{Seed, Signer},
    AccountView, Address, ProgramResult,
};
use pinocchio_token::instructions::{
    AuthorityType, InitializeAccount3, MintTo, SetAuthority, Transfer,
};

use crate::{
    create::{create, Creation},
    generated::{thread, Thread, THREAD_SEED, TOKEN_PROGRAM},
    spl::TOKEN_ACCOUNT_SIZE,
    state::State,
};

/// A token account to be created at a program address.
pub struct NewVault<'a> {
    pub payer: &'a AccountView,
    pub account: &'a AccountView,
    /// The seeds of its address, with the bump.
    pub seeds: &'a [Seed<'a>],
    pub mint: &'a AccountView,
    /// What its `owner` field will be.
    pub owner: &'a Address,
}

#[inline(never)]
pub fn create_vault(vault: &NewVault) -> ProgramResult {
    create(&Creation {
        payer: vault.payer,
        account: vault.account,
        seeds: vault.seeds,
        size: TOKEN_ACCOUNT_SIZE,
        owner: &TOKEN_PROGRAM,
    })?;
    InitializeAccount3::new(vault.account, vault.mint, vault.owner).invoke()
}

#[inline(never)]
pub fn mint_to(
    mint: &AccountView,
    destination: &AccountView,
    authority: &AccountView,
    amount: u64,
) -> ProgramResult {
    MintTo::new(mint, destination, authority, amount).invoke()
}

/// Give up an authority of the mint for good (L1).
#[inline(never)]
pub fn revoke(mint: &AccountView, authority: &AccountView, kind: AuthorityType) -> ProgramResult {
    SetAuthority::new(mint, authority, kind, None).invoke()
}

/// Move tokens whose owner has signed the transaction.
#[inline(never)]
pub fn take(
    from: &AccountView,
    to: &AccountView,
    owner: &AccountView,
    amount: u64,
) -> ProgramResult {
    Transfer::new(from, to, owner, amount).invoke()
}

/// Move tokens out of a vault of `thread`; nothing is done for zero.
#[inline(never)]
pub fn pay(
    thread: &State<Thread>,
    from: &AccountView,
    to: &AccountView,
    amount: u64,
) -> ProgramResult {
    if amount == 0 {
        return Ok(());
    }
    let creator = thread.get(thread::CREATOR);
    let nonce = thread.get(thread::NONCE).to_le_bytes();
    let bump = [thread.get(thread::BUMP)];
    let seeds = [
        Seed::from(THREAD_SEED),
        Seed::from(creator.as_array()),
        Seed::from(&nonce),
        Seed::from(&bump),
    ];
    Transfer::new(from, to, thread.view(), amount).invoke_signed(&[Signer::from(&seeds)])
}
