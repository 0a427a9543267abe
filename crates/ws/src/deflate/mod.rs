//! permessage-deflate ([RFC 7692](https://www.rfc-editor.org/rfc/rfc7692)): negotiation and compression, without
//! frames.
//!
//! - [`Settings`] is what an endpoint wants; [`negotiate`](Settings::negotiate) answers offers on a server,
//!   [`offer`](Settings::offer) and [`accept_response`](Settings::accept_response) are for a client. The
//!   outcome is [`Agreed`].
//! - [`Deflater`] makes the payload of messages, [`Inflater`] reads it, both in pieces of any length, with
//!   memory bounded by what was produced.
//! - [`Pool`] shares their memory among connections, [`compress_once`] the work among peers.
//!
//! # Memory
//!
//! What a direction takes with zlib-rs 0.6, in KiB as allocated. A compressor always has a hash table of 128 KiB,
//! so that small windows save less than with other zlibs; a decompressor always has a window of 32 KiB.
//!
//! | window bits | compressor, `mem_level` 1 | 5 | 8 | 9 | decompressor | kept window |
//! |---|---|---|---|---|---|---|
//! | 9 | 134 | 147 | 245 | 357 | 46 | 0.5 |
//! | 10 | 136 | 149 | 247 | 359 | 46 | 1 |
//! | 11 | 140 | 153 | 251 | 363 | 46 | 2 |
//! | 12 | 148 | 161 | 259 | 371 | 46 | 4 |
//! | 13 | 164 | 177 | 275 | 387 | 46 | 8 |
//! | 14 | 196 | 209 | 307 | 419 | 46 | 16 |
//! | 15 | 260 | 273 | 371 | 483 | 46 | 32 |
//!
//! The window is kept beside each compressor and decompressor with context takeover. It is all that is left
//! between two messages when they are parked ([`Deflater::park`], [`Inflater::park`]): with the defaults 8 KiB
//! instead of 215 for both, for about 5 µs more in the next message to be compressed and 1 µs in the next to be
//! decompressed. Without context takeover, and with a [`Pool`], nothing is left.
//!
//! # Examples
//!
//! ```
//! use longwave_ws::deflate::{Deflater, Flush, Inflater, Settings, Status};
//!
//! let client = Settings::new();
//! // Whatever parses `Sec-WebSocket-Extensions` gives the names and the parameters.
//! let offers = [(
//!     "permessage-deflate",
//!     [("server_max_window_bits", Some("12")), ("client_max_window_bits", Some("12"))],
//! )];
//! let (server, response) = Settings::new().negotiate(offers).expect("the offer is acceptable");
//! assert_eq!(response, "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12");
//! let client = client.accept_response([
//!     ("server_max_window_bits", Some("12")),
//!     ("client_max_window_bits", Some("12")),
//! ])?;
//!
//! let mut payload = Vec::new();
//! Deflater::new(&client).compress(b"to be or not to be", &mut payload, Flush::Message);
//!
//! let (mut inflater, mut message) = (Inflater::new(&server), Vec::new());
//! let mut rest = &payload[..];
//! while inflater.decompress(&mut rest, &mut message, 4096)? == Status::More {}
//! while inflater.finish(&mut message, 4096)? == Status::More {}
//! assert_eq!(message, b"to be or not to be");
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

mod agreed;
mod compressor;
mod decompressor;
mod deflater;
mod error;
mod history;
mod inflater;
mod limits;
mod negotiate;
mod params;
mod pool;
mod prepared;
mod settings;

pub use self::{
    agreed::{Agreed, Context},
    deflater::{Deflater, Flush},
    error::{InflateError, NegotiationError, Parameter},
    inflater::Inflater,
    limits::{InflateLimits, Status},
    pool::Pool,
    prepared::{PreparedKind, compress_once},
    settings::Settings,
};

/// What a flush ends with, and what is not sent ([RFC 7692 §7.2.1](https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1)).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
