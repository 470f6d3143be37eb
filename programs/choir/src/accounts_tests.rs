use std::vec;

use pinocchio::ProgramResult;

use super::*;
use crate::{
    fixtures::{Fixture, PROGRAM},
    generated::thread,
    spl::{MINT_SIZE, TOKEN_ACCOUNT_SIZE},
};

const ROLE: Role = Role::new(0, true, true);
const KEY: Address = Address::new_from_array([7; 32]);
const OTHER: Address = Address::new_from_array([8; 32]);

/// What `check` says of `fixture`: nothing, or why it is refused.
fn outcome(fixture: &mut Fixture, check: impl Fn(&Accounts) -> ProgramResult) -> ProgramResult {
    let views = [fixture.view()];
    let call = Call {
        program: &PROGRAM,
        views: &views,
        arguments: &[],
    };
    check(&Accounts::new(&call, 1)?)
}

/// `outcome` of a right account without the flags, which are the last check.
fn flags_last(
    mut fixture: Fixture,
    check: impl Fn(&Accounts) -> ProgramResult,
) -> [ProgramResult; 3] {
    [(false, false), (true, false), (true, true)].map(|(writable, signer)| {
        fixture.flags(writable, signer);
        outcome(&mut fixture, &check)
    })
}

const NOT_WRITABLE_THEN_UNSIGNED_THEN_FINE: [ProgramResult; 3] = [
    Err(ProgramError::Custom(Error::NotWritable as u32)),
    Err(ProgramError::Custom(Error::MissingSigner as u32)),
    Ok(()),
];

/// The first fault decides, whatever else is wrong: here also the flags.
fn assert_refused(mut fixture: Fixture, check: impl Fn(&Accounts) -> ProgramResult, error: Error) {
    fixture.flags(false, false);
    assert_eq!(outcome(&mut fixture, check), Err(error.into()));
}

#[test]
fn any_account_needs_its_flags() {
    let fixture = Fixture::new(KEY, OTHER, &[1]);
    let seen = flags_last(fixture, |accounts| accounts.any(ROLE).map(|_| ()));
    assert_eq!(seen, NOT_WRITABLE_THEN_UNSIGNED_THEN_FINE);
    let mut fixture = Fixture::vacant(KEY);
    fixture.flags(false, false);
    let reading = |accounts: &Accounts| accounts.any(Role::new(0, false, false)).map(|_| ());
    assert_eq!(outcome(&mut fixture, reading), Ok(()));
}

#[test]
fn an_address_comes_before_flags() {
    let at = |accounts: &Accounts| accounts.at(ROLE, &KEY).map(|_| ());
    assert_refused(Fixture::vacant(OTHER), at, Error::WrongAddress);
    let seen = flags_last(Fixture::vacant(KEY), at);
    assert_eq!(seen, NOT_WRITABLE_THEN_UNSIGNED_THEN_FINE);
}

#[test]
fn states_need_owner_then_size_and_discriminator() {
    let thread = |accounts: &Accounts| accounts.state::<Thread>(ROLE).map(|_| ());
    let mut data = vec![0; Thread::SIZE];
    assert_refused(Fixture::new(KEY, OTHER, &data), thread, Error::WrongOwner);
    assert_refused(Fixture::vacant(KEY), thread, Error::WrongOwner);
    assert_refused(
        Fixture::new(KEY, PROGRAM, &data),
        thread,
        Error::WrongDiscriminator,
    );
    data[..8].copy_from_slice(&Thread::DISCRIMINATOR);
    let short = Fixture::new(KEY, PROGRAM, &data[..Thread::SIZE - 1]);
    assert_refused(short, thread, Error::WrongDiscriminator);
    data.push(0);
    let long = Fixture::new(KEY, PROGRAM, &data);
    assert_refused(long, thread, Error::WrongDiscriminator);
    assert_refused(
        Fixture::new(KEY, PROGRAM, &[]),
        thread,
        Error::WrongDiscriminator,
    );
    assert_refused(
        Fixture::state::<Record>(),
        thread,
        Error::WrongDiscriminator,
    );
    let seen = flags_last(Fixture::state::<Thread>(), thread);
    assert_eq!(seen, NOT_WRITABLE_THEN_UNSIGNED_THEN_FINE);
}

#[test]
fn records_belong_to_their_thread_or_are_vacant() {
    let mut owner = Fixture::state::<Thread>();
    let state = State::<Thread>::load(&owner.view()).unwrap();
    let record = |accounts: &Accounts| accounts.record(ROLE, &state).map(|_| ());
    assert_refused(Fixture::new(KEY, OTHER, &[]), record, Error::WrongOwner);
    assert_refused(
        Fixture::new(KEY, SYSTEM_PROGRAM, &[0]),
        record,
        Error::WrongOwner,
    );
    assert_refused(
        Fixture::state::<Thread>(),
        record,
        Error::WrongDiscriminator,
    );
    assert_refused(Fixture::state::<Record>(), record, Error::WrongAddress);
    let vacant = flags_last(Fixture::vacant(KEY), record);
    assert_eq!(vacant, NOT_WRITABLE_THEN_UNSIGNED_THEN_FINE);
    let mut right = Fixture::state::<Record>();
    let mut content = State::<Record>::load(&right.view()).unwrap();
    content.set(record::THREAD, *state.view().address());
    assert_eq!(
        flags_last(right, record),
        NOT_WRITABLE_THEN_UNSIGNED_THEN_FINE
    );
}

