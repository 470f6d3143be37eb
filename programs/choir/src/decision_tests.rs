use super::*;
use crate::{fixtures::Fixture, generated::Design, settlement::Ending};

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
    let split = Ending::expiry(&Design::DEFAULT).settlement(50);
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
        let split = Ending::rejection(&Design::DEFAULT, 1).settlement(50);
        assert!(Decision::check(&thread, &record, RecordStatus::Rejected, split).is_ok());
        thread.set(field, value);
        let outcome = Decision::check(&thread, &record, RecordStatus::Rejected, split);
        assert_eq!(outcome.err(), Some(Error::Overflow));
    }
}
