//! W9: one publisher, ten thousand subscribers in the process, each a task of one current-thread runtime. All
//! of them take every message before the next round of `BURST` messages is published.

use crate::{
    bench::{Bench, Participant},
    clock::cpu_time,
    table::Unit,
};
use bytes::Bytes;
use longwave_backpressure::outbox::{Class, Delivery, Fan, Limits, Outbox, Policy, Receiver};
use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

const SUBSCRIBERS: usize = 10_000;
const ROUNDS: usize = 8;

/// What the subscribers have taken, and the publisher's wait for it.
#[derive(Clone, Default)]
struct Taken(Arc<AtomicUsize>);

impl Taken {
    fn add(&self, message: &Bytes) {
        assert_eq!(message.len(), 100);
        // All tasks share one thread, so there is no need for a locked addition.
        self.0.store(self.0.load(Relaxed) + 1, Relaxed);
    }

    fn delivery(&self, delivery: &Delivery<Bytes>) {
        match delivery {
            Delivery::Item(message) => self.add(message),
            other => panic!("{other:?}, though all take everything in time"),
        }
    }

    async fn reached(&self, count: usize) {
        while self.0.load(Relaxed) < count {
            tokio::task::yield_now().await;
        }
    }
}

/// Sets up with `subscribe` (called once per subscriber), publishes with `publish`, and times the publishing
/// and all deliveries.
fn participant<P: FnMut(&Bytes) + 'static>(
    name: &str,
    burst: usize,
    build: impl Fn(&Taken) -> P + 'static,
) -> Participant<'static> {
    let sample = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let taken = Taken::default();
            let mut publish = build(&taken);
            let message = Bytes::from(vec![1; 100]);
            // Every subscriber runs once, to be waiting when the first message comes.
            publish(&message);
            taken.reached(SUBSCRIBERS).await;
            taken.0.store(0, Relaxed);
            let start = cpu_time();
            for round in 1..=ROUNDS {
                (0..burst).for_each(|_| publish(&message));
                taken.reached(round * burst * SUBSCRIBERS).await;
            }
            (cpu_time() - start).as_nanos() as f64 / (ROUNDS * burst * SUBSCRIBERS) as f64
        })
    };
    Participant { name: name.into(), sample: Box::new(sample) }
}

/// Spawns the subscribers, given the loop of one of them.
fn subscribe<F: Future<Output = ()> + Send + 'static>(taken: &Taken, task: impl Fn(Taken) -> F) {
    for _ in 0..SUBSCRIBERS {
        tokio::spawn(task(taken.clone()));
    }
}

