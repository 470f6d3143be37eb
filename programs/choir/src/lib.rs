//! Choir's ledger program: who owns a thread, the tokens, the votes and the hashes of what was
//! said.
//!
//! The exact behaviour is `docs/ledger-program.md`; names, codes and layouts are `generated`, from
//! `choir.idl.json`. Comments cite the clauses of the specification (L3, M5, ...).
#![no_std]

#[cfg(test)]
extern crate std;

// Named so that the linker keeps them: without these two lines the program builds, and faults when
// it is run.
#[cfg(target_arch = "bpf")]
use sbf_builtins as _;
#[cfg(target_arch = "bpf")]
use solana_compiler_builtins as _;

pub mod accounts;
pub mod commitment;
pub mod create;
pub mod decision;
pub mod electorate;
pub mod entrypoint;
pub mod events;
#[rustfmt::skip]
pub mod generated;
pub mod instructions;
pub mod layout;
pub mod payees;
pub mod pda;
pub mod records;
pub mod seats;
pub mod settlement;
pub mod spl;
pub mod state;
pub mod syscalls;
pub mod tokens;
pub mod votes;

#[cfg(test)]
mod fixtures;
