//! Guard 1 (L3): each account is what its role demands, checked in the documented order:
//! owner, address, data, mint, token owner, fitness, writable, signer.

use pinocchio::{error::ProgramError, AccountView, Address};

use crate::{
    generated::{
        config, record, Config, Error, Record, Thread, DECIMALS, SYSTEM_PROGRAM, TOKEN_PROGRAM,
    },
    layout::{Kind, Role},
    pda::{self, Vault},
    spl::{self, Mint, TokenAccount},
    state::State,
};

/// A call of an instruction. One reference instead of its five words: the target passes no more
/// than five arguments, and the place of the result is one of them.
pub struct Call<'a> {
    pub program: &'a Address,
    pub views: &'a [AccountView],
    pub arguments: &'a [u8],
}

/// The accounts a call brought, which nobody has looked at yet.
pub struct Accounts<'a> {
    program: &'a Address,
    views: &'a [AccountView],
}

impl<'a> Accounts<'a> {
    /// The first `count` accounts; more are ignored.
    #[inline(always)]
    pub fn new(call: &Call<'a>, count: usize) -> Result<Self, ProgramError> {
        match call.views.get(..count) {
            Some(views) => Ok(Self {
                program: call.program,
                views,
            }),
            None => Err(Error::MissingAccount.into()),
        }
    }

    /// An account of which nothing but its flags is asked: a party, or an account to be created.
    #[inline(always)]
    pub fn any(&self, role: Role) -> Result<&'a AccountView, ProgramError> {
        let view = self.view(role);
        flags(view, role)?;
        Ok(view)
    }

    /// An account at a known address.
    #[inline(always)]
    pub fn at(&self, role: Role, address: &Address) -> Result<&'a AccountView, ProgramError> {
        let view = self.view(role);
        if view.address() != address {
            return Err(Error::WrongAddress.into());
        }
        flags(view, role)?;
        Ok(view)
    }

    /// A config or a thread. Its address needs no check: only this program makes one, at its PDA.
    #[inline(always)]
    pub fn state<K: Kind>(&self, role: Role) -> Result<State<K>, ProgramError> {
        let view = self.view(role);
        let state = self.owned(view)?;
        flags(view, role)?;
        Ok(state)
    }

    /// A record of `thread`, or None where there is none yet.
    #[inline(always)]
    pub fn record(
        &self,
        role: Role,
        thread: &State<Thread>,
    ) -> Result<Option<State<Record>>, ProgramError> {
        let view = self.view(role);
        if is_vacant(view) {
            flags(view, role)?;
            return Ok(None);
        }
        let state = self.owned(view)?;
        if state.get(record::THREAD) != *thread.view().address() {
            return Err(Error::WrongAddress.into());
        }
        flags(view, role)?;
        Ok(Some(state))
    }

    /// A vault of `thread`.
    #[inline(always)]
    pub fn vault(
        &self,
        role: Role,
        vault: &Vault,
        thread: &State<Thread>,
    ) -> Result<&'a AccountView, ProgramError> {
        self.at(role, &vault.address(thread, self.program))
    }

    #[inline(always)]
    pub fn treasury(
        &self,
        role: Role,
        config: &State<Config>,
    ) -> Result<&'a AccountView, ProgramError> {
        self.at(
            role,
            &pda::treasury(config.get(config::TREASURY_BUMP), self.program),
        )
    }

    /// A token account of `mint`, and what it holds.
    #[inline(always)]
    pub fn token_account(
        &self,
        role: Role,
        mint: &Address,
        owner: Option<&Address>,
    ) -> Result<(&'a AccountView, TokenAccount), ProgramError> {
        let view = self.view(role);
        let account = foreign(view, TokenAccount::read)?;
        if account.mint != *mint {
            return Err(Error::WrongMint.into());
        }
        if owner.is_some_and(|owner| account.owner != *owner) {
            return Err(Error::WrongTokenOwner.into());
        }
        flags(view, role)?;
        Ok((view, account))
    }

    /// A mint that is fit to become CHOIR: all about it is still in `authority`'s hands (L1).
    #[inline(always)]
    pub fn new_mint(
        &self,
        role: Role,
        authority: &Address,
    ) -> Result<(&'a AccountView, Mint), ProgramError> {
        let view = self.view(role);
        let mint = foreign(view, Mint::read)?;
        if !is_fit(&mint, authority) {
            return Err(Error::InvalidMint.into());
        }
        flags(view, role)?;
        Ok((view, mint))
    }

    #[inline(always)]
    fn view(&self, role: Role) -> &'a AccountView {
        &self.views[usize::from(role.index)]
    }

    #[inline(always)]
    fn owned<K: Kind>(&self, view: &AccountView) -> Result<State<K>, ProgramError> {
        if !view.owned_by(self.program) {
            return Err(Error::WrongOwner.into());
        }
        State::load(view).ok_or(Error::WrongDiscriminator.into())
    }
}

/// Owned by the system program and without data: nothing was created here. Lamports do not matter,
/// since anyone may send some.
pub fn is_vacant(view: &AccountView) -> bool {
    view.data_len() == 0 && view.owned_by(&SYSTEM_PROGRAM)
}

fn is_fit(mint: &Mint, authority: &Address) -> bool {
    mint.decimals == DECIMALS
        && mint.supply == 0
        && mint.authority == Some(*authority)
        && mint
            .freeze_authority
            .is_none_or(|freeze| freeze == *authority)
}

/// An account of SPL Token.
#[inline(always)]
fn foreign<T>(view: &AccountView, read: fn(&[u8]) -> Option<T>) -> Result<T, ProgramError> {
    if !view.owned_by(&TOKEN_PROGRAM) {
        return Err(Error::WrongOwner.into());
    }
    spl::read(view, read).ok_or(Error::WrongDiscriminator.into())
}

#[inline(always)]
fn flags(view: &AccountView, role: Role) -> Result<(), ProgramError> {
    if role.writable && !view.is_writable() {
        return Err(Error::NotWritable.into());
    }
    if role.signer && !view.is_signer() {
        return Err(Error::MissingSigner.into());
    }
    Ok(())
}

#[cfg(test)]
#[path = "accounts_tests.rs"]
mod tests;
