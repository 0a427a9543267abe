use std::{error::Error, fmt, marker::PhantomData, time::Duration};

use crate::{
    Audience, Binding, Bound, Claims, ClaimsError, Context, Grant, KeyRing, Mode, Purpose, Put, Record,
    SetupError, StoreError, SubjectHash, Ticket, TicketId, TicketStore, UnixMillis,
    envelope::{Flags, Header, MAX_CLAIMS},
    keys::AudienceKeys,
    time::millis,
    verifier::{MAX_RESUME_TTL, MAX_TTL, SKEW},
};

/// Mints tickets for claims of type `T`.
///
/// Whoever asks for one has to be authenticated, over HTTPS, as for any other request.
///
/// # Examples
///
/// At the [crate](crate)'s top.
pub struct Issuer<T, S> {
    audience: Audience,
    keys: AudienceKeys,
    store: S,
    mode: Mode,
    ttl: Duration,
    resume_ttl: Duration,
    limit: u32,
    resume_limit: u32,
    claims: PhantomData<fn(&T)>,
}

impl<T: Claims, S: TicketStore> Issuer<T, S> {
    /// Makes an issuer of tickets that live for 30 s, of which a subject may have 8 outstanding.
    ///
    /// # Errors
    ///
    /// [`SetupError::KeysOutliveStore`] if tickets could be redeemed where this store does not know of them;
    /// [`SetupError::Collision`] if two of the ring's keys cannot be told from each other.
    pub fn new(audience: &Audience, ring: &KeyRing, store: S) -> Result<Self, SetupError> {
        Ok(Self {
            audience: audience.clone(),
            keys: AudienceKeys::new::<S>(ring, audience)?,
            store,
            mode: Mode::TakeOnce,
            ttl: TTL,
            resume_ttl: RESUME_TTL,
            limit: LIMIT,
            resume_limit: RESUME_LIMIT,
            claims: PhantomData,
        })
    }

    /// Sets where claims are until a ticket is redeemed; in the store unless set.
    #[must_use]
    pub fn mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// Sets how long tickets live; 30 s unless set. More than a minute is cut, and less than a millisecond is one.
    #[must_use]
    pub fn ttl(self, ttl: Duration) -> Self {
        Self { ttl: ttl.clamp(SHORTEST, MAX_TTL), ..self }
    }

    /// Sets how long a ticket that resumes lives at most; 12 hours unless set. More than a day is cut, and less than a
    /// millisecond is one.
    ///
    /// It never lives longer than what is granted.
    #[must_use]
    pub fn resume_ttl(self, ttl: Duration) -> Self {
        Self { resume_ttl: ttl.clamp(SHORTEST, MAX_RESUME_TTL), ..self }
    }

    /// How long tickets that resume live at most.
    #[cfg(feature = "tower")]
    pub(crate) const fn resumes_for(&self) -> Duration {
        self.resume_ttl
    }

    /// No ticket that resumes lives longer than that either.
    #[cfg(feature = "tower")]
    pub(crate) fn resume_at_most(self, ttl: Duration) -> Self {
        let ttl = self.resume_ttl.min(ttl);
        self.resume_ttl(ttl)
    }

    /// Sets how many tickets a subject may have outstanding; 8 unless set.
    ///
    /// Those of other audiences do not count, nor do those that resume, and the store has no say in tickets that are
    /// [self-contained](Mode::SelfContained).
    #[must_use]
    pub fn limit(self, tickets: u32) -> Self {
        Self { limit: tickets, ..self }
    }

    /// The keys that it signs with.
    #[cfg(feature = "tower")]
    pub(crate) const fn ring(&self) -> &crate::KeyRing {
        self.keys.ring()
    }

    /// Sets how many tickets that resume a subject may have; 32 unless set.
    ///
    /// With one more, the one that expires first is good no longer. With 0, none are minted.
    #[must_use]
    pub fn resume_limit(self, tickets: u32) -> Self {
        Self { resume_limit: tickets, ..self }
    }

    /// Mints a ticket.
    ///
    /// - `grant`: what it stands for. Its scope, if it has one, is what the ticket is bound to, too.
    /// - `context`: what it is for, what it is bound to, and the time.
    /// - `id`: 16 new random bytes.
    ///
    /// If the future is dropped, the ticket may count as outstanding until it expires.
    ///
    /// # Errors
    ///
    /// [`MintError`]; there is then no ticket.
    pub async fn mint(&self, grant: &Grant<T>, context: &Context, id: TicketId) -> Result<Minted, MintError> {
        let now = self.keys.latest(context.now());
        let binding = bind(grant, context)?;
        let deadline = grant.deadline();
        if deadline.is_some_and(|deadline| deadline <= now) {
            return Err(MintError::Lapsed);
        }
        let ttl = match context.purpose() {
            Purpose::Resume => deadline.map_or(self.resume_ttl, |end| self.resume_ttl.min(end.since(now))),
            Purpose::Connect | Purpose::Refresh => self.ttl,
        };
        let claims = grant.claims().encode().map_err(MintError::Claims)?;
        if claims.len() > MAX_CLAIMS {
            return Err(MintError::TooLong { len: claims.len(), max: MAX_CLAIMS });
        }
        let flags = binding.flags();
        let bound = binding.digest(flags, context.purpose()).ok_or(MintError::ResumesNothing)?;
        let (flags, inline) = match self.mode {
            Mode::TakeOnce => {
                let subject = grant.claims().subject();
                let (subject, bound) = match context.purpose() {
                    Purpose::Resume => {
                        (SubjectHash::resuming(&self.audience, subject), Bound::Replace(self.resume_limit))
                    }
                    Purpose::Connect | Purpose::Refresh => {
                        (SubjectHash::of(&self.audience, subject), Bound::Refuse(self.limit))
                    }
                };
                let record = Record::new(&claims, subject, ttl + SKEW + MARGIN).bounded(bound);
                self.keep(&id, record, now).await?;
                (flags.with(Flags::REF), &[][..])
            }
            Mode::SelfContained => (flags, &claims[..]),
        };
        let header = Header {
            purpose: context.purpose(),
            flags,
            // Its own comes with the signature.
            key: crate::KeyId::from_bytes([0; 4]),
            issued: now.as_millis(),
            ttl: u32::try_from(millis(ttl)).unwrap_or(u32::MAX),
            deadline: deadline.map_or(0, UnixMillis::as_millis),
            id,
            bound,
        };
        let expires_in = deadline.map_or(ttl, |end| ttl.min(end.since(now)));
        Ok(Minted { ticket: self.keys.seal(header, inline), expires_in })
    }

