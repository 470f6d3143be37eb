//! A ledger in memory, for the tests of instructions. The host has no other programs: tokens stay
//! where they are, accounts cannot be created, and the clock stands at 0.

use std::vec::Vec;

use pinocchio::{error::ProgramError, AccountView, Address, ProgramResult};

use crate::{
    entrypoint::process,
    fixtures::{Fixture, PROGRAM},
    generated::{self, *},
    pda,
    state::State,
};

pub const MEMBERS: u8 = 3;
/// The number of the outsider whose spec is pending.
pub const AUTHOR: u8 = 50;
pub const STAKE: u64 = 1_000;
pub const HASH: [u8; 32] = [1; 32];

pub fn member(seat: u8) -> Address {
    Address::from([100 + seat; 32])
}

pub fn refused(error: Error) -> ProgramResult {
    Err(ProgramError::from(error))
}

/// A thread of three members with one pending spec of an outsider.
pub struct World {
    config: Fixture,
    thread: Fixture,
    pub record: Fixture,
    others: Vec<Fixture>,
    /// What a call brings after the accounts of the IDL.
    pub payees: Vec<Fixture>,
}

impl World {
    /// Under `design`.
    pub fn new(design: Design) -> Self {
        let mut world = Self {
            config: Fixture::state::<Config>(),
            thread: Fixture::state::<Thread>(),
            record: Fixture::state::<Record>(),
            others: Vec::new(),
            payees: Vec::new(),
        };
        let mut config = world.config();
        config.set(config::DESIGN, design);
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
        record.set(record::AUTHOR, member(AUTHOR));
        record.set(record::HASH, HASH);
        record.set(record::STAKE, STAKE);
        record.set(record::DEADLINE, 1);
        record.set(record::ELECTORATE_SIZE, MEMBERS);
        world
    }

    pub fn config(&mut self) -> State<Config> {
        State::load(&self.config.view()).unwrap()
    }

    pub fn thread(&mut self) -> State<Thread> {
        State::load(&self.thread.view()).unwrap()
    }

    pub fn record(&mut self) -> State<Record> {
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

    pub fn vote(&mut self, voter: Address, decision: Decision) -> ProgramResult {
        let vaults = [&pda::STAKE, &pda::ESCROW, &pda::BALANCE];
        let mut views = self.views(Some(voter), &vaults);
        views.extend(self.payees.iter_mut().map(Fixture::view));
        let data = [&generated::vote::DISCRIMINATOR[..], &[decision as u8]].concat();
        process(&PROGRAM, &mut views, &data)
    }

    pub fn settle(&mut self) -> ProgramResult {
        let mut views = self.views(None, &[&pda::STAKE, &pda::ESCROW]);
        views.extend(self.payees.iter_mut().map(Fixture::view));
        process(&PROGRAM, &mut views, &generated::settle::DISCRIMINATOR)
    }

    pub fn claim(&mut self, beneficiary: Address) -> ProgramResult {
        let mut views = self.views(Some(beneficiary), &[&pda::ESCROW]);
        let mut destination = Fixture::token(Address::default(), beneficiary, 0);
        views[5] = destination.view();
        process(&PROGRAM, &mut views, &generated::claim::DISCRIMINATOR)
    }

    /// A message of `author`, whose record is `record`.
    pub fn submit_message(&mut self, author: Address, record: Address) -> ProgramResult {
        let mut views = [
            self.keep(author),
            self.config.view(),
            self.thread.view(),
            self.keep(record),
            self.keep(SYSTEM_PROGRAM),
        ];
        let data = [&generated::submit_message::DISCRIMINATOR[..], &HASH].concat();
        process(&PROGRAM, &mut views, &data)
    }

    /// A spec of `author` without a stake, whose record is `record`.
    pub fn submit_spec(&mut self, author: Address, record: Address) -> ProgramResult {
        let stake_vault = pda::STAKE.address(&self.thread(), &PROGRAM);
        let mut token = Fixture::token(Address::default(), author, 0);
        let mut views = [
            self.keep(author),
            self.config.view(),
            self.thread.view(),
            self.keep(record),
            token.view(),
            self.keep(stake_vault),
            self.keep(TOKEN_PROGRAM),
            self.keep(SYSTEM_PROGRAM),
        ];
        let data = [&generated::submit_spec::DISCRIMINATOR[..], &HASH, &[0; 8]].concat();
        process(&PROGRAM, &mut views, &data)
    }

    /// Where a record of `HASH` lies, by its author or without.
    pub fn record_address(&mut self, author: Option<Address>) -> Address {
        let thread = *self.thread().view().address();
        let mut seeds: Vec<&[u8]> = [RECORD_SEED, thread.as_array()].into();
        seeds.extend(author.iter().map(|author| &author.as_array()[..]));
        seeds.push(&HASH);
        Address::find_program_address(&seeds, &PROGRAM).0
    }
}
