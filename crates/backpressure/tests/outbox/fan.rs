//! One publisher, many outboxes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread,
};

use longwave_backpressure::outbox::{
    Class::{Control, Live, Replay},
    Delivery, Fan, Limits, Outbox, Policy, Receiver, Verdict,
};

use proptest::prelude::*;

use crate::support::{Item, all, item, secs, short};

fn outbox(items: usize, policy: Policy) -> Outbox<Item> {
    Outbox::weighed_by(Limits::new(1 << 20, items), |item: &Item| item.weight).policy(policy)
}

fn fan() -> Fan<Item> {
    Fan::weighed_by(|item: &Item| item.weight)
}

#[test]
fn each_subscriber_has_its_own_policy() {
    let fan = fan();
    let policies = [Policy::Wait, Policy::DropNewest, Policy::DropOldest, Policy::Disconnect];
    let mut readers = policies.map(|policy| fan.subscribe(&outbox(2, policy), secs(0)));
    for id in 1..=4 {
        fan.publish(Live, item(id, 1), secs(0));
    }
    assert_eq!(fan.subscribers(), 4);
    assert_eq!(fan.end_slow(secs(0)), 0);
    assert_eq!(fan.subscribers(), 3, "one has ended");
    drop(fan);
    let seen = readers.each_mut().map(|reader| short(&all(reader)));
    assert_eq!(seen, ["1 2 -2/2", "1 2 -2/2", "-2/2 3 4", "overflow -4/4"]);
}

#[test]
fn a_stalled_subscriber_is_passed_over_and_comes_back_when_it_has_drained() {
    let fan = fan();
    let mut reader = fan.subscribe(&outbox(4, Policy::DropNewest), secs(0));
    for id in 1..=9 {
        let reach = fan.publish(Live, item(id, 2), secs(0));
        assert_eq!((reach.subscribers, reach.passed_over), (1, 0));
    }
    assert_eq!((reader.stats().waiting, reader.stats().dropped), (4, 5));
    assert_eq!(fan.publish(Live, item(10, 2), secs(7)).passed_over, 1);
    assert_eq!(reader.stats().oldest, Some(secs(7)), "a fan tells the time even then");
    fan.publish(Control, item(100, 1), secs(0));
    assert_eq!(short(&[reader.try_recv().expect("control"), reader.try_recv().expect("live")]), "100 1");
    assert_eq!(short(&[reader.try_recv().expect("live")]), "2");
    assert_eq!(fan.publish(Live, item(11, 2), secs(0)).subscribers, 1);
    assert_eq!(short(&all(&mut reader)), "3 4 -6/12 11");
    assert_eq!((reader.stats().dropped, reader.stats().dropped_bytes), (6, 12));
}

#[test]
fn what_was_missed_last_is_said_without_waiting_for_more() {
    let fan = fan();
    let mut reader = fan.subscribe(&outbox(2, Policy::Wait), secs(0));
    for id in 1..=9 {
        fan.publish(Live, item(id, 1), secs(0));
    }
    assert_eq!(short(&all(&mut reader)), "1 2 -7/7");
    fan.publish(Live, item(10, 1), secs(0));
    assert_eq!(short(&all(&mut reader)), "10");
}

#[test]
fn a_replay_and_what_is_live_have_nothing_between_them() {
    let fan = fan();
    fan.publish(Live, item(1, 1), secs(0));
    let mut reader = fan.subscribe_after(&outbox(9, Policy::Wait), secs(0), |sender| {
        sender.try_send(Replay, item(1, 1), secs(0)).expect("there is room");
    });
    fan.publish(Live, item(2, 1), secs(0));
    assert_eq!(short(&all(&mut reader)), "1 2");
}

#[test]
fn those_who_are_gone_are_removed_with_or_without_a_publisher() {
    let fan = fan();
    for _ in 0..1000 {
        drop(fan.subscribe(&outbox(2, Policy::Wait), secs(0)));
    }
    assert_eq!(fan.subscribers(), 0);
    let reader = fan.subscribe(&outbox(1, Policy::Wait), secs(0));
    fan.publish(Live, item(1, 1), secs(0));
    fan.publish(Live, item(2, 1), secs(0));
    assert_eq!(fan.subscribers(), 1);
    drop(reader);
    assert_eq!(fan.subscribers(), 0);
}

#[test]
fn whatever_is_lost_is_told_to_the_observer_and_to_the_consumer() {
    for policy in [Policy::Wait, Policy::DropNewest, Policy::DropOldest, Policy::Disconnect] {
        let told = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&told);
        let outbox = outbox(3, policy).on_loss(move |loss| {
            assert_eq!(loss.policy, policy);
            counter.fetch_add(loss.dropped, SeqCst);
        });
        let fan = fan();
        let mut reader = fan.subscribe(&outbox, secs(0));
        for id in 0..200 {
            fan.publish(Live, item(id, 1), secs(0));
        }
        let (mut taken, mut missing) = (0, 0);
        for delivery in all(&mut reader) {
            match delivery {
                Delivery::Item(_) => taken += 1,
                Delivery::Lagged { dropped, .. } | Delivery::Ended { dropped, .. } => missing += dropped,
                other => panic!("{other:?}"),
            }
        }
        let stats = reader.stats();
        let published = if policy == Policy::Disconnect { 33 } else { 200 };
        assert_eq!((taken, missing), (stats.delivered, stats.dropped), "{policy:?}");
        assert_eq!((told.load(SeqCst), taken + missing), (stats.dropped, published), "{policy:?}");
    }
}

