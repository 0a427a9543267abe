use std::{
    convert::Infallible,
    fmt,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use longwave_core::Tether;
use tokio::time::{Instant, timeout_at};

use super::{
    Admission, BusError, BusState, Close, Delivery, OnGap, Refused, Revocation, RevocationBus, Selector,
    Session, SessionId, SessionsBuilder, Subscription,
    bus::Following,
    inner::{Inner, Meant},
    settings::Settings,
};
use crate::{Claims, KeyRing, UnixMillis};

/// All live sessions of a process: opens them, finds them, and ends them.
///
/// # Examples
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// use std::time::SystemTime;
///
/// use longwave_core::{Cause, Lifeline};
/// use longwave_ticket::{Claims, UnixMillis, live::{Admission, Close, Refused, Selector, Sessions}};
///
/// struct User(&'static str);
///
/// impl Claims for User {
///     fn subject(&self) -> &str {
///         self.0
///     }
/// #   fn encode(&self) -> Result<Vec<u8>, longwave_ticket::ClaimsError> { unreachable!() }
/// #   fn decode(_: &[u8]) -> Result<Self, longwave_ticket::ClaimsError> { unreachable!() }
/// }
///
/// let sessions = Sessions::<User>::builder().build();
/// let tether = Lifeline::new().carry();
/// let issued = UnixMillis::from(SystemTime::now());
/// let session = sessions.register(&tether, Admission::new(User("ann"), [1; 16], issued))?;
///
/// // Ann is banned. What she has open ends, and a ticket that she has got already opens nothing.
/// assert_eq!(sessions.revoke(Selector::Subject("ann".into()), Close::Revoked), 1);
/// assert_eq!(session.ended().await.close_code(), 4403);
/// let late = sessions.register(&Lifeline::new().carry(), Admission::new(User("ann"), [2; 16], issued));
/// assert_eq!(late.unwrap_err(), Refused::Revoked);
///
/// drop(tether);
/// assert_eq!(sessions.count(&Selector::All), 0);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct Sessions<T> {
    inner: Arc<Inner<T>>,
}

impl<T: Claims> Sessions<T> {
    /// Starts with the settings.
    pub fn builder() -> SessionsBuilder<T> {
        SessionsBuilder::new()
    }

    pub(super) fn new(settings: Settings<T>) -> Self {
        Self { inner: Arc::new(Inner::new(settings)) }
    }

