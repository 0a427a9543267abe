//! Outboxes, from the outside.

mod budget;
mod crowd;
mod edges;
mod fan;
mod model;
mod policies;
mod races;
mod reference;
mod slow;
mod support;
