//! longwave running: one binary, one page.
//!
//! A publisher writes a feed into a bounded history, `GET /feed` streams it as Server-Sent Events, and the
//! page at `/` shows what happens to a stream that is cut, that stays away too long, or that is told to stop.
//! `/room` is a WebSocket for everyone who has the page open, and `/ticker` has prices for readers of any speed, each
//! behind an outbox. `/login` is a login for streams: short-lived tickets, each good once, for what can send no more than
//! a URL.
//! Its streams are behind the layers of longwave, and the page shows what these do too: a reader that stops, a
//! stream that is silent, a deploy. [`Demo`] is a plain hyper service, so it runs in process in the tests as it
//! does in the binary.

mod answer;
mod board;
pub mod cli;
mod clients;
mod counters;
mod feed;
mod generations;
mod login;
mod opening;
mod page;
pub mod ring;
mod room;
mod server;
mod service;
mod signals;
mod source;
mod stream;
mod streams;
mod ticker;
mod tls;

pub use self::{
    answer::Body,
    feed::Config,
    server::{Transport, serve, serve_until},
    service::{Demo, Respond},
    signals::terminated,
    stream::CutShort,
    tls::{TlsError, self_signed},
};
