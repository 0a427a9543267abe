//! Claims as JSON, whoever has written them.

use longwave_ticket::{
    Claims, ClaimsError, Grant, Issuer, MintError, Mode, RedeemError, Verifier, Why, json,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::support::{NOW, Service, audience, connect, now};

/// Whatever JSON there is.
#[derive(Debug, Deserialize, Serialize)]
struct Anything(Value);

impl Claims for Anything {
    fn subject(&self) -> &'static str {
        "anybody"
    }

    fn encode(&self) -> Result<Vec<u8>, ClaimsError> {
        json::encode(self)
    }

    fn decode(bytes: &[u8]) -> Result<Self, ClaimsError> {
        json::decode(bytes)
    }
}

/// What is said to be JSON, as it is.
#[derive(Debug)]
struct Text(String);

impl Claims for Text {
    fn subject(&self) -> &'static str {
        "anybody"
    }

    fn encode(&self) -> Result<Vec<u8>, ClaimsError> {
        Ok(self.0.clone().into_bytes())
    }

    fn decode(_: &[u8]) -> Result<Self, ClaimsError> {
        Err(ClaimsError::unreadable())
    }
}

fn redeem(mode: Mode, text: &str) -> Result<Value, Why> {
    let service = Service::new();
    let issuer =
        Issuer::<Text, _>::new(&audience(), &service.ring, service.store.clone()).unwrap().mode(mode);
    let verifier =
        Verifier::<Anything, _>::new(&audience(), &service.ring, service.store.clone()).unwrap().mode(mode);
    let minted = now(issuer.mint(&Grant::new(Text(text.to_owned())), &connect(NOW), service.id())).unwrap();
    match now(verifier.redeem(minted.ticket().expose(), &connect(NOW))) {
        Ok(redeemed) => Ok(redeemed.into_grant().into_claims().0),
        Err(RedeemError::Invalid(invalid)) => Err(invalid.why()),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn claims_come_back_as_they_were() {
    for mode in [Mode::TakeOnce, Mode::SelfContained] {
        assert_eq!(redeem(mode, r#"{"a":[1,"b",null]}"#), Ok(serde_json::json!({"a": [1, "b", null]})));
    }
}

#[test]
fn nested_without_end_or_no_json_they_are_refused() {
    let nested =
        ["[".repeat(1024), format!("{}{}", "[".repeat(512), "]".repeat(512)), r#"{"a":"#.repeat(200)];
    for text in nested.iter().map(String::as_str).chain(["", "{", "nonsense", "1 2", "\u{0}"]) {
        for mode in [Mode::TakeOnce, Mode::SelfContained] {
            assert_eq!(redeem(mode, text), Err(Why::Claims), "{text:.20}");
        }
    }
}

#[test]
fn what_is_written_is_not_too_long_either() {
    let service = Service::new();
    let issuer = Issuer::<Anything, _>::new(&audience(), &service.ring, service.store.clone()).unwrap();
    let mint = |len| {
        let grant = Grant::new(Anything(Value::String("x".repeat(len))));
        now(issuer.mint(&grant, &connect(NOW), service.id()))
    };
    // Two quotes.
    assert!(mint(1022).is_ok());
    assert!(matches!(mint(1023), Err(MintError::TooLong { len: 1025, .. })));
}
