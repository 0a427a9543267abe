//! WebSockets with peers that are not ours, each as a client and, but for the browsers, as a server.
//!
//! The programs are installed by `cargo xtask test`; a test whose program is missing says so.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod browsers;
mod client;
mod counted;
mod devtools;
mod node;
mod program;
mod python;
mod report;
mod server;
mod tungstenite;
mod words;
