use std::vec::Vec;

use super::*;
use crate::fixtures::{Fixture, PROGRAM};

fn refusal(accounts: usize, data: &[u8]) -> ProgramResult {
    let mut fixtures: Vec<_> = (0..accounts)
        .map(|index| Fixture::vacant([index as u8; 32].into()))
        .collect();
    let mut views: Vec<_> = fixtures.iter_mut().map(Fixture::view).collect();
    process(&PROGRAM, &mut views, data)
}

const INSTRUCTIONS: [([u8; 8], usize); 7] = [
    (
        generated::initialize::DISCRIMINATOR,
        generated::initialize::ACCOUNTS,
    ),
    (
        generated::create_thread::DISCRIMINATOR,
        generated::create_thread::ACCOUNTS,
    ),
    (
        generated::submit_message::DISCRIMINATOR,
        generated::submit_message::ACCOUNTS,
    ),
    (
        generated::submit_spec::DISCRIMINATOR,
        generated::submit_spec::ACCOUNTS,
    ),
    (generated::vote::DISCRIMINATOR, generated::vote::ACCOUNTS),
    (
        generated::settle::DISCRIMINATOR,
        generated::settle::ACCOUNTS,
    ),
    (generated::claim::DISCRIMINATOR, generated::claim::ACCOUNTS),
];

#[test]
fn data_that_names_no_instruction_is_refused_first() {
    let unknown = Err(Error::UnknownInstruction.into());
    assert_eq!(refusal(0, &[]), unknown);
    for (discriminator, accounts) in INSTRUCTIONS {
        assert_eq!(refusal(accounts, &discriminator[..7]), unknown);
        let mut other = discriminator;
        other[7] ^= 1;
        assert_eq!(refusal(accounts, &other), unknown);
    }
}

#[test]
fn missing_accounts_come_before_missing_arguments() {
    for (discriminator, accounts) in INSTRUCTIONS {
        assert_eq!(
            refusal(0, &discriminator),
            Err(Error::MissingAccount.into())
        );
        assert_eq!(
            refusal(accounts - 1, &discriminator),
            Err(Error::MissingAccount.into())
        );
        assert_ne!(
            refusal(accounts, &discriminator),
            Err(Error::MissingAccount.into())
        );
        assert_ne!(
            refusal(accounts + 2, &discriminator),
            Err(Error::MissingAccount.into())
        );
    }
}

#[test]
fn the_entrypoint_takes_the_accounts_of_an_instruction_and_a_payee_for_each_seat() {
    let most = INSTRUCTIONS.iter().map(|(_, accounts)| *accounts).max();
    assert_eq!(
        most.map(|most| most + usize::from(generated::SEATS)),
        Some(ACCOUNTS)
    );
}
