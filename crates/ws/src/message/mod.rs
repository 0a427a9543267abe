//! Messages: what frames make up.

mod assembly;
pub(crate) mod compression;
mod control;
mod decoder;
mod prepared;
mod types;

pub use self::{
    decoder::{MessageDecoder, Messages},
    prepared::Prepared,
    types::{Message, MessagePart, MessageRef},
};
