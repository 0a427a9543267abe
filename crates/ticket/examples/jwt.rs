//! Event streams for those who have a JSON Web Token: they end when it expires.
//!
//! ```sh
//! cargo run -p longwave-ticket --example jwt --features axum
//! curl -N -H 'Accept: text/event-stream' -H 'Authorization: Bearer …' http://127.0.0.1:3000/feed
//! ```
//!
//! For clients that can set headers, such as `fetch`. An `EventSource` and a WebSocket of a browser cannot: they get a
//! ticket, from a `MintService` behind the same tokens.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{Router, body::Body, response::Response, routing::get};
use futures_util::{StreamExt, stream};
use http::{header, request::Parts};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode, errors::ErrorKind,
};
use longwave_sse::{Event, EventBody, response};
use longwave_ticket::{
    Claims, ClaimsError, UnixMillis,
    http::{Authenticated, Authenticator, Caller, Denial, Origins, Presented, Refusal, TicketLayer},
    live::{Admission, Session, Sessions},
};
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, time::interval};

/// What is in the token.
#[derive(Deserialize, Serialize)]
struct User {
    sub: String,
    aud: String,
    /// In seconds, as the next.
    iat: u64,
    exp: u64,
    /// The login that the token is from.
    sid: Option<String>,
}

impl Claims for User {
    fn subject(&self) -> &str {
        &self.sub
    }

    fn session(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    // These are for tickets, and there are none here.
    fn encode(&self) -> Result<Vec<u8>, ClaimsError> {
        Err(ClaimsError::unreadable())
    }

    fn decode(_: &[u8]) -> Result<Self, ClaimsError> {
        Err(ClaimsError::unreadable())
    }
}

/// Takes tokens of one audience, signed by one key with one algorithm.
#[derive(Clone)]
struct Jwt {
    key: Arc<DecodingKey>,
    validation: Arc<Validation>,
}

impl Jwt {
    fn new(secret: &[u8]) -> Self {
        // Not the algorithm that a token says it has.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "aud", "sub"]);
        Self { key: Arc::new(DecodingKey::from_secret(secret)), validation: Arc::new(validation) }
    }
}

impl Authenticator<User> for Jwt {
    fn presented(&self, parts: &Parts) -> Option<Presented> {
        bearer(parts).map(|_| Presented::Explicitly)
    }

    async fn authenticate(&self, caller: Caller<'_, User>) -> Result<Authenticated<User>, Denial> {
        // A ticket is none of these.
        let invalid = Denial::new(Refusal::InvalidTicket);
        let token = bearer(caller.parts()).ok_or_else(|| invalid.clone().because("no_jwt"))?;
        let token = decode::<User>(token, &self.key, &self.validation);
        let user = token.map_err(|error| invalid.because(reason(error.kind())))?.claims;
        let moment = |seconds: u64| UnixMillis::new(seconds.saturating_mul(1000));
        let (issued, expires) = (moment(user.iat), moment(user.exp));
        // Tokens are good more than once, so this one has no number of its own.
        Ok(Admission::new(user, [0; 16], issued).deadline(expires).into())
    }
}

/// The token in the only `Authorization` of a request.
fn bearer(parts: &Parts) -> Option<&str> {
    let mut lines = parts.headers.get_all(header::AUTHORIZATION).iter();
    let only = lines.next().filter(|_| lines.next().is_none())?;
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// For counters; the client is not told.
fn reason(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::ExpiredSignature => "jwt_expired",
        ErrorKind::InvalidSignature => "jwt_signature",
        ErrorKind::InvalidAudience => "jwt_audience",
        _ => "jwt_invalid",
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sessions = Sessions::builder().build();
    let origins = Origins::list(["http://127.0.0.1:3000"])?;
    let layer = TicketLayer::new(Jwt::new(SECRET), origins, sessions);
    let app = Router::new().route("/feed", get(feed)).layer(layer);

    let now = UnixMillis::from(std::time::SystemTime::now()).as_millis() / 1000;
    let user = User { sub: "ada".into(), aud: AUDIENCE.into(), iat: now, exp: now + 60, sid: None };
    println!("{}", encode(&Header::new(Algorithm::HS256), &user, &EncodingKey::from_secret(SECRET))?);
    axum::serve(TcpListener::bind("127.0.0.1:3000").await?, app).await?;
    Ok(())
}

async fn feed(session: Session<User>) -> Response {
    let ticks = stream::unfold(interval(Duration::from_secs(1)), |mut ticks| async {
        ticks.tick().await;
        Some(((), ticks))
    });
    let events = ticks.map(move |()| {
        let hello = format!("hello {}", session.claims().subject());
        Ok::<_, Infallible>(Event::new().data(hello))
    });
    response(EventBody::new(events)).map(Body::new)
}

const AUDIENCE: &str = "https://app.example.com";
/// In earnest: from where secrets are kept.
const SECRET: &[u8] = b"32 bytes that everybody can read";
