use std::{error::Error, fmt, pin::pin, sync::Arc};

use longwave_core::{Ended, Lifeline};
use tokio::{runtime::Handle, time::Instant};

use super::{Admission, SessionId, inner::Inner, live_session::Live};
use crate::{
    Binding, Claims, Context, InvalidTicket, Purpose, RedeemError, Revocations, StoreError, TicketStore,
    UnixMillis, Verifier,
};

/// The session of a live stream: who opened it, until when it may be open, and the news of its end.
///
/// Made by [`Sessions::register`](super::Sessions::register), and found in the extensions of the request. It
/// keeps nothing alive: the stream is over when it is, whoever still has this.
///
/// # Examples
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?.block_on(async {
/// use std::time::{Duration, SystemTime};
///
/// use longwave_core::{Cause, Lifeline};
/// use longwave_ticket::{Claims, UnixMillis, live::{Admission, Sessions}};
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
/// let now = UnixMillis::from(SystemTime::now());
/// let lapses = now.plus(Duration::from_secs(900));
/// let session = sessions.register(&tether, Admission::new(User("ann"), [1; 16], now).deadline(lapses))?;
///
/// assert_eq!(session.claims().subject(), "ann");
/// assert_eq!(session.ended().await.cause(), Cause::Expired);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct Session<T> {
    live: Arc<Live<T>>,
    inner: Arc<Inner<T>>,
    /// The last term that this handle was told is to be refreshed.
    told: Option<u32>,
}

impl<T: Claims> Session<T> {
    pub(super) const fn new(live: Arc<Live<T>>, inner: Arc<Inner<T>>) -> Self {
        Self { live, inner, told: None }
    }

    /// Who opened the stream: the claims of the ticket that did. They stay so when the session is refreshed.
    #[must_use]
    pub fn claims(&self) -> &T {
        &self.live.claims
    }

    /// The name of the session.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.live.id
    }

    /// When it is to end, as far as is known by now; `None` if there is nothing that it would end at.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let ends = self.live.terms().ends;
        ends.map(|ends| self.inner.timeline.instant(ends))
    }

    /// The lifeline of the stream.
    #[must_use]
    pub fn lifeline(&self) -> &Lifeline {
        &self.live.lifeline
    }

    /// Waits until the stream is to end, and gives the reason: expired, revoked, too old, or whatever else ends streams,
    /// such as a shutdown. If the stream is simply over, it is [`Cause::Closed`](longwave_core::Cause::Closed).
    ///
    /// Any number of tasks may wait.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub fn ended(&self) -> Ended {
        self.live.lifeline.ended()
    }

    /// Waits until it is time to [refresh](Self::refresh) the session: the
    /// [lead](super::SessionsBuilder::refresh_lead) before its deadline.
    ///
    /// Each handle is told once for each deadline. If nothing is to be gained, as nothing ends the session but its
    /// age, or it has ended, this waits for ever: wait for [`ended`](Self::ended) as well.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn refresh_due(&mut self) {
        loop {
            let mut told = pin!(self.live.told.notified());
            told.as_mut().enable();
            let term = {
                let terms = self.live.terms();
                (terms.due_told && !terms.over && !self.live.lifeline.is_ended()).then_some(terms.term)
            };
            if term.is_some() && term != self.told {
                self.told = term;
                return;
            }
            told.await;
        }
    }

    /// Goes on with a ticket that was issued for this, and gives the new deadline.
    ///
    /// The deadline becomes that of the ticket, be it later or earlier, with its jitter, and never after the
    /// [`max_age`](super::SessionsBuilder::max_age) of the session.
    ///
    /// # Errors
    ///
    /// If the ticket is somebody else's or not valid any more, or the session has ended. It then goes on to
    /// its old deadline.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn refresh(&self, admission: &Admission<T>) -> Result<Option<Instant>, RefreshError> {
        let Self { live, inner, .. } = self;
        let _home = Handle::current();
        if admission.claims.subject() != live.claims.subject() {
            return Err(RefreshError::OtherSubject);
        }
        if admission.claims.session() != live.claims.session() {
            return Err(RefreshError::OtherSession);
        }
        if inner.is_revoked(admission) {
            return Err(RefreshError::Revoked);
        }
        let mut refreshed = Err(RefreshError::Ended);
        inner.set(live, |terms| {
            let now = inner.timeline.now();
            if terms.ends.is_some_and(|ends| ends <= now) {
                // Whoever has to end it is about to.
                return;
            }
            let Some(new) = inner.terms(admission.deadline, live.ceiling) else {
                refreshed = Err(RefreshError::Expired);
                return;
            };
            (terms.ends, terms.ages, terms.due) = (new.ends, new.ages, new.due);
            terms.due_told = false;
            terms.term = terms.term.wrapping_add(1);
            live.reissued(admission.issued);
            refreshed = Ok(new.ends);
        });
        Ok(refreshed?.map(|ends| inner.timeline.instant(ends)))
    }

    /// The same with the ticket itself, which is spent by it, if it is one that [refreshes](Purpose::Refresh).
    ///
    /// - `ticket`: as the client has sent it, in a message or a request of its own.
    /// - `binding`: what it is presented with. That of the request which has opened the stream is in its extensions.
    /// - `now`: [`UnixMillis::now`], which is the wall clock.
    ///
    /// # Errors
    ///
    /// As [`refresh`](Self::refresh), and if the ticket is invalid or the store cannot tell. The session then goes on to
    /// its old deadline.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_ticket::{Binding, MemoryStore, UnixMillis, Verifier, live::{RefreshError, Session}};
    ///
    /// # struct User(String);
    /// # impl longwave_ticket::Claims for User {
    /// #     fn subject(&self) -> &str { &self.0 }
    /// #     fn encode(&self) -> Result<Vec<u8>, longwave_ticket::ClaimsError> { unreachable!() }
    /// #     fn decode(_: &[u8]) -> Result<Self, longwave_ticket::ClaimsError> { unreachable!() }
    /// # }
    /// async fn on_message(
    ///     message: &str,
    ///     session: &Session<User>,
    ///     binding: &Binding,
    ///     verifier: &Verifier<User, MemoryStore>,
    /// ) -> Result<(), RefreshError> {
    ///     if let Some(ticket) = message.strip_prefix("refresh ") {
    ///         session.redeem(verifier, ticket, binding, UnixMillis::now()).await?;
    ///     }
    ///     Ok(())
    /// }
    /// # drop(on_message);
    /// ```
    pub async fn redeem<S, R>(
        &self,
        verifier: &Verifier<T, S, R>,
        ticket: &str,
        binding: &Binding,
        now: UnixMillis,
    ) -> Result<Option<Instant>, RefreshError>
    where
        S: TicketStore,
        R: Revocations,
    {
        let context = Context::new(Purpose::Refresh, now).binding(binding.clone());
        let redeemed = verifier.redeem(ticket, &context).await.map_err(|error| match error {
            RedeemError::Invalid(invalid) => RefreshError::Invalid(invalid),
            RedeemError::Store(error) => RefreshError::Store(error),
        })?;
        self.refresh(&redeemed.into())
    }
}