#[test]
fn those_that_are_slow_are_ended() {
    let fan = fan();
    let kind = outbox(9, Policy::DropNewest).stall(secs(30));
    let mut readers = [fan.subscribe(&kind, secs(0)), fan.subscribe(&kind, secs(0))];
    for now in 1..=31 {
        assert_eq!(fan.end_slow(secs(now)), usize::from(now == 31));
        fan.publish(Live, item(now, 1), secs(now));
        assert!(readers[1].try_recv().is_ok());
    }
    assert_eq!(fan.subscribers(), 1);
    assert_eq!(short(&all(&mut readers[0])), "slow -30/30");
    assert_eq!(short(&all(&mut readers[1])), "");
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Publish { weight: usize, key: Option<u8>, wait: u64 },
    Receive,
    Drain,
    Advance(u64),
    Look,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let publish = (0_usize..9, prop::option::of(0_u8..4), 0_u64..3)
        .prop_map(|(weight, key, wait)| Op::Publish { weight, key, wait });
    let op = prop_oneof![
        60 => publish,
        25 => Just(Op::Receive),
        3 => Just(Op::Drain),
        6 => (0_u64..20).prop_map(Op::Advance),
        2 => Just(Op::Look),
    ];
    prop::collection::vec(op, 0..300)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Though a fan keeps items for all together, each subscriber gets what it would from an outbox of its own.
    #[test]
    fn a_subscriber_gets_what_an_outbox_of_its_own_would_give(
        bytes in 1_usize..60,
        items in 1_usize..12,
        age in 1_u64..40,
        keyed in any::<bool>(),
        ops in ops(),
    ) {
        let limits = Limits::new(bytes, items).age(secs(age));
        let kind = Outbox::weighed_by(limits, |item: &Item| item.weight).policy(Policy::DropOldest).stall(secs(5));
        let kind = if keyed { kind.latest_by(|item| item.key) } else { kind };
        let fan = fan();
        let (sender, mut own) = kind.open(secs(0));
        let mut reader = fan.subscribe(&kind, secs(0));
        // Others who read at other paces, for whom the same items are kept.
        let mut others = [fan.subscribe(&kind, secs(0)), fan.subscribe(&outbox(2, Policy::Wait), secs(0))];
        let mut now = 0;
        for (id, op) in ops.into_iter().enumerate() {
            match op {
                Op::Publish { weight, key, wait } => {
                    now += wait;
                    let item = Item { id: id as u64, weight, key };
                    sender.try_send(Live, item, secs(now)).expect("it is open");
                    fan.publish(Live, item, secs(now));
                    _ = others[id % 2].try_recv();
                }
                Op::Receive => prop_assert_eq!(reader.try_recv(), own.try_recv()),
                Op::Drain => {
                    let (mut from_fan, mut from_own) = (vec![], vec![]);
                    reader.drain_ready(usize::MAX, |delivery| from_fan.push(delivery));
                    own.drain_ready(usize::MAX, |delivery| from_own.push(delivery));
                    prop_assert_eq!(from_fan, from_own);
                }
                Op::Advance(by) => {
                    now += by;
                    let (from_fan, from_own) = (reader.advance(secs(now)), own.advance(secs(now)));
                    prop_assert!(from_fan == Verdict::Healthy || from_own == Verdict::Slow);
                }
                Op::Look => prop_assert_eq!(reader.stats(), own.stats()),
            }
        }
        drop((fan, sender));
        prop_assert_eq!(all(&mut reader), all(&mut own));
        prop_assert_eq!(reader.stats(), own.stats());
    }
}

/// Items taken plus items said to be missing, which must add up, in order.
fn follow(mut reader: Receiver<Item>, slow: bool) -> (u64, u64) {
    let (mut taken, mut next) = (0, None);
    loop {
        match reader.try_recv() {
            Ok(Delivery::Item(item)) => {
                assert_eq!(
                    *next.get_or_insert(item.id),
                    item.id,
                    "in order, and nothing is missing in silence"
                );
                next = Some(item.id + 1);
                taken += 1;
            }
            Ok(Delivery::Lagged { dropped, .. }) => {
                next = next.map(|next| next + dropped);
            }
            Ok(other) => panic!("{other:?}"),
            Err(longwave_backpressure::outbox::TryRecvError::Empty) => thread::yield_now(),
            Err(_) => return (taken, next.unwrap_or(0)),
        }
        if slow && taken % 7 == 0 {
            thread::yield_now();
        }
    }
}

#[test]
fn subscribing_and_leaving_while_items_are_published_loses_nothing() {
    let fan = Arc::new(fan());
    thread::scope(|scope| {
        let publisher = Arc::clone(&fan);
        scope.spawn(move || {
            for id in 0..ITEMS {
                publisher.publish(Live, item(id, 1), secs(0));
            }
        });
        for round in 0..50_u64 {
            let policy = [Policy::Wait, Policy::DropNewest, Policy::DropOldest][round as usize % 3];
            let reader = fan.subscribe(&outbox(8, policy), secs(0));
            let passing = fan.subscribe(&outbox(8, Policy::Wait), secs(0));
            if round % 10 == 0 {
                scope.spawn(move || {
                    let (_, next) = follow(reader, round % 20 == 0);
                    assert!(next == 0 || next == ITEMS, "{next}");
                });
            }
            drop(passing);
        }
        drop(fan);
    });
}

const ITEMS: u64 = 20_000;
