//! The endpoint that mints tickets, and the cookie that binds them to a browser.
#![allow(clippy::unwrap_used)]

mod browsers;
mod cookies;
mod extracting;
mod granting;
mod limits;
mod logs;
mod opening;
mod refusing;
mod support;
