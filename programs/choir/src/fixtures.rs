//! Accounts in memory, for the unit tests.

use std::{vec, vec::Vec};

use pinocchio::{
    account::{RuntimeAccount, NOT_BORROWED},
    AccountView, Address,
};

use crate::{
    generated::{SYSTEM_PROGRAM, TOKEN_PROGRAM},
    layout::Kind,
    spl::TOKEN_ACCOUNT_SIZE,
};

/// The address of the program under test.
pub const PROGRAM: Address = Address::new_from_array([9; 32]);

/// Memory laid out as the runtime hands an account to a program; writable and signed unless told.
pub struct Fixture {
    memory: Vec<u64>,
}

impl Fixture {
    pub fn new(address: Address, owner: Address, data: &[u8]) -> Self {
        let header = core::mem::size_of::<RuntimeAccount>();
        let mut memory = vec![0u64; (header + data.len()).div_ceil(8)];
        let raw = memory.as_mut_ptr().cast::<RuntimeAccount>();
        // SAFETY: the memory is aligned and long enough for the header and the data.
        unsafe {
            (*raw).borrow_state = NOT_BORROWED;
            (*raw).address = address;
            (*raw).owner = owner;
            (*raw).data_len = data.len() as u64;
            raw.cast::<u8>()
                .add(header)
                .copy_from_nonoverlapping(data.as_ptr(), data.len());
        }
        let mut fixture = Self { memory };
        fixture.flags(true, true);
        fixture
    }

    /// An account of kind `K` with zero in every field.
    pub fn state<K: Kind>() -> Self {
        let mut data = vec![0; K::SIZE];
        data[..8].copy_from_slice(&K::DISCRIMINATOR);
        Self::new([3; 32].into(), PROGRAM, &data)
    }

    /// A token account of `mint` that belongs to `owner`.
    pub fn token(mint: Address, owner: Address, amount: u64) -> Self {
        let mut data = vec![0; TOKEN_ACCOUNT_SIZE];
        data[..32].copy_from_slice(mint.as_array());
        data[32..64].copy_from_slice(owner.as_array());
        data[64..72].copy_from_slice(&amount.to_le_bytes());
        data[108] = 1;
        Self::new([6; 32].into(), TOKEN_PROGRAM, &data)
    }

    /// An account that nobody created.
    pub fn vacant(address: Address) -> Self {
        Self::new(address, SYSTEM_PROGRAM, &[])
    }

    pub fn flags(&mut self, writable: bool, signer: bool) {
        let raw = self.memory.as_mut_ptr().cast::<RuntimeAccount>();
        // SAFETY: `new` laid out a header.
        unsafe {
            (*raw).is_writable = writable.into();
            (*raw).is_signer = signer.into();
        }
    }

    pub fn view(&mut self) -> AccountView {
        // SAFETY: `new` laid out a header and data of its length.
        unsafe { AccountView::new_unchecked(self.memory.as_mut_ptr().cast()) }
    }
}
