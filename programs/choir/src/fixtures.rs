//! Accounts in memory, for the unit tests.

use std::{vec, vec::Vec};

use pinocchio::{
    account::{RuntimeAccount, NOT_BORROWED},
    AccountView, Address,
};

use crate::layout::Kind;

/// Memory laid out as the runtime hands an account to a program.
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
        Self { memory }
    }

    /// An account of kind `K` with zero in every field, owned by the program [9; 32].
    pub fn state<K: Kind>() -> Self {
        let mut data = vec![0; K::SIZE];
        data[..8].copy_from_slice(&K::DISCRIMINATOR);
        Self::new([3; 32].into(), [9; 32].into(), &data)
    }

    pub fn flags(mut self, writable: bool, signer: bool) -> Self {
        let raw = self.memory.as_mut_ptr().cast::<RuntimeAccount>();
        // SAFETY: `new` laid out a header.
        unsafe {
            (*raw).is_writable = writable.into();
            (*raw).is_signer = signer.into();
        }
        self
    }

    pub fn view(&mut self) -> AccountView {
        // SAFETY: `new` laid out a header and data of its length.
        unsafe { AccountView::new_unchecked(self.memory.as_mut_ptr().cast()) }
    }
}
