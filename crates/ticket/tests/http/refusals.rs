//! What those are told who are not let in.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, Version};
use longwave_ticket::http::{Asked, EventStreamRefusals, Refusal, Refusals};

use crate::common::{TICKET, connect, feed, get, leaks, parts, socket};

const ALL: [(Refusal, u16, &str); 13] = [
    (Refusal::Ambiguous, 400, "ambiguous_credentials"),
    (Refusal::CredentialsRequired, 401, "credentials_required"),
    (Refusal::Forbidden, 403, "forbidden"),
    (Refusal::Host, 403, "origin_not_allowed"),
    (Refusal::InvalidHost, 400, "invalid_host"),
    (Refusal::InvalidTicket, 401, "invalid_ticket"),
    (Refusal::Leak, 500, "internal_error"),
    (Refusal::Method, 405, "method_not_allowed"),
    (Refusal::MissingSubprotocol, 400, "missing_subprotocol"),
    (Refusal::Origin, 403, "origin_not_allowed"),
    (Refusal::TooMany, 429, "too_many_connections"),
    (Refusal::Unavailable, 503, "unavailable"),
    (Refusal::UpgradeRequired, 426, "upgrade_required"),
];

fn answer(refusal: Refusal, request: http::request::Builder) -> Response<Bytes> {
    Refusals::new().answer(refusal, Asked::of(&parts(request)))
}

#[test]
fn each_refusal_has_its_status_and_its_code() {
    for (refusal, status, code) in ALL {
        let response = answer(refusal, socket("/chat"));
        assert_eq!(response.status(), status, "{refusal:?}");
        let body = std::str::from_utf8(response.body()).unwrap();
        assert!(body.ends_with(&format!(r#""status":{status},"code":"{code}"}}"#)), "{body}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers()["referrer-policy"], "no-referrer");
    }
}

#[test]
fn the_challenge_says_whether_there_was_a_ticket_and_no_more() {
    let refusals = Refusals::new().realm("app");
    let challenge = |refusal| {
        let response = refusals.answer(refusal, Asked::of(&parts(feed("/feed"))));
        response.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(challenge(Refusal::CredentialsRequired).as_deref(), Some(r#"Ticket realm="app""#));
    assert_eq!(
        challenge(Refusal::InvalidTicket).as_deref(),
        Some(r#"Ticket realm="app", error="invalid_ticket""#)
    );
    assert_eq!(challenge(Refusal::Ambiguous), None);
    assert_eq!(challenge(Refusal::Origin), None);
}

#[test]
#[should_panic(expected = "visible ASCII")]
fn a_realm_cannot_end_its_quotes() {
    drop(Refusals::new().realm("a\", error=\""));
}

#[test]
fn nothing_that_was_sent_is_in_an_answer() {
    for (refusal, ..) in ALL {
        let request = socket(&format!("/{TICKET}?{TICKET}")).header("origin", TICKET).header("host", TICKET);
        let response = answer(refusal, request.header("authorization", TICKET));
        assert!(!leaks(&format!("{response:?}")), "{response:?}");
    }
}

#[test]
fn a_refused_upgrade_ends_its_connection() {
    let connection = |refusal, request| {
        let response = answer(refusal, request);
        response.headers().get("connection").map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(connection(Refusal::Origin, socket("/chat")).as_deref(), Some("close"));
    assert_eq!(connection(Refusal::Origin, get("/").header("upgrade", "h2c")).as_deref(), Some("close"));
    assert_eq!(connection(Refusal::Origin, feed("/feed")), None);
    assert_eq!(connection(Refusal::Origin, connect("https://app.example.com/chat")), None);
}

#[test]
fn a_required_upgrade_is_named_where_there_is_one() {
    let response = answer(Refusal::UpgradeRequired, get("/").header("upgrade", "h2c"));
    assert_eq!(response.headers()["upgrade"], "websocket");
    assert_eq!(response.headers()["connection"], "upgrade, close");
    assert_eq!(response.headers()["sec-websocket-version"], "13");
    let response = answer(Refusal::UpgradeRequired, get("/").version(Version::HTTP_2));
    assert_eq!(response.status(), 400);
    assert!(response.body().starts_with(br#"{"title":"Bad Request","status":400,"#));
    assert!(!response.headers().contains_key("upgrade") && !response.headers().contains_key("connection"));
    assert_eq!(answer(Refusal::Method, get("/")).headers()["allow"], "GET");
}

#[test]
fn those_who_may_come_back_are_told_when() {
    let refusals = Refusals::new().retry_after(Duration::from_millis(2500)..=Duration::from_millis(2500));
    for (refusal, ..) in ALL {
        let response = refusals.answer(refusal, Asked::of(&parts(socket("/chat"))));
        let told = response.headers().get("retry-after").map(|value| value.to_str().unwrap());
        let expected = matches!(refusal, Refusal::TooMany | Refusal::Unavailable).then_some("3");
        assert_eq!(told, expected, "{refusal:?}");
    }
}

#[test]
fn event_streams_are_refused_softly_on_demand() {
    let second = Duration::from_secs(1);
    let refusals = Refusals::new().event_streams(EventStreamRefusals::Soft).retry_after(second..=second);
    for (refusal, retry) in [(Refusal::InvalidTicket, false), (Refusal::Unavailable, true)] {
        let response = refusals.answer(refusal, Asked::of(&parts(feed("/feed"))));
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let data = format!(r#"data: {{"code":"{}","retry":{retry}}}"#, refusal.code());
        let body = std::str::from_utf8(response.body()).unwrap();
        let mut lines: Vec<_> = body.trim_end().lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, [&data, "event: longwave-auth", "retry: 1000"]);
        assert!(body.ends_with("\n\n"));
    }
    let response = refusals.answer(Refusal::InvalidTicket, Asked::of(&parts(socket("/chat"))));
    assert_eq!(response.status(), 401, "a WebSocket is none");
}
