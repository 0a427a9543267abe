//! A room in which everyone hears what anyone says: its last lines, and who is there. It belongs to no generation, so
//! that a deploy moves its members and forgets nothing.

mod member;
mod pace;
mod words;

use std::collections::VecDeque;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use longwave_ws_hyper::Prepared;
use tokio::sync::{broadcast, watch};

pub(crate) use self::member::{Arrival, options};
use self::words::Told;

/// The room. Clones are of the same.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Tells this room's lines from those of any other run: numbers start again, epochs do not.
    epoch: u32,
    names: RandomState,
    /// A member who is too slow for it misses lines, and is told how many.
    said: broadcast::Sender<Prepared>,
    /// Only ever the latest number, however many come and go at once.
    members: watch::Sender<usize>,
    history: Mutex<History>,
}

#[derive(Debug, Default)]
struct History {
    /// How many lines were said, ever.
    number: u64,
    last: VecDeque<Prepared>,
}

/// A member's place, given up when dropped.
#[derive(Debug)]
struct Seat {
    room: Room,
    lines: broadcast::Receiver<Prepared>,
    members: watch::Receiver<usize>,
}

impl Room {
    pub(crate) fn new() -> Self {
        let shared = Shared {
            epoch: fastrand::u32(..),
            names: RandomState::new(),
            said: broadcast::Sender::new(BACKLOG),
            members: watch::Sender::new(0),
            history: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Takes a member in, and hands out what was said last.
    fn join(&self) -> (Seat, Vec<Prepared>) {
        let (lines, last) = {
            // Under one lock, so that no line is lost in between and none comes twice.
            let history = self.lock();
            (self.shared.said.subscribe(), history.last.iter().cloned().collect())
        };
        self.shared.members.send_modify(|members| *members += 1);
        let members = self.shared.members.subscribe();
        (Seat { room: self.clone(), lines, members }, last)
    }

    fn say(&self, who: &str, text: &str) {
        let mut history = self.lock();
        history.number += 1;
        let line = Told::Line { number: history.number, who, text }.prepare();
        if history.last.len() == HISTORY {
            history.last.pop_front();
        }
        history.last.push_back(line.clone());
        // Whoever has said it may have left meanwhile, and nobody else be there.
        let _unheard = self.shared.said.send(line);
    }

    /// A call sign, the same for the same client whenever it comes. It does not give away the client's own name, which
    /// is what the client's streams answer to.
    fn call_sign(&self, client: Option<&str>) -> String {
        let hash = client.map_or_else(|| fastrand::u64(..), |client| self.shared.names.hash_one(client));
        let letter = |number: u64| char::from(b'A' + (number % 26) as u8);
        format!("{}{}-{:03}", letter(hash), letter(hash / 26), hash / 26 / 26 % 1000)
    }

    fn lock(&self) -> MutexGuard<'_, History> {
        self.shared.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.room.shared.members.send_modify(|members| *members -= 1);
    }
}

/// So many lines is whoever joins told.
const HISTORY: usize = 50;

/// So many lines may a member be behind.
const BACKLOG: usize = 64;

#[cfg(test)]
mod tests {
    use tokio::sync::broadcast::error::TryRecvError;

    use super::*;

    #[test]
    fn who_joins_gets_the_last_lines_and_then_every_new_one() {
        let room = Room::new();
        for number in 1..=HISTORY + 5 {
            room.say("AA-001", &number.to_string());
        }
        let (mut seat, last) = room.join();
        assert_eq!(last.len(), HISTORY);
        assert!(matches!(seat.lines.try_recv(), Err(TryRecvError::Empty)));
        room.say("AA-001", "new");
        assert!(seat.lines.try_recv().is_ok());
    }

    #[test]
    fn who_is_too_slow_misses_lines_and_knows_how_many() {
        let room = Room::new();
        let (mut seat, _) = room.join();
        for _ in 0..BACKLOG + 3 {
            room.say("AA-001", "much");
        }
        assert!(matches!(seat.lines.try_recv(), Err(TryRecvError::Lagged(3))));
    }

    #[test]
    fn a_place_is_given_up_when_dropped() {
        let room = Room::new();
        let (first, _) = room.join();
        let (second, _) = room.join();
        assert_eq!(*first.members.borrow(), 2);
        drop(second);
        assert_eq!(*first.members.borrow(), 1);
    }

    #[test]
    fn a_call_sign_is_a_clients_own_for_good() {
        let room = Room::new();
        let sign = room.call_sign(Some("one"));
        assert_eq!(sign, room.call_sign(Some("one")));
        assert_eq!(sign.len(), 6, "{sign}");
    }
}