pub fn run(bench: &mut Bench) {
    let mut table = bench.table("w9", format!("deliveries to {SUBSCRIBERS} subscribers"), Unit::Rate);
    for burst in [1, 16] {
        let rows = vec![
            participant("tokio broadcast", burst, |taken| {
                let (send, receive) = tokio::sync::broadcast::channel::<Bytes>(64);
                subscribe(taken, |taken| {
                    let mut receive = receive.resubscribe();
                    async move {
                        while let Ok(message) = receive.recv().await {
                            taken.add(&message);
                        }
                    }
                });
                move |message| assert!(send.send(message.clone()).is_ok())
            }),
            participant("async-broadcast", burst, |taken| {
                let (send, receive) = async_broadcast::broadcast::<Bytes>(64);
                subscribe(taken, |taken| {
                    let mut receive = receive.clone();
                    async move {
                        while let Ok(message) = receive.recv_direct().await {
                            taken.add(&message);
                        }
                    }
                });
                let idle = receive.deactivate();
                move |message| {
                    let _ = &idle;
                    assert!(send.try_broadcast(message.clone()).is_ok());
                }
            }),
            participant("tokio mpsc each", burst, |taken| {
                let senders = each(
                    taken,
                    || tokio::sync::mpsc::channel::<Bytes>(64),
                    |mut r, taken| async move {
                        while let Some(message) = r.recv().await {
                            taken.add(&message);
                        }
                    },
                );
                move |message| senders.iter().for_each(|s| assert!(s.try_send(message.clone()).is_ok()))
            }),
            participant("flume each", burst, |taken| {
                let senders = each(
                    taken,
                    || flume::bounded::<Bytes>(64),
                    |r, taken| async move {
                        while let Ok(message) = r.recv_async().await {
                            taken.add(&message);
                        }
                    },
                );
                move |message| senders.iter().for_each(|s| assert!(s.try_send(message.clone()).is_ok()))
            }),
            participant("async-channel each", burst, |taken| {
                let senders = each(
                    taken,
                    || async_channel::bounded::<Bytes>(64),
                    |r, taken| async move {
                        while let Ok(message) = r.recv().await {
                            taken.add(&message);
                        }
                    },
                );
                move |message| senders.iter().for_each(|s| assert!(s.try_send(message.clone()).is_ok()))
            }),
            participant("longwave, one by one", burst, |taken| {
                let fan = longwave_fan(taken, |mut receiver, taken| async move {
                    while let Some(delivery) = receiver.recv().await {
                        taken.delivery(&delivery);
                    }
                });
                move |message| _ = fan.publish(Class::Live, message.clone(), Duration::ZERO)
            }),
            participant("longwave, all that waits", burst, |taken| {
                let fan = longwave_fan(taken, |mut receiver, taken| async move {
                    let all = |cx: &mut Context<'_>| {
                        receiver.poll_drain(cx, usize::MAX, |delivery| taken.delivery(&delivery))
                    };
                    let mut all = all;
                    while poll_fn(&mut all).await.is_some() {}
                });
                move |message| _ = fan.publish(Class::Live, message.clone(), Duration::ZERO)
            }),
            participant("queue and notify each*", burst, |taken| {
                // No bound and no closing: a locked queue, and one wake-up per burst and subscriber.
                let mut queues = Vec::with_capacity(SUBSCRIBERS);
                for _ in 0..SUBSCRIBERS {
                    let queue = Arc::new(Queue::default());
                    queues.push(queue.clone());
                    let taken = taken.clone();
                    tokio::spawn(async move {
                        loop {
                            std::future::poll_fn(|cx| queue.poll(cx, &taken)).await;
                        }
                    });
                }
                move |message| queues.iter().for_each(|q| q.push(message.clone()))
            }),
        ];
        table.column(format!("bursts of {burst}"), None, rows);
    }
}

/// Spawns the subscribers of a fan, each with bounds and a policy of its own.
fn longwave_fan<F: Future<Output = ()> + Send + 'static>(
    taken: &Taken,
    task: impl Fn(Receiver<Bytes>, Taken) -> F,
) -> Fan<Bytes> {
    let fan = Fan::new();
    let outboxes = [Policy::DropOldest, Policy::DropNewest, Policy::Disconnect]
        .map(|policy| Outbox::new(Limits::new(64 * 1024, 64)).policy(policy));
    for subscriber in 0..SUBSCRIBERS {
        let receiver = fan.subscribe(&outboxes[subscriber % outboxes.len()], Duration::ZERO);
        tokio::spawn(task(receiver, taken.clone()));
    }
    fan
}

/// Spawns subscribers with a channel each and returns the senders.
fn each<S, R, F: Future<Output = ()> + Send + 'static>(
    taken: &Taken,
    channel: impl Fn() -> (S, R),
    task: impl Fn(R, Taken) -> F,
) -> Vec<S> {
    let spawn = |_| {
        let (send, receive) = channel();
        tokio::spawn(task(receive, taken.clone()));
        send
    };
    (0..SUBSCRIBERS).map(spawn).collect()
}

#[derive(Default)]
struct Queue(Mutex<(VecDeque<Bytes>, Option<Waker>)>);

impl Queue {
    fn push(&self, message: Bytes) {
        let mut queue = self.0.lock().unwrap();
        queue.0.push_back(message);
        if let Some(waker) = queue.1.take() {
            drop(queue);
            waker.wake();
        }
    }

    fn poll(&self, cx: &mut Context<'_>, taken: &Taken) -> Poll<()> {
        let mut queue = self.0.lock().unwrap();
        queue.0.drain(..).for_each(|m| taken.add(&m));
        queue.1 = Some(cx.waker().clone());
        Poll::Pending
    }
}
