//! The vocabulary of `generated`: values packed in bytes, fields of accounts, roles of accounts.

use core::marker::PhantomData;

use pinocchio::Address;

/// A type of fixed size with one packed form (borsh, little endian).
pub trait Value: Copy {
    const SIZE: usize;

    /// None when `bytes` is no value: the wrong length, or an unknown enumerator.
    fn read(bytes: &[u8]) -> Option<Self>;

    /// Fill `bytes`, which is `SIZE` long.
    fn write(self, bytes: &mut [u8]);
}

/// Write `value` into `bytes` at `offset`.
#[inline(always)]
pub fn put<T: Value>(bytes: &mut [u8], offset: usize, value: T) {
    value.write(&mut bytes[offset..offset + T::SIZE]);
}

macro_rules! integers {
    ($($name:ty),*) => {$(
        impl Value for $name {
            const SIZE: usize = core::mem::size_of::<$name>();

            #[inline(always)]
            fn read(bytes: &[u8]) -> Option<Self> {
                Some(<$name>::from_le_bytes(bytes.try_into().ok()?))
            }

            #[inline(always)]
            fn write(self, bytes: &mut [u8]) {
                bytes.copy_from_slice(&self.to_le_bytes());
            }
        }
    )*};
}

integers!(u8, u32, u64, i64);

impl Value for [u8; 32] {
    const SIZE: usize = 32;

    #[inline(always)]
    fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok()
    }

    #[inline(always)]
    fn write(self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self);
    }
}

impl Value for Address {
    const SIZE: usize = 32;

    #[inline(always)]
    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Address::new_from_array(bytes.try_into().ok()?))
    }

    #[inline(always)]
    fn write(self, bytes: &mut [u8]) {
        bytes.copy_from_slice(self.as_array());
    }
}

/// A kind of account of this program.
pub trait Kind {
    const SIZE: usize;
    const DISCRIMINATOR: [u8; 8];
}

/// Where accounts of kind `K` hold a `T`.
pub struct Field<K, T> {
    offset: usize,
    of: PhantomData<(K, T)>,
}

impl<K, T> Clone for Field<K, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, T> Copy for Field<K, T> {}

impl<K, T> Field<K, T> {
    pub const fn at(offset: usize) -> Self {
        Self {
            offset,
            of: PhantomData,
        }
    }

    pub const fn offset(self) -> usize {
        self.offset
    }
}

impl<K, T: Value, const N: usize> Field<K, [T; N]> {
    /// The place of one item; a panic where there is none.
    #[inline(always)]
    pub fn item(self, index: usize) -> Field<K, T> {
        assert!(index < N);
        Field::at(self.offset + index * T::SIZE)
    }
}

/// One account of an instruction: its place in the list, and what it must be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Role {
    pub index: u8,
    pub writable: bool,
    pub signer: bool,
}

impl Role {
    pub const fn new(index: u8, writable: bool, signer: bool) -> Self {
        Self {
            index,
            writable,
            signer,
        }
    }
}

/// An event: the fields after the head that all events share (L6).
pub trait Event {
    const SIZE: usize;
    const DISCRIMINATOR: [u8; 8];

    /// Fill in the fields; `bytes` is the whole event.
    fn write_fields(&self, bytes: &mut [u8]);
}

#[cfg(test)]
#[path = "layout_tests.rs"]
mod tests;
