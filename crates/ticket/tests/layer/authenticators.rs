//! Somebody else's credentials, with all the rest.

use http::{HeaderValue, Request, header, request::Parts};
use longwave_ticket::{
    http::{Authenticated, Authenticator, Caller, Credential, Denial, Presented, Refusal, Source, Sources},
    live::{Admission, Close, Selector},
};

use crate::support::{House, PAGE, Reasons, User};

/// Knows one token, and one cookie.
#[derive(Clone)]
struct Tokens;

fn bearer(parts: &Parts) -> Option<&str> {
    parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

impl Authenticator<User> for Tokens {
    fn presented(&self, parts: &Parts) -> Option<Presented> {
        bearer(parts).map(|_| Presented::Explicitly)
    }

    async fn authenticate(&self, caller: Caller<'_, User>) -> Result<Authenticated<User>, Denial> {
        let token = caller.credential().map(Credential::as_str).or(bearer(caller.parts()));
        let user = match token {
            Some("ann's") => User("ann".to_owned()),
            Some(_) => return Err(Denial::new(Refusal::InvalidTicket).because("unknown_token")),
            None => return Err(Refusal::CredentialsRequired.into()),
        };
        let now = caller.context().now();
        let admission = Admission::new(user, [0; 16], now).deadline(now.plus(crate::support::secs(60)));
        Ok(Authenticated::new(admission).set_cookie(HeaderValue::from_static("sid=next")))
    }
}

fn feed() -> http::request::Builder {
    Request::get("/feed").header("accept", "text/event-stream").header("host", "app.example.com")
}

#[tokio::test(start_paused = true)]
async fn they_get_a_session_that_ends_and_can_be_revoked() {
    let house = House::new();
    let layer = house.layer_of(Tokens);
    let response = house.ask(&layer, feed().header("authorization", "Bearer ann's")).await;
    assert_eq!(response.status(), 200);
    let cookie = &response.headers()["set-cookie"];
    assert!(cookie == "sid=next" && cookie.is_sensitive());
    let seen = house.handler.last();
    assert!(seen.headers["authorization"].is_sensitive());
    let session = seen.session.unwrap();
    assert_eq!(session.deadline(), Some(tokio::time::Instant::now() + crate::support::secs(60)));
    assert_eq!(house.sessions.revoke(Selector::Subject("ann".into()), Close::Revoked), 1);
    assert_eq!(session.ended().await.close_code(), 4403);

    let reasons = Reasons::default();
    let bobs = reasons.watch(feed().header("authorization", "Bearer bob's"));
    assert_eq!(house.status(&layer, bobs).await, 401);
    assert_eq!(house.status(&layer, reasons.watch(feed())).await, 401);
    assert_eq!(reasons.take(), ["unknown_token", "missing"]);
}

#[tokio::test]
async fn they_get_the_stripping_and_the_origins() {
    let house = House::new();
    let sources = [Source::Query("access_token".into()), Source::Cookie("sid".into())];
    let layer = house.layer_of(Tokens).sources(Sources::new(sources));
    let request = Request::get("/feed?access_token=ann's").header("accept", "text/event-stream");
    assert_eq!(house.status(&layer, request).await, 200);
    assert_eq!(house.handler.last().uri, "/feed");
    assert_eq!(house.status(&layer, feed().header("cookie", "sid=ann's")).await, 403);
    assert_eq!(house.status(&layer, feed().header("cookie", "sid=ann's").header("origin", PAGE)).await, 200);
    assert!(!house.handler.last().headers.contains_key("cookie"));
    let foreign = feed().header("authorization", "Bearer ann's").header("origin", "https://evil.test");
    assert_eq!(house.status(&layer, foreign).await, 403);
}
