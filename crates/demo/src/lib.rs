//! longwave running: one binary, one page.
//!
//! A publisher writes a feed into a bounded history, `GET /feed` streams it as Server-Sent Events, and the
//! page at `/` shows what happens to a stream that is cut, that stays away too long, or that is told to stop.
//! [`Demo`] is a plain hyper service, so it runs in process in the tests as it does in the binary.

pub mod cli;
mod clients;
mod feed;
mod opening;
mod page;
pub mod ring;
mod server;
mod service;
mod stream;
mod tls;

pub use self::{
    feed::Config,
    server::{Transport, serve},
    service::{Body, Demo, Respond},
    stream::CutShort,
    tls::{TlsError, self_signed},
};
