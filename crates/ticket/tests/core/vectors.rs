//! The published examples: what is minted from them to the byte, and what is refused and why.

use std::time::Duration;

use longwave_ticket::{
    Audience, Binding, Claims, ClaimsError, Context, Grant, Issuer, KeyRing, Mode, Purpose, Scope, SecretKey,
    Ticket, TicketId, UnixMillis, Verifier,
};
use serde_json::Value;

use crate::support::{alone, now};

pub(crate) fn hex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
        .collect()
}

pub(crate) fn unhex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Claims that are any bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Claims for Bytes {
    fn subject(&self) -> &'static str {
        "somebody"
    }

    fn encode(&self) -> Result<Vec<u8>, ClaimsError> {
        Ok(self.0.clone())
    }

    fn decode(bytes: &[u8]) -> Result<Self, ClaimsError> {
        Ok(Self(bytes.to_vec()))
    }
}

/// A case of the file, or a request to the other implementation.
#[derive(Debug)]
pub(crate) struct Case<'a>(pub(crate) &'a Value);

impl Case<'_> {
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap()
    }

    fn number(&self, name: &str) -> u64 {
        self.0[name].as_u64().unwrap()
    }

    pub(crate) fn key(&self) -> SecretKey {
        SecretKey::from_bytes(hex(self.text("key")).try_into().unwrap()).unwrap()
    }

    pub(crate) fn audience(&self) -> Audience {
        Audience::new(self.text("audience")).unwrap()
    }

    pub(crate) fn mode(&self) -> Mode {
        match self.text("mode") {
            "take_once" => Mode::TakeOnce,
            "self_contained" => Mode::SelfContained,
            other => panic!("{other}"),
        }
    }

    pub(crate) fn context(&self, at: &str) -> Context {
        let purpose = match self.text("purpose") {
            "connect" => Purpose::Connect,
            "resume" => Purpose::Resume,
            "refresh" => Purpose::Refresh,
            other => panic!("{other}"),
        };
        let mut binding = Binding::new();
        for (name, value) in self.0["binding"].as_object().unwrap() {
            let value = value.as_str().unwrap();
            binding = match name.as_str() {
                "scope" => binding.scope(Scope::new(value).unwrap()),
                "origin" => binding.origin(value).unwrap(),
                "browser" => binding.browser(value.as_bytes()),
                "network" => binding.network(value.parse().unwrap()),
                "resumed" => binding.resumes(TicketId::from_bytes(hex(value).try_into().unwrap())),
                other => panic!("{other}"),
            };
        }
        Context::new(purpose, UnixMillis::new(self.number(at))).binding(binding)
    }

    /// What an issuer makes of it.
    pub(crate) fn mint(&self) -> Ticket {
        let ttl = Duration::from_millis(self.number("ttl"));
        let issuer = Issuer::<Bytes, _>::new(&self.audience(), &KeyRing::new(self.key()), alone()).unwrap();
        let issuer = issuer.mode(self.mode()).ttl(ttl).resume_ttl(ttl);
        let mut grant = Grant::new(Bytes(hex(self.text("claims"))));
        if self.number("deadline") != 0 {
            grant = grant.until(UnixMillis::new(self.number("deadline")));
        }
        let id = TicketId::from_bytes(hex(self.text("id")).try_into().unwrap());
        now(issuer.mint(&grant, &self.context("issued"), id)).unwrap().into_ticket()
    }

    pub(crate) fn verifier(&self) -> Verifier<Bytes, crate::support::Counted> {
        let (ring, store) = (KeyRing::new(self.key()), crate::support::Counted::default());
        Verifier::new(&self.audience(), &ring, store).unwrap().mode(Mode::SelfContained)
    }
}

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../vectors/v1.json")).unwrap()
}

#[test]
fn what_is_minted_is_what_is_published() {
    let vectors = vectors();
    let accepted = vectors["accepted"].as_array().unwrap();
    assert_eq!(accepted.len(), 20);
    for case in accepted.iter().map(Case) {
        let name = case.text("name");
        let ticket = case.mint();
        assert_eq!(ticket.expose(), case.text("ticket"), "{name}");
        let verified = case.verifier().verify(ticket.expose(), &case.context("issued")).expect(name);
        assert_eq!(unhex(verified.key_id().as_bytes()), case.text("kid"), "{name}");
        assert_eq!(unhex(verified.id().as_bytes()), case.text("id"), "{name}");
        assert_eq!(verified.issued().as_millis(), case.number("issued"), "{name}");
        assert_eq!(verified.deadline().map_or(0, UnixMillis::as_millis), case.number("deadline"), "{name}");
        let expires = UnixMillis::new(case.number("issued") + case.number("ttl"));
        assert_eq!(verified.expires(), expires, "{name}");
        if case.mode() == Mode::SelfContained {
            let at = UnixMillis::new(case.number("issued"));
            let redeemed = now(case.verifier().consume(verified, at)).unwrap();
            assert_eq!(redeemed.into_grant().into_claims(), Bytes(hex(case.text("claims"))), "{name}");
        }
    }
}

#[test]
fn what_is_published_as_refused_is_refused_for_that_reason() {
    let vectors = vectors();
    let refused = vectors["refused"].as_array().unwrap();
    assert_eq!(refused.len(), 44);
    for case in refused.iter().map(Case) {
        let verified = case.verifier().verify(case.text("ticket"), &case.context("now"));
        assert_eq!(verified.unwrap_err().why().name(), case.text("why"), "{}", case.text("name"));
    }
}
