//! Bitmaps over seats: electorates, approvals, denials, claims.

use crate::generated::SEATS;

/// The bit of a seat; None where a bitmap has none.
pub fn bit(seat: u8) -> Option<u32> {
    (seat < SEATS).then(|| 1 << seat)
}

/// The bits of the first `count` seats, `SEATS` at most.
pub fn first(count: u8) -> u32 {
    ((1u64 << count.min(SEATS)) - 1) as u32
}

/// The seats whose bits are set, in order.
pub fn seats(bits: u32) -> impl Iterator<Item = usize> {
    (0..usize::from(SEATS)).filter(move |seat| bits >> seat & 1 == 1)
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

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
    fn the_first_seats_are_the_lowest_bits() {
        for count in 0..=SEATS {
            let expected = (0..count).fold(0, |bits, seat| bits | bit(seat).unwrap());
            assert_eq!(first(count), expected);
        }
        assert_eq!(first(255), u32::MAX);
    }

    #[test]
    fn seats_come_in_order() {
        let listed = |bits| seats(bits).collect::<Vec<_>>();
        assert_eq!(listed(0), []);
        assert_eq!(listed(1), [0]);
        assert_eq!(listed(1 << 31 | 0b1010), [1, 3, 31]);
        assert_eq!(listed(u32::MAX), (0..32).collect::<Vec<_>>());
    }
}
