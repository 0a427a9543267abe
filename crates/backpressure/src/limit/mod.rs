//! How many streams may be open, in total and by key.
//!
//! A permit is handed to the lifeline of the request, so it is held for as long as the stream is open, not
//! only until the response head is there.

mod address;
mod layer;
mod refusal;
mod service;
mod slots;

pub use self::{address::ClientAddress, layer::StreamLimitLayer, service::StreamLimit};
