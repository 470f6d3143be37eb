//! The accounts of SPL Token, as far as guards read them.

use pinocchio::{AccountView, Address};

use crate::layout::Value;

pub const MINT_SIZE: usize = 82;
pub const TOKEN_ACCOUNT_SIZE: usize = 165;

/// State byte of a token account: 0 is uninitialised, 1 initialised.
const FROZEN: u8 = 2;

/// What guards need to know of a mint; an authority that is none is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mint {
    pub authority: Option<Address>,
    pub supply: u64,
    pub decimals: u8,
    pub freeze_authority: Option<Address>,
}

impl Mint {
    /// None unless `bytes` is an initialised mint.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != MINT_SIZE || bytes[45] == 0 {
            return None;
        }
        Some(Self {
            authority: optional_address(&bytes[..36])?,
            supply: u64::read(&bytes[36..44])?,
            decimals: bytes[44],
            freeze_authority: optional_address(&bytes[46..82])?,
        })
    }
}

/// What guards need to know of a token account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenAccount {
    pub mint: Address,
    pub owner: Address,
    pub amount: u64,
    pub is_frozen: bool,
}

impl TokenAccount {
    /// None unless `bytes` is an initialised token account.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != TOKEN_ACCOUNT_SIZE || bytes[108] == 0 {
            return None;
        }
        Some(Self {
            mint: Address::read(&bytes[..32])?,
            owner: Address::read(&bytes[32..64])?,
            amount: u64::read(&bytes[64..72])?,
            is_frozen: bytes[108] == FROZEN,
        })
    }
}

/// SPL Token's optional key: a tag of four bytes, then 32 bytes.
fn optional_address(bytes: &[u8]) -> Option<Option<Address>> {
    let address = Address::read(&bytes[4..])?;
    match u32::read(&bytes[..4])? {
        0 => Some(None),
        1 => Some(Some(address)),
        _ => None,
    }
}

/// The bytes of an account of another program, for as long as one expression.
pub fn read<T>(view: &AccountView, read: fn(&[u8]) -> Option<T>) -> Option<T> {
    // SAFETY: the reference does not outlive this call, and nothing writes meanwhile.
    read(unsafe { view.borrow_unchecked() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mints() {
        let mut bytes = [0; MINT_SIZE];
        assert_eq!(Mint::read(&bytes), None);
        (bytes[0], bytes[4], bytes[36], bytes[44], bytes[45]) = (1, 7, 5, 9, 1);
        let mint = Mint::read(&bytes).unwrap();
        assert_eq!(mint.authority.unwrap().as_array()[0], 7);
        assert_eq!((mint.supply, mint.decimals), (5, 9));
        assert_eq!(mint.freeze_authority, None);
        bytes[46] = 1;
        assert!(Mint::read(&bytes).unwrap().freeze_authority.is_some());
        bytes[46] = 2;
        assert_eq!(Mint::read(&bytes), None);
        assert_eq!(Mint::read(&bytes[..81]), None);
        assert_eq!(Mint::read(&[1; TOKEN_ACCOUNT_SIZE]), None);
    }

    #[test]
    fn token_accounts() {
        let mut bytes = [3; TOKEN_ACCOUNT_SIZE];
        bytes[64..72].copy_from_slice(&77u64.to_le_bytes());
        assert_eq!(TokenAccount::read(&bytes).unwrap().amount, 77);
        assert!(!TokenAccount::read(&bytes).unwrap().is_frozen);
        bytes[108] = 2;
        assert!(TokenAccount::read(&bytes).unwrap().is_frozen);
        bytes[108] = 0;
        assert_eq!(TokenAccount::read(&bytes), None);
        assert_eq!(TokenAccount::read(&[3; 164]), None);
        assert_eq!(TokenAccount::read(&[3; 355]), None);
    }
}
