use super::*;
use crate::fixtures::Fixture;

const STAKES: [u64; 7] = [32, 33, 63, 64, 1_000_000_007, u64::MAX - 1, u64::MAX];

#[test]
fn a_rejection_splits_without_loss() {
    for stake in STAKES {
        for deniers in 1..=32u32 {
            let denials = u32::MAX >> (32 - deniers);
            let split = Settlement::rejection(stake, denials);
            assert!(split.share > 0);
            assert_eq!(split.share, share(stake, denials));
            assert_eq!(split.to_escrow, split.share * u64::from(deniers));
            assert_eq!(split.to_escrow + split.to_treasury, stake);
            assert!(split.to_treasury < u64::from(deniers));
            assert_eq!(split.to_balance, 0);
        }
    }
}

#[test]
fn a_single_denier_takes_everything() {
    let split = Settlement::rejection(1_000_000_007, 1 << 17);
    assert_eq!((split.share, split.to_treasury), (1_000_000_007, 0));
}

#[test]
fn publication_and_expiry_move_everything_to_one_place() {
    for stake in STAKES {
        let earned = Settlement::publication(stake);
        let expired = Settlement::expiry(stake);
        assert_eq!(
            (earned.to_balance, earned.to_escrow, earned.to_treasury),
            (stake, 0, 0)
        );
        assert_eq!(
            (expired.to_balance, expired.to_escrow, expired.to_treasury),
            (0, 0, stake)
        );
        assert_eq!((earned.share, expired.share), (0, 0));
    }
}

/// A thread with one pending record of stake 50, and the record.
fn pending() -> (Fixture, Fixture) {
    let (mut thread, mut record) = (Fixture::state::<Thread>(), Fixture::state::<Record>());
    let mut state = State::<Thread>::load(&thread.view()).unwrap();
    state.set(thread::PENDING_COUNT, 1);
    state.set(thread::STAKE_TOTAL, 50);
    State::<Record>::load(&record.view())
        .unwrap()
        .set(record::STAKE, 50);
    (thread, record)
}

#[test]
fn a_decision_moves_the_totals_and_closes_the_record() {
    let (mut thread, mut record) = pending();
    let mut thread = State::<Thread>::load(&thread.view()).unwrap();
    let mut record = State::<Record>::load(&record.view()).unwrap();
    let split = Settlement::expiry(50);
    let decision = Decision::check(&thread, &record, RecordStatus::Expired, split).unwrap();
    decision.write_thread(&mut thread);
    decision.write_record(&mut record, -5, 12);
    assert_eq!(thread.get(thread::PENDING_COUNT), 0);
    assert_eq!(thread.get(thread::STAKE_TOTAL), 0);
    assert_eq!(thread.get(thread::TREASURY_PAID), 50);
    assert_eq!(thread.get(thread::EXPIRED_COUNT), 1);
    assert_eq!(thread.get(thread::REJECTED_COUNT), 0);
    assert_eq!(record.get(record::STATUS), RecordStatus::Expired);
    assert_eq!(record.get(record::DECIDED_AT), -5);
    assert_eq!(record.get(record::DECIDED_SEQUENCE), 12);
}

#[test]
fn every_total_is_checked() {
    let cases = [
        (thread::PENDING_COUNT, 0),
        (thread::STAKE_TOTAL, 49),
        (thread::ESCROW_TOTAL, u64::MAX - 49),
        (thread::REJECTED_COUNT, u64::MAX),
    ];
    for (field, value) in cases {
        let (mut thread, mut record) = pending();
        let mut thread = State::<Thread>::load(&thread.view()).unwrap();
        let record = State::<Record>::load(&record.view()).unwrap();
        let split = Settlement::rejection(50, 1);
        assert!(Decision::check(&thread, &record, RecordStatus::Rejected, split).is_ok());
        thread.set(field, value);
        let outcome = Decision::check(&thread, &record, RecordStatus::Rejected, split);
        assert_eq!(outcome.err(), Some(Error::Overflow));
    }
}
