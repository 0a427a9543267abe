//! From which pages, and for which hosts, requests are let in.

mod authority;
mod hosts;
mod layer;
mod origins;
mod service;

pub(super) use self::service::presented;
pub use self::{
    hosts::{HostError, HostRefused, Hosts},
    layer::{HostLayer, OriginLayer},
    origins::{AbsentOrigin, InvalidOrigin, OriginRefused, Origins},
    service::{HostService, OriginService},
};
