//! How the parts are put together: all that an application has to write before it can ask for tickets.

use std::future::{Ready, ready};

use http::request::Parts;
use longwave_ticket::http::{
    BrowserCookie, Denial, Hosts, MintOutcome, MintService, Origins, RedactLayer, Refusal, Resume, Strip,
    TicketLayer,
};
use longwave_ticket::live::Sessions;
use longwave_ticket::{Audience, Grant, Issuer, KeyRing, MemoryStore, Scope, UnixMillis, Verifier};

use super::FEED;
use super::log::Log;
use super::logins::{self, Cookie, Logins};
use super::user::User;
use crate::clients::Clients;
use crate::feed::Config;

/// The login of the demo. Clones are of the same.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(super) redact: RedactLayer,
    pub(super) log: Log,
    pub(super) hosts: Hosts,
    pub(super) origins: Origins,
    pub(super) logins: Logins,
    pub(super) mint: MintService<User, MemoryStore, Authorize>,
    pub(super) sessions: Sessions<User>,
    /// The event streams, by the login that they belong to.
    pub(super) clients: Clients,
    gate: Gate,
}

/// What streams are behind.
pub(crate) type Gate = TicketLayer<User, Resume<User, MemoryStore>>;

/// Says what a login is good for.
type Authorize = fn(&Parts) -> Ready<Result<Grant<User>, Denial>>;

impl Login {
    pub(crate) fn new(config: &Config) -> Self {
        let origins: Vec<&str> = config.origins.iter().map(String::as_str).collect();
        let hosts = origins.iter().filter_map(|origin| Some(origin.split_once("://")?.1));
        let hosts = Hosts::list(hosts).expect("addresses are hosts");
        let audience = format!("{}|login", origins.first().unwrap_or(&"nowhere"));
        let audience = Audience::new(&audience).expect("it is short");
        let origins = Origins::list(origins.iter().copied()).expect("addresses are origins");

        let keys = KeyRing::random().expect("the system has randomness");
        let store = MemoryStore::new();
        let unused = "a new ring takes an audience";
        let issuer = Issuer::<User, _>::new(&audience, &keys, store.clone()).expect(unused);
        let verifier = Verifier::<User, _>::new(&audience, &keys, store).expect(unused);

        let log = Log::default();
        let minted = log.clone();
        let mint = MintService::new(issuer.clone(), origins.clone(), grant as Authorize).observe(
            move |_, outcome| {
                if let MintOutcome::Minted(ticket) = outcome {
                    minted.minted(*ticket);
                }
            },
        );

        // Streams can be resumed for as long as the login lasts, and for as long it is known what was revoked.
        let sessions = Sessions::builder().remember(logins::LASTS).build();
        let resume = Resume::new(verifier, issuer.resume_ttl(logins::LASTS), FEED).expect("it is a path");

        // Browsers do not agree upon cookies that are for HTTPS when there is none.
        let (cookie, browser, resume) = if config.https {
            (Cookie::SECURE, BrowserCookie::new(), resume)
        } else {
            (Cookie::CLEAR, BrowserCookie::insecure_for_development(), resume.insecure_for_development())
        };
        let gate = TicketLayer::new(resume, origins.clone(), sessions.clone())
            .hosts(hosts.clone())
            .cookie(browser.clone())
            .scope(scope());
        Self {
            redact: RedactLayer::new().query("ticket").strip(Strip::Replace),
            log,
            hosts,
            origins,
            logins: Logins::new(cookie),
            mint: mint.cookie(browser),
            sessions,
            clients: Clients::default(),
            gate,
        }
    }

    /// What goes around the streams.
    pub(crate) fn gate(&self) -> Gate {
        self.gate.clone()
    }

    /// The event streams that can be cut.
    pub(crate) fn clients(&self) -> Clients {
        self.clients.clone()
    }
}

fn grant(parts: &Parts) -> Ready<Result<Grant<User>, Denial>> {
    ready(match parts.extensions.get::<logins::Entry>() {
        Some(login) => Ok(Grant::new(login.user.clone()).until(login.lapses).within(scope())),
        None => Err(Denial::new(Refusal::CredentialsRequired)),
    })
}

fn scope() -> Scope {
    Scope::new("login").expect("it is short")
}

pub(super) fn now() -> UnixMillis {
    UnixMillis::now()
}
