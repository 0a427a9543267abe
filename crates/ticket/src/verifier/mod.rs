mod outcome;

use std::{fmt, marker::PhantomData, time::Duration};

use subtle::ConstantTimeEq;

pub use self::outcome::{RedeemError, Redeemed, Verified};
use crate::{
    Audience, BindingKind, Burnt, Claims, Context, InvalidTicket, KeyRing, Mode, NoRevocations, Purpose,
    Revocations, SetupError, TicketId, TicketStore, UnixMillis, Why,
    envelope::{self, Envelope, Flags, Header},
    keys::AudienceKeys,
    time::millis,
};

/// Redeems tickets for claims of type `T`, wherever they come in: in a URL, a header, the first message of a WebSocket.
///
/// What is cheap is checked first and what cannot be undone comes last: form, key, signature, purpose, time,
/// binding, and then the store. A ticket that is refused before it is not spent by that, and one that was made up never gets there.
///
/// # Examples
///
/// At the [crate](crate)'s top.
pub struct Verifier<T, S, R = NoRevocations> {
    keys: AudienceKeys,
    store: S,
    revocations: R,
    rules: Rules,
    claims: PhantomData<fn() -> T>,
}

/// What is asked of a ticket besides its signature.
#[derive(Clone, Copy, Debug)]
struct Rules {
    mode: Mode,
    required: Flags,
    max_ttl: Duration,
    max_resume_ttl: Duration,
    skew: Duration,
}

impl<T: Claims, S: TicketStore> Verifier<T, S> {
    /// Makes a verifier of tickets whose claims are in the store, of up to a minute, which may be 5 s off.
    ///
    /// # Errors
    ///
    /// [`SetupError::KeysOutliveStore`] if tickets could be redeemed where this store does not know of them;
    /// [`SetupError::Collision`] if two of the ring's keys cannot be told from each other.
    pub fn new(audience: &Audience, ring: &KeyRing, store: S) -> Result<Self, SetupError> {
        let keys = AudienceKeys::new::<S>(ring, audience)?;
        let rules = Rules {
            mode: Mode::TakeOnce,
            required: Flags::NONE,
            max_ttl: MAX_TTL,
            max_resume_ttl: MAX_RESUME_TTL,
            skew: SKEW,
        };
        Ok(Self { keys, store, revocations: NoRevocations, rules, claims: PhantomData })
    }
}

impl<T: Claims, S: TicketStore, R: Revocations> Verifier<T, S, R> {
    /// Sets which tickets are taken: with [`Mode::SelfContained`], those that hold their claims themselves, too.
    #[must_use]
    pub fn mode(self, mode: Mode) -> Self {
        Self { rules: Rules { mode, ..self.rules }, ..self }
    }

    /// Takes only tickets that are bound to something of this kind, too.
    #[must_use]
    pub fn require(self, kind: BindingKind) -> Self {
        let required = self.rules.required.with(kind.flag());
        Self { rules: Rules { required, ..self.rules }, ..self }
    }

    /// Sets how long a ticket may have been made for; a minute unless set, and no more than that.
    ///
    /// Those that resume may have been made for a day.
    #[must_use]
    pub fn max_ttl(self, ttl: Duration) -> Self {
        Self { rules: Rules { max_ttl: ttl.min(MAX_TTL), ..self.rules }, ..self }
    }

    /// Sets how far the clocks of two nodes may be apart; 5 s unless set, and no more than that.
    #[must_use]
    pub fn skew(self, skew: Duration) -> Self {
        Self { rules: Rules { skew: skew.min(SKEW), ..self.rules }, ..self }
    }

    /// Sets who knows what was revoked between minting and redemption; nobody unless set.
    #[must_use]
    pub fn revocations<Other: Revocations>(self, revocations: Other) -> Verifier<T, S, Other> {
        let Self { keys, store, rules, claims, .. } = self;
        #[cfg(feature = "tower")]
        revocations.watch(keys.ring());
        Verifier { keys, store, revocations, rules, claims }
    }

