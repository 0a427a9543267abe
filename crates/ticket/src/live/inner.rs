use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use longwave_core::{Cause, EndReason, Tether};
use tokio::{runtime::Handle, sync::Semaphore};

use super::{
    Admission, Refused, Revocation, Selector, SessionId, Verdict,
    dates::Dates,
    driver::Schedule,
    index::{Forgotten, Index, Keys, Name},
    live_session::{Live, Terms},
    settings::Settings,
    timeline::{Timeline, millis},
};
use crate::{Claims, UnixMillis, verifier::REMEMBERED};

/// What all handles of the sessions share.
pub(super) struct Inner<T> {
    pub(super) settings: Settings<T>,
    pub(super) timeline: Timeline,
    pub(super) dates: Dates,
    pub(super) schedule: Schedule<T>,
    /// How many checks may run.
    pub(super) checks: Semaphore,
    pub(super) bus: AtomicU8,
    index: Index<T>,
    hasher: RandomState,
    count: AtomicUsize,
    next: AtomicU64,
    /// All tickets that were issued before, in milliseconds, are refused.
    epoch: AtomicU64,
    /// Of tickets that were issued before, in milliseconds, it is not known whether they are revoked.
    doubt: AtomicU64,
    /// When nothing was revoked here yet.
    since: UnixMillis,
    /// In milliseconds.
    remember: AtomicU64,
}

/// Takes a session out of the index, whatever comes of it.
struct Registered<T: Claims> {
    inner: Arc<Inner<T>>,
    live: Arc<Live<T>>,
}

/// What the lifeline holds. A session that nobody can revoke any more is over, whoever still has it.
struct Held<T: Claims>(Registered<T>);

/// Which sessions a revocation means of those that are selected.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Meant {
    All,
    Issued,
}

impl<T: Claims> Inner<T> {
    pub(super) fn new(settings: Settings<T>) -> Self {
        let dates = Dates::new(&settings);
        Self {
            timeline: Timeline::new(settings.clock.clone()),
            since: dates.local(),
            dates,
            schedule: Schedule::default(),
            checks: Semaphore::new(settings.concurrency.min(Semaphore::MAX_PERMITS)),
            bus: AtomicU8::new(0),
            index: Index::new(settings.max_revocations),
            hasher: RandomState::new(),
            count: AtomicUsize::new(0),
            next: AtomicU64::new(1),
            epoch: AtomicU64::new(0),
            doubt: AtomicU64::new(0),
            remember: AtomicU64::new(millis(settings.remember.unwrap_or(REMEMBER))),
            settings,
        }
    }

    pub(super) fn register(
        self: &Arc<Self>,
        tether: &Tether,
        admission: Admission<T>,
    ) -> Result<Arc<Live<T>>, Refused> {
        // Whoever opens a session outside of a runtime learns it in any case.
        let _home = Handle::current();
        let (deadline, issued) = (admission.deadline, admission.issued);
        let now = self.timeline.now();
        let ceiling = self.settings.max_age.map(|age| now + millis(age));
        let mut terms = self.terms(deadline, ceiling).ok_or(Refused::Expired)?;

        let keys = self.keys(&admission);
        let id = SessionId { subject: keys.subject, number: self.next.fetch_add(1, Ordering::Relaxed) };
        let live = Arc::new(Live::new(id, admission, keys, tether.lifeline().clone(), ceiling));
        self.count.fetch_add(1, Ordering::Relaxed);
        let registered = Registered { inner: self.clone(), live: live.clone() };
        let forgotten = self.forgotten();
        if !self.dates.see(issued) {
            return Err(Refused::Revoked);
        }
        for key in keys.iter() {
            let mut shard = self.index.shard(key);
            if shard.revoked_before(key, forgotten).is_some_and(|before| issued < before) {
                return Err(Refused::Revoked);
            }
            if key == keys.subject && shard.count(key) >= self.settings.max_per_subject {
                return Err(Refused::TooMany);
            }
            shard.insert(key, &live);
        }
        // Whoever revokes everything sets this first, and then looks where the session is by now.
        if self.is_refused(issued) {
            return Err(Refused::Revoked);
        }
        self.set(&live, |current| {
            terms.check = self.next_check();
            // Whoever raises doubts looks at the terms afterwards.
            if terms.check.is_some() && issued < self.doubt() {
                (terms.check, terms.failures) = (Some(now), self.settings.tolerated);
            }
            *current = terms;
        });
        tether.lifeline().hold(Held(registered));
        Ok(live)
    }

