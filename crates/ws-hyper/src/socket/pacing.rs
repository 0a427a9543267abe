use std::time::Duration;

use longwave_ws::Sender;

/// Keeps a socket over HTTP/2 from sending more small frames than its peer's connection puts up with.
///
/// A peer on h2 (since 0.4.16) counts 256 bytes less its length for each shorter DATA frame that is not read yet, and
/// closes the connection, with all its streams, when that is half a window. Who reads answers a ping, so one is asked
/// for when much is on that account; until it is answered small frames wait for each other, the longer the more of them
/// there were.
#[derive(Debug, Default)]
pub(super) struct Pacing {
    /// What may be on the account of the peer.
    charged: usize,
    /// What was, when it was asked.
    asked: Option<usize>,
    /// How often small frames have waited in vain for each other since it was asked.
    expired: u32,
    /// Since when small frames wait.
    held: Option<Duration>,
}

impl Pacing {
    /// Whether what is buffered has to wait.
    pub(super) fn hold(&mut self, now: Duration, sender: &mut Sender) -> bool {
        if self.charged < ASK || !(1..SMALL).contains(&sender.buffered()) || !sender.is_open() {
            self.held = None;
            return false;
        }
        if self.asked.is_none() {
            self.asked = Some(self.charged);
            let _closing = sender.ping(QUESTION);
        }
        self.held.get_or_insert(now);
        if self.deadline().is_some_and(|until| until <= now) {
            self.held = None;
            if self.charged >= UNANSWERED {
                self.expired += 1;
                // A peer may answer the last of several pings alone.
                self.asked = None;
            }
            return false;
        }
        true
    }

    /// When what waits has waited long enough.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let patience = match self.charged {
            ..UNANSWERED => SHORT,
            _ => LONG.saturating_mul(1 << self.expired.min(5)).min(LONGEST),
        };
        Some(self.held?.saturating_add(patience))
    }

    pub(super) fn sent(&mut self, len: usize) {
        self.charged += SMALL.saturating_sub(len);
        self.held = None;
    }

    /// What was sent before the question has been read: whichever ping this answers, a later one may have taken its place.
    pub(super) fn pong(&mut self) {
        if let Some(asked) = self.asked.take() {
            self.charged = self.charged.saturating_sub(asked);
            self.expired = 0;
        }
    }
}

/// What is smaller counts.
const SMALL: usize = 256;
/// From here on a pong is asked for, and small frames wait for a moment: some 35 of them.
const ASK: usize = 8 * 1024;
/// From here on they wait longer: the smallest account there is, of a peer with a window of 64 KiB, is not full yet.
const UNANSWERED: usize = 24 * 1024;
const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// The payload of the ping.
const QUESTION: &[u8] = b"read?";

#[cfg(test)]
mod tests {
    use bytes::Buf;
    use longwave_ws::{Connection, Limits, Message};

    use super::*;

    /// A socket that sends a little now and then.
    struct Talk {
        sender: Sender,
        pacing: Pacing,
        now: Duration,
        /// What its peer would have on its account if it read nothing.
        account: usize,
    }

    impl Talk {
        fn new() -> Self {
            let (_, sender) = Connection::server(Limits::default()).into_parts();
            Self { sender, pacing: Pacing::default(), now: Duration::ZERO, account: 0 }
        }

        /// Sends the next, and tells whether it has asked a question.
        fn go_on(&mut self, pace: Duration) -> bool {
            self.now += pace;
            self.sender.send(Message::binary(vec![0; 20])).unwrap();
            let had_asked = self.pacing.asked.is_some();
            if !self.pacing.hold(self.now, &mut self.sender) {
                let len = self.sender.buffered();
                self.pacing.sent(len);
                self.account += SMALL.saturating_sub(len);
                self.sender.transmit().advance(len);
            }
            self.pacing.asked.is_some() && !had_asked
        }
    }

    /// The peer reads up to the question and sleeps; and its answer takes a second.
    #[test]
    fn an_answer_pays_for_what_was_read_and_not_for_more() {
        let mut talk = Talk::new();
        while !talk.go_on(SHORT) {}
        let read = talk.account;
        for _ in 0..50 {
            talk.go_on(SHORT);
        }
        talk.pacing.pong();
        assert!(talk.account > read + 4 * 1024, "there is more");
        while talk.pacing.charged < UNANSWERED {
            talk.go_on(SHORT);
        }
        assert!(talk.account - read <= UNANSWERED + SMALL, "{}", talk.account - read);
    }

    /// A peer may answer the newest of several pings alone, which need not be the question.
    #[test]
    fn a_question_without_an_answer_is_asked_again() {
        let mut talk = Talk::new();
        let pace = 3 * LONG;
        let questions = (0..1000).filter(|_| talk.go_on(pace)).count();
        assert!((50..150).contains(&questions), "{questions} in {:?}", talk.now);
        while !talk.go_on(pace) {}
        talk.pacing.pong();
        assert_eq!(talk.pacing.charged, 0, "that answers all of them");
    }
}
