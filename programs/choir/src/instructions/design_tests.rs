//! Votes and submissions under the other designs.

use super::world::{member, refused, World, AUTHOR, MEMBERS, STAKE};
use crate::generated::{Decision::*, *};

const AT_CLOSE: Design = Design {
    rejection: Rejection::AtClose,
    ..Design::DEFAULT
};
const LIVE: Design = Design {
    electorate: Electorate::Live,
    ..Design::DEFAULT
};
const LATE_CAPACITY: Design = Design {
    capacity: Capacity::CheckAtPublish,
    ..Design::DEFAULT
};

/// Seat `number` in the next seat.
fn seat(world: &mut World, number: u8) {
    let mut thread = world.thread();
    let seat = thread.get(thread::CO_AUTHOR_COUNT);
    thread.set(thread::SEATS.item(seat.into()), member(number));
    thread.set(thread::CO_AUTHOR_COUNT, seat + 1);
}

#[test]
fn at_close_a_denial_is_recorded_and_voting_goes_on() {
    let mut world = World::new(AT_CLOSE);
    assert_eq!(world.vote(member(1), Deny), Ok(()));
    let (record, thread) = (world.record(), world.thread());
    assert_eq!(record.get(record::STATUS), RecordStatus::Pending);
    assert_eq!(record.get(record::DENIALS), 0b10);
    assert_eq!(thread.get(thread::STAKE_TOTAL), STAKE);
    assert_eq!(thread.get(thread::SEQUENCE), 1);
    assert_eq!(world.vote(member(1), Approve), refused(Error::AlreadyVoted));
    assert_eq!(world.vote(member(0), Approve), Ok(()));
    assert_eq!(world.vote(member(2), Approve), Ok(()));
    assert_eq!(record.get(record::STATUS), RecordStatus::Pending);
    assert_eq!(record.get(record::APPROVALS), 0b101);
    assert_eq!(world.settle(), refused(Error::WindowOpen));
}

#[test]
fn at_close_without_a_denial_it_expires() {
    let mut world = World::new(AT_CLOSE);
    assert_eq!(world.vote(member(0), Approve), Ok(()));
    world.record().set(record::DEADLINE, 0);
    assert_eq!(world.settle(), Ok(()));
    assert_eq!(world.record().get(record::STATUS), RecordStatus::Expired);
    assert_eq!(world.thread().get(thread::TREASURY_PAID), STAKE);
}

#[test]
fn at_close_all_approvals_publish() {
    let mut world = World::new(AT_CLOSE);
    for seat in 0..MEMBERS {
        assert_eq!(world.vote(member(seat), Approve), Ok(()));
    }
    let status = world.record().get(record::STATUS);
    assert_eq!(status, RecordStatus::Published);
}

#[test]
fn live_members_who_came_later_vote_too() {
    let mut world = World::new(LIVE);
    world.record().set(record::ELECTORATE_SIZE, 1);
    for seat in 0..MEMBERS - 1 {
        assert_eq!(world.vote(member(seat), Approve), Ok(()));
    }
    seat(&mut world, 60);
    assert_eq!(world.vote(member(MEMBERS - 1), Approve), Ok(()));
    let status = world.record().get(record::STATUS);
    assert_eq!(status, RecordStatus::Pending);
    assert_eq!(world.vote(member(60), Approve), Ok(()));
    let status = world.record().get(record::STATUS);
    assert_eq!(status, RecordStatus::Published);
    assert_eq!(world.thread().get(thread::CO_AUTHOR_COUNT), MEMBERS + 2);
}

#[test]
fn live_an_author_with_a_seat_has_no_vote_and_is_not_waited_for() {
    let mut world = World::new(LIVE);
    let stranger = world.vote(member(AUTHOR), Approve);
    assert_eq!(stranger, refused(Error::NotCoAuthor));
    seat(&mut world, AUTHOR);
    for decision in [Approve, Deny] {
        let own = world.vote(member(AUTHOR), decision);
        assert_eq!(own, refused(Error::NotInElectorate));
    }
    for seat in 0..MEMBERS {
        assert_eq!(world.vote(member(seat), Approve), Ok(()));
    }
    let (record, thread) = (world.record(), world.thread());
    assert_eq!(record.get(record::STATUS), RecordStatus::Published);
    assert_eq!(thread.get(thread::CO_AUTHOR_COUNT), MEMBERS + 1);
    assert_eq!(thread.get(thread::SEQUENCE), u64::from(MEMBERS) + 2);
}

