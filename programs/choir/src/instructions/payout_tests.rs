//! Where stakes go under the other designs: shares, refunds, payees, claims.

use std::vec::Vec;

use pinocchio::ProgramResult;

use super::world::{member, refused, World, AUTHOR, MEMBERS, STAKE};
use crate::{
    fixtures::Fixture,
    generated::{Decision::*, *},
};

const AT_CLOSE: Design = Design {
    rejection: Rejection::AtClose,
    ..Design::DEFAULT
};
const PUSH: Design = Design {
    payout: Payout::Push,
    ..Design::DEFAULT
};

/// Token accounts of `numbers`, of the CHOIR mint, which is zero here.
fn purses(numbers: &[u8]) -> Vec<Fixture> {
    let purse = |number: &u8| Fixture::token(Default::default(), member(*number), 0);
    numbers.iter().map(purse).collect()
}

/// A world after everyone denied a spec and its window ended, not yet settled.
fn denied_by_all(design: Design) -> World {
    let mut world = World::new(design);
    for seat in 0..MEMBERS {
        assert_eq!(world.vote(member(seat), Deny), Ok(()));
    }
    world.record().set(record::DEADLINE, 0);
    world
}

#[test]
fn at_close_deniers_share_and_the_treasury_takes_the_remainder() {
    let mut world = denied_by_all(AT_CLOSE);
    assert_eq!(world.settle(), Ok(()));
    let (record, thread) = (world.record(), world.thread());
    assert_eq!(record.get(record::STATUS), RecordStatus::Rejected);
    assert_eq!(record.get(record::DECIDED_SEQUENCE), 4);
    assert_eq!(thread.get(thread::SEQUENCE), 5);
    assert_eq!(thread.get(thread::REJECTED_COUNT), 1);
    assert_eq!(thread.get(thread::EXPIRED_COUNT), 0);
    assert_eq!(thread.get(thread::PENDING_COUNT), 0);
    assert_eq!(thread.get(thread::STAKE_TOTAL), 0);
    assert_eq!(thread.get(thread::ESCROW_TOTAL), 999);
    assert_eq!(thread.get(thread::TREASURY_PAID), 1);
    for seat in [2, 0, 1] {
        assert_eq!(world.claim(member(seat)), Ok(()));
        let again = world.claim(member(seat));
        assert_eq!(again, refused(Error::AlreadyClaimed));
    }
    assert_eq!(thread.get(thread::ESCROW_TOTAL), 0);
    assert_eq!(record.get(record::CLAIMS), 0b111);
}

#[test]
fn pushed_shares_leave_the_thread_and_nothing_is_claimed() {
    let mut world = World::new(PUSH);
    world.payees = purses(&[1]);
    assert_eq!(world.vote(member(1), Deny), Ok(()));
    let (record, thread) = (world.record(), world.thread());
    assert_eq!(record.get(record::STATUS), RecordStatus::Rejected);
    assert_eq!(thread.get(thread::STAKE_TOTAL), 0);
    assert_eq!(thread.get(thread::ESCROW_TOTAL), 0);
    assert_eq!(thread.get(thread::TREASURY_PAID), 0);
    assert_eq!(world.claim(member(1)), refused(Error::NothingToClaim));
}

#[test]
fn pushed_shares_of_many_leave_the_remainder_to_the_treasury() {
    let mut world = denied_by_all(Design {
        payout: Payout::Push,
        ..AT_CLOSE
    });
    let thread = world.thread();
    for offered in [&[][..], &[0, 1], &[2, 1, 0], &[0, 0, 0]] {
        world.payees = purses(offered);
        assert_eq!(world.settle(), refused(Error::PayeeUnavailable));
    }
    let status = world.record().get(record::STATUS);
    assert_eq!(status, RecordStatus::Pending);
    assert_eq!(thread.get(thread::STAKE_TOTAL), STAKE);
    world.payees = purses(&[0, 1, 2]);
    assert_eq!(world.settle(), Ok(()));
    assert_eq!(thread.get(thread::TREASURY_PAID), 1);
    assert_eq!(thread.get(thread::ESCROW_TOTAL), 0);
    assert_eq!(world.claim(member(1)), refused(Error::NothingToClaim));
}

#[test]
fn only_a_vote_that_decides_needs_payees() {
    let mut world = World::new(PUSH);
    for seat in 0..MEMBERS {
        assert_eq!(world.vote(member(seat), Approve), Ok(()));
    }
    let mut world = World::new(Design {
        rejection: Rejection::AtClose,
        ..PUSH
    });
    assert_eq!(world.vote(member(0), Deny), Ok(()));
    let mut world = World::new(Design {
        denial_share: DenialShare::Treasury,
        ..PUSH
    });
    assert_eq!(world.vote(member(0), Deny), Ok(()));
    assert_eq!(world.thread().get(thread::TREASURY_PAID), STAKE);
    let mut world = World::new(PUSH);
    world.record().set(record::DEADLINE, 0);
    assert_eq!(world.settle(), Ok(()), "the treasury is no payee");
}

