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
    syscalls,
    tokens::{self, NewVault},
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
    let key = *creator.address();
    let nonce = arguments.nonce.to_le_bytes();
    let bump = pda::canonical(thread, &[THREAD_SEED, key.as_array(), &nonce], call.program)?;
    let vaults = [
        Planned::search(stake_vault, &pda::STAKE, thread, call.program)?,
        Planned::search(escrow_vault, &pda::ESCROW, thread, call.program)?,
        Planned::search(balance_vault, &pda::BALANCE, thread, call.program)?,
    ];
    if !is_vacant(thread) {
        return Err(Error::ThreadExists.into());
    }

    // EFFECTS
    let now = syscalls::now()?;
    let bump_seed = [bump];
    let seeds = [
        Seed::from(THREAD_SEED),
        Seed::from(key.as_array()),
        Seed::from(&nonce),
        Seed::from(&bump_seed),
    ];
    create(&Creation {
        payer: creator,
        account: thread,
        seeds: &seeds,
        size: Thread::SIZE,
        owner: call.program,
    })?;
    let mut state = State::<Thread>::begin(thread);
    state.set(thread::BUMP, bump);
    state.set(thread::CREATOR, key);
    state.set(thread::NONCE, arguments.nonce);
    state.set(thread::CREATED_AT, now);
    seats::take_seat(&mut state, 0, key);
    for Planned { account, vault, bump } in vaults {
        state.set(vault.bump, bump);
        let bump_seed = [bump];
        let seeds = [
            Seed::from(vault.seed),
            Seed::from(thread.address().as_array()),
            Seed::from(&bump_seed),
        ];
        tokens::create_vault(&NewVault {
            payer: creator,
            account,
            seeds: &seeds,
            mint,
            owner: thread.address(),
        })?;
    }
    let batch = Batch::next(&state, 1)?;
    state.set(thread::SEQUENCE, batch.last);

    // EMITS
    batch.log(&state).event(&ThreadCreated {
        creator: key,
        nonce: arguments.nonce,
        created_at: now,
    });
    Ok(())
}

/// A vault to be created, found to be at its address.
struct Planned<'a> {
    account: &'a AccountView,
    vault: &'a Vault,
    bump: u8,
}

impl<'a> Planned<'a> {
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
}
