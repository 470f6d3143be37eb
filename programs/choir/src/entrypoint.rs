//! Guard 0: which instruction is called.

use pinocchio::{AccountView, Address, ProgramResult};

use crate::{
    accounts::Call,
    generated::{self, Error},
    instructions,
};

/// Accounts that are looked at: those of an instruction, and one for each denier to be paid.
const ACCOUNTS: usize = generated::MOST_ACCOUNTS + generated::SEATS as usize;

pinocchio::program_entrypoint!(process, { ACCOUNTS });
pinocchio::default_allocator!();
pinocchio::nostd_panic_handler!();

/// Run the instruction that the discriminator names.
pub fn process(program: &Address, views: &mut [AccountView], data: &[u8]) -> ProgramResult {
    let Some((discriminator, arguments)) = data.split_first_chunk::<8>() else {
        return Err(Error::UnknownInstruction.into());
    };
    let call = Call {
        program,
        views,
        arguments,
    };
    match *discriminator {
        generated::initialize::DISCRIMINATOR => instructions::initialize::run(&call),
        generated::create_thread::DISCRIMINATOR => instructions::create_thread::run(&call),
        generated::submit_message::DISCRIMINATOR => instructions::submit_message::run(&call),
        generated::submit_spec::DISCRIMINATOR => instructions::submit_spec::run(&call),
        generated::vote::DISCRIMINATOR => instructions::vote::run(&call),
        generated::settle::DISCRIMINATOR => instructions::settle::run(&call),
        generated::claim::DISCRIMINATOR => instructions::claim::run(&call),
        _ => Err(Error::UnknownInstruction.into()),
    }
}

#[cfg(test)]
#[path = "entrypoint_tests.rs"]
mod tests;
