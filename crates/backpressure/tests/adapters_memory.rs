//! What a channel of tokio costs as a stream of deliveries: one allocation, and none for a value.
#![cfg(feature = "tokio")]

use std::{
    alloc::System,
    task::{Context, Poll, Waker},
};

use futures_util::StreamExt;
use longwave_backpressure::outbox::{Broadcast, Deliveries, Delivery, Watch};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::sync::{broadcast, watch};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// One test, since all threads share the counter.
#[test]
fn a_channel_allocates_nothing_for_a_value() {
    let mut cx = Context::from_waker(Waker::noop());
    let (sender, receiver) = broadcast::channel(8);
    let region = Region::new(GLOBAL);
    let mut values = Broadcast::new(receiver);
    assert_eq!(region.change().allocations, 1);
    for value in 0..1000_u32 {
        assert!(values.poll_next_unpin(&mut cx).is_pending());
        assert!(sender.send(value).is_ok());
        assert_eq!(values.poll_next_unpin(&mut cx), Poll::Ready(Some(Delivery::Item(value))));
    }
    assert_eq!(region.change().allocations, 1);

    let (sender, receiver) = watch::channel(0);
    let region = Region::new(GLOBAL);
    let mut values = Watch::new(receiver).pass_over_lag();
    for value in 1..1000_u32 {
        assert_eq!(values.poll_next_unpin(&mut cx), Poll::Ready(Some(value - 1)));
        assert!(values.poll_next_unpin(&mut cx).is_pending());
        assert!(sender.send(value).is_ok());
    }
    assert_eq!(region.change().allocations, 1);
}
