//! What is said in the room, as JSON.

use longwave_ws_hyper::{Message, Prepared};
use serde::{Deserialize, Serialize};

/// What a member says.
#[derive(Debug, Deserialize)]
pub(super) struct Says {
    pub(super) text: String,
}

/// What a member is told: an object with one key, which says what it is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Told<'a> {
    /// The first word.
    Joined(Joined<'a>),
    Line {
        number: u64,
        who: &'a str,
        text: &'a str,
    },
    /// How many members there are now.
    Members(usize),
    /// So many lines were too many for this member's connection.
    Missed(u64),
    /// What it said was not passed on, and why.
    Refused(&'static str),
    /// How long its side takes to answer a ping, smoothed.
    RoundTripMs(f64),
}

#[derive(Debug, Serialize)]
pub(super) struct Joined<'a> {
    /// Tells the lines of this room from those of another, whose numbers may be the same.
    pub(super) room: u32,
    pub(super) transport: &'static str,
    /// Which deploy serves the connection.
    pub(super) generation: u64,
    pub(super) you: &'a str,
    pub(super) members: usize,
    /// How many lines follow that were said before.
    pub(super) history: usize,
    /// How long to stay away after the end of the connection: a time from this range, of the member's own choice.
    pub(super) come_back_ms: [u64; 2],
}

impl Told<'_> {
    pub(super) fn message(&self) -> Message {
        Message::json(self).expect("text and numbers always serialize")
    }

    /// Makes the frame once, for everyone.
    pub(super) fn prepare(&self) -> Prepared {
        Prepared::new(&self.message()).expect("it is text")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_has_one_key() {
        for (told, json) in [
            (
                Told::Line { number: 7, who: "AA-001", text: "\"hi\"" },
                r#"{"line":{"number":7,"who":"AA-001","text":"\"hi\""}}"#,
            ),
            (Told::Members(3), r#"{"members":3}"#),
            (Told::Refused("why"), r#"{"refused":"why"}"#),
            (Told::RoundTripMs(0.25), r#"{"round_trip_ms":0.25}"#),
        ] {
            assert_eq!(told.message(), Message::text(json));
        }
    }
}
