//! Addresses that belong to the program.

use pinocchio::{error::ProgramError, AccountView, Address};
use solana_address::PDA_MARKER;

use crate::{
    generated::{thread, Error, Thread, BALANCE_SEED, ESCROW_SEED, STAKE_SEED, TREASURY_SEED},
    layout::Field,
    state::State,
    syscalls::sha256,
};

/// One of a thread's token accounts: its seed, and where the thread keeps its bump (L2).
pub struct Vault {
    pub seed: &'static [u8],
    pub bump: Field<Thread, u8>,
}

pub const STAKE: Vault = Vault {
    seed: STAKE_SEED,
    bump: thread::STAKE_BUMP,
};
pub const ESCROW: Vault = Vault {
    seed: ESCROW_SEED,
    bump: thread::ESCROW_BUMP,
};
pub const BALANCE: Vault = Vault {
    seed: BALANCE_SEED,
    bump: thread::BALANCE_BUMP,
};

impl Vault {
    /// The vault's address. One hash suffices: the bump was searched when the thread was created.
    pub fn address(&self, thread: &State<Thread>, program: &Address) -> Address {
        let bump = [thread.get(self.bump)];
        let owner = thread.view().address().as_array();
        Address::new_from_array(sha256(&[
            self.seed,
            owner,
            &bump,
            program.as_array(),
            PDA_MARKER,
        ]))
    }
}

/// The treasury's address, from the bump that the config keeps.
pub fn treasury(bump: u8, program: &Address) -> Address {
    let bump = [bump];
    Address::new_from_array(sha256(&[
        TREASURY_SEED,
        &bump,
        program.as_array(),
        PDA_MARKER,
    ]))
}

/// The canonical bump of `seeds`, provided `view` is at that address (guard 2b).
pub fn canonical(
    view: &AccountView,
    seeds: &[&[u8]],
    program: &Address,
) -> Result<u8, ProgramError> {
    match Address::try_find_program_address(seeds, program) {
        Some((address, bump)) if address == *view.address() => Ok(bump),
        _ => Err(Error::WrongAddress.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixtures::{Fixture, PROGRAM},
        generated::THREAD_SEED,
    };

    #[test]
    fn one_hash_equals_the_search() {
        let mut account = Fixture::state::<Thread>();
        let mut state = State::<Thread>::load(&account.view()).unwrap();
        let key = *state.view().address();
        for vault in [STAKE, ESCROW, BALANCE] {
            let seeds: [&[u8]; 2] = [vault.seed, key.as_array()];
            let (address, bump) = Address::find_program_address(&seeds, &PROGRAM);
            state.set(vault.bump, bump);
            assert_eq!(vault.address(&state, &PROGRAM), address);
        }
        let (address, bump) = Address::find_program_address(&[TREASURY_SEED], &PROGRAM);
        assert_eq!(treasury(bump, &PROGRAM), address);
    }

    #[test]
    fn only_the_canonical_address() {
        let seeds: [&[u8]; 2] = [THREAD_SEED, &[1; 32]];
        let (address, bump) = Address::find_program_address(&seeds, &PROGRAM);
        let mut right = Fixture::new(address, PROGRAM, &[]);
        assert_eq!(canonical(&right.view(), &seeds, &PROGRAM), Ok(bump));
        let mut wrong = Fixture::new([5; 32].into(), PROGRAM, &[]);
        let refusal = Err(Error::WrongAddress.into());
        assert_eq!(canonical(&wrong.view(), &seeds, &PROGRAM), refusal);
    }
}
