//! Single-use tickets for long-lived HTTP streams.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "tower")]
pub mod http;
