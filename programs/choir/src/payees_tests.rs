use std::vec::Vec;

use super::*;
use crate::{
    fixtures::{Fixture, PROGRAM},
    generated::{DenialShare, Design, Expiry},
    spl::TOKEN_ACCOUNT_SIZE,
};

const MINT: Address = Address::new_from_array([7; 32]);
const AUTHOR: Address = Address::new_from_array([50; 32]);
const FROZEN: u8 = 2;

fn member(seat: u8) -> Address {
    Address::from([100 + seat; 32])
}

/// Rejected by seats 1, 2 and 31, with everything pushed to `denial_share`.
fn rejection(denial_share: DenialShare) -> Ending {
    let design = Design {
        payout: Payout::Push,
        denial_share,
        ..Design::DEFAULT
    };
    Ending::rejection(&design, 1 << 31 | 0b110)
}

/// How many of the `offered` accounts are payees, if they are fit.
fn payees(ending: &Ending, offered: &mut [Fixture]) -> Result<usize, Error> {
    let (mut thread, mut record) = (Fixture::state::<Thread>(), Fixture::state::<Record>());
    let mut thread = State::<Thread>::load(&thread.view()).unwrap();
    let mut record = State::<Record>::load(&record.view()).unwrap();
    for seat in 0..32 {
        thread.set(thread::SEATS.item(seat.into()), member(seat));
    }
    record.set(record::AUTHOR, AUTHOR);
    let mut listed = Fixture::vacant(MINT);
    let views: Vec<_> = core::iter::once(listed.view())
        .chain(offered.iter_mut().map(Fixture::view))
        .collect();
    let call = Call {
        program: &PROGRAM,
        views: &views,
        arguments: &[],
    };
    let found = Offered::after(&call, 1, MINT).payees(ending, &thread, &record)?;
    assert!(found.iter().zip(&views[1..]).all(|(a, b)| a == b));
    Ok(found.len())
}

fn purse(owner: Address) -> Fixture {
    Fixture::token(MINT, owner, 5)
}

/// The account of a denier between two that are fit.
fn with_second(second: Fixture) -> Result<usize, Error> {
    payees(
        &rejection(DenialShare::Deniers),
        &mut [purse(member(1)), second, purse(member(31))],
    )
}

/// The account of seat 2, whose data `damage` has changed.
fn damaged(damage: impl Fn(&mut Vec<u8>), owner: Address) -> Fixture {
    let mut right = purse(member(2));
    // SAFETY: nobody else uses the account.
    let mut data = unsafe { right.view().borrow_unchecked() }.to_vec();
    damage(&mut data);
    Fixture::new(MINT, owner, &data)
}

const UNAVAILABLE: Result<usize, Error> = Err(Error::PayeeUnavailable);

#[test]
fn deniers_are_paid_in_the_order_of_their_seats() {
    assert_eq!(with_second(purse(member(2))), Ok(3));
    let mut swapped = [purse(member(2)), purse(member(1)), purse(member(31))];
    assert_eq!(
        payees(&rejection(DenialShare::Deniers), &mut swapped),
        UNAVAILABLE
    );
}

#[test]
fn each_payee_has_an_account_of_their_own() {
    let ending = rejection(DenialShare::Deniers);
    let mut offered = Vec::new();
    for seat in [1, 2, 31] {
        assert_eq!(payees(&ending, &mut offered), UNAVAILABLE);
        offered.push(purse(member(seat)));
    }
    assert_eq!(payees(&ending, &mut offered), Ok(3));
    offered.push(Fixture::vacant(MINT));
    assert_eq!(payees(&ending, &mut offered), Ok(3), "more are ignored");
    assert_eq!(with_second(purse(member(1))), UNAVAILABLE);
    assert_eq!(with_second(purse(member(3))), UNAVAILABLE);
    assert_eq!(with_second(purse(AUTHOR)), UNAVAILABLE);
}

#[test]
fn a_payees_account_can_be_written() {
    let mut account = purse(member(2));
    account.flags(false, true);
    assert_eq!(with_second(account), UNAVAILABLE);
    let mut account = purse(member(2));
    account.flags(true, false);
    assert_eq!(with_second(account), Ok(3), "nobody signs");
}

#[test]
fn a_payees_account_belongs_to_spl_token() {
    assert_eq!(with_second(damaged(|_| (), TOKEN_PROGRAM)), Ok(3));
    assert_eq!(with_second(damaged(|_| (), PROGRAM)), UNAVAILABLE);
    assert_eq!(
        with_second(damaged(|_| (), Address::default())),
        UNAVAILABLE
    );
    assert_eq!(with_second(Fixture::vacant(MINT)), UNAVAILABLE);
}

#[test]
fn a_payees_account_is_a_token_account() {
    let second = |damage: fn(&mut Vec<u8>)| with_second(damaged(damage, TOKEN_PROGRAM));
    assert_eq!(
        second(|data| data.truncate(TOKEN_ACCOUNT_SIZE - 1)),
        UNAVAILABLE
    );
    assert_eq!(second(|data| data.push(0)), UNAVAILABLE);
    assert_eq!(second(|data| data.clear()), UNAVAILABLE);
    assert_eq!(second(|data| data[108] = 0), UNAVAILABLE, "uninitialised");
    assert_eq!(second(|data| data[108] = FROZEN), UNAVAILABLE, "frozen");
}

#[test]
fn a_payees_account_holds_choir() {
    let other = Fixture::token(AUTHOR, member(2), 5);
    assert_eq!(with_second(other), UNAVAILABLE);
}

#[test]
fn a_refund_goes_to_the_author_alone() {
    let expiry = Ending::expiry(&Design {
        payout: Payout::Push,
        expiry: Expiry::Refund,
        ..Design::DEFAULT
    });
    for ending in [rejection(DenialShare::Refund), expiry] {
        assert_eq!(payees(&ending, &mut []), UNAVAILABLE);
        assert_eq!(payees(&ending, &mut [purse(member(1))]), UNAVAILABLE);
        assert_eq!(payees(&ending, &mut [purse(AUTHOR)]), Ok(1));
        assert_eq!(payees(&ending, &mut [purse(AUTHOR), purse(AUTHOR)]), Ok(1));
    }
}

#[test]
fn where_nobody_is_paid_accounts_are_ignored() {
    let claimed = |ending| Ending {
        payout: Payout::Claim,
        ..ending
    };
    let endings = [
        rejection(DenialShare::Treasury),
        Ending::expiry(&Design {
            payout: Payout::Push,
            ..Design::DEFAULT
        }),
        claimed(rejection(DenialShare::Deniers)),
        claimed(rejection(DenialShare::Refund)),
    ];
    for ending in endings {
        assert_eq!(payees(&ending, &mut []), Ok(0));
        assert_eq!(payees(&ending, &mut [Fixture::vacant(MINT)]), Ok(0));
    }
}

#[test]
fn a_call_may_end_before_its_payees() {
    let call = Call {
        program: &PROGRAM,
        views: &[],
        arguments: &[],
    };
    assert!(Offered::after(&call, 1, MINT).views.is_empty());
}
