mod network;
mod origin;

use std::{fmt, net::IpAddr};

use sha2::{Digest, Sha256};

pub use self::origin::InvalidOrigin;
use self::{network::Network, origin::Origin};
use crate::{Purpose, Scope, TicketId, envelope::Flags};

/// What a ticket is bound to, when it is minted; what is presented with it, when it is redeemed.
///
/// Each element that it was bound to has to be presented, and be the same. What is presented beyond that does not
/// matter, except for a [scope](Self::scope).
///
/// # Examples
///
/// ```
/// use longwave_ticket::{Binding, Scope};
///
/// let binding = Binding::new()
///     .scope(Scope::new("events")?)
///     .origin("https://app.example.com")?
///     .browser(b"what the cookie holds");
/// # drop(binding);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Binding {
    scope: Option<Scope>,
    origin: Option<Origin>,
    browser: Option<[u8; 32]>,
    network: Option<Network>,
    resumed: Option<TicketId>,
}

impl Binding {
    /// Binds to nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Binds to what is opened.
    ///
    /// Where a scope is presented, only tickets for it are taken, and none that were bound to no scope at all.
    #[must_use]
    pub fn scope(self, scope: Scope) -> Self {
        Self { scope: Some(scope), ..self }
    }

    /// Binds to the origin of the page, as the header `Origin` has it: `https://app.example.com`.
    ///
    /// Capital letters and a port that is the scheme's own do not matter.
    ///
    /// # Errors
    ///
    /// [`InvalidOrigin`] if it is none: `null`, a list, one with a path.
    pub fn origin(self, origin: &str) -> Result<Self, InvalidOrigin> {
        Ok(Self { origin: Some(Origin::new(origin)?), ..self })
    }

    /// Binds to one browser, by a random value that it has in a cookie which scripts cannot read.
    ///
    /// A ticket that was seen in a log or planted in a page is then of no use in another browser.
    /// Only the SHA-256 of the value is kept.
    #[must_use]
    pub fn browser(self, nonce: &[u8]) -> Self {
        Self { browser: Some(Sha256::digest(nonce).into()), ..self }
    }

    /// Binds to the network that the client's address is in: the first 24 bits of an IPv4 address, the first 64 of
    /// an IPv6 one.
    ///
    /// Clients change theirs, from one request to the next: between IPv4 and IPv6, and on the move.
    #[must_use]
    pub fn network(self, address: IpAddr) -> Self {
        Self { network: Some(Network::of(address)), ..self }
    }

    /// Binds to the ticket that has opened the stream which is to be resumed.
    ///
    /// Tickets for [`Purpose::Resume`] need it; for the others it does not matter.
    #[must_use]
    pub fn resumes(self, first: TicketId) -> Self {
        Self { resumed: Some(first), ..self }
    }

    pub(crate) const fn scope_label(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    /// What is here, a possible [resumption](Self::resumes) aside.
    pub(crate) fn flags(&self) -> Flags {
        let mut flags = Flags::NONE;
        for (present, flag) in [
            (self.scope.is_some(), Flags::SCOPE),
            (self.origin.is_some(), Flags::ORIGIN),
            (self.browser.is_some(), Flags::BROWSER),
            (self.network.is_some(), Flags::NETWORK),
        ] {
            if present {
                flags = flags.with(flag);
            }
        }
        flags
    }

    /// The digest of those elements that are flagged; `None` if one of them is not here.
    pub(crate) fn digest(&self, flags: Flags, purpose: Purpose) -> Option<[u8; 16]> {
        let resumes = purpose == Purpose::Resume;
        if !flags.binds() && !resumes {
            return Some([0; 16]);
        }
        let mut digest = Sha256::new_with_prefix(DOMAIN);
        // No value is another one's end and beginning: each has its type and its length before it.
        let mut add = |kind: u8, value: &[u8]| {
            let [a, b, c, d] = u32::try_from(value.len()).ok()?.to_be_bytes();
            digest.update([kind, a, b, c, d]);
            digest.update(value);
            Some(())
        };
        if flags.contains(Flags::SCOPE) {
            add(1, self.scope.as_ref()?.as_str().as_bytes())?;
        }
        if flags.contains(Flags::ORIGIN) {
            add(2, self.origin.as_ref()?.as_str().as_bytes())?;
        }
        if flags.contains(Flags::BROWSER) {
            add(3, self.browser.as_ref()?)?;
        }
        if flags.contains(Flags::NETWORK) {
            add(4, self.network.as_ref()?.as_bytes())?;
        }
        if resumes {
            add(5, self.resumed.as_ref()?.as_bytes())?;
        }
        digest.finalize().first_chunk().copied()
    }
}

impl fmt::Debug for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Binding")
            .field("scope", &self.scope)
            .field("origin", &self.origin)
            .field("browser", &self.browser.map(|_| "…"))
            .field("network", &self.network)
            .field("resumed", &self.resumed)
            .finish()
    }
}

/// An element that a ticket can be bound to.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum BindingKind {
    /// [`Binding::scope`].
    Scope,
    /// [`Binding::origin`].
    Origin,
    /// [`Binding::browser`].
    Browser,
    /// [`Binding::network`].
    Network,
}

impl BindingKind {
    pub(crate) const fn flag(self) -> Flags {
        match self {
            Self::Scope => Flags::SCOPE,
            Self::Origin => Flags::ORIGIN,
            Self::Browser => Flags::BROWSER,
            Self::Network => Flags::NETWORK,
        }
    }
}

/// What the digest begins with, so that it is the digest of nothing else.
const DOMAIN: &[u8] = b"longwave-bind-v1";
