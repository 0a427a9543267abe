use std::{
    fmt,
    future::Future,
    sync::Arc,
    time::{Duration, SystemTime},
};

use longwave_core::{Cause, EndReason};

use super::{Close, Session, Sessions, Verdict, check::Hook};
use crate::{
    Claims, UnixMillis,
    random::{Given, Random, System},
};

/// Settings of [`Sessions`]; made by [`Sessions::builder`].
#[must_use]
pub struct SessionsBuilder<T> {
    settings: Settings<T>,
}

pub(super) struct Settings<T> {
    pub(super) max_age: Option<Duration>,
    pub(super) jitter: f64,
    pub(super) lead: Duration,
    pub(super) max_per_subject: usize,
    pub(super) max_revocations: usize,
    pub(super) remember: Option<Duration>,
    pub(super) skew: Duration,
    pub(super) hook: Option<Hook<T>>,
    pub(super) timeout: Duration,
    pub(super) tolerated: u32,
    pub(super) concurrency: usize,
    pub(super) expired: EndReason,
    pub(super) revoked: EndReason,
    pub(super) aged_out: EndReason,
    pub(super) unconfirmed: EndReason,
    pub(super) clock: Arc<dyn Fn() -> UnixMillis + Send + Sync>,
    /// The wall clock itself, which may be set back.
    pub(super) wall: Arc<dyn Fn() -> UnixMillis + Send + Sync>,
    random: Arc<dyn Random>,
}

impl<T: Claims> SessionsBuilder<T> {
    pub(super) fn new() -> Self {
        let settings = Settings {
            max_age: Some(Duration::from_secs(12 * 60 * 60)),
            jitter: 0.2,
            lead: Duration::from_secs(30),
            max_per_subject: 32,
            max_revocations: 65_536,
            remember: None,
            skew: Duration::ZERO,
            hook: None,
            timeout: Duration::from_secs(10),
            tolerated: 2,
            concurrency: 256,
            expired: Cause::Expired.into(),
            revoked: Cause::Revoked.into(),
            aged_out: EndReason::new(Cause::AgedOut),
            unconfirmed: EndReason::new(Cause::Expired).with_text("login not confirmed"),
            clock: Arc::new(UnixMillis::now),
            wall: Arc::new(|| SystemTime::now().into()),
            random: Arc::new(System),
        };
        Self { settings }
    }

    /// Makes the sessions.
    #[must_use]
    pub fn build(self) -> Sessions<T> {
        Sessions::new(self.settings)
    }

    /// Sets how long a session may be open, however often it is refreshed: 12 hours unless set.
    pub fn max_age(self, max_age: Duration) -> Self {
        self.with(|settings| settings.max_age = Some(max_age))
    }

    /// Lets sessions be open for as long as their logins are.
    pub fn unlimited_age(self) -> Self {
        self.with(|settings| settings.max_age = None)
    }

    /// Sets by which part of the time that is left a deadline may come earlier, so that not all come back at once:
    /// 0.2 unless set, from 0 to 1. It never comes later.
    pub fn jitter(self, jitter: f64) -> Self {
        self.with(|settings| settings.jitter = if jitter.is_nan() { 0.0 } else { jitter.clamp(0.0, 1.0) })
    }

    /// Sets how long before its deadline a session is [due to be refreshed](Session::refresh_due): 30 s unless
    /// set.
    pub fn refresh_lead(self, lead: Duration) -> Self {
        self.with(|settings| settings.lead = lead)
    }

    /// Sets how many sessions one subject may have open: 32 unless set. A session counts until its stream
    /// is really over.
    pub fn max_per_subject(self, max: usize) -> Self {
        self.with(|settings| settings.max_per_subject = max)
    }

    /// Sets how long revocations are remembered, besides what clocks may be apart: 75 s unless set, or as long as
    /// tickets live that [resume](crate::http::Resume), where a layer has those.
    ///
    /// It has to be as long as the longest-lived ticket. A layer issues none that resume for longer than what is set
    /// here; credentials that are no tickets, and other nodes, are not known here.
    pub fn remember(self, remember: Duration) -> Self {
        self.with(|settings| settings.remember = Some(remember))
    }

    /// Sets how many revocations are remembered: 65,536 unless set.
    ///
    /// If there are more, all tickets that were issued until then are refused, and their clients have to get new ones.
    /// So there should be room for all that is revoked in the time that it is [remembered](Self::remember) for: with
    /// tickets that resume, hours.
    pub fn max_revocations(self, max: usize) -> Self {
        self.with(|settings| settings.max_revocations = max)
    }

    /// Sets how far the clocks of the nodes that issue tickets may be apart: nothing unless set, which is right for one
    /// node.
    ///
    /// For as long after a revocation tickets are refused as well, since another node may have issued them before. More
    /// than 5 s are of no use, as no ticket is taken that is further off.
    pub fn skew(self, skew: Duration) -> Self {
        self.with(|settings| settings.skew = skew)
    }

