//! permessage-deflate: RFC 7692, section by section, and its properties on generated input.
#![cfg(feature = "deflate")]

mod drive;
mod final_blocks;
mod hostile;
mod negotiation;
mod pool;
mod prepared;
mod properties;
mod rfc;
