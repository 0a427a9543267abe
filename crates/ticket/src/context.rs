use crate::{Binding, BindingKind, Purpose, UnixMillis, envelope::Flags};

/// What a ticket is minted for, or presented for: a purpose, at a time, and what it is bound to.
///
/// What it was bound to when it was minted has to be presented with it.
///
/// # Examples
///
/// ```
/// use std::time::SystemTime;
///
/// use longwave_ticket::{Binding, Context, Purpose, Scope};
///
/// let context = Context::new(Purpose::Connect, SystemTime::now().into())
///     .binding(Binding::new().scope(Scope::new("events")?));
/// assert_eq!(context.purpose(), Purpose::Connect);
/// # Ok::<_, longwave_ticket::InvalidName>(())
/// ```
#[derive(Clone, Debug)]
pub struct Context {
    purpose: Purpose,
    binding: Binding,
    required: Flags,
    now: UnixMillis,
}

impl Context {
    /// Makes a context that is bound to nothing.
    #[must_use]
    pub fn new(purpose: Purpose, now: UnixMillis) -> Self {
        Self { purpose, binding: Binding::new(), required: Flags::NONE, now }
    }

    /// Sets what a ticket is to be bound to, or what is presented with it.
    #[must_use]
    pub fn binding(self, binding: Binding) -> Self {
        Self { binding, ..self }
    }

    /// Takes only tickets that are bound to something of this kind; it does not matter where one is minted.
    ///
    /// It is what [`Verifier::require`](crate::Verifier::require) says for all that it verifies.
    #[must_use]
    pub fn require(self, kind: BindingKind) -> Self {
        Self { required: self.required.with(kind.flag()), ..self }
    }

    /// Sets what it is for.
    #[must_use]
    pub fn purposed(self, purpose: Purpose) -> Self {
        Self { purpose, ..self }
    }

    /// Sets the time.
    #[must_use]
    pub fn at(self, now: UnixMillis) -> Self {
        Self { now, ..self }
    }

    /// Returns the purpose.
    #[must_use]
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Returns what it is bound to.
    #[must_use]
    pub const fn bound_to(&self) -> &Binding {
        &self.binding
    }

    pub(crate) const fn required(&self) -> Flags {
        self.required
    }

    /// Returns the time.
    #[must_use]
    pub const fn now(&self) -> UnixMillis {
        self.now
    }
}

/// Where the claims of a ticket are until it is redeemed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Mode {
    /// In the store, from where a redemption takes them away.
    ///
    /// What the store loses is refused. A ticket tells nothing, and can be taken back.
    #[default]
    TakeOnce,
    /// In the ticket itself, readable for everyone who sees it; a redemption is put on a list in the store.
    ///
    /// Whoever mints needs no store. What the store loses can be redeemed again until the ticket expires, and there is
    /// no bound on how many tickets of a subject are outstanding.
    SelfContained,
}