    /// Takes back all tickets of a subject, and says how many there were: at a logout.
    ///
    /// They are those of this audience that were not redeemed yet, and those that resume. The store does not know of
    /// tickets that are [self-contained](Mode::SelfContained).
    ///
    /// # Errors
    ///
    /// [`StoreError`]: some may then still be good.
    pub async fn forget_subject(&self, subject: &str, now: UnixMillis) -> Result<u64, StoreError> {
        let now = self.keys.latest(now);
        // Those that live for long first.
        let resume = self.store.forget_subject(SubjectHash::resuming(&self.audience, subject), now).await?;
        Ok(resume + self.store.forget_subject(SubjectHash::of(&self.audience, subject), now).await?)
    }

    async fn keep(&self, id: &TicketId, record: Record<'_>, now: UnixMillis) -> Result<(), MintError> {
        match self.store.put(id, record, now).await.map_err(MintError::Store)? {
            Put::Stored => Ok(()),
            Put::OverLimit => Err(MintError::TooMany),
            Put::Duplicate => Err(MintError::Duplicate),
        }
    }
}

/// The binding with the scope of the grant.
fn bind<T>(grant: &Grant<T>, context: &Context) -> Result<Binding, MintError> {
    let binding = context.bound_to().clone();
    match (grant.scope(), binding.scope_label()) {
        (Some(granted), Some(bound)) if granted != bound => Err(MintError::Scope),
        (Some(granted), None) => Ok(binding.scope(granted.clone())),
        _ => Ok(binding),
    }
}

// Not derived, as that would want claims to be cloned.
impl<T, S: Clone> Clone for Issuer<T, S> {
    fn clone(&self) -> Self {
        let (audience, keys) = (self.audience.clone(), self.keys.clone());
        Self { audience, keys, store: self.store.clone(), ..*self }
    }
}

impl<T, S> fmt::Debug for Issuer<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer")
            .field("audience", &self.audience)
            .field("mode", &self.mode)
            .field("ttl", &self.ttl)
            .field("resume_ttl", &self.resume_ttl)
            .field("limit", &self.limit)
            .field("resume_limit", &self.resume_limit)
            .finish_non_exhaustive()
    }
}

/// A ticket that was minted.
#[derive(Clone, Debug)]
pub struct Minted {
    ticket: Ticket,
    expires_in: Duration,
}

impl Minted {
    /// Returns the ticket.
    #[must_use]
    pub const fn ticket(&self) -> &Ticket {
        &self.ticket
    }

    /// Returns the ticket alone.
    #[must_use]
    pub fn into_ticket(self) -> Ticket {
        self.ticket
    }

    /// Returns how long it is good: for its lifetime, or until what it grants lapses if that is earlier.
    #[must_use]
    pub const fn expires_in(&self) -> Duration {
        self.expires_in
    }
}

/// A ticket that was not minted.
#[derive(Debug)]
#[non_exhaustive]
pub enum MintError {
    /// The claims cannot be written.
    Claims(ClaimsError),
    /// The claims are too long, in bytes.
    #[non_exhaustive]
    TooLong {
        /// How long they are.
        len: usize,
        /// How long they may be.
        max: usize,
    },
    /// What is granted has lapsed already.
    Lapsed,
    /// It is granted for one scope and bound to another.
    Scope,
    /// It is to resume, but not bound to the ticket that it [resumes](Binding::resumes).
    ResumesNothing,
    /// The subject has as many tickets outstanding as it may: a 429.
    TooMany,
    /// There is one with this id already: the ids are not random.
    Duplicate,
    /// The store cannot keep it: a 503.
    Store(StoreError),
}

impl fmt::Display for MintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claims(_) => f.write_str("claims cannot be written"),
            Self::TooLong { len, max } => write!(f, "claims take {len} bytes, more than {max}"),
            Self::Lapsed => f.write_str("what is granted has lapsed"),
            Self::Scope => f.write_str("granted for one scope and bound to another"),
            Self::ResumesNothing => f.write_str("bound to no ticket that it resumes"),
            Self::TooMany => f.write_str("too many tickets are outstanding"),
            Self::Duplicate => f.write_str("id of the ticket is in use"),
            Self::Store(_) => f.write_str("ticket was not stored"),
        }
    }
}

impl Error for MintError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Claims(source) => Some(source),
            Self::Store(source) => Some(source),
            _ => None,
        }
    }
}

const TTL: Duration = Duration::from_secs(30);
const RESUME_TTL: Duration = Duration::from_secs(12 * 60 * 60);
const SHORTEST: Duration = Duration::from_millis(1);

/// What a store keeps a record for beyond the time in which it can be redeemed.
const MARGIN: Duration = Duration::from_secs(1);

/// Outstanding tickets of one subject.
const LIMIT: u32 = 8;

/// Tickets of one subject that resume: those of four browsers.
const RESUME_LIMIT: u32 = 32;
