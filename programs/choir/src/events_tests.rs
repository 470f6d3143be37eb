use std::vec::Vec;

use super::*;
use crate::{
    fixtures::Fixture,
    generated::{ApprovalReceived, CoAuthorAdded, Decision, StakeSettled},
};

const AUTHOR: Address = Address::new_from_array([4; 32]);
const HASH: [u8; 32] = [5; 32];

#[test]
fn numbers_follow_the_sequence_and_end_with_its_type() {
    assert_eq!(Batch::after(0, 1), Ok(Batch { first: 1, last: 1 }));
    assert_eq!(Batch::after(7, 4), Ok(Batch { first: 8, last: 11 }));
    assert!(Batch::after(u64::MAX - 4, 4).is_ok());
    assert_eq!(Batch::after(u64::MAX - 3, 4), Err(Error::Overflow));
}

#[test]
fn an_event_is_discriminator_head_and_fields() {
    let mut account = Fixture::state::<Thread>();
    let state = State::load(&account.view()).unwrap();
    let mut log = Batch { first: 8, last: 9 }.log(&state);
    let mut buffer = [0; LONGEST_EVENT];
    let first = ApprovalReceived {
        author: AUTHOR,
        hash: HASH,
        voter: Address::new_from_array([6; 32]),
        decision: Decision::Deny,
    };
    let seen = log.encode(&first, &mut buffer).to_vec();
    assert_eq!(
        seen,
        expected(ApprovalReceived::DISCRIMINATOR, 8, &[&HASH, &[6; 32], &[1]])
    );
    let second = StakeSettled {
        author: AUTHOR,
        hash: HASH,
        stake: 10,
        to_balance: 1,
        to_escrow: 2,
        to_payees: 4,
        to_treasury: 7,
        share: 3,
    };
    let amounts: Vec<u8> = [10u64, 1, 2, 4, 7, 3]
        .iter()
        .flat_map(|n| n.to_le_bytes())
        .collect();
    let seen = log.encode(&second, &mut buffer).to_vec();
    assert_eq!(
        seen,
        expected(StakeSettled::DISCRIMINATOR, 9, &[&HASH, &amounts])
    );
}

fn expected(discriminator: [u8; 8], sequence: u64, after_author: &[&[u8]]) -> Vec<u8> {
    let head = [sequence, 8, 9].map(u64::to_le_bytes).concat();
    [&discriminator, &[3; 32][..], &head, AUTHOR.as_array()]
        .into_iter()
        .chain(after_author.iter().copied())
        .collect::<Vec<_>>()
        .concat()
}

#[test]
fn the_last_number_of_all_is_used() {
    let mut account = Fixture::state::<Thread>();
    let state = State::load(&account.view()).unwrap();
    let mut log = Batch::after(u64::MAX - 1, 1).unwrap().log(&state);
    log.event(&CoAuthorAdded {
        co_author: AUTHOR,
        seat: 31,
    });
}
