//! Streams that are read into an outbox.

use std::{
    cell::Cell,
    future::{self, Future},
    rc::Rc,
    time::Duration,
};

use futures_util::{StreamExt, stream};
use longwave_backpressure::outbox::{
    Budget, Class, Clock, Closed, Delivery, End, Limits, Outbox, Policy, Pump, TokioClock, Verdict,
};
use tokio::{
    task,
    time::{Instant, sleep},
};

use crate::support::{SECOND, ZERO, all, outbox, poll_once, short, source};

/// Lets other tasks run until they all wait.
async fn settle() {
    for _ in 0..20 {
        task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_source_is_read_on_whatever_the_consumer_does() {
    let (sender, source) = source();
    let (pump, mut receiver) = outbox(3, Policy::DropOldest).pump(source, TokioClock::start());
    let pump = task::spawn(pump);
    for n in 0..1000 {
        sender.send(n.to_string()).unwrap();
    }
    settle().await;
    assert_eq!(all(&mut receiver), "-997/2881 997 998 999");
    sender.send("last".to_owned()).unwrap();
    drop(sender);
    assert_eq!(pump.await.unwrap(), Ok(()));
    assert_eq!(all(&mut receiver), "last");
    assert_eq!(receiver.recv().await, None);
}

#[tokio::test(start_paused = true)]
async fn it_waits_for_its_consumer_only_if_that_is_the_policy() {
    let read = Rc::new(Cell::new(0));
    let count = Rc::clone(&read);
    let source = stream::iter(0..100).map(move |n: u32| {
        count.set(n + 1);
        n.to_string()
    });
    let (pump, mut receiver) = outbox(10, Policy::Wait).pump(source, TokioClock::start());
    let local = task::LocalSet::new();
    local
        .run_until(async {
            let pump = task::spawn_local(pump);
            settle().await;
            assert_eq!(read.get(), 11, "ten that wait, and one that is held");
            let mut seen = Vec::new();
            while let Some(delivery) = receiver.recv().await {
                seen.push(short(delivery));
                settle().await;
                assert!(read.get() as usize <= seen.len() + 11);
            }
            assert_eq!(pump.await.unwrap(), Ok(()));
            assert_eq!(seen, (0..100).map(|n| n.to_string()).collect::<Vec<_>>());
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_its_consumer_though_the_source_is_quiet() {
    for policy in [Policy::Wait, Policy::DropNewest, Policy::DropOldest, Policy::Disconnect] {
        for items in [0, 1, 5] {
            let (sender, source) = source();
            let (pump, receiver) = outbox(3, policy).pump(source, TokioClock::start());
            let pump = task::spawn(pump);
            for _ in 0..items {
                sender.send("item".to_owned()).unwrap();
            }
            settle().await;
            assert_eq!(pump.is_finished(), policy == Policy::Disconnect && items == 5);
            drop(receiver);
            settle().await;
            assert!(pump.is_finished(), "{policy:?}, {items}");
            assert_eq!(pump.await.unwrap(), Err(Closed));
            assert!(sender.is_closed(), "the source was let go of");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_ended_while_all_is_quiet() {
    let kind = Outbox::<String>::new(Limits::new(4, 100)).policy(Policy::DropOldest).stall(20 * SECOND);
    let (sender, source) = source();
    let (pump, mut receiver) = kind.pump(source, TokioClock::start());
    let pump = task::spawn(pump.end_slow());
    for n in 0..9 {
        sender.send(n.to_string()).unwrap();
    }
    let start = Instant::now();
    assert_eq!(pump.await.unwrap(), Err(Closed));
    assert!((20 * SECOND..=21 * SECOND).contains(&start.elapsed()), "{:?}", start.elapsed());
    assert!(matches!(receiver.recv().await, Some(Delivery::Ended { reason: End::Slow, dropped: 9, .. })));
    assert_eq!(receiver.recv().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_stays_if_nobody_says_otherwise() {
    let kind = Outbox::<String>::new(Limits::new(4, 100)).policy(Policy::DropOldest).stall(20 * SECOND);
    let (sender, source) = source();
    let clock = TokioClock::start();
    let (pump, mut receiver) = kind.pump(source, clock);
    let pump = task::spawn(pump);
    for n in 0..9 {
        sender.send(n.to_string()).unwrap();
    }
    sleep(60 * SECOND).await;
    assert_eq!(receiver.advance(clock.now()), Verdict::Slow);
    assert_eq!(all(&mut receiver), "-5/5 5 6 7 8");
    assert!(!pump.is_finished());
}

#[tokio::test(start_paused = true)]
async fn items_age_while_all_is_quiet() {
    let kind = Outbox::<String>::new(Limits::new(1024, 8).age(10 * SECOND)).policy(Policy::DropOldest);
    let (sender, source) = source();
    let (pump, mut receiver) = kind.pump(source, TokioClock::start());
    task::spawn(pump.every(SECOND / 2));
    for n in 0..5 {
        sender.send(n.to_string()).unwrap();
        sleep(SECOND).await;
    }
    assert_eq!(receiver.stats().waiting, 5);
    sleep(7 * SECOND).await;
    assert_eq!(receiver.stats().waiting, 3, "those of the first two seconds are older than ten");
    assert_eq!(all(&mut receiver), "-2/2 2 3 4");
}

/// Counts how often somebody waits for it.
#[derive(Clone, Default)]
struct CountedClock(Rc<Cell<usize>>);

impl Clock for CountedClock {
    type Wait = future::Pending<()>;

    fn now(&self) -> Duration {
        ZERO
    }

    fn wait(&self, _: Duration) -> Self::Wait {
        self.0.set(self.0.get() + 1);
        future::pending()
    }
}

#[test]
fn there_is_no_timer_while_nothing_waits() {
    let clock = CountedClock::default();
    let (sender, source) = source();
    let (pump, receiver) = outbox(8, Policy::DropOldest).pump(source, clock.clone());
    let mut pump = Box::pin(pump);
    assert_eq!(poll_once(pump.as_mut()), None);
    assert_eq!(clock.0.get(), 0);
    for _ in 0..3 {
        sender.send("item".to_owned()).unwrap();
        assert_eq!(poll_once(pump.as_mut()), None);
        assert_eq!(clock.0.get(), 1);
    }
    drop(receiver);
    assert_eq!(poll_once(pump.as_mut()), Some(Err(Closed)));
    assert_eq!(poll_once(pump.as_mut()), Some(Err(Closed)), "it may be polled after its end");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_wakes_nobody_tells_the_time_with_the_items() {
    let kind = Outbox::<String>::new(Limits::new(1024, 8).age(10 * SECOND)).policy(Policy::DropOldest);
    let start = Instant::now();
    let (sender, source) = source();
    let (pump, mut receiver) = kind.pump(source, move || start.elapsed());
    task::spawn(pump);
    for n in 0..3 {
        sender.send(n.to_string()).unwrap();
        sleep(8 * SECOND).await;
    }
    assert_eq!(all(&mut receiver), "-1/1 1 2");
}

#[tokio::test(start_paused = true)]
async fn an_item_that_never_fits_is_not_dropped_in_silence() {
    let kind = Outbox::<String>::new(Limits::new(4, 8)).policy(Policy::Wait);
    let (sender, source) = source();
    let (pump, mut receiver) = kind.pump(source, TokioClock::start());
    let pump = task::spawn(pump);
    sender.send("four".to_owned()).unwrap();
    sender.send("fifth".to_owned()).unwrap();
    assert_eq!(pump.await.unwrap(), Err(Closed));
    assert_eq!(all(&mut receiver), "-1/4overflow");
}

#[tokio::test(start_paused = true)]
async fn it_waits_for_a_budget() {
    let budget = Budget::new(8);
    let kind = Outbox::<String>::new(Limits::new(8, 8)).policy(Policy::Wait).budget(&budget);
    let (other, mut other_receiver) = kind.open(ZERO);
    other.try_send(Class::Live, "six by".to_owned(), ZERO).unwrap();
    let (sender, source) = source();
    let (pump, mut receiver) = kind.pump(source, || ZERO);
    task::spawn(pump);
    sender.send("four".to_owned()).unwrap();
    settle().await;
    assert_eq!(all(&mut receiver), "");
    assert_eq!(all(&mut other_receiver), "six by");
    settle().await;
    assert_eq!(all(&mut receiver), "four");
}

#[tokio::test(start_paused = true)]
async fn a_replay_comes_before_what_is_read() {
    let clock = TokioClock::start();
    let (sender, mut receiver) = outbox(8, Policy::DropOldest).open(clock.now());
    sender.try_send(Class::Replay, "missed".to_owned(), clock.now()).unwrap();
    let pump = Pump::new(sender, stream::iter(["live".to_owned()]), clock);
    assert_eq!(poll_once(pump), Some(Ok(())));
    assert_eq!(all(&mut receiver), "missed live");
}

/// A source that is always ready leaves the others their turns.
#[test]
fn an_endless_source_does_not_keep_the_task() {
    let source = stream::repeat_with(|| "item".to_owned());
    let (pump, receiver) = outbox(8, Policy::DropOldest).pump(source, || ZERO);
    let mut pump = Box::pin(pump);
    assert_eq!(poll_once(pump.as_mut()), None);
    drop(receiver);
    assert_eq!(poll_once(pump), Some(Err(Closed)));
}

#[test]
fn it_can_go_to_another_thread() {
    fn is_send(_: impl Future<Output = Result<(), Closed>> + Send + 'static) {}
    is_send(outbox(8, Policy::Wait).pump(stream::pending::<String>(), || ZERO).0);
}
