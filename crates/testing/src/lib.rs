//! Oracles, chunkings and properties that longwave's tests and fuzz targets share.
//!
//! Nothing here is fast and nothing here borrows a line from the crates under test: an oracle that
//! makes the same mistake as the implementation proves nothing.

#[cfg(all(feature = "browser", unix))]
pub mod browser;
pub mod chunking;
pub mod heartbeat;
pub mod io;
pub mod sse;
pub mod ticket;
pub mod ws;