    /// Asks every so often, for each session, whether its login still stands.
    ///
    /// A check that says [`Unknown`](Verdict::Unknown), panics, or takes longer than its
    /// [timeout](Self::check_timeout) has failed. [Some](Self::tolerate) of that is tolerated; then the
    /// session ends, since nobody can say that it may go on.
    ///
    /// - `every`: from one check to the next. OWASP has 30 minutes as its example.
    /// - `jitter`: by which part of that a check may come earlier, from 0 to 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use longwave_ticket::{Claims, live::{Sessions, Verdict}};
    ///
    /// # struct User(String);
    /// # impl Claims for User {
    /// #     fn subject(&self) -> &str { &self.0 }
    /// #     fn encode(&self) -> Result<Vec<u8>, longwave_ticket::ClaimsError> { unreachable!() }
    /// #     fn decode(_: &[u8]) -> Result<Self, longwave_ticket::ClaimsError> { unreachable!() }
    /// # }
    /// # async fn is_banned(name: &str) -> Result<bool, std::io::Error> { Ok(name.is_empty()) }
    /// let sessions = Sessions::<User>::builder()
    ///     .revalidate(Duration::from_secs(30 * 60), 0.2, |session| async move {
    ///         match is_banned(session.claims().subject()).await {
    ///             Ok(false) => Verdict::Valid,
    ///             Ok(true) => Verdict::Revoked,
    ///             Err(_) => Verdict::Unknown,
    ///         }
    ///     })
    ///     .build();
    /// # let _ = sessions;
    /// ```
    pub fn revalidate<F, Fut>(self, every: Duration, jitter: f64, check: F) -> Self
    where
        F: Fn(Session<T>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Verdict> + Send + 'static,
    {
        let jitter = if jitter.is_nan() { 0.0 } else { jitter.clamp(0.0, 1.0) };
        self.with(|settings| settings.hook = Some(Hook::new(every, jitter, check)))
    }

    /// Sets how long a check may take, with what it waits for its turn: 10 s unless set.
    pub fn check_timeout(self, timeout: Duration) -> Self {
        self.with(|settings| settings.timeout = timeout)
    }

    /// Sets how many checks in a row may fail: 2 unless set, so that the third ends the session.
    pub fn tolerate(self, failures: u32) -> Self {
        self.with(|settings| settings.tolerated = failures)
    }

    /// Sets how many checks may run at the same time: 256 unless set, and at least one.
    pub fn concurrent_checks(self, max: usize) -> Self {
        self.with(|settings| settings.concurrency = max.max(1))
    }

    /// Sets what is said to a session that has [expired](Cause::Expired), or is to [renew](Close::Renew) itself: 4401
    /// unless set.
    pub fn expired_reason(self, reason: EndReason) -> Self {
        self.with(|settings| settings.expired = reason)
    }

    /// Sets what is said to a session that was [revoked](Close::Revoked): 4403 unless set.
    pub fn revoked_reason(self, reason: EndReason) -> Self {
        self.with(|settings| settings.revoked = reason)
    }

    /// Sets the wall clock, for tests: [`UnixMillis::now`] unless set.
    pub fn clock(self, clock: impl Fn() -> UnixMillis + Send + Sync + 'static) -> Self {
        self.with(|settings| {
            settings.clock = Arc::new(clock);
            settings.wall = settings.clock.clone();
        })
    }

    /// Sets where random bytes come from, for tests: the system unless set. They are for jitter only.
    pub fn random(self, random: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.random = Arc::new(Given(random)))
    }

    fn with(mut self, set: impl FnOnce(&mut Settings<T>)) -> Self {
        set(&mut self.settings);
        self
    }
}

impl<T> Settings<T> {
    pub(super) fn reason(&self, close: Close) -> &EndReason {
        match close {
            Close::Revoked => &self.revoked,
            Close::Renew => &self.expired,
        }
    }

    /// Makes a time up to this part of it shorter.
    pub(super) fn shorten(&self, time: Duration, jitter: f64) -> Duration {
        let mut bytes = [0; 4];
        // Without randomness, what is to be spread comes at the same time, which is none too late either.
        let _ = self.random.fill(&mut bytes);
        let unit = f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX);
        time.saturating_sub(time.mul_f64(jitter * unit))
    }
}

impl<T> fmt::Debug for SessionsBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { max_age, jitter, lead, max_per_subject, .. } = &self.settings;
        f.debug_struct("SessionsBuilder")
            .field("max_age", max_age)
            .field("jitter", jitter)
            .field("refresh_lead", lead)
            .field("max_per_subject", max_per_subject)
            .finish_non_exhaustive()
    }
}
