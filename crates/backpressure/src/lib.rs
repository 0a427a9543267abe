//! Bounds for long-lived HTTP streams.
//!
//! A request that lasts for hours holds a task, buffers and a place on its server for hours. What bounds the
//! requests that last for milliseconds does not see it: a permit that is given back with the response head
//! counts a stream as over when it has only begun.
//!
//! What a consumer of such a stream has not read yet waits in an [`outbox`], which is bounded.
//!
//! # Features
//!
//! None is on by default; [`outbox`] is always there and needs only the standard library.
//!
//! | feature | adds |
//! |---|---|
//! | `bytes` | `outbox` weighs `Bytes` by itself |
//! | `stream` | `outbox` as streams: what is done about lag, and `Pump`, which reads any stream into one |
//! | `sse`, `ws` | `outbox` weighs events and messages by itself; `Forms`, values that are encoded once for each kind of reader |
//! | `tokio` | the channels `broadcast` and `watch` as streams of deliveries; the clock of tokio |
//! | `limit` | `StreamLimitLayer`: how many streams may be open, in total and by key; `ClientAddress`: a key that a client cannot choose |
//! | `guard` | `Guard`: sockets that see whether their peer reads, and end its streams if it does not |
//! | `axum` | `guard` for `axum::serve` |
//! | `hyper` | `guard` as a service of hyper |
//! | `hyper-util` | lower buffers for the servers of hyper-util |
//! | `tonic` | `guard` for the server of tonic |
#![cfg_attr(docsrs, feature(doc_cfg))]

/// The examples of the README, so that they stay true.
#[cfg(all(doctest, feature = "axum", feature = "limit", feature = "tokio"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(feature = "guard")]
pub mod guard;
#[cfg(feature = "limit")]
mod limit;
pub mod outbox;

#[cfg(feature = "limit")]
pub use self::limit::{ClientAddress, StreamLimit, StreamLimitLayer};
