//! One instruction per file, all of the same shape: guards in the order of L3, then effects, then
//! events. Whatever can be refused is refused before the first effect.

pub mod claim;
pub mod create_thread;
pub mod initialize;
pub mod settle;
pub mod submit_message;
pub mod submit_spec;
pub mod vote;

#[cfg(test)]
mod design_tests;
#[cfg(test)]
mod payout_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;
