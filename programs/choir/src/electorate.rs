//! Who must approve a spec for it to be published (M3, M4).

use crate::{
    generated::{record, thread, Electorate, Record, Thread},
    seats,
    state::State,
    votes,
};

/// The bits of the seats in the electorate of a pending record, as of now.
///
/// Never empty: the creator, seat 0, is in it, and the author of a spec had no seat at submission.
pub fn members(rule: Electorate, thread: &State<Thread>, record: &State<Record>) -> u32 {
    match rule {
        Electorate::Snapshot => votes::first(record.get(record::ELECTORATE_SIZE)),
        Electorate::Live => {
            let author = seats::seat_of(thread, &record.get(record::AUTHOR));
            let own = author.and_then(votes::bit).unwrap_or(0);
            votes::first(thread.get(thread::CO_AUTHOR_COUNT)) & !own
        }
    }
}

/// Whether everyone in the electorate approved.
pub fn is_unanimous(electorate: u32, approvals: u32) -> bool {
    approvals & electorate == electorate
}

#[cfg(test)]
#[path = "electorate_tests.rs"]
mod tests;
