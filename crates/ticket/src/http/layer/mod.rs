//! Lets in those who have a ticket, once, and sees to it that their streams end with their logins.

mod authenticator;
mod decision;
mod denial;
mod finish;
mod future;
mod ready;
mod resume;
mod service;
mod settings;
mod ticket_layer;
mod verifier;

pub use self::{
    authenticator::{Authenticated, Authenticator, Caller, Resumed},
    denial::Denial,
    future::TicketFuture,
    resume::{InvalidPath, Resume},
    service::TicketService,
    ticket_layer::{Require, TicketLayer},
};
