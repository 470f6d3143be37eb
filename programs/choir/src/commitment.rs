//! The commitment to content: a Merkle mountain range over published records (L7).

use pinocchio::Address;

use crate::{
    generated::{thread, Error, Thread, PEAKS},
    state::State,
    syscalls::sha256,
};

pub type Hash = [u8; 32];

const LEAF: &[u8] = &[0];
const NODE: &[u8] = &[1];
const NONE: Hash = [0; 32];

/// The leaf index of the next publication; `Overflow` when the peaks can take no more (guard 9).
pub fn next_leaf(thread: &State<Thread>) -> Result<u64, Error> {
    let count = thread.get(thread::PUBLISHED_COUNT);
    if count < (1 << PEAKS) - 1 {
        Ok(count)
    } else {
        Err(Error::Overflow)
    }
}

/// Publish a record as leaf `index`, the one that `next_leaf` gave.
pub fn publish(thread: &mut State<Thread>, index: u64, record: &Address, hash: &Hash) {
    append(thread, index, leaf(index, record, hash));
    thread.set(thread::PUBLISHED_COUNT, index + 1);
}

fn leaf(index: u64, record: &Address, hash: &Hash) -> Hash {
    sha256(&[LEAF, &index.to_le_bytes(), record.as_array(), hash])
}

/// Where the peaks are kept: one for each subtree of 2^level leaves, zero where there is none.
trait Peaks {
    fn peak(&self, level: usize) -> Hash;
    fn set_peak(&mut self, level: usize, peak: Hash);
}

impl Peaks for State<Thread> {
    fn peak(&self, level: usize) -> Hash {
        self.get(thread::PEAKS.item(level))
    }

    fn set_peak(&mut self, level: usize, peak: Hash) {
        self.set(thread::PEAKS.item(level), peak);
    }
}

/// Append a leaf to a range of `count` leaves: like adding one to a binary number, peaks merge as
/// far as the carry goes.
fn append(peaks: &mut impl Peaks, count: u64, leaf: Hash) {
    let mut node = leaf;
    let carry = count.trailing_ones() as usize;
    for level in 0..carry {
        node = sha256(&[NODE, &peaks.peak(level), &node]);
        peaks.set_peak(level, NONE);
    }
    peaks.set_peak(carry, node);
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::fixtures::Fixture;

    impl Peaks for [Hash; 32] {
        fn peak(&self, level: usize) -> Hash {
            self[level]
        }

        fn set_peak(&mut self, level: usize, peak: Hash) {
            self[level] = peak;
        }
    }

    /// The root of a perfect tree over `leaves`, from its definition.
    fn root(leaves: &[Hash]) -> Hash {
        match leaves {
            [one] => *one,
            _ => {
                let (left, right) = leaves.split_at(leaves.len() / 2);
                sha256(&[&[1], &root(left), &root(right)])
            }
        }
    }

    /// All peaks over `leaves`: perfect trees, the largest first.
    fn naive(leaves: &[Hash]) -> [Hash; 32] {
        let mut peaks = [NONE; 32];
        let mut rest = leaves;
        for level in (0..32).rev() {
            if leaves.len() >> level & 1 == 1 {
                let (tree, tail) = rest.split_at(1 << level);
                peaks[level] = root(tree);
                rest = tail;
            }
        }
        peaks
    }

    #[test]
    fn append_equals_recomputation() {
        let mut peaks = [NONE; 32];
        let mut leaves = Vec::new();
        for index in 0..300u64 {
            let new = leaf(index, &Address::from([index as u8; 32]), &[7; 32]);
            append(&mut peaks, index, new);
            leaves.push(new);
            assert_eq!(peaks, naive(&leaves), "{} leaves", leaves.len());
        }
    }

    #[test]
    fn publish_keeps_count_and_peaks() {
        let mut account = Fixture::state::<Thread>();
        let mut state = State::load(&account.view()).unwrap();
        let (record, hash) = (Address::from([4; 32]), [5; 32]);
        let mut leaves = Vec::new();
        for index in 0..9 {
            assert_eq!(next_leaf(&state), Ok(index));
            publish(&mut state, index, &record, &hash);
            leaves.push(leaf(index, &record, &hash));
        }
        for (level, peak) in naive(&leaves).iter().enumerate() {
            assert_eq!(state.peak(level), *peak);
        }
    }

    #[test]
    fn the_last_leaf_merges_nothing_out_of_range() {
        let mut account = Fixture::state::<Thread>();
        let mut state = State::<Thread>::load(&account.view()).unwrap();
        let end = u64::from(u32::MAX);
        state.set(thread::PUBLISHED_COUNT, end - 1);
        let index = next_leaf(&state).unwrap();
        publish(&mut state, index, &Address::default(), &NONE);
        assert_eq!(state.get(thread::PUBLISHED_COUNT), end);
        assert_eq!(next_leaf(&state), Err(Error::Overflow));
        let mut peaks = [[1; 32]; 32];
        append(&mut peaks, end >> 1, [2; 32]);
        assert!(peaks[..31].iter().all(|peak| *peak == NONE));
    }
}
