//! Futures are dropped wherever they wait, over connections that take a byte at a time: nothing is lost, nothing torn.
#![allow(clippy::unwrap_used)]

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use longwave_testing::io::Fickle;
use longwave_ws_hyper::{Config, Error, Last, Limits, Message, WebSocket};
use tokio::{io::DuplexStream, task::yield_now};

type Socket = WebSocket<Fickle<DuplexStream>>;

struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// Polls a future a few times, and drops it if it is not ready by then.
fn glance<F: Future>(future: F, times: u64) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    (0..times).find_map(|_| match future.as_mut().poll(&mut cx) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    })
}

fn config() -> Config {
    Config::new().without_heartbeat().limits(Limits::new().control_frames(u32::MAX)).high_water(300)
}

fn pair(seed: u64) -> [Socket; 2] {
    let (near, far) = tokio::io::duplex(40 + (seed % 100) as usize);
    let most = 1 + (seed % 7) as usize;
    [
        WebSocket::client(Fickle::new(near, seed.wrapping_mul(3), most), &config()),
        WebSocket::server(Fickle::new(far, seed.wrapping_mul(5), most), &config()),
    ]
}

/// The message that is sent as the so-manieth.
fn message(number: u32, random: &mut Random) -> Message {
    let filler = "é.".repeat(random.below(40) as usize);
    if number.is_multiple_of(2) {
        Message::text(format!("{number} {filler}"))
    } else {
        Message::binary(format!("{number} {filler}"))
    }
}

/// What one end has sent and received so far.
struct End {
    socket: Socket,
    sent: Vec<Message>,
    received: Vec<Message>,
    /// What was received of a message in parts.
    part: Vec<u8>,
}

impl End {
    fn step(&mut self, random: &mut Random) {
        let times = random.below(4);
        match random.below(8) {
            0 | 1 => {
                let message = message(self.sent.len() as u32, random);
                match glance(self.socket.send(message.clone()), 1 + times) {
                    // Who never waits is told so at once, and nothing is taken.
                    Some(Err(Error::Full { .. })) => return,
                    Some(Err(error)) => panic!("{error}"),
                    Some(Ok(())) | None => {}
                }
                self.sent.push(message);
            }
            2 if self.socket.unsent() < 300 => {
                let message = message(1, random);
                let payload = message.payload().to_vec();
                let (first, second) = payload.split_at(random.below(payload.len() as u64) as usize);
                drop(glance(self.socket.send_binary_fragment(first, Last::No), times));
                drop(glance(self.socket.ping(b"between"), times));
                drop(glance(self.socket.send_binary_fragment(second, Last::Yes), times));
                self.sent.push(message);
            }
            3 => {
                if let Some(result) = glance(self.socket.flush(), times) {
                    result.unwrap();
                }
            }
            4 if !self.part.is_empty() => self.receive_part(times),
            5 => self.receive_part(times),
            // Whole messages only where none was begun, for the rest of that would be passed over.
            _ if self.part.is_empty() => {
                if let Some(message) = glance(self.socket.recv(), times) {
                    self.received.push(message.unwrap().unwrap());
                }
            }
            _ => {}
        }
    }

    fn receive_part(&mut self, times: u64) {
        let Some(part) = glance(self.socket.recv_part(), times) else { return };
        let part = part.unwrap().unwrap();
        // A mark, so that a message without bytes was begun too.
        if self.part.is_empty() {
            self.part.push(0);
        }
        self.part.extend(part.data);
        if part.last {
            let payload = self.part.split_off(1);
            self.part.clear();
            self.received.push(match part.opcode {
                longwave_ws_hyper::OpCode::Text => Message::text(String::from_utf8(payload).unwrap()),
                _ => Message::binary(payload),
            });
        }
    }
}

