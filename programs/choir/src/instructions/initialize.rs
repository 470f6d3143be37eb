//! `initialize`: fix mint, design and parameters once, mint the supply, give up the mint (L1).

use pinocchio::{cpi::Seed, AccountView, Address, ProgramResult};
use pinocchio_token::instructions::AuthorityType;

use crate::{
    accounts::{is_vacant, Accounts, Call},
    create::{create, Creation},
    generated::{
        config, initialize::*, Config, Error, CONFIG_SEED, MIN_STAKE_FLOOR, SEATS, SUPPLY,
        SYSTEM_PROGRAM as SYSTEM, TOKEN_PROGRAM as TOKEN, TREASURY_SEED,
    },
    layout::Kind,
    pda,
    state::State,
    tokens::{self, NewVault},
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
    let genesis = Genesis {
        authority,
        config,
        mint,
        treasury,
        destination,
        arguments,
        bump,
        treasury_bump,
    };
    genesis.create_config(call.program)?;
    genesis.create_treasury()?;
    genesis.mint_supply(found.freeze_authority.is_some())

    // EMITS nothing: there is no thread yet
}

/// The accounts and arguments of the one initialization, admitted.
struct Genesis<'a> {
    authority: &'a AccountView,
    config: &'a AccountView,
    mint: &'a AccountView,
    treasury: &'a AccountView,
    destination: &'a AccountView,
    arguments: Arguments,
    bump: u8,
    treasury_bump: u8,
}

impl Genesis<'_> {
    fn create_config(&self, program: &Address) -> ProgramResult {
        let bump = [self.bump];
        create(&Creation {
            payer: self.authority,
            account: self.config,
            seeds: &[Seed::from(CONFIG_SEED), Seed::from(&bump)],
            size: Config::SIZE,
            owner: program,
        })?;
        let mut state = State::<Config>::begin(self.config);
        state.set(config::BUMP, self.bump);
        state.set(config::TREASURY_BUMP, self.treasury_bump);
        state.set(config::MINT, *self.mint.address());
        state.set(config::DESIGN, self.arguments.design);
        state.set(config::APPROVAL_WINDOW, self.arguments.approval_window);
        state.set(config::MIN_STAKE, self.arguments.min_stake);
        state.set(config::MAX_CO_AUTHORS, self.arguments.max_co_authors);
        Ok(())
    }

    fn create_treasury(&self) -> ProgramResult {
        let bump = [self.treasury_bump];
        tokens::create_vault(&NewVault {
            payer: self.authority,
            account: self.treasury,
            seeds: &[Seed::from(TREASURY_SEED), Seed::from(&bump)],
            mint: self.mint,
            owner: self.config.address(),
        })
    }

    /// Mint everything there will ever be, then see to it that nobody can mint or freeze again.
    fn mint_supply(&self, has_freeze_authority: bool) -> ProgramResult {
        let (mint, authority) = (self.mint, self.authority);
        tokens::mint_to(mint, self.destination, authority, SUPPLY)?;
        tokens::revoke(mint, authority, AuthorityType::MintTokens)?;
        if has_freeze_authority {
            tokens::revoke(mint, authority, AuthorityType::FreezeAccount)?;
        }
        Ok(())
    }
}

fn check_ranges(arguments: &Arguments) -> Result<(), Error> {
    let in_range = arguments.approval_window >= 1
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
    use crate::generated::{DenialShare, Design};

    const RIGHT: Arguments = Arguments {
        design: Design::DEFAULT,
        approval_window: 1,
        min_stake: MIN_STAKE_FLOOR,
        max_co_authors: 1,
    };

    #[test]
    fn ranges() {
        let wrong = [
            Arguments {
                approval_window: 0,
                ..RIGHT
            },
            Arguments {
                approval_window: i64::MIN,
                ..RIGHT
            },
            Arguments {
                min_stake: MIN_STAKE_FLOOR - 1,
                ..RIGHT
            },
            Arguments {
                max_co_authors: 0,
                ..RIGHT
            },
            Arguments {
                max_co_authors: SEATS + 1,
                ..RIGHT
            },
        ];
        for arguments in wrong {
            assert_eq!(check_ranges(&arguments), Err(Error::InvalidParameter));
        }
        assert_eq!(check_ranges(&RIGHT), Ok(()));
        let design = Design {
            denial_share: DenialShare::Refund,
            ..Design::DEFAULT
        };
        assert_eq!(check_ranges(&Arguments { design, ..RIGHT }), Ok(()));
        assert_eq!(
            check_ranges(&Arguments {
                max_co_authors: SEATS,
                ..RIGHT
            }),
            Ok(())
        );
    }
}
