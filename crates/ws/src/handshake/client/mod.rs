//! The client's side of the opening handshake.
mod error;
mod options;
mod request;
mod validate;

pub use self::{
    error::{HandshakeError, RequestError},
    options::Options,
    request::{connect, request},
    validate::{Established, validate, validate_connect},
};
