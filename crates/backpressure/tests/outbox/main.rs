//! Outboxes, from the outside.

mod budget;
mod fan;
mod model;
mod policies;
mod races;
mod slow;
mod support;
