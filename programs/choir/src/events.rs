//! Events and their numbers (L6).

use pinocchio::Address;

use crate::{
    generated::{event_head, thread, Error, Thread, LONGEST_EVENT},
    layout::{put, Event},
    state::State,
    syscalls::log_data,
};

/// The events of one instruction: consecutive numbers of one thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    pub first: u64,
    pub last: u64,
}

impl Batch {
    /// The next `count` numbers of the thread; `Overflow` where they end (guard 9).
    pub fn next(thread: &State<Thread>, count: u64) -> Result<Self, Error> {
        Self::after(thread.get(thread::SEQUENCE), count)
    }

    fn after(sequence: u64, count: u64) -> Result<Self, Error> {
        let last = sequence.checked_add(count).ok_or(Error::Overflow)?;
        Ok(Self {
            first: sequence + 1,
            last,
        })
    }

    /// Log the batch's events, one `event` call after another.
    pub fn log(self, thread: &State<Thread>) -> Log {
        Log {
            thread: *thread.view().address(),
            batch: self,
            next: self.first,
        }
    }
}

/// Logs the events of a batch in order.
pub struct Log {
    thread: Address,
    batch: Batch,
    next: u64,
}

impl Log {
    /// Log `event` under the next number: discriminator, head, fields, as one field of data.
    #[inline(always)]
    pub fn event<E: Event>(&mut self, event: &E) {
        let mut buffer = [0; LONGEST_EVENT];
        log_data(self.encode(event, &mut buffer));
    }

    #[inline(always)]
    fn encode<'b, E: Event>(&mut self, event: &E, buffer: &'b mut [u8; LONGEST_EVENT]) -> &'b [u8] {
        let bytes = &mut buffer[..E::SIZE];
        bytes[..8].copy_from_slice(&E::DISCRIMINATOR);
        put(bytes, event_head::THREAD, self.thread);
        put(bytes, event_head::SEQUENCE, self.next);
        put(bytes, event_head::FIRST_SEQUENCE, self.batch.first);
        put(bytes, event_head::LAST_SEQUENCE, self.batch.last);
        event.write_fields(bytes);
        // wraps only after the last number of all, when no event follows
        self.next = self.next.wrapping_add(1);
        bytes
    }
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
