//! An outbox against a list of all that ever went in.

use std::time::Duration;

use longwave_backpressure::outbox::{Budget, Class, Delivery, End, Limits, Outbox, Policy, Receiver, Sender};
use proptest::prelude::*;

use crate::{
    reference::{Model, Setup},
    support::{Item, item, secs},
};

#[derive(Clone, Copy, Debug)]
enum Op {
    Send { class: Class, weight: usize, key: Option<u8>, wait: u64 },
    Receive,
    Drain(usize),
    Advance(u64),
    Release,
    End,
}

fn open(setup: &Setup) -> (Sender<Item>, Receiver<Item>) {
    let limits = Limits::new(setup.bytes, setup.items);
    let aged = limits.age(secs(setup.age)).watermarks(setup.watermarks.0, setup.watermarks.1);
    let outbox = Outbox::weighed_by(aged, |item: &Item| item.weight).policy(setup.policy).control(limits);
    let outbox = if setup.keyed { outbox.latest_by(|item| item.key) } else { outbox };
    outbox.open(secs(0))
}

fn text(delivery: Delivery<Item>) -> String {
    crate::support::short(&[delivery])
}

fn policies() -> impl Strategy<Value = Policy> {
    prop::sample::select(vec![Policy::Wait, Policy::DropNewest, Policy::DropOldest, Policy::Disconnect])
}

fn setups() -> impl Strategy<Value = Setup> {
    (policies(), any::<bool>(), 1_usize..24, 1_usize..8, 1_u64..30, (0_usize..24, 0_usize..24)).prop_map(
        |(policy, keyed, bytes, items, age, watermarks)| Setup {
            policy,
            keyed,
            bytes,
            items,
            age,
            watermarks,
        },
    )
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let class =
        prop::sample::select(vec![Class::Control, Class::Replay, Class::Live, Class::Live, Class::Live]);
    let send = (class, 0_usize..9, prop::option::of(0_u8..4), 0_u64..3)
        .prop_map(|(class, weight, key, wait)| Op::Send { class, weight, key, wait });
    let op = prop_oneof![
        60 => send,
        25 => Just(Op::Receive),
        4 => (0_usize..30).prop_map(Op::Drain),
        6 => (0_u64..20).prop_map(Op::Advance),
        4 => Just(Op::Release),
        1 => Just(Op::End),
    ];
    prop::collection::vec(op, 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever is done in whatever order, an outbox does what the list does, and holds no more than it may.
    #[test]
    fn an_outbox_is_a_list_with_limits(setup in setups(), ops in ops()) {
        let (sender, mut receiver) = open(&setup);
        let mut model = Model::new(setup);
        for (id, op) in ops.into_iter().enumerate() {
            match op {
                Op::Send { class, weight, key, wait } => {
                    let item = Item { id: id as u64, weight, key };
                    let expected = model.send(class, item, wait);
                    prop_assert_eq!(sender.try_send(class, item, secs(model.now)), expected);
                }
                Op::Receive => {
                    let expected = model.receive().map(|(text, _)| text);
                    prop_assert_eq!(receiver.try_recv().ok().map(text), expected);
                }
                Op::Drain(max) => {
                    let (mut taken, mut expected, mut total) = (vec![], vec![], 0);
                    let bytes = receiver.drain_ready(max, |delivery| taken.push(text(delivery)));
                    while let Some((text, weight)) = model.receive() {
                        expected.push(text);
                        total += weight;
                        if total >= max {
                            break;
                        }
                    }
                    prop_assert_eq!((taken, bytes), (expected, total));
                }
                Op::Advance(by) => {
                    model.advance(by);
                    sender.advance(secs(model.now));
                }
                Op::Release => {
                    let idle = model.lanes.iter().all(Vec::is_empty) && model.ended.is_none();
                    prop_assert_eq!(receiver.release_room(), idle);
                }
                Op::End => {
                    model.end(End::Requested);
                    sender.end(End::Requested);
                }
            }
            let stats = sender.stats();
            let counts = [0, 1, 2].map(|lane| model.count(lane));
            for (items, bytes) in counts {
                prop_assert!(items <= setup.items && bytes <= setup.bytes);
            }
            let waiting = (counts.iter().map(|one| one.0).sum(), counts.iter().map(|one| one.1).sum());
            prop_assert_eq!((stats.waiting, stats.waiting_bytes), waiting);
            prop_assert_eq!((stats.dropped, stats.conflated), (model.dropped, model.conflated));
            prop_assert_eq!(stats.ended, model.ended.map(|(reason, ..)| reason));
        }
        drop(sender);
        while let Some((expected, _)) = model.receive() {
            prop_assert_eq!(receiver.try_recv().ok().map(text), Some(expected));
        }
        prop_assert!(receiver.try_recv().is_err());
    }

    /// A budget is never exceeded, is what waits, and costs nobody who has just had an empty outbox.
    #[test]
    fn a_budget_holds_for_all_outboxes_together(
        policies in prop::collection::vec(policies(), 4),
        max in 1_usize..40,
        ops in prop::collection::vec((0_usize..4, 0_usize..9, 0_u64..4, any::<bool>()), 0..150),
    ) {
        let budget = Budget::new(max);
        let mut pairs: Vec<_> = policies.iter().map(|policy| {
            let outbox = Outbox::weighed_by(Limits::new(20, 6), |item: &Item| item.weight);
            outbox.policy(*policy).stall(STALL).budget(&budget).open(secs(0))
        }).collect();
        let mut now = 0;
        let mut begun = [None; 4];
        let mut lost = [false; 4];
        for (id, (place, weight, wait, send)) in ops.into_iter().enumerate() {
            now += wait;
            let (sender, receiver) = &mut pairs[place];
            if send {
                let _ = sender.try_send(Class::Live, item(id as u64, weight), secs(now));
            } else if receiver.try_recv().is_err() {
                // Only the reader ends its debt, not that what waited had to go.
                begun[place] = None;
            }
            for (place, (sender, _)) in pairs.iter().enumerate() {
                let stats = sender.stats();
                if stats.ended == Some(End::Budget) && !lost[place] {
                    lost[place] = true;
                    let begun: Option<u64> = begun[place];
                    prop_assert!(begun.is_some_and(|begun| secs(now - begun) >= STALL));
                }
                if stats.waiting > 0 {
                    begun[place].get_or_insert(now);
                }
            }
            let waiting: usize = pairs.iter().map(|(sender, _)| sender.stats().waiting_bytes).sum();
            prop_assert_eq!(budget.used(), waiting);
            prop_assert!(waiting <= max);
        }
        drop(pairs);
        prop_assert_eq!(budget.used(), 0);
    }
}

const STALL: Duration = secs(7);
