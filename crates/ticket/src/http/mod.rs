//! Tickets on HTTP: where they are in a request, how they leave it before anyone logs it, and who is let in at all.
//!
//! - [`TicketLayer`] lets in those who have a ticket, once, and has their streams end with their logins; with an
//!   [`Authenticator`], those whom something else speaks for. [`Resume`] lets an `EventSource` come back.
//! - [`RedactLayer`], outermost, takes tickets and other credentials out of everything that is logged, and hands
//!   them inward.
//! - [`HostLayer`] and [`OriginLayer`] turn away requests for foreign hosts and from foreign pages.
//! - [`collect`] finds the one credential of a request among its [`Sources`], wherever the request still has it.
//! - [`MintService`] is the endpoint that mints tickets, bound to the browser by a [`BrowserCookie`].
//! - [`Refusals`] answers those who are not let in: fixed words, never what they sent.
//! - [`redact_str`] is for what has got into a log all the same.
//!
//! # Order of layers
//!
//! `RedactLayer`, then whatever traces, then the rest; a `TicketLayer` looks at hosts and origins itself. With axum, the
//! first goes around the whole `Router`, not into `Router::layer`, whose layers come after axum has put a copy of the
//! URI aside. A layer can take nothing back from those outside of it: if something out there has to log, let it go
//! through [`redact_str`].
//!
//! ```
//! use axum::{Router, body::Body, routing::get};
//! use http::Response;
//! use longwave_ticket::http::{HostLayer, Hosts, OriginLayer, Origins, RedactLayer};
//! use tokio::net::TcpListener;
//! use tower::{ServiceBuilder, make::Shared};
//! use tower_http::trace::TraceLayer;
//!
//! async fn serve(listener: TcpListener) -> Result<(), Box<dyn std::error::Error>> {
//!     let hosts = Hosts::list(["app.example.com"])?;
//!     let origins = Origins::list(["https://app.example.com"])?;
//!     let router: Router = Router::new().route("/feed", get(async || "hello"));
//!     let app = ServiceBuilder::new()
//!         // `axum::serve` takes no other body.
//!         .map_response(|response: Response<_>| response.map(Body::new))
//!         .layer(RedactLayer::new().query("ticket"))
//!         .layer(TraceLayer::new_for_http())
//!         .layer(HostLayer::new(hosts))
//!         .layer(OriginLayer::new(origins))
//!         .service(router);
//!     axum::serve(listener, Shared::new(app)).await?;
//!     Ok(())
//! }
//! # drop(serve);
//! ```

mod asked;
mod collect;
mod cookie;
mod layer;
mod mint;
mod origin;
mod redact;
mod refusal;
mod strip;
mod text;

pub use self::{
    asked::Asked,
    collect::{Credential, Found, Presented, Source, Sources, collect},
    cookie::{BrowserCookie, BrowserNonce},
    layer::{
        Authenticated, Authenticator, Caller, Denial, InvalidPath, Require, Resume, Resumed, TicketFuture,
        TicketLayer, TicketService,
    },
    mint::{MintFuture, MintOutcome, MintService},
    origin::{
        AbsentOrigin, HostError, HostLayer, HostRefused, HostService, Hosts, InvalidOrigin, OriginLayer,
        OriginRefused, OriginService, Origins,
    },
    redact::{RedactLayer, RedactService, ResponseFuture, stripped},
    refusal::{EventStreamRefusals, Refusal, Refusals},
    strip::Strip,
    text::redact_str,
};
