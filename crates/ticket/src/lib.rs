//! Single-use tickets that open long-lived HTTP streams, and the live sessions they open.

#![cfg_attr(docsrs, feature(doc_cfg))]

/// The examples of the README, so that they stay true.
#[cfg(all(doctest, feature = "tower"))]
#[doc = include_str!("../README.md")]
struct Readme;

mod claims;
#[cfg(feature = "tower")]
pub mod live;
mod unix_millis;

pub use self::{
    claims::{Claims, ClaimsError},
    unix_millis::UnixMillis,
};
