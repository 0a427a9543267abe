use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Wake, Waker},
    thread,
    time::Duration,
};

use tokio::time::Instant;

use super::{Side, Watch};
use crate::{Cause, Lifeline};

/// Counts what is open.
struct Permit(Arc<AtomicUsize>);

impl Permit {
    fn take(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::SeqCst);
        Self(open.clone())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let before = self.0.fetch_sub(1, Ordering::SeqCst);
        assert!(before > 0, "released twice");
    }
}

struct Random(u64);

impl Random {
    fn one_in(&mut self, n: u64) -> bool {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33).is_multiple_of(n)
    }
}

/// Streams come, are kept, end and go while the connection is judged, cut and closed, in another order for each
/// seed.
#[test]
fn everything_is_released_whatever_the_order() {
    for seed in 0..300_u64 {
        let open = Arc::new(AtomicUsize::new(0));
        let mut watch =
            Watch::new().with_grace(Duration::from_micros(50)).with_stall(Duration::from_micros(80));
        let barrier = Arc::new(Barrier::new(4));
        let requests = (0..3_u64).map(|n| {
            let (barrier, open, connection) = (barrier.clone(), open.clone(), watch.connection().clone());
            thread::spawn(move || {
                let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ n);
                barrier.wait();
                for _ in 0..20 {
                    let mut extensions = http::Extensions::new();
                    extensions.insert(connection.clone());
                    let lifeline = Lifeline::of(&mut extensions);
                    let tether = lifeline.carry();
                    lifeline.hold(Permit::take(&open));
                    lifeline.pace().wait();
                    let stray = tether.clone();
                    if random.one_in(2) {
                        lifeline.end_at(Instant::now(), Cause::Expired);
                    }
                    if random.one_in(3) {
                        connection.keep(tether);
                    } else {
                        drop(tether);
                    }
                    if random.one_in(4) {
                        lifeline.end(Cause::Revoked);
                    }
                    if random.one_in(40) {
                        connection.abort(Cause::Closed);
                    }
                    drop(stray);
                }
            })
        });
        let requests: Vec<_> = requests.collect();
        let mut random = Random(seed);
        barrier.wait();
        for _ in 0..50 {
            let now = Instant::now();
            if random.one_in(3) {
                watch.refused(10, now);
            } else {
                watch.accepted(10, now);
            }
            if watch.judge(Side::Write, Waker::noop(), now).is_err() {
                break;
            }
        }
        drop(watch);
        for request in requests {
            request.join().expect("no deadlock, no panic");
        }
        assert_eq!(open.load(Ordering::SeqCst), 0, "seed {seed}");
    }
}

struct Unpark(thread::Thread, AtomicBool);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.1.store(true, Ordering::SeqCst);
        self.0.unpark();
    }
}

/// A stream is ended in the very moment in which the owner of the socket looks and goes to sleep.
#[test]
fn no_end_is_missed_by_the_owner() {
    for _ in 0..2_000 {
        let mut watch = Watch::new().with_grace(Duration::ZERO);
        let lifeline = Lifeline::new();
        lifeline.set_connection(watch.connection());
        lifeline.pace().open();
        let tether = lifeline.carry();
        let owner = thread::spawn(move || {
            let unpark = Arc::new(Unpark(thread::current(), AtomicBool::new(true)));
            let waker = unpark.clone().into();
            loop {
                if !unpark.1.swap(false, Ordering::SeqCst) {
                    thread::park();
                    continue;
                }
                if let Err(reason) = watch.judge(Side::Read, &waker, Instant::now()) {
                    return reason.cause();
                }
            }
        });
        lifeline.end(Cause::Revoked);
        assert_eq!(owner.join().expect("the thread ends"), Cause::Revoked);
        drop(tether);
    }
}
