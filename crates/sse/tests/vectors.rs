//! The published vectors hold for the oracle, and for the decoder however they are cut.

use std::{collections::HashSet, time::Duration};

use longwave_sse::EventId;
use longwave_testing::{
    chunking,
    sse::{
        check,
        drive::{Outcome, Settings, drive},
        oracle::{self, Interpretation, OracleItem},
    },
};
use serde_json::Value;

const FILE: &str = include_str!("../vectors/event-stream.json");

/// One vector, with the group it stands in.
struct Vector {
    rule: u64,
    kind: String,
    fields: Value,
}

impl Vector {
    fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(Value::as_str)
    }

    fn name(&self) -> String {
        format!("rule {}: {}", self.rule, self.text("name").expect("every vector has a name"))
    }

    fn input(&self) -> Vec<u8> {
        bytes(self.text("input").expect("a stream has an input"))
    }

    fn seed(&self) -> &str {
        self.text("seed").unwrap_or_default()
    }

    fn expected(&self) -> Interpretation {
        let items = self.fields["items"].as_array().expect("a stream has items");
        Interpretation {
            items: items.iter().map(item).collect(),
            last_event_id: self.text("last_event_id").expect("a stream has a last event ID").to_owned(),
        }
    }
}

fn vectors() -> Vec<Vector> {
    let file: Value = serde_json::from_str(FILE).expect("the file is JSON");
    assert_eq!(file["format"], 1);
    let mut vectors = Vec::new();
    for group in file["groups"].as_array().expect("there are groups") {
        for fields in group["vectors"].as_array().expect("a group has vectors") {
            vectors.push(Vector {
                rule: group["rule"].as_u64().expect("a group has a rule"),
                kind: group["kind"].as_str().expect("a group has a kind").to_owned(),
                fields: fields.clone(),
            });
        }
    }
    vectors
}

fn streams() -> impl Iterator<Item = Vector> {
    vectors().into_iter().filter(|vector| vector.kind == "stream")
}

/// Each code point is one byte.
fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).expect("U+0000 to U+00FF only")).collect()
}

fn item(value: &Value) -> OracleItem {
    let (kind, value) = value.as_object().and_then(|item| item.iter().next()).expect("an item has a kind");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    match kind.as_str() {
        "event" => OracleItem::Event {
            event_type: text(&value["type"]),
            data: text(&value["data"]),
            last_event_id: text(&value["last_event_id"]),
        },
        "cursor" => OracleItem::Cursor(text(value)),
        "retry" => OracleItem::Retry(Duration::from_millis(value.as_u64().expect("milliseconds"))),
        "comment" => OracleItem::Comment(text(value)),
        other => panic!("an unknown kind of item: {other}"),
    }
}

fn assert_decodes(vector: &Vector, expected: &Interpretation, pieces: &[&[u8]]) {
    let mut decoder = Settings::standard().decoder().seed(EventId::new(vector.seed()).expect("a valid seed"));
    let Outcome { items, error, last_event_id } = drive(&mut decoder, pieces.iter().copied());
    assert_eq!(error, None, "{} in {pieces:?}", vector.name());
    assert_eq!(expected.items, items, "{} in {pieces:?}", vector.name());
    assert_eq!(expected.last_event_id, last_event_id, "{} in {pieces:?}", vector.name());
}

#[test]
fn there_is_a_group_for_each_rule_and_no_name_twice() {
    let vectors = vectors();
    let rules: HashSet<_> = vectors.iter().map(|vector| vector.rule).collect();
    assert_eq!(rules, (1..=17).filter(|rule| *rule != 16).collect());
    let names: HashSet<_> = vectors.iter().map(Vector::name).collect();
    assert_eq!(names.len(), vectors.len());
    for vector in vectors.iter().filter(|vector| vector.fields["corner"] == true) {
        assert!(vector.text("note").is_some(), "{} does not say what is open", vector.name());
    }
}

#[test]
fn the_oracle_agrees() {
    for vector in streams() {
        let interpreted = oracle::interpret_seeded(&vector.input(), vector.seed());
        assert_eq!(interpreted, vector.expected(), "{}", vector.name());
    }
}

#[test]
fn whole_and_byte_by_byte() {
    for vector in streams() {
        let (input, expected) = (vector.input(), vector.expected());
        let bytes = chunking::byte_by_byte(&input);
        assert_decodes(&vector, &expected, &chunking::whole(&input));
        assert_decodes(&vector, &expected, &chunking::with_gaps(&bytes));
        assert_decodes(&vector, &expected, &bytes);
    }
}

#[test]
fn in_every_two_pieces() {
    for vector in streams() {
        let (input, expected) = (vector.input(), vector.expected());
        for pieces in chunking::every_two(&input) {
            assert_decodes(&vector, &expected, &chunking::with_gaps(&pieces));
            assert_decodes(&vector, &expected, &pieces);
        }
    }
}

#[test]
fn in_every_three_pieces() {
    for vector in streams() {
        let (input, expected) = (vector.input(), vector.expected());
        for pieces in chunking::every_three(&input) {
            assert_decodes(&vector, &expected, &pieces);
        }
    }
}

#[test]
fn the_boundary_finder_agrees_in_every_two_pieces() {
    for vector in streams() {
        let input = vector.input();
        for cut in 0..=input.len().min(255) {
            check::boundary_matches_oracle(&input, &[cut as u8]);
        }
    }
}

/// Where a vector says how many items must have come after so many bytes, no more are needed for them.
#[test]
fn items_are_not_held_back() {
    let mut checked = 0;
    for vector in streams() {
        let input = vector.input();
        for step in vector.fields.get("prompt").and_then(Value::as_array).into_iter().flatten() {
            let number = |at: usize| step[at].as_u64().expect("a number") as usize;
            let (fed, items) = (number(0), number(1));
            let outcome = drive(&mut Settings::standard().decoder(), [&input[..fed]]);
            assert_eq!(outcome.items.len(), items, "{} after {fed} bytes", vector.name());
            checked += 1;
        }
    }
    assert!(checked > 0);
}

#[cfg(feature = "body")]
mod body {
    use http::{HeaderValue, Response, header::CONTENT_TYPE};
    use http_body_util::Empty;
    use longwave_sse::{EventStream, last_event_id_header};

    use super::*;

    fn opens(status: u64, content_type: Option<&str>) -> bool {
        let mut response = Response::builder().status(u16::try_from(status).expect("a status"));
        if let Some(content_type) = content_type {
            response = response.header(CONTENT_TYPE, content_type);
        }
        let response = response.body(Empty::<&[u8]>::new()).expect("a valid head");
        EventStream::from_response(response).is_ok()
    }

    #[test]
    fn the_last_event_id_header_is_the_id_or_none() {
        for vector in vectors().iter().filter(|vector| vector.kind == "header") {
            let header = last_event_id_header(vector.text("id").expect("an id"));
            let expected = vector.text("header").map(bytes);
            assert_eq!(header.as_ref().map(HeaderValue::as_bytes), expected.as_deref(), "{}", vector.name());
        }
    }

    #[test]
    fn responses_open_or_not() {
        for vector in vectors().iter().filter(|vector| vector.kind == "response") {
            let status = vector.fields["status"].as_u64().expect("a status");
            let opened = opens(status, vector.text("content_type"));
            assert_eq!(opened, vector.fields["opens"] == true, "{}", vector.name());
        }
    }

    #[test]
    fn a_charset_does_not_keep_a_stream_from_opening() {
        for vector in streams().filter(|vector| vector.rule == 5) {
            assert!(opens(200, vector.text("content_type")), "{}", vector.name());
        }
    }
}