#[test]
fn live_a_denial_of_a_later_member_counts() {
    let mut world = World::new(LIVE);
    seat(&mut world, 60);
    assert_eq!(world.vote(member(60), Deny), Ok(()));
    assert_eq!(world.record().get(record::DENIALS), 1 << MEMBERS);
    assert_eq!(world.claim(member(60)), Ok(()));
}

/// A world in which one approval publishes and no seat is free.
fn full(design: Design) -> World {
    let mut world = World::new(design);
    world.config().set(config::MAX_CO_AUTHORS, MEMBERS);
    world.record().set(record::APPROVALS, 0b110);
    world
}

#[test]
fn a_full_thread_takes_no_author_in() {
    let mut world = full(LATE_CAPACITY);
    assert_eq!(world.vote(member(0), Approve), refused(Error::ThreadFull));
    assert_eq!(world.record().get(record::APPROVALS), 0b110);
    assert_eq!(world.thread().get(thread::SEQUENCE), 0);
    assert_eq!(world.vote(member(0), Deny), Ok(()));
}

#[test]
fn a_full_thread_publishes_for_an_author_with_a_seat() {
    let mut world = full(LATE_CAPACITY);
    seat(&mut world, AUTHOR);
    world.config().set(config::MAX_CO_AUTHORS, MEMBERS + 1);
    assert_eq!(world.vote(member(0), Approve), Ok(()));
    let count = world.thread().get(thread::CO_AUTHOR_COUNT);
    assert_eq!(count, MEMBERS + 1);
}

#[test]
fn only_the_approval_that_publishes_needs_a_seat() {
    let mut world = full(LATE_CAPACITY);
    world.record().set(record::APPROVALS, 0b100);
    assert_eq!(world.vote(member(0), Approve), Ok(()));
}

#[test]
fn capacity_comes_before_overflow() {
    let mut world = full(LATE_CAPACITY);
    world.thread().set(thread::SEQUENCE, u64::MAX);
    assert_eq!(world.vote(member(0), Approve), refused(Error::ThreadFull));
    world.config().set(config::MAX_CO_AUTHORS, SEATS);
    assert_eq!(world.vote(member(0), Approve), refused(Error::Overflow));
}

#[test]
fn membership_comes_before_duplicates_when_live() {
    let mut world = World::new(LIVE);
    seat(&mut world, AUTHOR);
    world.record().set(record::APPROVALS, u32::MAX);
    let own = world.vote(member(AUTHOR), Approve);
    assert_eq!(own, refused(Error::NotInElectorate));
    assert_eq!(world.vote(member(0), Approve), refused(Error::AlreadyVoted));
}

#[test]
fn a_pending_spec_reserves_a_seat_unless_capacity_is_checked_later() {
    for (design, refusal) in [
        (Design::DEFAULT, Error::ThreadFull),
        (LATE_CAPACITY, Error::Overflow),
    ] {
        let mut world = World::new(design);
        world.config().set(config::MAX_CO_AUTHORS, MEMBERS + 1);
        world.thread().set(thread::SEQUENCE, u64::MAX);
        let address = world.record_address(Some(member(AUTHOR)));
        let outcome = world.submit_spec(member(AUTHOR), address);
        assert_eq!(outcome, refused(refusal));
    }
}

#[test]
fn a_record_lies_where_its_key_says() {
    for record_key in [RecordKey::ThreadAuthorHash, RecordKey::ThreadHash] {
        let mut world = World::new(Design {
            record_key,
            ..Design::DEFAULT
        });
        world.thread().set(thread::SEQUENCE, u64::MAX);
        let with_author = record_key == RecordKey::ThreadAuthorHash;
        for (found, author) in [(with_author, true), (!with_author, false)] {
            // guard 9 is the last: whoever meets it came past the address
            let expected = refused(if found {
                Error::Overflow
            } else {
                Error::WrongAddress
            });
            let address = world.record_address(author.then(|| member(0)));
            assert_eq!(world.submit_message(member(0), address), expected);
            let address = world.record_address(author.then(|| member(AUTHOR)));
            assert_eq!(world.submit_spec(member(AUTHOR), address), expected);
        }
    }
}
