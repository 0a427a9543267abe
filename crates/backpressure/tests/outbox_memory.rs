//! What an outbox costs: next to nothing when idle, and no allocation for each delivery.

use std::{alloc::System, time::Duration};

use longwave_backpressure::outbox::{
    Class::{Control, Live, Replay},
    Fan, Limits, Outbox, Policy, Receiver, Sender,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const NOW: Duration = Duration::ZERO;

/// Bytes that are held more than before.
fn held(region: &Region<'_, System>) -> usize {
    let change = region.change();
    change.bytes_allocated - change.bytes_deallocated
}

fn outbox(policy: Policy) -> Outbox<u64> {
    Outbox::weighed_by(Limits::new(64, 8), |_| 8).policy(policy)
}

/// One test, since all threads share the counter.
#[test]
fn an_outbox_is_small_when_idle_and_allocates_nothing_for_a_delivery() {
    let kind = outbox(Policy::DropOldest);
    let region = Region::new(GLOBAL);
    let (sender, mut receiver) = kind.open(NOW);
    let handles = size_of::<Sender<u64>>() + size_of::<Receiver<u64>>();
    assert!(held(&region) + handles <= 128);
    for id in 0..8 {
        sender.try_send(Live, id, NOW).expect("it is open");
    }
    assert!(held(&region) > 128);
    while receiver.try_recv().is_ok() {}
    assert!(receiver.release_room());
    assert!(held(&region) + handles <= 128, "as small as a new one");
    drop((sender, receiver));
    assert_eq!(held(&region), 0);

    for policy in [Policy::Wait, Policy::DropNewest, Policy::DropOldest] {
        let latest = outbox(policy).latest_by(|id| Some(id % 5));
        // Keys that are all new, each of which is forgotten with its item.
        let many = outbox(policy).latest_by(|id| Some(*id));
        for kind in [outbox(policy), latest, many] {
            let (sender, mut receiver) = kind.open(NOW);
            let mut turn = |turns: u64| {
                for turn in 0..turns {
                    for id in 0..11 {
                        let _ = sender.try_send(Live, turn * 7 + id, NOW);
                        let _ = sender.try_send(Replay, id, NOW);
                    }
                    let _ = sender.try_send(Control, 0, NOW);
                    if turn % 2 == 0 {
                        receiver.drain_ready(usize::MAX, drop);
                    } else {
                        while receiver.try_recv().is_ok() {}
                    }
                }
            };
            turn(100);
            let region = Region::new(GLOBAL);
            turn(10_000);
            assert_eq!(region.change().allocations, 0, "{policy:?}");
        }
    }

    let fan = Fan::weighed_by(|_: &u64| 8);
    let region = Region::new(GLOBAL);
    let mut crowd = Vec::with_capacity(10_000);
    crowd.extend((0..10_000).map(|_| fan.subscribe(&kind, NOW)));
    // The receivers are in the vector. What a fan has is doubled when it grows, so it may be up to twice as much.
    let each = held(&region) / crowd.len();
    assert!(each <= 256, "{each} bytes for each subscriber");
    for id in 0..1000 {
        fan.publish(Live, id, NOW);
        for reader in &mut crowd {
            assert!(reader.try_recv().is_ok());
        }
    }
    assert!(held(&region) / crowd.len() <= each, "no more when all keep up");
    drop(crowd);

    let mut readers: Vec<_> = (0..10).map(|_| fan.subscribe(&outbox(Policy::DropOldest), NOW)).collect();
    let mut turn = |turns| {
        for id in 0..turns {
            fan.publish(Live, id, NOW);
            for reader in &mut readers {
                reader.drain_ready(usize::MAX, drop);
            }
        }
    };
    turn(100);
    let region = Region::new(GLOBAL);
    turn(10_000);
    assert_eq!(region.change().allocations, 0);
}