#[test]
fn token_accounts_need_owner_data_mint_and_party() {
    let (mint, party) = (KEY, OTHER);
    let token = |accounts: &Accounts| {
        accounts
            .token_account(ROLE, &mint, Some(&party))
            .map(|_| ())
    };
    let data = vec![0; TOKEN_ACCOUNT_SIZE];
    assert_refused(Fixture::new(KEY, OTHER, &data), token, Error::WrongOwner);
    assert_refused(
        Fixture::new(KEY, TOKEN_PROGRAM, &data),
        token,
        Error::WrongDiscriminator,
    );
    assert_refused(Fixture::token(OTHER, KEY, 1), token, Error::WrongMint);
    assert_refused(Fixture::token(mint, KEY, 1), token, Error::WrongTokenOwner);
    let seen = flags_last(Fixture::token(mint, party, 1), token);
    assert_eq!(seen, NOT_WRITABLE_THEN_UNSIGNED_THEN_FINE);
    let anyones = |accounts: &Accounts| accounts.token_account(ROLE, &mint, None).map(|_| ());
    let seen = flags_last(Fixture::token(mint, KEY, 1), anyones);
    assert_eq!(seen, NOT_WRITABLE_THEN_UNSIGNED_THEN_FINE);
}

/// A mint in the hands of `authority`.
fn mint(authority: Address, freeze: Option<Address>, supply: u64, decimals: u8) -> Fixture {
    let mut data = [0; MINT_SIZE];
    data[0] = 1;
    data[4..36].copy_from_slice(authority.as_array());
    data[36..44].copy_from_slice(&supply.to_le_bytes());
    (data[44], data[45]) = (decimals, 1);
    if let Some(freeze) = freeze {
        data[46] = 1;
        data[50..].copy_from_slice(freeze.as_array());
    }
    Fixture::new(KEY, TOKEN_PROGRAM, &data)
}

#[test]
fn only_a_mint_in_the_authoritys_hands_becomes_choir() {
    let check = |accounts: &Accounts| accounts.new_mint(ROLE, &OTHER).map(|_| ());
    assert_refused(
        Fixture::new(KEY, OTHER, &[0; MINT_SIZE]),
        check,
        Error::WrongOwner,
    );
    let uninitialised = Fixture::new(KEY, TOKEN_PROGRAM, &[0; MINT_SIZE]);
    assert_refused(uninitialised, check, Error::WrongDiscriminator);
    assert_refused(
        Fixture::token(KEY, OTHER, 1),
        check,
        Error::WrongDiscriminator,
    );
    assert_refused(mint(KEY, None, 0, 9), check, Error::InvalidMint);
    assert_refused(mint(OTHER, Some(KEY), 0, 9), check, Error::InvalidMint);
    assert_refused(mint(OTHER, None, 1, 9), check, Error::InvalidMint);
    assert_refused(mint(OTHER, None, 0, 6), check, Error::InvalidMint);
    for freeze in [None, Some(OTHER)] {
        let seen = flags_last(mint(OTHER, freeze, 0, 9), check);
        assert_eq!(seen, NOT_WRITABLE_THEN_UNSIGNED_THEN_FINE);
    }
}

#[test]
fn vaults_are_where_the_thread_says() {
    let mut owner = Fixture::state::<Thread>();
    let mut state = State::<Thread>::load(&owner.view()).unwrap();
    state.set(thread::STAKE_BUMP, 200);
    let vault = |accounts: &Accounts| accounts.vault(ROLE, &pda::STAKE, &state).map(|_| ());
    let address = pda::STAKE.address(&state, &PROGRAM);
    assert_refused(Fixture::vacant(KEY), vault, Error::WrongAddress);
    let other = pda::ESCROW.address(&state, &PROGRAM);
    assert_refused(Fixture::vacant(other), vault, Error::WrongAddress);
    let seen = flags_last(Fixture::vacant(address), vault);
    assert_eq!(seen, NOT_WRITABLE_THEN_UNSIGNED_THEN_FINE);
}

#[test]
fn the_treasury_is_where_the_config_says() {
    let mut owner = Fixture::state::<Config>();
    let mut state = State::<Config>::load(&owner.view()).unwrap();
    state.set(config::TREASURY_BUMP, 253);
    let treasury = |accounts: &Accounts| accounts.treasury(ROLE, &state).map(|_| ());
    assert_refused(
        Fixture::vacant(pda::treasury(254, &PROGRAM)),
        treasury,
        Error::WrongAddress,
    );
    let seen = flags_last(Fixture::vacant(pda::treasury(253, &PROGRAM)), treasury);
    assert_eq!(seen, NOT_WRITABLE_THEN_UNSIGNED_THEN_FINE);
}