    /// The keys that it verifies with.
    #[cfg(feature = "tower")]
    pub(crate) const fn ring(&self) -> &KeyRing {
        self.keys.ring()
    }

    /// Checks everything that can be checked without the store.
    ///
    /// It takes no memory unless the ticket is good and holds claims itself. The ticket is not spent:
    /// [`consume`](Self::consume) does that.
    ///
    /// # Errors
    ///
    /// [`InvalidTicket`]; the ticket is not spent.
    pub fn verify(&self, ticket: &str, context: &Context) -> Result<Verified, InvalidTicket> {
        let now = self.keys.latest(context.now());
        envelope::open(ticket, |envelope| {
            self.check(&envelope, context, now)?;
            self.rules.check_time(&envelope.header, now)?;
            self.check_known(&envelope.header)?;
            self.rules.check_binding(&envelope.header, context)?;
            Ok(Verified::new(&envelope, context))
        })
    }

    /// Redeems a ticket: [`verify`](Self::verify), and then [`consume`](Self::consume).
    ///
    /// If the future is dropped, the ticket may be spent.
    ///
    /// # Errors
    ///
    /// [`RedeemError::Invalid`] for a ticket that is refused, [`RedeemError::Store`] if the store cannot tell. The
    /// latter is never a reason to let someone in.
    pub async fn redeem(&self, ticket: &str, context: &Context) -> Result<Redeemed<T>, RedeemError> {
        self.consume(self.verify(ticket, context)?, context.now()).await
    }

    /// Spends a ticket that this verifier has [verified](Self::verify), unless it is one that
    /// [resumes](Purpose::Resume): these are good until they expire.
    ///
    /// If the future is dropped, the ticket may be spent.
    ///
    /// # Errors
    ///
    /// [`RedeemError::Invalid`] if it was spent or revoked before, has expired since it was verified, or its claims
    /// cannot be read; [`RedeemError::Store`] if the store cannot tell.
    pub async fn consume(&self, mut verified: Verified, now: UnixMillis) -> Result<Redeemed<T>, RedeemError> {
        let (asked, now) = (now, self.keys.latest(now));
        // It may have been kept for longer than the store remembers that it was spent.
        self.rules.check_time(verified.header(), now)?;
        let id = verified.id();
        let resumes = verified.purpose() == Purpose::Resume;
        let claims = if let Some(inline) = verified.take_inline() {
            // Whom it is about is known beforehand, so one that was revoked takes no place in the store.
            let claims = self.read(&inline, &verified)?;
            let until = verified.expires().plus(REMEMBERED);
            if !resumes && self.store.burn(&id, until, now).await? == Burnt::Before {
                return Err(Why::Replayed.into());
            }
            claims
        } else {
            let found =
                if resumes { self.store.peek(&id, now).await? } else { self.store.take(&id, now).await? };
            self.read(&found.ok_or(Why::Replayed)?, &verified)?
        };
        // A store may take its time. A ticket that came in time is then good, but not for what has lapsed meanwhile.
        if verified.header().has_lapsed(self.keys.latest(asked)) {
            return Err(Why::Expired.into());
        }
        Ok(verified.redeemed(claims))
    }

    /// Says which ticket this is, and that it is genuine and bound to what is presented, though it may have expired
    /// and been spent.
    ///
    /// It is what a ticket that [resumes](Purpose::Resume) is presented with, in the URL that an `EventSource` has and
    /// cannot change. It grants nothing by itself.
    ///
    /// # Errors
    ///
    /// [`InvalidTicket`] for whatever [`verify`](Self::verify) refuses, the time aside.
    pub fn identify(&self, ticket: &str, context: &Context) -> Result<TicketId, InvalidTicket> {
        let now = self.keys.latest(context.now());
        envelope::open(ticket, |envelope| {
            self.check(&envelope, context, now)?;
            self.rules.check_binding(&envelope.header, context)?;
            Ok(envelope.header.id)
        })
    }