    /// What is to become of a session with this deadline; nothing if that is past.
    pub(super) fn terms(&self, deadline: Option<UnixMillis>, ceiling: Option<u64>) -> Option<Terms> {
        let (now, wall) = (self.timeline.now(), self.dates.local());
        if deadline.is_some_and(|deadline| deadline <= wall) || ceiling.is_some_and(|ceiling| ceiling <= now)
        {
            return None;
        }
        let lapses = deadline.map(|deadline| now + millis(deadline.since(wall)));
        let ends = lapses.into_iter().chain(ceiling).min().map(|latest| {
            let left = self.settings.shorten(Duration::from_millis(latest - now), self.settings.jitter);
            now + millis(left)
        });
        let ages = lapses.is_none_or(|lapses| ceiling.is_some_and(|ceiling| ceiling <= lapses));
        let due = ends.filter(|_| !ages).map(|ends| ends.saturating_sub(millis(self.settings.lead)));
        Some(Terms { ends, ages, due, ..Terms::default() })
    }

    /// Changes the terms of a session, and has the driver know; tells whether there was anything to change.
    pub(super) fn set(self: &Arc<Self>, live: &Arc<Live<T>>, change: impl FnOnce(&mut Terms)) -> bool {
        let mut terms = live.terms();
        if terms.over || live.lifeline.is_ended() {
            return false;
        }
        change(&mut terms);
        self.schedule.set(self, live, &mut terms);
        true
    }

    pub(super) fn next_check(&self) -> Option<u64> {
        let hook = self.settings.hook.as_ref()?;
        Some(self.timeline.now() + millis(self.settings.shorten(hook.every, hook.jitter)))
    }

    /// Takes note of what a check has said.
    pub(super) fn checked(self: &Arc<Self>, live: &Arc<Live<T>>, verdict: Verdict) {
        let mut failed = false;
        self.set(live, |terms| {
            terms.failures = if verdict == Verdict::Unknown { terms.failures + 1 } else { 0 };
            failed = terms.failures > self.settings.tolerated;
            terms.check = self.next_check();
        });
        if verdict == Verdict::Revoked {
            live.lifeline.end(self.settings.revoked.clone());
        } else if failed {
            live.lifeline.end(self.settings.unconfirmed.clone());
        }
    }

    pub(super) fn end_of(&self, terms: &Terms) -> EndReason {
        if terms.ages { self.settings.aged_out.clone() } else { self.settings.expired.clone() }
    }

    /// What a revocation of now means: what was issued until now, by any clock.
    pub(super) fn before(&self) -> UnixMillis {
        self.dates.latest().plus(self.settings.skew).plus(Duration::from_millis(1))
    }

    pub(super) fn revoke(&self, revocation: &Revocation, meant: Meant) -> usize {
        let (selector, before) = (revocation.selector(), revocation.before());
        let before = if meant == Meant::Issued { self.dates.translate(before) } else { before };
        let everything = match selector {
            Selector::All => Some(before),
            Selector::IssuedBefore(than) => Some(before.min(*than)),
            _ => None,
        };
        if let Some(epoch) = everything {
            self.epoch.fetch_max(epoch.as_millis(), Ordering::SeqCst);
        }
        let reason = self.settings.reason(revocation.close());
        let is_meant =
            |live: &Live<T>| selector.matches(live) && (meant == Meant::All || live.issued() < before);
        let end = |found: Vec<Arc<Live<T>>>| {
            found.iter().filter(|live| is_meant(live) && live.lifeline.end(reason.clone())).count()
        };
        let Some(key) = self.key(selector) else { return self.index.all().map(end).sum() };
        let found = {
            let mut shard = self.index.shard(key);
            if !matches!(selector, Selector::SessionId(_)) {
                let forgotten = self.forgotten();
                // Dated by a clock that is ahead of this one, it means what is yet to be issued.
                let ahead = before.since(self.dates.local());
                let until = forgotten.timer + millis(ahead) + millis(self.lasts());
                if !self.index.mark(&mut shard, key, before, until, forgotten) {
                    self.epoch.fetch_max(before.as_millis(), Ordering::SeqCst);
                }
            }
            shard.at(key).cloned().collect()
        };
        end(found)
    }

    pub(super) fn count(&self, selector: &Selector) -> usize {
        let matching = |found: Vec<Arc<Live<T>>>| found.iter().filter(|live| selector.matches(live)).count();
        match self.key(selector) {
            Some(key) => {
                // By itself, so that the lock is gone when they are dropped.
                let found = self.index.shard(key).at(key).cloned().collect();
                matching(found)
            }
            None if *selector == Selector::All => self.count.load(Ordering::Relaxed),
            None => self.index.all().map(matching).sum(),
        }
    }

    pub(super) fn find(&self, id: SessionId) -> Option<Arc<Live<T>>> {
        self.index.shard(id.subject).at(id.subject).find(|live| live.id == id).cloned()
    }

    /// All sessions, a part at a time.
    pub(super) fn all(&self) -> impl Iterator<Item = Vec<Arc<Live<T>>>> {
        self.index.all()
    }

