use std::{error::Error, fmt, sync::Arc};

use http::request::Parts;

use super::authority::Authority;
use crate::http::Refusal;

/// The hosts that a server answers for, by the names that clients call it.
///
/// A page of an attacker can have its own name resolve to an address of a server, even one on the visitor's own
/// machine, and then it is of the same origin (DNS rebinding). It cannot change what the request says in `Host`.
///
/// Compared without respect to case; `host` also stands for `host:80` and `host:443`, every other port has to be
/// listed. Addresses and `localhost` are let in only if they are listed.
///
/// # Examples
///
/// ```
/// use http::Request;
/// use longwave_ticket::http::Hosts;
///
/// let hosts = Hosts::list(["app.example.com", "localhost:3000"])?;
/// let of = |host| Request::get("/").header("host", host).body(()).map(|request| request.into_parts().0);
/// assert!(hosts.check(&of("app.example.com")?).is_ok());
/// assert!(hosts.check(&of("evil.example.org")?).is_err());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Hosts(Arc<[Authority]>);

/// A text that is not a host: `host` or `host:port`, in ASCII.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct HostError;

/// The host of a request is not let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum HostRefused {
    /// There is none, there is more than one, or two that differ.
    Invalid,
    /// It is not listed.
    NotListed,
}

impl Hosts {
    /// Lets in requests for these, and no others.
    ///
    /// # Errors
    ///
    /// [`HostError`] if one of them is not `host` or `host:port`.
    pub fn list<'h>(hosts: impl IntoIterator<Item = &'h str>) -> Result<Self, HostError> {
        hosts
            .into_iter()
            .map(|host| Authority::parse(host).ok_or(HostError))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Judges the host of a request: its `Host`, and the target where that names one (`:authority`).
    ///
    /// Headers of proxies, such as `X-Forwarded-Host`, are not looked at.
    ///
    /// # Errors
    ///
    /// [`HostRefused`] if the request is not for a host that is listed.
    pub fn check(&self, parts: &Parts) -> Result<(), HostRefused> {
        let host = Authority::of(parts).ok_or(HostRefused::Invalid)?;
        if self.include(&host) { Ok(()) } else { Err(HostRefused::NotListed) }
    }

    pub(super) fn include(&self, host: &Authority) -> bool {
        self.0.iter().any(|listed| listed.same_as(host))
    }
}

impl HostRefused {
    /// What the client is told.
    #[must_use]
    pub const fn refusal(self) -> Refusal {
        match self {
            Self::Invalid => Refusal::InvalidHost,
            Self::NotListed => Refusal::Host,
        }
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a host")
    }
}

impl Error for HostError {}

impl fmt::Display for HostRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "host missing, repeated, malformed or ambiguous",
            Self::NotListed => "host not allowed",
        })
    }
}

impl Error for HostRefused {}
