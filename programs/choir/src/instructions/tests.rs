//! Instructions on accounts in memory. The host has no other programs: tokens stay where they are,
//! and the clock stands at 0.

use std::vec::Vec;

use pinocchio::{error::ProgramError, AccountView, Address, ProgramResult};

use crate::{
    entrypoint::process,
    fixtures::{Fixture, PROGRAM},
    generated::{self, *},
    pda,
    state::State,
};

const MEMBERS: u8 = 3;
const STAKE: u64 = 1_000;

fn member(seat: u8) -> Address {
    Address::from([100 + seat; 32])
}

fn refused(error: Error) -> ProgramResult {
    Err(ProgramError::from(error))
}

/// A thread of three members with one pending spec of an outsider.
struct World {
    config: Fixture,
    thread: Fixture,
    record: Fixture,
    others: Vec<Fixture>,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            config: Fixture::state::<Config>(),
            thread: Fixture::state::<Thread>(),
            record: Fixture::state::<Record>(),
            others: Vec::new(),
        };
        let mut config: State<Config> = State::load(&world.config.view()).unwrap();
        config.set(config::MAX_CO_AUTHORS, SEATS);
        let mut thread = world.thread();
        thread.set(thread::STAKE_TOTAL, STAKE);
        thread.set(thread::PENDING_COUNT, 1);
        thread.set(thread::CO_AUTHOR_COUNT, MEMBERS);
        for seat in 0..MEMBERS {
            thread.set(thread::SEATS.item(seat.into()), member(seat));
        }
        let mut record = world.record();
        record.set(record::THREAD, *thread.view().address());
        record.set(record::AUTHOR, member(50));
        record.set(record::HASH, [1; 32]);
        record.set(record::STAKE, STAKE);
        record.set(record::DEADLINE, 1);
        record.set(record::ELECTORATE_SIZE, MEMBERS);
        world
    }

    fn thread(&mut self) -> State<Thread> {
        State::load(&self.thread.view()).unwrap()
    }

    fn record(&mut self) -> State<Record> {
        State::load(&self.record.view()).unwrap()
    }

    /// Views of the named accounts: party, config, thread, record, vaults, treasury, token program.
    fn views(&mut self, party: Option<Address>, vaults: &[&pda::Vault]) -> Vec<AccountView> {
        let thread = self.thread();
        let vaults = vaults.iter().map(|vault| vault.address(&thread, &PROGRAM));
        let addresses: Vec<_> = vaults
            .chain([pda::treasury(0, &PROGRAM), TOKEN_PROGRAM])
            .collect();
        let mut views: Vec<_> = party.into_iter().map(|party| self.keep(party)).collect();
        views.extend([self.config.view(), self.thread.view(), self.record.view()]);
        views.extend(addresses.into_iter().map(|address| self.keep(address)));
        views
    }

    fn keep(&mut self, address: Address) -> AccountView {
        self.others.push(Fixture::vacant(address));
        self.others.last_mut().unwrap().view()
    }

    fn vote(&mut self, voter: Address, decision: Decision) -> ProgramResult {
        let vaults = [&pda::STAKE, &pda::ESCROW, &pda::BALANCE];
        let mut views = self.views(Some(voter), &vaults);
        let data = [&generated::vote::DISCRIMINATOR[..], &[decision as u8]].concat();
        process(&PROGRAM, &mut views, &data)
    }

    fn settle(&mut self) -> ProgramResult {
        let mut views = self.views(None, &[&pda::STAKE, &pda::ESCROW]);
        process(&PROGRAM, &mut views, &generated::settle::DISCRIMINATOR)
    }

    fn claim(&mut self, beneficiary: Address) -> ProgramResult {
        let mut views = self.views(Some(beneficiary), &[&pda::ESCROW]);
        let mut destination = Fixture::token(Address::default(), beneficiary, 0);
        views[5] = destination.view();
        process(&PROGRAM, &mut views, &generated::claim::DISCRIMINATOR)
    }
}

#[test]
fn every_approval_is_needed_and_the_last_publishes() {
    let mut world = World::new();
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
    assert_eq!(thread.get(thread::SEATS.item(3)), member(50));
    assert_ne!(thread.get(thread::PEAKS.item(0)), [0; 32]);
}

#[test]
fn an_author_who_was_seated_meanwhile_takes_no_second_seat() {
    let mut world = World::new();
    let mut thread = world.thread();
    thread.set(thread::CO_AUTHOR_COUNT, 4);
    thread.set(thread::SEATS.item(3), member(50));
    world.record().set(record::APPROVALS, 0b110);
    assert_eq!(world.vote(member(0), Decision::Approve), Ok(()));
    assert_eq!(thread.get(thread::CO_AUTHOR_COUNT), 4);
    assert_eq!(thread.get(thread::SEQUENCE), 3);
}

#[test]
fn a_denial_rejects_and_the_denier_claims_once() {
    let mut world = World::new();
    assert_eq!(world.claim(member(1)), refused(Error::NotDecided));
    assert_eq!(world.vote(member(1), Decision::Deny), Ok(()));
    let (record, thread) = (world.record(), world.thread());
    assert_eq!(record.get(record::STATUS), RecordStatus::Rejected);
    assert_eq!(record.get(record::DENIALS), 0b10);
    assert_eq!(record.get(record::DECIDED_SEQUENCE), 2);
    assert_eq!(thread.get(thread::ESCROW_TOTAL), STAKE);
    assert_eq!(thread.get(thread::REJECTED_COUNT), 1);
    for stranger in [member(0), member(50), member(51)] {
        assert_eq!(world.claim(stranger), refused(Error::NothingToClaim));
    }
    assert_eq!(world.claim(member(1)), Ok(()));
    assert_eq!(thread.get(thread::ESCROW_TOTAL), 0);
    assert_eq!(thread.get(thread::SEQUENCE), 4);
    assert_eq!(world.claim(member(1)), refused(Error::AlreadyClaimed));
}

#[test]
fn votes_are_guarded_in_order() {
    let mut world = World::new();
    let (mut record, mut thread) = (world.record(), world.thread());
    record.set(record::ELECTORATE_SIZE, 2);
    record.set(record::APPROVALS, 1);
    let approve = Decision::Approve;
    assert_eq!(world.vote(member(0), approve), refused(Error::AlreadyVoted));
    assert_eq!(
        world.vote(member(2), approve),
        refused(Error::NotInElectorate)
    );
    assert_eq!(world.vote(member(50), approve), refused(Error::NotCoAuthor));
    thread.set(thread::SEQUENCE, u64::MAX);
    assert_eq!(world.vote(member(1), approve), refused(Error::Overflow));
    record.set(record::DEADLINE, 0);
    assert_eq!(
        world.vote(member(50), approve),
        refused(Error::WindowClosed)
    );
    record.set(record::STATUS, RecordStatus::Expired);
    assert_eq!(
        world.vote(member(50), approve),
        refused(Error::AlreadyDecided)
    );
    world.record = Fixture::vacant(member(90));
    assert_eq!(
        world.vote(member(50), approve),
        refused(Error::UnknownRecord)
    );
}

#[test]
fn a_refusal_changes_nothing() {
    let mut world = World::new();
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
    let mut world = World::new();
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
