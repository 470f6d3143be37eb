//! `initialize`: fix mint, design and parameters once, mint the supply, give up the mint (L1).

use pinocchio::{cpi::Seed, ProgramResult};
use pinocchio_token::instructions::AuthorityType;

use crate::{
    accounts::{is_vacant, Accounts, Call},
    create::{create, Creation},
    generated::{
        config, initialize::*, Capacity, Config, DenialShare, Design, Electorate, Error, Expiry,
        Payout, RecordKey, Rejection, CONFIG_SEED, MIN_STAKE_FLOOR, SEATS, SUPPLY, SYSTEM_PROGRAM as
        SYSTEM, TOKEN_PROGRAM as TOKEN, TREASURY_SEED,
    },
    layout::Kind,
    pda,
    state::State,
    tokens::{self, NewVault},
};

/// The design this program executes.
const DEFAULT_DESIGN: Design = Design {
    expiry: Expiry::Treasury,
    rejection: Rejection::FirstDenial,
    electorate: Electorate::Snapshot,
    payout: Payout::Claim,
    capacity: Capacity::Reserve,
    record_key: RecordKey::ThreadAuthorHash,
    denial_share: DenialShare::Deniers,
};

#[inline(never)]
pub fn run(call: &Call) -> ProgramResult {
    // GUARD 1: accounts
    let accounts = Accounts::new(call, ACCOUNTS)?;
    let authority = accounts.any(AUTHORITY)?;
    let config = accounts.any(CONFIG)?;
    let (mint, found) = accounts.new_mint(MINT, authority.address())?;
    let treasury = accounts.any(TREASURY)?;
    let (destination, _) = accounts.token_account(DESTINATION, mint.address(), None)?;
    accounts.at(TOKEN_PROGRAM, &TOKEN)?;
    accounts.at(SYSTEM_PROGRAM, &SYSTEM)?;

    // GUARD 2: arguments and ranges
    let arguments = Arguments::decode(call.arguments).ok_or(Error::InvalidArguments)?;
    check_ranges(&arguments)?;

    // GUARD 2b: accounts to be created
    let bump = pda::canonical(config, &[CONFIG_SEED], call.program)?;
    let treasury_bump = pda::canonical(treasury, &[TREASURY_SEED], call.program)?;
    if !is_vacant(config) {
        return Err(Error::AlreadyInitialized.into());
    }

    // EFFECTS
    let seeds = [Seed::from(CONFIG_SEED), Seed::from(core::slice::from_ref(&bump))];
    create(&Creation {
        payer: authority,
        account: config,
        seeds: &seeds,
        size: Config::SIZE,
        owner: call.program,
    })?;
    let mut state = State::<Config>::begin(config);
    state.set(config::BUMP, bump);
    state.set(config::TREASURY_BUMP, treasury_bump);
    state.set(config::MINT, *mint.address());
    state.set(config::DESIGN, arguments.design);
    state.set(config::APPROVAL_WINDOW, arguments.approval_window);
    state.set(config::MIN_STAKE, arguments.min_stake);
    state.set(config::MAX_CO_AUTHORS, arguments.max_co_authors);
    let seeds = [Seed::from(TREASURY_SEED), Seed::from(core::slice::from_ref(&treasury_bump))];
    tokens::create_vault(&NewVault {
        payer: authority,
        account: treasury,
        seeds: &seeds,
        mint,
        owner: config.address(),
    })?;
    tokens::mint_to(mint, destination, authority, SUPPLY)?;
    tokens::revoke(mint, authority, AuthorityType::MintTokens)?;
    if found.freeze_authority.is_some() {
        tokens::revoke(mint, authority, AuthorityType::FreezeAccount)?;
    }

    // EMITS nothing: there is no thread yet
    Ok(())
}

fn check_ranges(arguments: &Arguments) -> Result<(), Error> {
    let in_range = arguments.design == DEFAULT_DESIGN
        && arguments.approval_window >= 1
        && arguments.min_stake >= MIN_STAKE_FLOOR
        && (1..=SEATS).contains(&arguments.max_co_authors);
    if in_range {
        Ok(())
    } else {
        Err(Error::InvalidParameter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: Arguments = Arguments {
        design: DEFAULT_DESIGN,
        approval_window: 1,
        min_stake: MIN_STAKE_FLOOR,
        max_co_authors: 1,
    };

    #[test]
    fn ranges() {
        let design = Design {
            denial_share: DenialShare::Refund,
            ..DEFAULT_DESIGN
        };
        let wrong = [
            Arguments { design, ..RIGHT },
            Arguments { approval_window: 0, ..RIGHT },
            Arguments { approval_window: i64::MIN, ..RIGHT },
            Arguments { min_stake: MIN_STAKE_FLOOR - 1, ..RIGHT },
            Arguments { max_co_authors: 0, ..RIGHT },
            Arguments { max_co_authors: SEATS + 1, ..RIGHT },
        ];
        for arguments in wrong {
            assert_eq!(check_ranges(&arguments), Err(Error::InvalidParameter));
        }
        assert_eq!(check_ranges(&RIGHT), Ok(()));
        assert_eq!(check_ranges(&Arguments { max_co_authors: SEATS, ..RIGHT }), Ok(()));
    }
}
