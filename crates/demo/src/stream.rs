//! One client's stream: the history from where it left off, and what happens to it on order.

use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, stream};
use longwave_sse::{Event, EventType};
use serde::Serialize;
use tokio::time::{Interval, MissedTickBehavior};

use crate::board::Board;
use crate::clients::{Order, Registration};
use crate::ring::{Batch, Outcome, Subscription};

/// The stream was cut on purpose, in the middle of an event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct CutShort;

/// The payload of `gap`.
#[derive(Debug, Serialize)]
struct Gap {
    missed: Option<u64>,
}

/// Everything after the first block of a connection.
pub(crate) struct Feed {
    subscription: Subscription,
    registration: Option<Registration>,
    ticker: Option<Ticker>,
    ready: VecDeque<Bytes>,
    then: Then,
}

/// Tells a client how the server stands, in between.
#[derive(Debug)]
pub(crate) struct Ticker {
    ticks: Interval,
    board: Board,
    /// Whose streams it is told of.
    client: String,
}

/// What comes after the bytes that are ready.
#[derive(Clone, Copy, Debug)]
enum Then {
    Wait,
    Cut,
    End,
}

impl Feed {
    pub(crate) fn new(
        hello: &Event,
        batch: Batch,
        subscription: Subscription,
        registration: Option<Registration>,
        ticker: Option<Ticker>,
    ) -> Self {
        let ready = VecDeque::from([hello.encode()]);
        let mut feed = Self { subscription, registration, ticker, ready, then: Then::Wait };
        feed.push(batch);
        feed
    }

    pub(crate) fn into_stream(self) -> impl Stream<Item = Result<Bytes, CutShort>> + Send {
        stream::unfold(self, |mut feed| async move { feed.next().await.map(|item| (item, feed)) })
    }

    async fn next(&mut self) -> Option<Result<Bytes, CutShort>> {
        loop {
            if let Some(bytes) = self.ready.pop_front() {
                return Some(Ok(bytes));
            }
            match self.then {
                Then::Wait => self.wait().await,
                Then::Cut => {
                    // Without a pause the connection is gone before the half event is on the wire.
                    tokio::time::sleep(FLUSH).await;
                    self.then = Then::End;
                    return Some(Err(CutShort));
                }
                Then::End => return None,
            }
        }
    }

    async fn wait(&mut self) {
        tokio::select! {
            biased;
            order = order(&mut self.registration) => self.obey(order).await,
            batch = self.subscription.next() => self.push(batch),
            stats = tick(&mut self.ticker) => self.ready.push_back(stats.encode()),
        }
    }

    /// Queues events. If some before them are lost, the stream itself says so first, and moves the client's
    /// cursor past them in the same block.
    fn push(&mut self, batch: Batch) {
        if let Outcome::Gap { missed, .. } = batch.outcome {
            let gap = Event::new()
                .event_type(EventType::from_static("gap"))
                .id(batch.cursor)
                .json(&Gap { missed })
                .expect("numbers always serialize");
            self.ready.push_back(gap.encode());
        }
        self.ready.extend(batch.events);
    }

    async fn obey(&mut self, order: Order) {
        match order {
            Order::Stop => self.then = Then::End,
            Order::Cut { away } => {
                if let Some(away) = away {
                    self.ready.push_back(Event::new().retry(away).encode());
                }
                // A feed that is silent is cut between two events.
                let next = tokio::time::timeout(PATIENCE, self.subscription.next()).await;
                if let Some(mut event) = next.ok().and_then(|batch| batch.events.into_iter().next()) {
                    event.truncate(event.len() / 2);
                    self.ready.push_back(event);
                }
                self.then = Then::Cut;
            }
        }
    }
}

impl Ticker {
    pub(crate) fn new(board: Board, client: String) -> Self {
        let mut ticks = tokio::time::interval(STATS);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { ticks, board, client }
    }

    /// Says how things stand, at the next tick. Without an ID, so that it has no part in what is resumed.
    async fn next(&mut self) -> Event {
        self.ticks.tick().await;
        let stats = self.board.stats(Some(&self.client));
        let event = Event::new().event_type(EventType::from_static("stats"));
        event.json(&stats).expect("maps with keys that are text always serialize")
    }
}

async fn tick(ticker: &mut Option<Ticker>) -> Event {
    match ticker {
        Some(ticker) => ticker.next().await,
        None => std::future::pending().await,
    }
}

async fn order(registration: &mut Option<Registration>) -> Order {
    match registration {
        Some(registration) => registration.order().await,
        None => std::future::pending().await,
    }
}

impl fmt::Display for CutShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stream cut on request")
    }
}

impl Error for CutShort {}

/// How long a cut waits for an event to break in two.
const PATIENCE: Duration = Duration::from_millis(300);

/// How long the half event gets to reach the socket.
const FLUSH: Duration = Duration::from_millis(25);

/// How often a client is told how the server stands, if it asks for that.
const STATS: Duration = Duration::from_millis(500);
