//! A member of the room, from the upgrade to the last word.

use std::ops::RangeInclusive;
use std::time::Duration;

use http::Version;
use longwave_ws_hyper::server::{Options, Upgrading};
use longwave_ws_hyper::{Config, Error, Limits, Message, Prepared, Upgraded, WebSocket};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, MissedTickBehavior};

use super::pace::Pace;
use super::words::{Joined, Says, Told};
use super::{Room, Seat};

/// What is known of a member who is on the way.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) room: Room,
    /// The name that the client gave itself.
    pub(crate) client: Option<String>,
    pub(crate) version: Version,
    pub(crate) generation: u64,
    pub(crate) come_back: RangeInclusive<Duration>,
}

struct Member {
    socket: WebSocket<Upgraded>,
    seat: Seat,
    who: String,
    pace: Pace,
    told: Option<Duration>,
}

/// How the sockets of members behave. Their heartbeat is what the layer has put into the lifeline.
pub(crate) fn options() -> Options {
    let limits = Limits::default().frame(MESSAGE).message(MESSAGE).fragments(16).control_frames(16);
    Options::new().config(Config::new().limits(limits).high_water(HIGH_WATER))
}

impl Arrival {
    /// Stays until the connection is over.
    pub(crate) async fn attend(self, upgrading: Upgrading) {
        // The client may be gone before hyper has answered it.
        let Ok(socket) = upgrading.await else { return };
        let (mut seat, last) = self.room.join();
        let who = self.room.call_sign(self.client.as_deref());
        let members = *seat.members.borrow_and_update();
        let mut member = Member { socket, seat, who, pace: Pace::default(), told: None };
        if member.greet(&self, members, &last).await.is_ok() {
            // Why it does not go on is told by what is left to receive.
            let _closing = member.stay().await;
        }
        // Nothing can be sent any more, but the closing handshake has to be gone through.
        while member.socket.recv().await.is_some() {}
    }
}

impl Member {
    async fn greet(&mut self, arrival: &Arrival, members: usize, last: &[Prepared]) -> Result<(), Error> {
        let joined = Joined {
            room: arrival.room.shared.epoch,
            transport: match arrival.version {
                Version::HTTP_2 => "HTTP/2",
                _ => "HTTP/1.1",
            },
            generation: arrival.generation,
            you: &self.who,
            members,
            history: last.len(),
            come_back_ms: [arrival.come_back.start(), arrival.come_back.end()]
                .map(|end| end.as_millis() as u64),
        };
        self.socket.send(Told::Joined(joined).message()).await?;
        for line in last {
            self.socket.send_prepared(line).await?;
        }
        Ok(())
    }

    async fn stay(&mut self) -> Result<(), Error> {
        let mut ticks = tokio::time::interval(TELL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                message = self.socket.recv() => match message.transpose()? {
                    None | Some(Message::Close(_)) => return Ok(()),
                    Some(message) => self.hear(&message).await?,
                },
                line = self.seat.lines.recv() => match line {
                    Ok(line) => self.socket.send_prepared(&line).await?,
                    Err(RecvError::Lagged(missed)) => self.tell(&Told::Missed(missed)).await?,
                    Err(RecvError::Closed) => return Ok(()),
                },
                Ok(()) = self.seat.members.changed() => {
                    let members = *self.seat.members.borrow_and_update();
                    self.tell(&Told::Members(members)).await?;
                }
                _ = ticks.tick() => self.tell_round_trip().await?,
            }
        }
    }

    async fn hear(&mut self, message: &Message) -> Result<(), Error> {
        let Ok(Says { text }) = message.from_json() else { return self.refuse(NOT_JSON).await };
        match text.trim() {
            "" => self.refuse(EMPTY).await,
            text if text.len() > LINE => self.refuse(TOO_LONG).await,
            _ if !self.pace.allows(Instant::now()) => self.refuse(TOO_OFTEN).await,
            // It comes back to the member with everyone else's lines, in the same order for all.
            text => {
                self.seat.room.say(&self.who, text);
                Ok(())
            }
        }
    }

    /// Tells how long the way there and back is, if that is known and has changed.
    async fn tell_round_trip(&mut self) -> Result<(), Error> {
        match self.socket.round_trip() {
            None => Ok(()),
            known if known == self.told => Ok(()),
            Some(round_trip) => {
                self.told = Some(round_trip);
                let ms = (round_trip.as_secs_f64() * 1e6).round() / 1e3;
                self.tell(&Told::RoundTripMs(ms)).await
            }
        }
    }

    async fn refuse(&mut self, why: &'static str) -> Result<(), Error> {
        self.tell(&Told::Refused(why)).await
    }

    async fn tell(&mut self, told: &Told<'_>) -> Result<(), Error> {
        self.socket.send(told.message()).await
    }
}

/// A message of this many bytes has room for a line of which every byte is escaped.
const MESSAGE: usize = 4096;

/// Bytes of a line.
const LINE: usize = 500;

/// A member who does not take so much has lines wait in the room, where they are dropped when they are too many.
const HIGH_WATER: usize = 16 * 1024;

/// How often a member is told the round trip at most.
const TELL: Duration = Duration::from_secs(2);

const NOT_JSON: &str = "a line is JSON: {\"text\": \"...\"}";
const EMPTY: &str = "there is nothing in that line";
const TOO_LONG: &str = "a line has at most 500 bytes";
const TOO_OFTEN: &str = "ten lines in five seconds are enough";
