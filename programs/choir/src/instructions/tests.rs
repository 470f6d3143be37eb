//! Votes, settlement and claims under the default design.

use super::world::{member, refused, World, AUTHOR, STAKE};
use crate::{fixtures::Fixture, generated::*};

#[test]
fn every_approval_is_needed_and_the_last_publishes() {
    let mut world = World::new(Design::DEFAULT);
    for seat in [2, 0] {
        assert_eq!(world.vote(member(seat), Decision::Approve), Ok(()));
        assert_eq!(world.record().get(record::STATUS), RecordStatus::Pending);
    }
    assert_eq!(world.thread().get(thread::SEQUENCE), 2);
    assert_eq!(world.vote(member(1), Decision::Approve), Ok(()));
    let (record, thread) = (world.record(), world.thread());
    assert_eq!(record.get(record::STATUS), RecordStatus::Published);
    assert_eq!(record.get(record::APPROVALS), 0b111);
    assert_eq!(record.get(record::DECIDED_SEQUENCE), 4);
    assert_eq!(thread.get(thread::SEQUENCE), 6);
    assert_eq!(thread.get(thread::PUBLISHED_COUNT), 1);
    assert_eq!(thread.get(thread::PENDING_COUNT), 0);
    assert_eq!(thread.get(thread::TOKEN_BALANCE), STAKE);
    assert_eq!(thread.get(thread::STAKE_TOTAL), 0);
    assert_eq!(thread.get(thread::SEATS.item(3)), member(AUTHOR));
    assert_ne!(thread.get(thread::PEAKS.item(0)), [0; 32]);
}

#[test]
fn an_author_who_was_seated_meanwhile_takes_no_second_seat() {
    let mut world = World::new(Design::DEFAULT);
    let mut thread = world.thread();
    thread.set(thread::CO_AUTHOR_COUNT, 4);
    thread.set(thread::SEATS.item(3), member(AUTHOR));
    world.record().set(record::APPROVALS, 0b110);
    assert_eq!(world.vote(member(0), Decision::Approve), Ok(()));
    assert_eq!(thread.get(thread::CO_AUTHOR_COUNT), 4);
    assert_eq!(thread.get(thread::SEQUENCE), 3);
}

#[test]
fn a_denial_rejects_and_the_denier_claims_once() {
    let mut world = World::new(Design::DEFAULT);
    assert_eq!(world.claim(member(1)), refused(Error::NotDecided));
    assert_eq!(world.vote(member(1), Decision::Deny), Ok(()));
    let (record, thread) = (world.record(), world.thread());
    assert_eq!(record.get(record::STATUS), RecordStatus::Rejected);
    assert_eq!(record.get(record::DENIALS), 0b10);
    assert_eq!(record.get(record::DECIDED_SEQUENCE), 2);
    assert_eq!(thread.get(thread::ESCROW_TOTAL), STAKE);
    assert_eq!(thread.get(thread::REJECTED_COUNT), 1);
    for stranger in [member(0), member(AUTHOR), member(51)] {
        assert_eq!(world.claim(stranger), refused(Error::NothingToClaim));
    }
    assert_eq!(world.claim(member(1)), Ok(()));
    assert_eq!(thread.get(thread::ESCROW_TOTAL), 0);
    assert_eq!(thread.get(thread::SEQUENCE), 4);
    assert_eq!(world.claim(member(1)), refused(Error::AlreadyClaimed));
}

#[test]
fn votes_are_guarded_in_order() {
    let mut world = World::new(Design::DEFAULT);
    let (mut record, mut thread) = (world.record(), world.thread());
    record.set(record::ELECTORATE_SIZE, 2);
    record.set(record::APPROVALS, 1);
    let approve = Decision::Approve;
    assert_eq!(world.vote(member(0), approve), refused(Error::AlreadyVoted));
    assert_eq!(
        world.vote(member(2), approve),
        refused(Error::NotInElectorate)
    );
    assert_eq!(
        world.vote(member(AUTHOR), approve),
        refused(Error::NotCoAuthor)
    );
    thread.set(thread::SEQUENCE, u64::MAX);
    assert_eq!(world.vote(member(1), approve), refused(Error::Overflow));
    record.set(record::DEADLINE, 0);
    assert_eq!(
        world.vote(member(AUTHOR), approve),
        refused(Error::WindowClosed)
    );
    record.set(record::STATUS, RecordStatus::Expired);
    assert_eq!(
        world.vote(member(AUTHOR), approve),
        refused(Error::AlreadyDecided)
    );
    world.record = Fixture::vacant(member(90));
    assert_eq!(
        world.vote(member(AUTHOR), approve),
        refused(Error::UnknownRecord)
    );
}

#[test]
fn a_refusal_changes_nothing() {
    let mut world = World::new(Design::DEFAULT);
    let mut thread = world.thread();
    thread.set(thread::PUBLISHED_COUNT, u32::MAX.into());
    let mut record = world.record();
    record.set(record::APPROVALS, 0b11);
    assert_eq!(
        world.vote(member(2), Decision::Approve),
        refused(Error::Overflow)
    );
    assert_eq!(record.get(record::APPROVALS), 0b11);
    assert_eq!(record.get(record::STATUS), RecordStatus::Pending);
    assert_eq!(thread.get(thread::STAKE_TOTAL), STAKE);
    assert_eq!(thread.get(thread::SEQUENCE), 0);
}

#[test]
fn only_a_window_that_is_over_can_be_settled() {
    let mut world = World::new(Design::DEFAULT);
    assert_eq!(world.settle(), refused(Error::WindowOpen));
    world.record().set(record::DEADLINE, 0);
    assert_eq!(world.settle(), Ok(()));
    let (record, thread) = (world.record(), world.thread());
    assert_eq!(record.get(record::STATUS), RecordStatus::Expired);
    assert_eq!(record.get(record::DECIDED_SEQUENCE), 1);
    assert_eq!(thread.get(thread::TREASURY_PAID), STAKE);
    assert_eq!(thread.get(thread::EXPIRED_COUNT), 1);
    assert_eq!(thread.get(thread::SEQUENCE), 2);
    assert_eq!(world.settle(), refused(Error::AlreadyDecided));
    assert_eq!(world.claim(member(0)), refused(Error::NothingToClaim));
    world.record = Fixture::vacant(member(90));
    assert_eq!(world.settle(), refused(Error::UnknownRecord));
    assert_eq!(world.claim(member(0)), refused(Error::UnknownRecord));
}
