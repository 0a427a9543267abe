//! Tickets for those who are logged in with a cookie, by `tower-sessions`: their streams end with the login.
//!
//! ```sh
//! cargo run -p longwave-ticket --example login --features axum
//! page='-b jar -c jar -H Origin:http://127.0.0.1:3000 -H Content-Type:application/json'
//! curl $page -X POST http://127.0.0.1:3000/login/ada
//! curl $page -X POST http://127.0.0.1:3000/ticket
//! curl $page -N -H 'Accept: text/event-stream' http://127.0.0.1:3000/feed?ticket=lwt1_…
//! curl $page -X POST http://127.0.0.1:3000/logout    # in another terminal: the stream ends
//! ```

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    response::Response,
    routing::{get, post, post_service},
};
use futures_util::{StreamExt, stream};
use http::{StatusCode, request::Parts};
use longwave_sse::{Event, EventBody, response};
use longwave_ticket::{
    Audience, Claims, ClaimsError, Grant, Issuer, KeyRing, MemoryStore, Scope, UnixMillis, Verifier,
    http::{BrowserCookie, Denial, MintService, Origins, RedactLayer, Refusal, TicketLayer},
    live::{Close, Selector, Session, Sessions},
};
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, time::interval};
use tower::{ServiceBuilder, make::Shared};
use tower_sessions::{Expiry, MemoryStore as Logins, Session as Login, SessionManagerLayer, cookie::time};

#[derive(Clone, Deserialize, Serialize)]
struct User {
    name: String,
    /// The login, by a name that is of no use to anybody: not the one in its cookie.
    login: String,
}

impl Claims for User {
    fn subject(&self) -> &str {
        &self.name
    }

    fn session(&self) -> Option<&str> {
        Some(&self.login)
    }

    fn encode(&self) -> Result<Vec<u8>, ClaimsError> {
        serde_json::to_vec(self).map_err(ClaimsError::new)
    }

    fn decode(bytes: &[u8]) -> Result<Self, ClaimsError> {
        serde_json::from_slice(bytes).map_err(ClaimsError::new)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let audience = Audience::new("http://127.0.0.1:3000|feed")?;
    let keys = KeyRing::random()?;
    let store = MemoryStore::new();
    let issuer = Issuer::<User, _>::new(&audience, &keys, store.clone())?;
    let verifier = Verifier::<User, _>::new(&audience, &keys, store)?;
    let origins = Origins::list(["http://127.0.0.1:3000"])?;
    // There is no TLS here. In earnest: `BrowserCookie::new()`, and `with_secure(true)` below.
    let browser = BrowserCookie::insecure_for_development();
    let sessions = Sessions::builder().build();

    let mint =
        MintService::new(issuer, origins.clone(), |parts: &Parts| grant(parts.extensions.get().cloned()))
            .cookie(browser.clone())
            .observe(|_, outcome| println!("a ticket was asked for: {}", outcome.name()));
    let logins = SessionManagerLayer::new(Logins::default())
        .with_secure(false)
        .with_expiry(Expiry::OnInactivity(time::Duration::hours(1)));
    let behind_login = Router::new()
        .route("/login/{name}", post(log_in))
        .route("/logout", post(log_out))
        .with_state(sessions.clone())
        .route("/ticket", post_service(mint))
        .layer(logins);
    let layer = TicketLayer::new(verifier, origins, sessions).cookie(browser).scope(Scope::new("feed")?);
    let app = behind_login.merge(Router::new().route("/feed", get(feed)).layer(layer));
    let app = ServiceBuilder::new()
        .map_response(|response: Response<_>| response.map(Body::new))
        // Outside of everything that logs.
        .layer(RedactLayer::new().query("ticket"))
        .service(app);
    axum::serve(TcpListener::bind("127.0.0.1:3000").await?, Shared::new(app)).await?;
    Ok(())
}

/// Grants what the login is good for, until it lapses.
async fn grant(login: Option<Login>) -> Result<Grant<User>, Denial> {
    let login = login.ok_or(Refusal::Internal)?;
    let user = login.get(USER).await.map_err(|_| Refusal::Unavailable)?;
    let user: User = user.ok_or(Refusal::CredentialsRequired)?;
    let lapses = u64::try_from(login.expiry_date().unix_timestamp()).unwrap_or(0);
    let scope = Scope::new("feed").map_err(|_| Refusal::Internal)?;
    Ok(Grant::new(user).until(UnixMillis::new(lapses.saturating_mul(1000))).within(scope))
}

/// Believes whoever comes. In earnest: a password, and a look at where the request is from.
async fn log_in(login: Login, Path(name): Path<String>) -> Result<(), StatusCode> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let user = User { name, login: format!("{:032x}", u128::from_be_bytes(random)) };
    // A name in the cookie from before is nobody's login.
    login.cycle_id().await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    login.insert(USER, user).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
}

/// Ends the login, its streams, and what is left of its tickets.
async fn log_out(login: Login, State(sessions): State<Sessions<User>>) -> Result<String, StatusCode> {
    let user = login.get::<User>(USER).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    login.flush().await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let ended = user.map_or(0, |user| sessions.revoke(Selector::Session(user.login), Close::Revoked));
    Ok(format!("{ended} streams were ended\n"))
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

/// What the user is called in the data of a login.
const USER: &str = "user";
