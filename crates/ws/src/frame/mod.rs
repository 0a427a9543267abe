//! Frames: the layer of RFC 6455, section 5.2, for those who need it bare, as proxies do.

mod decoder;
mod encoder;
mod header;
mod input;

pub use self::{
    decoder::{FrameDecoder, FramePart, FrameParts},
    encoder::FrameEncoder,
    header::{FrameHeader, HeaderBytes, Reserved},
};
pub(crate) use self::{
    encoder::append,
    input::{HeaderReader, Input},
};
