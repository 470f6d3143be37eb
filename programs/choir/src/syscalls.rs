//! What the runtime provides: hash, log, clock and rent; on the host, what the unit tests need.

use pinocchio::{
    error::ProgramError,
    sysvars::{clock::CLOCK_ID, get_sysvar, rent::RENT_ID},
};

use crate::{generated::Error, layout::Value};

/// Offset of `unix_timestamp` in the clock sysvar.
const UNIX_TIMESTAMP: usize = 32;

/// Bytes of metadata that the runtime adds to an account's data when it computes rent.
const ACCOUNT_STORAGE_OVERHEAD: u64 = 128;

/// SHA-256 of the concatenation of `parts`.
#[cfg(any(target_os = "solana", target_arch = "bpf"))]
#[inline(always)]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = [0; 32];
    // SAFETY: the runtime reads `parts.len()` slices (pointer, length) and writes 32 bytes.
    unsafe {
        pinocchio::syscalls::sol_sha256(
            parts.as_ptr().cast(),
            parts.len() as u64,
            digest.as_mut_ptr(),
        );
    }
    digest
}

#[cfg(not(any(target_os = "solana", target_arch = "bpf")))]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    use sha2::Digest;
    let mut hasher = sha2::Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}

/// Log `bytes` as one field of data.
#[cfg(any(target_os = "solana", target_arch = "bpf"))]
pub fn log_data(bytes: &[u8]) {
    let fields = [bytes];
    // SAFETY: the runtime reads one slice (pointer, length).
    unsafe { pinocchio::syscalls::sol_log_data(fields.as_ptr().cast(), 1) }
}

#[cfg(not(any(target_os = "solana", target_arch = "bpf")))]
pub fn log_data(_bytes: &[u8]) {}

/// `Clock.unix_timestamp`.
pub fn now() -> Result<i64, ProgramError> {
    let mut bytes = [0; 8];
    get_sysvar(&mut bytes, &CLOCK_ID, UNIX_TIMESTAMP)?;
    Ok(i64::from_le_bytes(bytes))
}

/// Lamports that exempt an account of `size` bytes from rent.
pub fn minimum_balance(size: u64) -> Result<u64, ProgramError> {
    let mut bytes = [0; 17];
    get_sysvar(&mut bytes, &RENT_ID, 0)?;
    rent_exemption(&bytes, size)
}

/// The rent sysvar's rule. Its threshold (years, a float) is 1 or 2, depending on the runtime's
/// age; helpers that assume one of them ask for half of what the other demands.
fn rent_exemption(sysvar: &[u8; 17], size: u64) -> Result<u64, ProgramError> {
    let lamports_per_byte_year = u64::read(&sysvar[..8]).ok_or(ProgramError::UnsupportedSysvar)?;
    let threshold = u64::read(&sysvar[8..16]).ok_or(ProgramError::UnsupportedSysvar)?;
    let years = match threshold {
        ONE => 1,
        TWO => 2,
        _ => return Err(ProgramError::UnsupportedSysvar),
    };
    size.checked_add(ACCOUNT_STORAGE_OVERHEAD)
        .and_then(|bytes| bytes.checked_mul(lamports_per_byte_year))
        .and_then(|lamports| lamports.checked_mul(years))
        .ok_or(Error::Overflow.into())
}

/// Bits of the floats 1.0 and 2.0: the target has no floating point.
const ONE: u64 = 0x3ff0_0000_0000_0000;
const TWO: u64 = 0x4000_0000_0000_0000;

#[cfg(test)]
mod tests {
    use super::*;

    fn sysvar(lamports: u64, threshold: f64) -> [u8; 17] {
        let mut bytes = [50; 17];
        bytes[..8].copy_from_slice(&lamports.to_le_bytes());
        bytes[8..16].copy_from_slice(&threshold.to_le_bytes());
        bytes
    }

    #[test]
    fn rent_honours_the_threshold() {
        assert_eq!(rent_exemption(&sysvar(3480, 2.0), 165), Ok(2_039_280));
        assert_eq!(rent_exemption(&sysvar(6960, 1.0), 165), Ok(2_039_280));
    }

    #[test]
    fn rent_of_another_kind_is_refused() {
        let unsupported = Err(ProgramError::UnsupportedSysvar);
        assert_eq!(rent_exemption(&sysvar(3480, 1.5), 165), unsupported);
    }

    #[test]
    fn rent_beyond_u64_is_an_overflow() {
        let overflow = Err(ProgramError::Custom(Error::Overflow as u32));
        assert_eq!(rent_exemption(&sysvar(u64::MAX, 1.0), 165), overflow);
        assert_eq!(rent_exemption(&sysvar(3480, 2.0), u64::MAX), overflow);
    }

    #[test]
    fn sha256_concatenates() {
        assert_eq!(sha256(&[b"ab", b"", b"c"]), sha256(&[b"abc"]));
        assert_eq!(sha256(&[b"abc"])[..4], [0xba, 0x78, 0x16, 0xbf]);
    }
}
