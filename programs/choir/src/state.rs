//! Typed access to the accounts of this program, by the generated fields.

use core::marker::PhantomData;

use pinocchio::AccountView;

use crate::layout::{Field, Kind, Value};

/// An account that holds a `K`. Values are copied in and out and no reference to the data outlives
/// an access, so calls of other programs in between cannot alias it.
pub struct State<K> {
    view: AccountView,
    kind: PhantomData<K>,
}

impl<K: Kind> State<K> {
    /// None unless the data has the size and the discriminator of the kind.
    #[inline(always)]
    pub fn load(view: &AccountView) -> Option<Self> {
        if view.data_len() != K::SIZE {
            return None;
        }
        let state = Self::of(view);
        state
            .bytes()
            .starts_with(&K::DISCRIMINATOR)
            .then_some(state)
    }

    /// Make an account of `K::SIZE` zero bytes, just created, one of this kind.
    #[inline(always)]
    pub fn begin(view: &AccountView) -> Self {
        assert!(view.data_len() == K::SIZE);
        let mut state = Self::of(view);
        state.bytes_mut()[..8].copy_from_slice(&K::DISCRIMINATOR);
        state
    }

    pub fn view(&self) -> &AccountView {
        &self.view
    }

    /// The value of a field. It always decodes, since nobody but this program writes the account.
    #[inline(always)]
    pub fn get<T: Value>(&self, field: Field<K, T>) -> T {
        let start = field.offset();
        match T::read(&self.bytes()[start..start + T::SIZE]) {
            Some(value) => value,
            None => unreachable!(),
        }
    }

    #[inline(always)]
    pub fn set<T: Value>(&mut self, field: Field<K, T>, value: T) {
        let start = field.offset();
        value.write(&mut self.bytes_mut()[start..start + T::SIZE]);
    }

    fn of(view: &AccountView) -> Self {
        Self {
            view: *view,
            kind: PhantomData,
        }
    }

    #[inline(always)]
    fn bytes(&self) -> &[u8] {
        // SAFETY: `load` and `begin` checked the length, and nothing ever reallocates (L2).
        unsafe { core::slice::from_raw_parts(self.view.data_ptr(), K::SIZE) }
    }

    #[inline(always)]
    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as `bytes`; the program is single-threaded and no other reference is alive.
        unsafe { core::slice::from_raw_parts_mut(self.view.data_mut_ptr(), K::SIZE) }
    }
}