impl<T> Clone for Session<T> {
    fn clone(&self) -> Self {
        Self { live: self.live.clone(), inner: self.inner.clone(), told: self.told }
    }
}

/// The claims are nobody's business.
impl<T> fmt::Debug for Session<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.live.id)
            .field("lifeline", &self.live.lifeline)
            .finish_non_exhaustive()
    }
}

/// Why a session was not refreshed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RefreshError {
    /// The session has ended already.
    Ended,
    /// The ticket is refused.
    Invalid(InvalidTicket),
    /// The store of the tickets cannot tell.
    Store(StoreError),
    /// The login has lapsed, or the session is as old as it may become.
    Expired,
    /// The ticket comes from another login.
    OtherSession,
    /// The ticket is of somebody else.
    OtherSubject,
    /// It was revoked after the ticket was issued.
    Revoked,
}

impl fmt::Display for RefreshError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ended => "session has ended",
            Self::Invalid(_) => "ticket is invalid",
            Self::Store(_) => "ticket cannot be redeemed now",
            Self::Expired => "login has expired",
            Self::OtherSession => "ticket is of another login",
            Self::OtherSubject => "ticket is of another subject",
            Self::Revoked => "ticket was revoked",
        })
    }
}

impl Error for RefreshError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Invalid(source) => Some(source),
            Self::Store(source) => Some(source),
            _ => None,
        }
    }
}
