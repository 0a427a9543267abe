//! A store elsewhere, as the trait's documentation has it in Redis: commands, keys that expire by its own clock, and
//! nothing else.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use longwave_ticket::{
    Bound, Burnt, Put, Record, StoreError, SubjectHash, TicketId, TicketStore, UnixMillis,
};

type Name = (char, Vec<u8>);

#[derive(Debug, Default)]
struct Commands {
    clock: Duration,
    strings: HashMap<Name, (Vec<u8>, Duration)>,
    /// Each expires with its last member.
    sets: HashMap<SubjectHash, BTreeSet<(UnixMillis, Vec<u8>)>>,
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

    /// `GETDEL name`
    fn get_del(&mut self, name: &Name) -> Option<Vec<u8>> {
        let value = self.get(name);
        self.strings.remove(name);
        value
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

    async fn put(&self, id: &TicketId, record: Record<'_>, now: UnixMillis) -> Result<Put, StoreError> {
        let (mut script, name) = (self.commands(), ticket(id));
        let set = script.sets.entry(record.subject()).or_default();
        set.retain(|(end, _)| *end >= now);
        let mut replaced = Vec::new();
        match record.bound() {
            Bound::Refuse(most) | Bound::Replace(most @ 0) if set.len() >= most as usize => {
                return Ok(Put::OverLimit);
            }
            Bound::Replace(most) => {
                while set.len() >= most as usize {
                    replaced.extend(set.pop_first());
                }
            }
            Bound::Refuse(_) => {}
        }
        for (_, digest) in replaced {
            script.strings.remove(&('t', digest));
        }
        let value = [record.subject().as_bytes(), record.claims()].concat();
        if !script.set_nx_px(name.clone(), value, record.ttl()) {
            return Ok(Put::Duplicate);
        }
        script.sets.entry(record.subject()).or_default().insert((now.plus(record.ttl()), name.1));
        Ok(Put::Stored)
    }

    async fn take(&self, id: &TicketId, _: UnixMillis) -> Result<Option<Vec<u8>>, StoreError> {
        let (mut commands, name) = (self.commands(), ticket(id));
        let Some(value) = commands.get_del(&name) else { return Ok(None) };
        let (subject, claims) = value.split_at(16);
        // What the value has is enough to find the set.
        let set = commands.sets.iter_mut().find(|(hash, _)| hash.as_bytes() == subject);
        set.unwrap().1.retain(|(_, digest)| *digest != name.1);
        Ok(Some(claims.to_vec()))
    }

    async fn peek(&self, id: &TicketId, _: UnixMillis) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.commands().get(&ticket(id)).map(|value| value[16..].to_vec()))
    }

    async fn burn(&self, id: &TicketId, until: UnixMillis, now: UnixMillis) -> Result<Burnt, StoreError> {
        let first = self.commands().set_nx_px(used(id), vec![1], until.since(now));
        Ok(if first { Burnt::Now } else { Burnt::Before })
    }

    async fn forget_subject(&self, subject: SubjectHash, _: UnixMillis) -> Result<u64, StoreError> {
        let mut commands = self.commands();
        let set = commands.sets.remove(&subject).unwrap_or_default();
        let found = set.into_iter().filter(|(_, digest)| commands.get_del(&('t', digest.clone())).is_some());
        Ok(found.count() as u64)
    }
}
