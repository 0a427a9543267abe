//! A login for streams: a ticket, which a cookie gets, opens an event stream or a WebSocket, and both end with the login.
//!
//! ```sh
//! cargo run -p longwave --example tickets --features full,axum
//! page='-b jar -c jar -H Origin:http://127.0.0.1:3000'
//! ticket() {
//!     curl -s $page -H Content-Type:application/json -X POST http://127.0.0.1:3000/ticket | cut -d'"' -f4
//! }
//! curl $page -X POST http://127.0.0.1:3000/login/ada
//!
//! # An event stream, and the same URL once more: 401.
//! url=http://127.0.0.1:3000/feed?ticket=$(ticket)
//! curl $page -N -H 'Accept: text/event-stream' $url &
//! sleep 1; curl $page -H 'Accept: text/event-stream' $url
//!
//! # A WebSocket, by hand.
//! curl $page -N --http1.1 -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
//!     -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' -H "Sec-WebSocket-Protocol: chat, lw.ticket.$(ticket)" \
//!     --output - http://127.0.0.1:3000/chat &
//!
//! # Both end.
//! sleep 1; curl $page -X POST http://127.0.0.1:3000/logout
//! ```

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Extension, Router,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode, header, request::Parts},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::{any, get, post, post_service},
};
use futures_util::stream;
use longwave::{
    sse::{Event, EventBody, response},
    ticket::{
        Audience, Claims, ClaimsError, Grant, Issuer, KeyRing, MemoryStore, Verifier,
        http::{BrowserCookie, Denial, MintService, Origins, RedactLayer, Refusal, TicketLayer},
        live::{Close, Selector, Session, Sessions},
    },
    ws_hyper::{Message, WebSocketUpgrade, handshake::Subprotocol, server},
};
use tokio::{net::TcpListener, time::sleep};
use tower::{ServiceBuilder, make::Shared};

const PAGE: &str = "http://127.0.0.1:3000";

#[derive(Clone)]
struct User {
    name: String,
    /// The login, by a name that is no secret.
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
        Ok(format!("{} {}", self.login, self.name).into_bytes())
    }

    fn decode(bytes: &[u8]) -> Result<Self, ClaimsError> {
        let text = str::from_utf8(bytes).map_err(ClaimsError::new)?;
        let (login, name) = text.split_once(' ').ok_or_else(ClaimsError::unreadable)?;
        Ok(Self { name: name.to_owned(), login: login.to_owned() })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let audience = Audience::new("http://127.0.0.1:3000|streams")?;
    let (keys, store) = (KeyRing::random()?, MemoryStore::new());
    let issuer = Issuer::<User, _>::new(&audience, &keys, store.clone())?;
    let verifier = Verifier::<User, _>::new(&audience, &keys, store)?;
    let origins = Origins::list([PAGE])?;
    // There is no TLS here. In earnest this line is left out, and what it is given to.
    let browser = BrowserCookie::insecure_for_development();
    let service = Service { logins: Logins::default(), sessions: Sessions::builder().build() };

    let mint = MintService::new(issuer, origins.clone(), |parts: &Parts| {
        let user = parts.extensions.get::<User>().cloned();
        async { Ok(Grant::new(user.ok_or(Denial::new(Refusal::CredentialsRequired))?)) }
    })
    .cookie(browser.clone());
    let tickets = TicketLayer::new(verifier, origins, service.sessions.clone()).cookie(browser);

    let chats = server::Options::new().protocol(Subprotocol::from_static("chat"));
    let streams = Router::new()
        .route("/feed", get(feed))
        .route("/chat", any(chat).layer(Extension(chats)))
        .layer(tickets);
    let router = Router::new()
        .route("/ticket", post_service(mint))
        .route("/logout", post(log_out))
        .layer(from_fn_with_state(service.logins.clone(), find_login))
        .route("/login/{name}", post(log_in))
        .with_state(service)
        .merge(streams);
    let app = ServiceBuilder::new()
        .map_response(|response: axum::http::Response<_>| response.map(Body::new))
        // Outside of everything that logs.
        .layer(RedactLayer::new().query("ticket"))
        .service(router);
    axum::serve(TcpListener::bind("127.0.0.1:3000").await?, Shared::new(app)).await?;
    Ok(())
}

async fn feed(session: Session<User>) -> Response {
    let events = stream::unfold(0_u64, move |n| {
        let hello = format!("hello {}", session.claims().name);
        async move {
            sleep(Duration::from_secs(n.min(5))).await;
            Some((Ok::<_, Infallible>(Event::new().id(n.into()).data(hello)), n + 1))
        }
    });
    response(Body::new(EventBody::new(Box::pin(events))))
}

/// Closed with 4403 when the login is revoked, which takes no code here.
async fn chat(session: Session<User>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async move |mut socket| {
        let hello = format!("hello {}\n", session.claims().name);
        if socket.send(Message::text(hello)).await.is_err() {
            return;
        }
        while let Some(Ok(message)) = socket.recv().await {
            if matches!(message, Message::Close(_)) || socket.send(message).await.is_err() {
                break;
            }
        }
    })
}

/// What handlers share.
#[derive(Clone)]
struct Service {
    logins: Logins,
    sessions: Sessions<User>,
}

/// Who is logged in, by what is in their cookie.
#[derive(Clone, Default)]
struct Logins(Arc<Mutex<HashMap<String, User>>>);

impl Logins {
    fn with<R>(&self, work: impl FnOnce(&mut HashMap<String, User>) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Believes whoever comes. In earnest: a password, and a cookie `__Host-login` that is `Secure`.
async fn log_in(
    State(service): State<Service>,
    Path(name): Path<String>,
) -> Result<[(header::HeaderName, String); 1], StatusCode> {
    let (secret, login) = (random()?, random()?);
    service.logins.with(|logins| logins.insert(secret.clone(), User { name, login }));
    Ok([(header::SET_COOKIE, format!("login={secret}; Path=/; HttpOnly; SameSite=Strict"))])
}

/// Ends the login and its streams; the tickets that it has left are refused from now on.
async fn log_out(State(service): State<Service>, headers: HeaderMap) -> Result<String, StatusCode> {
    // Behind a browser's back, no other page logs anybody out: the cookie is `SameSite=Strict`.
    let user = cookie(&headers).and_then(|secret| service.logins.with(|logins| logins.remove(secret)));
    let user = user.ok_or(StatusCode::UNAUTHORIZED)?;
    let ended = service.sessions.revoke(Selector::Session(user.login), Close::Revoked);
    Ok(format!("{ended} streams were ended\n"))
}

/// Puts who is logged in where the mint looks for them.
async fn find_login(State(logins): State<Logins>, mut request: Request, next: Next) -> Response {
    let user = cookie(request.headers()).and_then(|secret| logins.with(|logins| logins.get(secret).cloned()));
    if let Some(user) = user {
        request.extensions_mut().insert(user);
    }
    next.run(request).await
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split("; ")).find_map(|pair| pair.strip_prefix("login="))
}

fn random() -> Result<String, StatusCode> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}