#[test]
fn a_pushed_refund_goes_to_the_author() {
    let design = Design {
        expiry: Expiry::Refund,
        denial_share: DenialShare::Refund,
        ..PUSH
    };
    let (mut rejected, mut expired) = (World::new(design), World::new(design));
    expired.record().set(record::DEADLINE, 0);
    let mut ends: [&mut dyn FnMut(Vec<Fixture>) -> ProgramResult; 2] = [
        &mut |payees| {
            rejected.payees = payees;
            rejected.vote(member(1), Deny)
        },
        &mut |payees| {
            expired.payees = payees;
            expired.settle()
        },
    ];
    for end in &mut ends {
        assert_eq!(end(purses(&[1])), refused(Error::PayeeUnavailable));
        assert_eq!(end(purses(&[AUTHOR])), Ok(()));
    }
    for world in [&mut rejected, &mut expired] {
        assert_eq!(world.thread().get(thread::STAKE_TOTAL), 0);
        assert_eq!(world.thread().get(thread::ESCROW_TOTAL), 0);
        assert_eq!(world.thread().get(thread::TREASURY_PAID), 0);
        assert_eq!(world.claim(member(AUTHOR)), refused(Error::NothingToClaim));
    }
}

#[test]
fn a_claimed_refund_is_the_authors_once() {
    let design = Design {
        expiry: Expiry::Refund,
        denial_share: DenialShare::Refund,
        ..Design::DEFAULT
    };
    let (mut rejected, mut expired) = (World::new(design), World::new(design));
    assert_eq!(rejected.vote(member(0), Deny), Ok(()));
    expired.record().set(record::DEADLINE, 0);
    assert_eq!(expired.settle(), Ok(()));
    for world in [&mut rejected, &mut expired] {
        assert_eq!(world.thread().get(thread::ESCROW_TOTAL), STAKE);
        for other in [0, 1, 99] {
            assert_eq!(world.claim(member(other)), refused(Error::NothingToClaim));
        }
        assert_eq!(world.claim(member(AUTHOR)), Ok(()));
        assert_eq!(world.thread().get(thread::ESCROW_TOTAL), 0);
        assert_eq!(world.record().get(record::CLAIMS), 1);
        let again = world.claim(member(AUTHOR));
        assert_eq!(again, refused(Error::AlreadyClaimed));
    }
}

#[test]
fn what_the_treasury_got_nobody_claims() {
    let mut world = World::new(Design {
        denial_share: DenialShare::Treasury,
        ..Design::DEFAULT
    });
    assert_eq!(world.vote(member(0), Deny), Ok(()));
    assert_eq!(world.thread().get(thread::TREASURY_PAID), STAKE);
    for number in [0, AUTHOR] {
        assert_eq!(world.claim(member(number)), refused(Error::NothingToClaim));
    }
}

#[test]
fn each_refund_depends_on_its_own_choice() {
    let mut world = World::new(Design {
        expiry: Expiry::Refund,
        ..Design::DEFAULT
    });
    assert_eq!(world.vote(member(0), Deny), Ok(()));
    assert_eq!(world.claim(member(AUTHOR)), refused(Error::NothingToClaim));
    assert_eq!(world.claim(member(0)), Ok(()));
    let mut world = World::new(Design {
        denial_share: DenialShare::Refund,
        ..Design::DEFAULT
    });
    world.record().set(record::DEADLINE, 0);
    assert_eq!(world.settle(), Ok(()));
    assert_eq!(world.claim(member(AUTHOR)), refused(Error::NothingToClaim));
}

#[test]
fn nobody_claims_from_a_published_record() {
    for design in [Design::DEFAULT, PUSH] {
        let mut world = World::new(design);
        assert_eq!(world.claim(member(0)), refused(Error::NotDecided));
        world.record().set(record::STATUS, RecordStatus::Published);
        world.record().set(record::APPROVALS, 0b111);
        for number in [0, AUTHOR] {
            assert_eq!(world.claim(member(number)), refused(Error::NothingToClaim));
        }
    }
}

#[test]
fn payees_come_after_duplicates_and_before_overflow() {
    let mut world = World::new(PUSH);
    world.thread().set(thread::SEQUENCE, u64::MAX);
    world.record().set(record::APPROVALS, 1);
    assert_eq!(world.vote(member(0), Deny), refused(Error::AlreadyVoted));
    let unavailable = refused(Error::PayeeUnavailable);
    assert_eq!(world.vote(member(1), Deny), unavailable);
    world.payees = purses(&[1]);
    assert_eq!(world.vote(member(1), Deny), refused(Error::Overflow));
    assert_eq!(world.record().get(record::DENIALS), 0);
}

#[test]
fn payees_of_a_settlement_come_after_the_clock_and_before_overflow() {
    let mut world = denied_by_all(Design {
        payout: Payout::Push,
        ..AT_CLOSE
    });
    world.thread().set(thread::SEQUENCE, u64::MAX);
    world.record().set(record::DEADLINE, 1);
    assert_eq!(world.settle(), refused(Error::WindowOpen));
    world.record().set(record::DEADLINE, 0);
    assert_eq!(world.settle(), refused(Error::PayeeUnavailable));
    world.payees = purses(&[0, 1, 2]);
    assert_eq!(world.settle(), refused(Error::Overflow));
}
