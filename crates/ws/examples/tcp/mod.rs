//! What the examples have in common: HTTP for the beginning, and a loop from there on.

pub(crate) mod http1;
mod run;

pub(crate) use self::run::run;
