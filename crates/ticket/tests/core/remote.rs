//! A store elsewhere, as the trait's documentation has it in Redis: commands, keys that expire by its own clock, and
//! nothing else.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use longwave_ticket::{Burnt, Put, Record, StoreError, SubjectHash, TicketId, TicketStore, UnixMillis};

type Name = (char, Vec<u8>);

#[derive(Debug, Default)]
struct Commands {
    clock: Duration,
    strings: HashMap<Name, (Vec<u8>, Duration)>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Remote(Arc<Mutex<Commands>>);

impl Remote {
    /// Sets the clock of the store, in milliseconds.
    pub(crate) fn at(&self, millis: u64) {
        self.commands().clock = Duration::from_millis(millis);
    }

    fn commands(&self) -> MutexGuard<'_, Commands> {
        self.0.lock().unwrap()
    }
}

impl Commands {
    fn get(&mut self, name: &Name) -> Option<Vec<u8>> {
        let clock = self.clock;
        self.strings.retain(|_, (_, end)| *end > clock);
        self.strings.get(name).map(|(value, _)| value.clone())
    }

    /// `SET name value NX PX ttl`, which takes no time to live that is not positive.
    fn set_nx_px(&mut self, name: Name, value: Vec<u8>, ttl: Duration) -> bool {
        assert!(ttl.as_millis() > 0, "ERR invalid expire time in 'set' command");
        let free = self.get(&name).is_none();
        if free {
            let end = self.clock + ttl;
            self.strings.insert(name, (value, end));
        }
        free
    }
}

/// `t:` and the hexadecimal digest, for claims.
fn ticket(id: &TicketId) -> Name {
    ('t', id.digest().to_vec())
}

/// `u:` and the same, for what is spent.
fn used(id: &TicketId) -> Name {
    ('u', id.digest().to_vec())
}

impl TicketStore for Remote {
    const SHARED: bool = true;

    async fn put(&self, id: &TicketId, record: Record<'_>, _: UnixMillis) -> Result<Put, StoreError> {
        let stored = self.commands().set_nx_px(ticket(id), record.claims().to_vec(), record.ttl());
        Ok(if stored { Put::Stored } else { Put::Duplicate })
    }

    async fn take(&self, id: &TicketId, _: UnixMillis) -> Result<Option<Vec<u8>>, StoreError> {
        let mut commands = self.commands();
        let value = commands.get(&ticket(id));
        commands.strings.remove(&ticket(id));
        Ok(value)
    }

    async fn peek(&self, id: &TicketId, _: UnixMillis) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.commands().get(&ticket(id)))
    }

    async fn burn(&self, id: &TicketId, until: UnixMillis, now: UnixMillis) -> Result<Burnt, StoreError> {
        let first = self.commands().set_nx_px(used(id), vec![1], until.since(now));
        Ok(if first { Burnt::Now } else { Burnt::Before })
    }

    async fn forget_subject(&self, _: SubjectHash, _: UnixMillis) -> Result<u64, StoreError> {
        Err(StoreError::Unavailable)
    }
}