    /// Opens a session for a stream, which ends with it and ends it.
    ///
    /// - `tether`: that somebody carries the stream. When the last tether is gone, the session is over, and whoever goes
    ///   on all the same is told to end: nobody could revoke it any more.
    ///
    /// # Errors
    ///
    /// If the login has lapsed, it was revoked since the ticket was issued, or the subject has as many sessions as it
    /// may. Nothing is left behind then.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn register(&self, tether: &Tether, admission: Admission<T>) -> Result<Session<T>, Refused> {
        let live = self.inner.register(tether, admission)?;
        Ok(Session::new(live, self.inner.clone()))
    }

    /// Ends the selected sessions, and tells how many there were that had not ended yet.
    ///
    /// Tickets of the same subject, login or id that were issued until now open no more; nor does any, if all
    /// are selected. How many may be open is as before, until their streams are really over.
    ///
    /// - Whoever mints looks up a login first, and issues the ticket afterwards. If the login is revoked in between,
    ///   the ticket is of a later date and opens a stream. So the login is to be taken back where it is kept before
    ///   it is revoked here, and a [hook](SessionsBuilder::revalidate) finds what came in between.
    /// - It is known here alone, and gone when the process is. [`Issuer::forget_subject`](crate::Issuer::forget_subject)
    ///   takes the subject's tickets out of the store, those that resume among them: that holds on all nodes that share
    ///   it, and after a restart, unless tickets are [self-contained](crate::Mode::SelfContained).
    /// - With a store that is [shared](crate::TicketStore::SHARED), a layer refuses all tickets that were issued before
    ///   its sessions were made, as nobody knows here what was revoked until then. If there is a hook, they are
    ///   let in and their logins checked at once; a check that fails then is one too many.
    #[allow(clippy::must_use_candidate, reason = "it is done, whoever counts")]
    pub fn revoke(&self, selector: Selector, close: Close) -> usize {
        self.inner.revoke(&Revocation::new(selector, close, self.inner.before()), Meant::All)
    }

    /// Does what another node has revoked, and tells how many sessions were ended by that.
    ///
    /// Those that were opened or refreshed with a ticket from afterwards stay.
    #[allow(clippy::must_use_candidate, reason = "it is done, whoever counts")]
    pub fn apply(&self, revocation: &Revocation) -> usize {
        self.inner.revoke(revocation, Meant::Issued)
    }

    /// Revokes here, and has the other nodes told.
    ///
    /// # Errors
    ///
    /// If the bus does not take it. It is revoked here all the same; whoever asked for it should know that it is
    /// not elsewhere.
    pub async fn revoke_everywhere<B>(
        &self,
        bus: &B,
        selector: Selector,
        close: Close,
    ) -> Result<usize, BusError>
    where
        B: RevocationBus,
    {
        let revocation = Revocation::new(selector, close, self.inner.before());
        let ended = self.inner.revoke(&revocation, Meant::All);
        bus.publish(revocation).await?;
        Ok(ended)
    }

    /// Does what the other nodes revoke, for as long as the future is polled: it is to be spawned, before any
    /// stream is opened.
    ///
    /// - `on_gap`: what to do, once, when something was missed. It was at the start: what others have revoked
    ///   until then is not known here. With [`OnGap::EndAll`], a node that has just started wants new tickets of everybody.
    /// - `patience`: after so long without the bus, it counts as if something had been; [`Duration::MAX`] is for ever.
    ///
    /// # Errors
    ///
    /// If the bus is not there at the start. Nothing that others revoke is known here then: try again.
    ///
    /// # Examples
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// use std::time::Duration;
    ///
    /// use longwave_ticket::{Claims, live::{Close, LocalBus, OnGap, Selector, Sessions}};
    ///
    /// # struct User(String);
    /// # impl Claims for User {
    /// #     fn subject(&self) -> &str { &self.0 }
    /// #     fn encode(&self) -> Result<Vec<u8>, longwave_ticket::ClaimsError> { unreachable!() }
    /// #     fn decode(_: &[u8]) -> Result<Self, longwave_ticket::ClaimsError> { unreachable!() }
    /// # }
    /// let (bus, sessions) = (LocalBus::new(1024), Sessions::<User>::builder().build());
    /// let following = sessions.clone();
    /// let subscription = bus.clone();
    /// tokio::spawn(async move {
    ///     following.follow(&subscription, OnGap::EndAll, Duration::from_secs(30)).await
    /// });
    ///
    /// sessions.revoke_everywhere(&bus, Selector::Subject("ann".into()), Close::Revoked).await?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub async fn follow<B>(&self, bus: &B, on_gap: OnGap, patience: Duration) -> Result<Infallible, BusError>
    where
        B: RevocationBus,
    {
        let mut subscription = bus.subscribe().await?;
        let following = Following(&self.inner.bus);
        following.set(BusState::Connected);
        // Nobody knows what was revoked until now.
        self.fill(on_gap);
        let mut until = None;
        loop {
            let delivery = match until {
                None => subscription.next().await,
                Some(until) => match timeout_at(until, subscription.next()).await {
                    Ok(delivery) => delivery,
                    Err(_) => Delivery::Gap,
                },
            };
            match delivery {
                Delivery::Revocation(revocation) => {
                    self.apply(&revocation);
                }
                Delivery::Interrupted => {
                    following.set(BusState::Interrupted);
                    // For longer than time is reckoned with, it is for ever.
                    until = until.or_else(|| Instant::now().checked_add(patience));
                }
                Delivery::Resumed => {
                    following.set(BusState::Connected);
                    until = None;
                }
                Delivery::Gap => {
                    until = None;
                    self.fill(on_gap);
                }
            }
        }
    }

    /// How it stands with the bus that is [followed](Self::follow).
    #[must_use]
    pub fn bus(&self) -> BusState {
        BusState::from_u8(self.inner.bus.load(Ordering::Relaxed))
    }

    /// How many of the selected sessions there are, with those that have ended and whose streams are not over yet.
    #[must_use]
    pub fn count(&self, selector: &Selector) -> usize {
        self.inner.count(selector)
    }

    /// Dates revocations by the clock of this ring as well.
    pub(crate) fn dated_by(&self, keys: &KeyRing) {
        self.inner.dates.watch(keys.clock());
    }

    /// How long it is known what was revoked.
    pub(crate) fn remember(&self) -> Duration {
        self.inner.remember()
    }

    /// Remembers it for as long at least, unless it was set how long.
    pub(crate) fn remember_for(&self, time: Duration) {
        self.inner.remember_for(time);
    }

    /// Tickets are redeemed here that others may have revoked before these sessions were made.
    pub(crate) fn doubt_earlier(&self) {
        self.inner.doubt_earlier();
    }

    /// Finds a session by its name.
    #[must_use]
    pub fn find(&self, id: SessionId) -> Option<Session<T>> {
        Some(Session::new(self.inner.find(id)?, self.inner.clone()))
    }

    /// The moment up to which, and including which, all tickets of a subject, or of one of its logins, are
    /// revoked; `None` if there is none.
    #[must_use]
    pub fn revoked_before(&self, subject: &str, session: Option<&str>) -> Option<UnixMillis> {
        let before = self.inner.revoked_before(subject, session)?;
        Some(UnixMillis::new(before.as_millis().saturating_sub(1)))
    }

    /// Whether a ticket would be refused now, for those who can tell before it is spent.
    ///
    /// # Errors
    ///
    /// As [`register`](Self::register), which has the last word.
    pub fn check(&self, admission: &Admission<T>) -> Result<(), Refused> {
        if admission.deadline.is_some_and(|deadline| deadline <= self.inner.dates.local()) {
            return Err(Refused::Expired);
        }
        if self.inner.is_revoked(admission) {
            return Err(Refused::Revoked);
        }
        if self.inner.has_room(admission.claims.subject()) { Ok(()) } else { Err(Refused::TooMany) }
    }

    fn fill(&self, on_gap: OnGap) {
        match on_gap {
            OnGap::Continue => {}
            OnGap::Revalidate if self.inner.settings.hook.is_some() => self.inner.doubt_all(),
            OnGap::Revalidate | OnGap::EndAll => {
                self.revoke(Selector::All, Close::Renew);
            }
        }
    }
}

impl<T> Clone for Sessions<T> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl<T: Claims> fmt::Debug for Sessions<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("count", &self.count(&Selector::All)).finish_non_exhaustive()
    }
}