    pub(super) fn revoked_before(&self, subject: &str, session: Option<&str>) -> Option<UnixMillis> {
        let forgotten = self.forgotten();
        let names = [Some(Name::Subject(subject)), session.map(Name::Session)];
        let marked = names.into_iter().flatten().filter_map(|name| {
            let key = self.hasher.hash_one(name);
            self.index.shard(key).revoked_before(key, forgotten)
        });
        let epoch = Some(self.refused()).filter(|epoch| epoch.as_millis() > 0);
        marked.chain(epoch).max()
    }

    /// Whether a ticket was revoked, as far as is known by now.
    pub(super) fn is_revoked(&self, admission: &Admission<T>) -> bool {
        let (forgotten, issued) = (self.forgotten(), admission.issued);
        let marked =
            |key| self.index.shard(key).revoked_before(key, forgotten).is_some_and(|before| issued < before);
        !self.dates.see(issued) || self.keys(admission).iter().any(marked) || self.is_refused(issued)
    }

    /// Whether a subject may have one more session.
    pub(super) fn has_room(&self, subject: &str) -> bool {
        let key = self.hasher.hash_one(Name::Subject(subject));
        self.index.shard(key).count(key) < self.settings.max_per_subject
    }

    /// How long a ticket may be taken after it was issued: the clocks of whoever has issued it, and of whoever takes it,
    /// may both be off.
    fn lasts(&self) -> Duration {
        self.remember().saturating_add(REMEMBERED)
    }

    fn forgotten(&self) -> Forgotten {
        let latest = self.dates.latest().as_millis();
        let issued = UnixMillis::new(latest.saturating_sub(millis(self.lasts())));
        Forgotten { timer: self.timeline.timer(), issued }
    }

    /// How long revocations are remembered, besides what clocks may be apart.
    pub(super) fn remember(&self) -> Duration {
        Duration::from_millis(self.remember.load(Ordering::SeqCst))
    }

    /// Remembers revocations for as long at least, unless it was set how long.
    pub(super) fn remember_for(&self, time: Duration) {
        if self.settings.remember.is_none() {
            self.remember.fetch_max(millis(time), Ordering::SeqCst);
        }
    }

    /// Doubts whatever was issued before it was known here what is revoked: others may have known.
    pub(super) fn doubt_earlier(&self) {
        let since = self.since.plus(self.settings.skew);
        self.doubt.fetch_max(since.as_millis(), Ordering::SeqCst);
    }

    /// Doubts whatever was issued until now, and is open: it is checked. There has to be a hook.
    pub(super) fn doubt_all(self: &Arc<Self>) {
        self.doubt.fetch_max(self.before().as_millis(), Ordering::SeqCst);
        let now = self.timeline.now();
        for live in self.all().flatten() {
            self.set(&live, |terms| terms.check = terms.check.map(|at| at.min(now)));
        }
    }

    fn doubt(&self) -> UnixMillis {
        UnixMillis::new(self.doubt.load(Ordering::SeqCst))
    }

    /// All that was issued before is refused, whosesoever it is. What is in doubt is let in only to be checked.
    fn refused(&self) -> UnixMillis {
        let epoch = UnixMillis::new(self.epoch.load(Ordering::SeqCst));
        if self.settings.hook.is_some() { epoch } else { epoch.max(self.doubt()) }
    }

    fn is_refused(&self, issued: UnixMillis) -> bool {
        issued < self.refused()
    }

    fn keys(&self, admission: &Admission<T>) -> Keys {
        let Admission { claims, ticket, .. } = admission;
        Keys {
            subject: self.hasher.hash_one(Name::Subject(claims.subject())),
            session: claims.session().map(|session| self.hasher.hash_one(Name::Session(session))),
            ticket: self.hasher.hash_one(Name::Ticket(ticket)),
        }
    }

    /// Where the selected are, if it is in one place.
    fn key(&self, selector: &Selector) -> Option<u64> {
        Some(match selector {
            Selector::Subject(subject) => self.hasher.hash_one(Name::Subject(subject)),
            Selector::Session(session) => self.hasher.hash_one(Name::Session(session)),
            Selector::Ticket(ticket) => self.hasher.hash_one(Name::Ticket(ticket)),
            Selector::SessionId(id) => id.subject,
            Selector::IssuedBefore(_) | Selector::All => return None,
        })
    }
}

impl<T: Claims> Drop for Held<T> {
    fn drop(&mut self) {
        self.0.live.lifeline.end(Cause::Closed);
    }
}

impl<T: Claims> Drop for Registered<T> {
    fn drop(&mut self) {
        let Self { inner, live } = self;
        {
            let mut terms = live.terms();
            terms.over = true;
            inner.schedule.set(inner, live, &mut terms);
        }
        for key in live.keys.iter() {
            // This is not the last owner, so nothing is dropped under the lock.
            let mut shard = inner.index.shard(key);
            shard.remove(key, live);
            shard.shrink();
        }
        inner.count.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Longer than a ticket that connects or refreshes is good, if none resumes.
const REMEMBER: Duration = Duration::from_secs(75);
