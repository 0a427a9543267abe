//! Byte kernels of longwave: the masking of WebSocket frames (RFC 6455, section 5.3) and UTF-8 (RFC 3629).
//!
//! An implementation detail of `longwave-ws`, and the one room of the house with `unsafe` in it: the conversion of
//! bytes that are known to be UTF-8, writes to memory that was reserved and not yet filled, and calls of what is compiled
//! for a processor that was found to be there. Everything that is public is safe to call.

#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod mask;
mod text;
mod utf8;
mod utf8_bytes;

pub use self::{
    mask::{Key, Seen, mask, mask_append},
    text::{TextBuffer, unmask_text, unmask_text_to_owned},
    utf8::{Utf8Error, Validator, validate},
    utf8_bytes::Utf8Bytes,
};
