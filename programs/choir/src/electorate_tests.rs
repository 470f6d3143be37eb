use super::*;
use crate::fixtures::Fixture;
use pinocchio::Address;

const AUTHOR: Address = Address::new_from_array([200; 32]);

/// The electorate of a spec that was submitted to `at_submission` seats, when `now` are taken and
/// the author has `own` of them.
fn electorate(rule: Electorate, at_submission: u8, now: u8, own: Option<u8>) -> u32 {
    let (mut thread, mut record) = (Fixture::state::<Thread>(), Fixture::state::<Record>());
    let mut thread = State::<Thread>::load(&thread.view()).unwrap();
    let mut record = State::<Record>::load(&record.view()).unwrap();
    for seat in 0..now {
        seats::take_seat(&mut thread, seat, Address::from([seat + 1; 32]));
    }
    if let Some(seat) = own {
        thread.set(thread::SEATS.item(seat.into()), AUTHOR);
    }
    record.set(record::AUTHOR, AUTHOR);
    record.set(record::ELECTORATE_SIZE, at_submission);
    members(rule, &thread, &record)
}

#[test]
fn a_snapshot_is_the_seats_at_submission() {
    let rule = Electorate::Snapshot;
    assert_eq!(electorate(rule, 1, 1, None), 0b1);
    assert_eq!(electorate(rule, 2, 5, None), 0b11);
    assert_eq!(electorate(rule, 2, 5, Some(3)), 0b11);
    assert_eq!(electorate(rule, 32, 32, None), u32::MAX);
}

#[test]
fn a_live_electorate_is_everyone_but_the_author() {
    let rule = Electorate::Live;
    assert_eq!(electorate(rule, 1, 1, None), 0b1);
    assert_eq!(electorate(rule, 2, 5, None), 0b11111);
    assert_eq!(electorate(rule, 2, 5, Some(3)), 0b10111);
    assert_eq!(electorate(rule, 2, 32, None), u32::MAX);
    assert_eq!(electorate(rule, 2, 32, Some(31)), u32::MAX >> 1);
}

#[test]
fn unanimity_wants_every_vote_of_the_electorate() {
    for electorate in [0b1, 0b10111, u32::MAX >> 1, u32::MAX] {
        assert!(is_unanimous(electorate, electorate));
        for seat in votes::seats(electorate) {
            assert!(!is_unanimous(electorate, electorate & !(1 << seat)));
        }
    }
}

#[test]
fn votes_from_outside_the_electorate_replace_nobody() {
    assert!(is_unanimous(0b0111, 0b1111));
    assert!(!is_unanimous(0b0111, 0b1011));
}