async fn run(seed: u64, steps: u32) {
    let mut random = Random(seed);
    let mut ends =
        pair(seed).map(|socket| End { socket, sent: Vec::new(), received: Vec::new(), part: Vec::new() });
    for step in 0..steps {
        ends[random.below(2) as usize].step(&mut random);
        if step % 16 == 0 {
            // Tasks that flush have their turn, and the runtime lets this one go on reading and writing.
            yield_now().await;
        }
    }
    let [mut near, mut far] = ends;
    for _ in 0..200_000 {
        if near.sent.len() == far.received.len() && far.sent.len() == near.received.len() {
            break;
        }
        yield_now().await;
        for end in [&mut near, &mut far] {
            if let Some(result) = glance(end.socket.flush(), 3) {
                result.unwrap();
            }
            if end.part.is_empty() {
                if let Some(message) = glance(end.socket.recv(), 3) {
                    end.received.push(message.unwrap().unwrap());
                }
            } else {
                end.receive_part(3);
            }
        }
    }
    eprintln!(
        "buffered {} {} parts {} {} received {} {} sent {} {}",
        near.socket.unsent(),
        far.socket.unsent(),
        near.part.len(),
        far.part.len(),
        near.received.len(),
        far.received.len(),
        near.sent.len(),
        far.sent.len()
    );
    assert_same(&near.sent, &far.received, seed);
    assert_same(&far.sent, &near.received, seed);
}

fn assert_same(sent: &[Message], received: &[Message], seed: u64) {
    let first = sent.iter().zip(received).position(|(sent, received)| sent != received);
    if let Some(at) = first {
        eprintln!(
            "next {:?} {:?} later {:?}",
            received.get(at + 1),
            received.get(at + 2),
            received.iter().position(|m| *m == sent[at])
        );
        panic!(
            "seed {seed}: message {at} is {:?} and was {:?} {} {}",
            received[at],
            sent[at],
            sent.len(),
            received.len()
        );
    }
    assert_eq!(received.len(), sent.len(), "seed {seed}");
}

/// More than a million steps.
#[tokio::test]
async fn dropped_futures_lose_nothing() {
    for seed in 0..260 {
        run(seed, 4000).await;
    }
}

/// What is on the wire is what is there without drops: each frame whole, in order.
#[tokio::test]
async fn dropped_futures_tear_nothing() {
    for seed in 0..100 {
        let mut random = Random(seed);
        let (near, mut far) = tokio::io::duplex(64);
        let io = Fickle::new(near, seed, 5);
        let written = io.written();
        let mut socket = WebSocket::server(io, &config());
        let mut expected = Vec::new();
        let reading = tokio::spawn(async move {
            drop(tokio::io::copy(&mut far, &mut tokio::io::sink()).await);
        });
        for number in 0..200 {
            let message = message(number, &mut random);
            let payload = message.payload();
            expected.push(if number.is_multiple_of(2) { 0x81 } else { 0x82 });
            assert!(payload.len() < 126, "the header has two bytes");
            expected.push(payload.len() as u8);
            expected.extend_from_slice(payload);
            if glance(socket.send(message), random.below(3)).is_none() && random.below(2) == 0 {
                socket.flush().await.unwrap();
            }
            if socket.unsent() > 1000 {
                socket.flush().await.unwrap();
            }
            if random.below(3) == 0 {
                drop(glance(socket.recv(), random.below(3)));
                yield_now().await;
            }
        }
        socket.flush().await.unwrap();
        assert!(*written.lock().unwrap() == expected, "seed {seed}");
        drop(socket);
        reading.await.unwrap();
    }
}

/// A close that is dropped goes on where it was left.
#[tokio::test(start_paused = true)]
async fn a_close_can_be_dropped() {
    for seed in 0..50 {
        let mut random = Random(seed);
        let [mut near, mut far] = pair(seed);
        let echo = tokio::spawn(async move {
            let mut last = None;
            while let Some(message) = far.recv().await {
                last = Some(message);
            }
            last
        });
        near.send("the last").await.unwrap();
        for _ in 0..1000 {
            if let Some(result) = glance(near.close(None), random.below(3)) {
                result.unwrap();
                break;
            }
            yield_now().await;
        }
        let last = echo.await.unwrap().unwrap();
        assert!(matches!(last, Ok(Message::Close(None))), "{last:?}");
    }
}
