//! `create_thread`: a thread and its three vaults; the creator takes seat 0 (L2).

use pinocchio::{cpi::Seed, error::ProgramError, AccountView, Address, ProgramResult};

use crate::{
    accounts::{is_vacant, Accounts, Call},
    create::{create, Creation},
    events::Batch,
    generated::{
        config, create_thread::*, thread, Config, Error, Thread, ThreadCreated,
        SYSTEM_PROGRAM as SYSTEM, THREAD_SEED, TOKEN_PROGRAM as TOKEN,
    },
    layout::Kind,
    pda::{self, Vault},
    seats,
    state::State,
    syscalls, tokens,
};

#[inline(never)]
pub fn run(call: &Call) -> ProgramResult {
    // GUARD 1: accounts
    let accounts = Accounts::new(call, ACCOUNTS)?;
    let creator = accounts.any(CREATOR)?;
    let config = accounts.state::<Config>(CONFIG)?;
    let thread = accounts.any(THREAD)?;
    let stake_vault = accounts.any(STAKE_VAULT)?;
    let escrow_vault = accounts.any(ESCROW_VAULT)?;
    let balance_vault = accounts.any(BALANCE_VAULT)?;
    let mint = accounts.at(MINT, &config.get(config::MINT))?;
    accounts.at(TOKEN_PROGRAM, &TOKEN)?;
    accounts.at(SYSTEM_PROGRAM, &SYSTEM)?;

    // GUARD 2: arguments
    let arguments = Arguments::decode(call.arguments).ok_or(Error::InvalidArguments)?;

    // GUARD 2b: accounts to be created
    let opening = Opening::search(creator, thread, arguments.nonce, call.program)?;
    let vaults = [
        NewVault::search(stake_vault, &pda::STAKE, thread, call.program)?,
        NewVault::search(escrow_vault, &pda::ESCROW, thread, call.program)?,
        NewVault::search(balance_vault, &pda::BALANCE, thread, call.program)?,
    ];
    if !is_vacant(thread) {
        return Err(Error::ThreadExists.into());
    }

    // EFFECTS
    let now = syscalls::now()?;
    let mut state = opening.create(now, call.program)?;
    for vault in &vaults {
        vault.create(&mut state, creator, mint)?;
    }
    let batch = Batch::next(&state, 1)?;
    state.set(thread::SEQUENCE, batch.last);

    // EMITS
    batch.log(&state).event(&ThreadCreated {
        creator: *creator.address(),
        nonce: arguments.nonce,
        created_at: now,
    });
    Ok(())
}

/// A thread to be created, found to be at its address; its creator pays.
struct Opening<'a> {
    creator: &'a AccountView,
    thread: &'a AccountView,
    nonce: u64,
    bump: u8,
}

impl<'a> Opening<'a> {
    fn search(
        creator: &'a AccountView,
        thread: &'a AccountView,
        nonce: u64,
        program: &Address,
    ) -> Result<Self, ProgramError> {
        let nonce_seed = nonce.to_le_bytes();
        let seeds: [&[u8]; 3] = [THREAD_SEED, creator.address().as_array(), &nonce_seed];
        let bump = pda::canonical(thread, &seeds, program)?;
        Ok(Self {
            creator,
            thread,
            nonce,
            bump,
        })
    }

    fn create(&self, now: i64, program: &Address) -> Result<State<Thread>, ProgramError> {
        let (nonce, bump) = (self.nonce.to_le_bytes(), [self.bump]);
        let creator = self.creator.address();
        create(&Creation {
            payer: self.creator,
            account: self.thread,
            seeds: &[
                Seed::from(THREAD_SEED),
                Seed::from(creator.as_array()),
                Seed::from(&nonce),
                Seed::from(&bump),
            ],
            size: Thread::SIZE,
            owner: program,
        })?;
        let mut state = State::<Thread>::begin(self.thread);
        state.set(thread::BUMP, self.bump);
        state.set(thread::CREATOR, *creator);
        state.set(thread::NONCE, self.nonce);
        state.set(thread::CREATED_AT, now);
        seats::take_seat(&mut state, 0, *creator);
        Ok(state)
    }
}

/// A vault to be created, found to be at its address.
struct NewVault<'a> {
    account: &'a AccountView,
    vault: &'a Vault,
    bump: u8,
}

impl<'a> NewVault<'a> {
    fn search(
        account: &'a AccountView,
        vault: &'a Vault,
        thread: &AccountView,
        program: &Address,
    ) -> Result<Self, ProgramError> {
        let seeds: [&[u8]; 2] = [vault.seed, thread.address().as_array()];
        let bump = pda::canonical(account, &seeds, program)?;
        Ok(Self {
            account,
            vault,
            bump,
        })
    }

    fn create(
        &self,
        thread: &mut State<Thread>,
        payer: &AccountView,
        mint: &AccountView,
    ) -> ProgramResult {
        thread.set(self.vault.bump, self.bump);
        let bump = [self.bump];
        let owner = thread.view().address();
        tokens::create_vault(&tokens::NewVault {
            payer,
            account: self.account,
            seeds: &[
                Seed::from(self.vault.seed),
                Seed::from(owner.as_array()),
                Seed::from(&bump),
            ],
            mint,
            owner,
        })
    }
}
