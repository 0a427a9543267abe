//! W15: one producer and one consumer, each a task of one current-thread runtime, with a bounded queue between
//! them. The producer waits whenever the queue is full.

use crate::{
    bench::{Bench, Participant},
    clock::cpu_time,
    table::Unit,
};
use bytes::Bytes;
use longwave_backpressure::outbox::{Class, Delivery, Limits, Outbox, Policy};
use std::{future::poll_fn, time::Duration};

const MESSAGES: usize = 200_000;
const ROOM: usize = 256;

/// Times the producer and the consumer that `build` makes.
fn participant<P, C>(name: &str, build: impl Fn(Bytes) -> (P, C) + 'static) -> Participant<'static>
where
    P: Future<Output = ()> + Send + 'static,
    C: Future<Output = usize> + Send + 'static,
{
    let sample = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (producer, consumer) = build(Bytes::from(vec![1; 100]));
            let start = cpu_time();
            tokio::spawn(producer);
            assert_eq!(tokio::spawn(consumer).await.unwrap(), MESSAGES);
            (cpu_time() - start).as_nanos() as f64 / MESSAGES as f64
        })
    };
    Participant { name: name.into(), sample: Box::new(sample) }
}

pub fn run(bench: &mut Bench) {
    let mut table = bench.table("w15", format!("{ROOM} messages of room between two tasks"), Unit::Rate);
    table.column("one by one", None, one_by_one());
    table.column("all that waits", None, all_that_waits());
}

fn one_by_one() -> Vec<Participant<'static>> {
    vec![
        participant("tokio mpsc", |message| {
            let (send, mut receive) = tokio::sync::mpsc::channel(ROOM);
            let producer = async move {
                for _ in 0..MESSAGES {
                    send.send(message.clone()).await.unwrap();
                }
            };
            (producer, async move {
                let mut count = 0;
                while let Some(message) = receive.recv().await {
                    count += usize::from(message.len() == 100);
                }
                count
            })
        }),
        participant("flume", |message| {
            let (send, receive) = flume::bounded(ROOM);
            let producer = async move {
                for _ in 0..MESSAGES {
                    send.send_async(message.clone()).await.unwrap();
                }
            };
            (producer, async move {
                let mut count = 0;
                while let Ok(message) = receive.recv_async().await {
                    count += usize::from(Bytes::len(&message) == 100);
                }
                count
            })
        }),
        participant("async-channel", |message| {
            let (send, receive) = async_channel::bounded(ROOM);
            let producer = async move {
                for _ in 0..MESSAGES {
                    send.send(message.clone()).await.unwrap();
                }
            };
            (producer, async move {
                let mut count = 0;
                while let Ok(message) = receive.recv().await {
                    count += usize::from(Bytes::len(&message) == 100);
                }
                count
            })
        }),
        participant("longwave", |message| {
            let (producer, mut receiver) = outbox(message);
            (producer, async move {
                let mut count = 0;
                while let Some(delivery) = receiver.recv().await {
                    count += usize::from(matches!(delivery, Delivery::Item(message) if message.len() == 100));
                }
                count
            })
        }),
    ]
}

fn all_that_waits() -> Vec<Participant<'static>> {
    vec![
        participant("tokio mpsc", |message| {
            let (send, mut receive) = tokio::sync::mpsc::channel(ROOM);
            let producer = async move {
                for _ in 0..MESSAGES {
                    send.send(message.clone()).await.unwrap();
                }
            };
            (producer, async move {
                let (mut count, mut messages) = (0, Vec::with_capacity(ROOM));
                while receive.recv_many(&mut messages, ROOM).await > 0 {
                    count += messages.drain(..).filter(|message: &Bytes| message.len() == 100).count();
                }
                count
            })
        }),
        participant("longwave", |message| {
            let (producer, mut receiver) = outbox(message);
            (producer, async move {
                let mut count = 0;
                let mut all = poll_fn(|cx| {
                    receiver.poll_drain(cx, usize::MAX, |delivery| {
                        count +=
                            usize::from(matches!(delivery, Delivery::Item(message) if message.len() == 100));
                    })
                });
                while (&mut all).await.is_some() {}
                count
            })
        }),
    ]
}

/// A producer that waits for room, and the receiver of what it sends.
fn outbox(
    message: Bytes,
) -> (impl Future<Output = ()> + Send, longwave_backpressure::outbox::Receiver<Bytes>) {
    let outbox = Outbox::new(Limits::new(ROOM * 100, ROOM)).policy(Policy::Wait);
    let (mut sender, receiver) = outbox.open(Duration::ZERO);
    let producer = async move {
        for _ in 0..MESSAGES {
            sender.send(Class::Live, message.clone(), Duration::ZERO).await.unwrap();
        }
    };
    (producer, receiver)
}
