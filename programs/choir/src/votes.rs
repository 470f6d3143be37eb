//! Bitmaps over seats: approvals, denials, claims.

use crate::generated::SEATS;

/// The bit of a seat; None where a bitmap has none.
pub fn bit(seat: u8) -> Option<u32> {
    (seat < SEATS).then(|| 1 << seat)
}

/// Whether every member of an electorate approved (M4).
pub fn is_unanimous(approvals: u32, electorate_size: u8) -> bool {
    approvals.count_ones() >= u32::from(electorate_size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seat_has_its_own_bit() {
        let all = (0..SEATS).map(|seat| bit(seat).unwrap());
        assert_eq!(all.fold(0, |bits, bit| bits | bit), u32::MAX);
        assert_eq!(bit(0), Some(1));
        assert_eq!(bit(31), Some(1 << 31));
        assert_eq!(bit(32), None);
        assert_eq!(bit(255), None);
    }

    #[test]
    fn unanimity_wants_every_vote() {
        for size in 1..=SEATS {
            let all = u32::MAX >> (SEATS - size);
            assert!(is_unanimous(all, size));
            for seat in 0..size {
                assert!(!is_unanimous(all & !bit(seat).unwrap(), size));
            }
        }
    }
}
