//! The co-authors of a thread (M7).

use pinocchio::Address;

use crate::{
    generated::{thread, Error, Thread},
    state::State,
};

/// The seat of `member`, if taken.
pub fn seat_of(thread: &State<Thread>, member: &Address) -> Option<u8> {
    let taken = thread.get(thread::CO_AUTHOR_COUNT);
    (0..taken).find(|seat| thread.get(thread::SEATS.item(usize::from(*seat))) == *member)
}

/// The next free seat, if fewer than `limit` are taken (guard 8). Where submission reserves a seat,
/// there always is one.
pub fn free_seat(thread: &State<Thread>, limit: u8) -> Result<u8, Error> {
    let seat = thread.get(thread::CO_AUTHOR_COUNT);
    if seat < limit {
        Ok(seat)
    } else {
        Err(Error::ThreadFull)
    }
}

/// Seat `member` in the free seat `seat`.
pub fn take_seat(thread: &mut State<Thread>, seat: u8, member: Address) {
    thread.set(thread::SEATS.item(usize::from(seat)), member);
    thread.set(thread::CO_AUTHOR_COUNT, seat + 1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixtures::Fixture, generated::SEATS};

    #[test]
    fn seats_are_taken_in_order_until_none_is_left() {
        let mut account = Fixture::state::<Thread>();
        let mut state = State::load(&account.view()).unwrap();
        assert_eq!(seat_of(&state, &Address::default()), None);
        for number in 0..SEATS {
            let member = Address::from([number + 1; 32]);
            assert_eq!(seat_of(&state, &member), None);
            assert_eq!(free_seat(&state, number), Err(Error::ThreadFull));
            assert_eq!(free_seat(&state, SEATS), Ok(number));
            take_seat(&mut state, number, member);
            assert_eq!(seat_of(&state, &member), Some(number));
        }
        assert_eq!(free_seat(&state, SEATS), Err(Error::ThreadFull));
        assert_eq!(seat_of(&state, &Address::from([1; 32])), Some(0));
    }
}
