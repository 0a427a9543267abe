//! Compression: whatever comes in, and there and back again.
//!
//! There is no oracle here, as that would be another DEFLATE; what is held is that the way of feeding makes no
//! difference, that limits are kept, and that what is compressed becomes what it was.

mod connections;
mod inflate;
mod messages;
mod settings;
mod step;

pub use self::{
    connections::connections_understand,
    inflate::inflates_alike,
    messages::messages_survive,
    settings::{agree, settings},
    step::{Step, steps},
};

/// How many bytes a message, or all of them, may become.
const MOST: usize = 40_000;