    /// Key, signature, and what follows from the ticket alone.
    fn check(&self, envelope: &Envelope<'_>, context: &Context, now: UnixMillis) -> Result<(), Why> {
        self.keys.check(envelope, now)?;
        let header = &envelope.header;
        if self.rules.mode == Mode::TakeOnce && !header.flags.contains(Flags::REF) {
            return Err(Why::Mode);
        }
        if header.purpose == context.purpose() { Ok(()) } else { Err(Why::Purpose) }
    }

    /// Whether the store would know if it had been spent.
    fn check_known(&self, header: &Header) -> Result<(), Why> {
        let (issued, since) = (UnixMillis::new(header.issued), self.store.since());
        // What is spent by a note alone may be from before, by a clock that is ahead; all else is in the store, or not.
        let noted = !header.flags.contains(Flags::REF) && header.purpose != Purpose::Resume;
        let known = if noted { issued.since(since) > SKEW } else { issued >= since };
        if known { Ok(()) } else { Err(Why::Replayed) }
    }

    /// Reads claims, which are not to have been revoked.
    fn read(&self, bytes: &[u8], verified: &Verified) -> Result<T, Why> {
        let claims = T::decode(bytes).map_err(|_| Why::Claims)?;
        let revoked = self.revocations.revoked_before(claims.subject(), claims.session());
        if revoked.is_some_and(|moment| verified.issued() <= moment) { Err(Why::Revoked) } else { Ok(claims) }
    }
}

impl Rules {
    fn check_time(&self, header: &Header, now: UnixMillis) -> Result<(), Why> {
        let max = if header.purpose == Purpose::Resume { self.max_resume_ttl } else { self.max_ttl };
        if header.ttl == 0 || u64::from(header.ttl) > millis(max) {
            return Err(Why::Lifetime);
        }
        let lapsed = header.has_lapsed(now);
        // All of these fit by far: 48 bits and 32 of them.
        let (now, skew) = (now.as_millis(), millis(self.skew));
        if header.issued > now + skew {
            return Err(Why::Future);
        }
        if header.issued + u64::from(header.ttl) + skew < now || lapsed {
            return Err(Why::Expired);
        }
        Ok(())
    }

    fn check_binding(&self, header: &Header, context: &Context) -> Result<(), Why> {
        let presented = context.bound_to();
        let scoped = presented.scope_label().is_none() || header.flags.contains(Flags::SCOPE);
        let digest = presented.digest(header.flags, header.purpose).ok_or(Why::Binding)?;
        let same = bool::from(digest.ct_eq(&header.bound));
        let required = self.required.with(context.required());
        if same && scoped && header.flags.contains(required) { Ok(()) } else { Err(Why::Binding) }
    }
}

// Not derived, as that would want claims to be cloned.
impl<T, S: Clone, R: Clone> Clone for Verifier<T, S, R> {
    fn clone(&self) -> Self {
        let (keys, store) = (self.keys.clone(), self.store.clone());
        Self { keys, store, revocations: self.revocations.clone(), ..*self }
    }
}

impl<T, S, R> fmt::Debug for Verifier<T, S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("keys", &self.keys)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

/// The greatest lifetime of a ticket that connects or refreshes.
pub(crate) const MAX_TTL: Duration = Duration::from_secs(60);

/// The greatest lifetime of a ticket that resumes.
pub(crate) const MAX_RESUME_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// The greatest distance of two clocks.
pub(crate) const SKEW: Duration = Duration::from_secs(5);

/// How long after a ticket expires it is remembered that it was spent, or that a login was revoked: the clock of whoever has
/// redeemed it may be as far ahead as whoever is asked next takes it late, whatever tolerance each is set to; and a second.
pub(crate) const REMEMBERED: Duration = SKEW.saturating_mul(2).saturating_add(Duration::from_secs(1));
