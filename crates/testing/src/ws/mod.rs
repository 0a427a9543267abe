//! The WebSocket codec, against an oracle.

pub mod check;
pub mod deflate;
pub mod drive;
pub mod frame;
pub mod fuzz;
pub mod handshake;
pub mod oracle;
pub mod script;
