use std::{
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use futures_util::{FutureExt, future::join_all};
use tokio::time::Instant;

use super::Lifeline;
use crate::{Cause, EndReason};

/// Counts how often it is dropped.
struct Guard(Arc<AtomicUsize>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn guard() -> (Guard, Arc<AtomicUsize>) {
    let drops = Arc::new(AtomicUsize::new(0));
    (Guard(drops.clone()), drops)
}

#[test]
fn a_request_has_one_lifeline() {
    let mut request = http::Request::new(());
    let first = Lifeline::of(request.extensions_mut());
    assert_eq!(first, Lifeline::of(request.extensions_mut()));
    let copy = request.extensions().clone();
    assert_eq!(Some(&first), copy.get(), "copies of a request share it");
    assert_ne!(first, Lifeline::new());
}

#[test]
fn the_first_reason_wins() {
    let lifeline = Lifeline::new();
    assert!(!lifeline.is_ended());
    assert_eq!(lifeline.reason(), None);
    assert!(lifeline.end(EndReason::new(Cause::Draining).with_text("deploy 17")));
    assert!(!lifeline.end(Cause::Revoked));
    assert!(lifeline.is_ended());
    assert_eq!(lifeline.reason().map(|reason| reason.text().to_owned()), Some("deploy 17".into()));
}

#[tokio::test(start_paused = true)]
async fn the_earliest_deadline_wins() {
    let (lifeline, start) = (Lifeline::new(), Instant::now());
    lifeline.end_at(start + Duration::from_secs(60), Cause::AgedOut);
    lifeline.end_at(start + Duration::from_secs(10), Cause::Expired);
    lifeline.end_at(start + Duration::from_secs(20), Cause::Draining);
    assert_eq!(lifeline.ended().await.cause(), Cause::Expired);
    assert_eq!(start.elapsed(), Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_moves_closer_reaches_those_who_wait() {
    let (lifeline, start) = (Lifeline::new(), Instant::now());
    lifeline.end_at(start + Duration::from_secs(60), Cause::AgedOut);
    let closer = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        lifeline.end_at(start + Duration::from_secs(10), Cause::Expired);
    };
    let (first, second, ()) = tokio::join!(lifeline.ended(), lifeline.ended(), closer);
    assert_eq!((first.cause(), second.cause()), (Cause::Expired, Cause::Expired));
    assert_eq!(start.elapsed(), Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_in_the_past_ends_at_once() {
    let lifeline = Lifeline::new();
    tokio::time::advance(Duration::from_secs(5)).await;
    let past = Instant::now().checked_sub(Duration::from_secs(1)).expect("the clock has advanced");
    lifeline.end_at(past, Cause::Expired);
    assert_eq!(lifeline.ended().now_or_never().map(|reason| reason.cause()), Some(Cause::Expired));
}

#[tokio::test(start_paused = true)]
async fn an_end_comes_before_any_deadline() {
    let lifeline = Lifeline::new();
    lifeline.end_at(Instant::now(), Cause::Expired);
    lifeline.end(Cause::Revoked);
    lifeline.end_at(Instant::now(), Cause::AgedOut);
    assert_eq!(lifeline.ended().await.cause(), Cause::Revoked);
}

#[tokio::test]
async fn all_who_wait_are_woken_and_those_who_gave_up_are_forgotten() {
    let lifeline = Lifeline::new();
    let mut waiting: Vec<_> = (0..100).map(|_| Box::pin(lifeline.ended())).collect();
    for ended in &mut waiting {
        assert!(ended.now_or_never().is_none());
    }
    // Those who gave up leave places that are given out again.
    waiting.retain({
        let mut i = 0;
        move |_| {
            i += 1;
            i % 3 == 0
        }
    });
    for _ in 0..50 {
        let mut ended = Box::pin(lifeline.ended());
        assert!((&mut ended).now_or_never().is_none());
        waiting.push(ended);
    }
    let ends = thread::spawn({
        let lifeline = lifeline.clone();
        move || lifeline.end(Cause::Closed)
    });
    assert!(join_all(waiting).await.iter().all(|reason| reason.cause() == Cause::Closed));
    assert!(ends.join().expect("the thread ends"));
}

#[test]
fn a_future_that_changes_tasks_wakes_the_last_one() {
    let lifeline = Lifeline::new();
    let mut ended = Box::pin(lifeline.ended());
    let wakes = Arc::new(Wakes::default());
    assert!(ended.poll_unpin(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(ended.poll_unpin(&mut Context::from_waker(&wakes.clone().into())).is_pending());
    lifeline.end(Cause::Closed);
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
    assert!(matches!(ended.poll_unpin(&mut Context::from_waker(Waker::noop())), Poll::Ready(_)));
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl std::task::Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn guards_go_with_the_last_tether() {
    let (lifeline, (guard, drops)) = (Lifeline::new(), guard());
    let tether = lifeline.carry();
    lifeline.hold(guard);
    let second = tether.clone();
    drop(tether);
    lifeline.end(Cause::Closed);
    assert_eq!(drops.load(Ordering::SeqCst), 0, "the stream is still carried");
    drop(second);
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[test]
fn a_lifeline_keeps_nothing_alive() {
    let (lifeline, (guard, drops)) = (Lifeline::new(), guard());
    let stray = lifeline.clone();
    let tether = lifeline.carry();
    lifeline.hold(guard);
    drop(tether);
    assert_eq!(drops.load(Ordering::SeqCst), 1);
    drop((lifeline, stray));
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[test]
fn a_guard_that_comes_too_late_is_dropped_at_once() {
    let (lifeline, (guard, drops)) = (Lifeline::new(), guard());
    drop(lifeline.carry());
    lifeline.hold(guard);
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[test]
fn guards_that_nobody_came_to_carry_go_with_the_lifeline() {
    let (lifeline, (guard, drops)) = (Lifeline::new(), guard());
    lifeline.hold(guard);
    drop(lifeline);
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

/// A registry of open streams as a limit or a drain keeps it: whoever leaves locks it.
#[derive(Clone, Default)]
struct Registry(Arc<Mutex<Vec<Option<Lifeline>>>>);

struct Entry(Registry, usize);

impl Registry {
    fn enter(&self, lifeline: &Lifeline) {
        let mut streams = self.0.lock().expect("not poisoned");
        streams.push(Some(lifeline.clone()));
        let entry = Entry(self.clone(), streams.len() - 1);
        drop(streams);
        lifeline.hold(entry);
    }

    fn end_all(&self) {
        for lifeline in self.0.lock().expect("not poisoned").iter().flatten() {
            lifeline.end(Cause::Draining);
        }
    }

    fn open(&self) -> usize {
        self.0.lock().expect("not poisoned").iter().flatten().count()
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let left = self.0.0.lock().expect("not poisoned")[self.1].take();
        assert!(left.is_some(), "left twice");
    }
}

/// Streams come, end, are cloned and go, from many threads at once, in another order for each seed.
#[test]
fn guards_are_released_exactly_once_whatever_the_order() {
    for seed in 0..300_u64 {
        let registry = Registry::default();
        let barrier = Arc::new(Barrier::new(5));
        let lifelines: Vec<_> = (0..8).map(|_| Lifeline::new()).collect();
        let tethers: Vec<_> = lifelines.iter().map(Lifeline::carry).collect();
        let carriers = tethers.chunks(2).enumerate().map(|(n, tethers)| {
            let (barrier, registry, tethers) = (barrier.clone(), registry.clone(), tethers.to_vec());
            thread::spawn(move || {
                let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ n as u64;
                barrier.wait();
                for tether in tethers {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    let lifeline = tether.lifeline().clone();
                    registry.enter(&lifeline);
                    if random >> 60 < 8 {
                        drop(tether.clone());
                    }
                    if random >> 63 == 0 {
                        lifeline.end(Cause::Closed);
                    }
                    drop(tether);
                    registry.enter(&lifeline);
                }
            })
        });
        let carriers: Vec<_> = carriers.collect();
        drop(tethers);
        barrier.wait();
        registry.end_all();
        for carrier in carriers {
            carrier.join().expect("no deadlock, no panic");
        }
        registry.end_all();
        assert_eq!(registry.open(), 0, "seed {seed}");
    }
}

/// Somebody starts to wait in the very moment somebody else ends it.
#[test]
fn no_end_is_missed() {
    for _ in 0..2_000 {
        let lifeline = Lifeline::new();
        let waits = thread::spawn({
            let lifeline = lifeline.clone();
            move || block_on(lifeline.ended())
        });
        lifeline.end(Cause::Closed);
        assert_eq!(waits.join().expect("the thread ends").cause(), Cause::Closed);
    }
}

/// Waits on a thread of its own, without a runtime.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
