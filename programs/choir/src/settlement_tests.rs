use super::*;

const STAKES: [u64; 7] = [32, 33, 63, 64, 1_000_000_007, u64::MAX - 1, u64::MAX];

/// A rejection by five, or an expiry, of a stake of 32: balance, escrow, payees, treasury, share.
fn row(status: RecordStatus, design: Design) -> [u64; 5] {
    let ending = match status {
        RecordStatus::Rejected => Ending::rejection(&design, 0b11111),
        _ => Ending::expiry(&design),
    };
    assert_eq!(ending.status, status);
    let parts = ending.settlement(32);
    assert_eq!(ending.share(32), parts.share);
    [
        parts.to_balance,
        parts.to_escrow,
        parts.to_payees,
        parts.to_treasury,
        parts.share,
    ]
}

fn rejected(denial_share: DenialShare, payout: Payout) -> [u64; 5] {
    // a rejection does not depend on what becomes of expired stakes
    let [row, same] = [Expiry::Treasury, Expiry::Refund].map(|expiry| {
        row(
            RecordStatus::Rejected,
            Design {
                denial_share,
                payout,
                expiry,
                ..Design::DEFAULT
            },
        )
    });
    assert_eq!(row, same);
    row
}

fn expired(expiry: Expiry, payout: Payout) -> [u64; 5] {
    // an expiry does not depend on who gets rejected stakes
    let shares = [
        DenialShare::Deniers,
        DenialShare::Treasury,
        DenialShare::Refund,
    ];
    let [row, same, too] = shares.map(|denial_share| {
        row(
            RecordStatus::Expired,
            Design {
                denial_share,
                payout,
                expiry,
                ..Design::DEFAULT
            },
        )
    });
    assert_eq!((row, row), (same, too));
    row
}

#[test]
fn every_row_of_the_table() {
    use Payout::{Claim, Push};
    assert_eq!(rejected(DenialShare::Deniers, Claim), [0, 30, 0, 2, 6]);
    assert_eq!(rejected(DenialShare::Deniers, Push), [0, 0, 30, 2, 6]);
    assert_eq!(rejected(DenialShare::Treasury, Claim), [0, 0, 0, 32, 0]);
    assert_eq!(rejected(DenialShare::Treasury, Push), [0, 0, 0, 32, 0]);
    assert_eq!(rejected(DenialShare::Refund, Claim), [0, 32, 0, 0, 32]);
    assert_eq!(rejected(DenialShare::Refund, Push), [0, 0, 32, 0, 32]);
    assert_eq!(expired(Expiry::Treasury, Claim), [0, 0, 0, 32, 0]);
    assert_eq!(expired(Expiry::Treasury, Push), [0, 0, 0, 32, 0]);
    assert_eq!(expired(Expiry::Refund, Claim), [0, 32, 0, 0, 32]);
    assert_eq!(expired(Expiry::Refund, Push), [0, 0, 32, 0, 32]);
}

#[test]
fn shares_are_equal_and_nothing_is_lost() {
    for payout in [Payout::Claim, Payout::Push] {
        let design = Design {
            payout,
            ..Design::DEFAULT
        };
        for (stake, deniers) in STAKES
            .into_iter()
            .flat_map(|stake| (1..=32u32).map(move |deniers| (stake, deniers)))
        {
            let parts = Ending::rejection(&design, u32::MAX >> (32 - deniers)).settlement(stake);
            assert!(parts.share > 0);
            let shares = parts.to_escrow + parts.to_payees;
            assert_eq!(shares, parts.share * u64::from(deniers));
            assert_eq!(shares + parts.to_treasury, stake);
            assert!(parts.to_treasury < u64::from(deniers));
        }
    }
}

#[test]
fn shares_count_deniers_not_seats() {
    let parts = Ending::rejection(&Design::DEFAULT, 1 << 17).settlement(1_000_000_007);
    assert_eq!((parts.share, parts.to_treasury), (1_000_000_007, 0));
}

#[test]
fn a_publication_earns_the_stake_for_the_thread() {
    for stake in STAKES {
        let earned = Settlement {
            to_balance: stake,
            ..Settlement::default()
        };
        assert_eq!(Settlement::publication(stake), earned);
    }
}
