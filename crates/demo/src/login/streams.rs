//! What a ticket opens: an event stream and a WebSocket that count the seconds, for as long as the login stands.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, stream};
use longwave_sse::{Event, EventType, random_retry};
use longwave_ws_hyper::handshake::Subprotocol;
use longwave_ws_hyper::server::{Options, Upgrading};
use longwave_ws_hyper::{Config, Error, Limits, Message, Upgraded, WebSocket};
use serde::Serialize;
use tokio::time::Interval;

use crate::clients::{Order, Registration};
use crate::stream::CutShort;

/// The first word, and then the seconds since.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Told<'t> {
    Hello { name: &'t str },
    Seconds(u64),
}

/// An event stream, which can be cut.
pub(crate) struct Ticks {
    registration: Option<Registration>,
    ready: VecDeque<Bytes>,
    every: Interval,
    seconds: u64,
    then: Then,
}

/// A WebSocket on its way.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) name: String,
}

/// What comes after the bytes that are ready.
#[derive(Clone, Copy, Debug)]
enum Then {
    Wait,
    Cut,
    End,
}

impl Ticks {
    pub(crate) fn new(
        name: &str,
        retry: &RangeInclusive<Duration>,
        registration: Option<Registration>,
    ) -> Self {
        let retry = random_retry(retry.clone(), fastrand::u64(..));
        let hello = Told::Hello { name }.event().retry(retry);
        let ready = VecDeque::from([hello.encode()]);
        Self { registration, ready, every: seconds(), seconds: 0, then: Then::Wait }
    }

    pub(crate) fn into_stream(self) -> impl Stream<Item = Result<Bytes, CutShort>> + Send {
        stream::unfold(self, |mut ticks| async move { ticks.next().await.map(|item| (item, ticks)) })
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
        let order = async {
            match &mut self.registration {
                Some(registration) => registration.order().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            order = order => match order {
                Order::Stop => self.then = Then::End,
                Order::Cut { .. } => {
                    let mut event = Told::Seconds(self.seconds).event().encode();
                    event.truncate(event.len() / 2);
                    self.ready.push_back(event);
                    self.then = Then::Cut;
                }
            },
            _ = self.every.tick() => {
                self.seconds += 1;
                self.ready.push_back(Told::Seconds(self.seconds).event().encode());
            }
        }
    }
}

impl Arrival {
    /// Counts until the connection is over. That it ends with the login is nothing that has to be done here.
    pub(crate) async fn attend(self, upgrading: Upgrading) {
        // The client may be gone before hyper has answered it.
        let Ok(mut socket) = upgrading.await else { return };
        // Why it does not go on is told by what is left to receive.
        let _closing = self.count(&mut socket).await;
        while socket.recv().await.is_some() {}
    }

    async fn count(&self, socket: &mut WebSocket<Upgraded>) -> Result<(), Error> {
        socket.send(Told::Hello { name: &self.name }.message()).await?;
        let (mut every, mut seconds) = (seconds(), 0);
        loop {
            tokio::select! {
                message = socket.recv() => match message.transpose()? {
                    None | Some(Message::Close(_)) => return Ok(()),
                    Some(_) => {}
                },
                _ = every.tick() => {
                    seconds += 1;
                    socket.send(Told::Seconds(seconds).message()).await?;
                }
            }
        }
    }
}

impl Told<'_> {
    fn event(self) -> Event {
        let event = Event::new().event_type(EventType::from_static(match self {
            Self::Hello { .. } => "hello",
            Self::Seconds(_) => "seconds",
        }));
        event.json(&self).expect("text and numbers always serialize")
    }

    fn message(self) -> Message {
        Message::json(&self).expect("text and numbers always serialize")
    }
}

/// How these sockets behave. The ticket comes as a subprotocol beside this one, which is the one that is agreed upon.
pub(crate) fn options() -> Options {
    let limits = Limits::default().frame(MESSAGE).message(MESSAGE).fragments(16).control_frames(16);
    Options::new().config(Config::new().limits(limits)).protocol(Subprotocol::from_static("demo.login.v1"))
}

/// The first second is over after a second.
fn seconds() -> Interval {
    let first = tokio::time::Instant::now() + SECOND;
    tokio::time::interval_at(first, SECOND)
}

const SECOND: Duration = Duration::from_secs(1);

/// How long the half event gets to reach the socket.
const FLUSH: Duration = Duration::from_millis(25);

/// Nobody has anything to say here.
const MESSAGE: usize = 1024;
