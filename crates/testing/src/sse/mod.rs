//! What `text/event-stream` means, spelled out slowly, and the properties that hold the codec to it.

pub mod boundary;
pub mod check;
pub mod drive;
pub mod fuzz;
pub mod oracle;
pub mod parts;
pub mod utf8;
