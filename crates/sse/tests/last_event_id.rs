//! Where a request says that its client wants to go on.
#![cfg(feature = "body")]
#![allow(clippy::unwrap_used)]

use http::{HeaderMap, HeaderValue, Uri};
use longwave_sse::{FieldError, LastEventId, LastEventIdError, last_event_id_header};

fn of(header: Option<&[u8]>, uri: &str) -> Result<Option<String>, LastEventIdError> {
    let mut headers = HeaderMap::new();
    if let Some(value) = header {
        headers.insert("last-event-id", HeaderValue::from_bytes(value).unwrap());
    }
    let id = LastEventId::of(&headers, &uri.parse::<Uri>().unwrap())?;
    Ok(id.map(|id| id.as_str().to_owned()))
}

#[test]
fn the_field_wins_over_the_query() {
    assert_eq!(of(None, "/"), Ok(None));
    assert_eq!(of(None, "/?a=1&lastEventId=q"), Ok(Some("q".into())));
    assert_eq!(of(None, "/?last_event_id=q"), Ok(Some("q".into())));
    assert_eq!(of(Some(b"h"), "/?lastEventId=q"), Ok(Some("h".into())));
}

#[test]
fn an_empty_id_is_none() {
    assert_eq!(of(Some(b""), "/?lastEventId=q"), Ok(None));
    assert_eq!(of(None, "/?lastEventId="), Ok(None));
    assert_eq!(of(None, "/?lastEventId"), Ok(None));
}

#[test]
fn a_query_is_decoded_as_forms_are() {
    assert_eq!(of(None, "/?lastEventId=%E2%80%A6+a%2Bb"), Ok(Some("… a+b".into())));
    assert_eq!(of(None, "/?LASTEVENTID=q"), Ok(None));
}

#[test]
fn a_field_is_utf8() {
    assert_eq!(of(Some("…".as_bytes()), "/"), Ok(Some("…".into())));
    assert_eq!(of(Some(b"\xE9"), "/"), Err(LastEventIdError::NotUtf8));
}

#[test]
fn what_no_id_can_hold_is_refused() {
    for (escape, nul) in [("%00", true), ("%0A", false), ("%0d", false)] {
        let error = of(None, &format!("/?lastEventId=ab{escape}")).unwrap_err();
        let LastEventIdError::Field(field) = error else { panic!("{error}") };
        assert_eq!(matches!(field, FieldError::Nul { at: 2, .. }), nul, "{field}");
    }
}

#[test]
fn an_id_is_bounded() {
    let longest = "x".repeat(LastEventId::MAX_LEN);
    let longer = format!("{longest}x");
    assert_eq!(of(Some(longest.as_bytes()), "/"), Ok(Some(longest.clone())));
    for error in [of(Some(longer.as_bytes()), "/"), of(None, &format!("/?lastEventId={longer}"))] {
        assert!(matches!(error, Err(LastEventIdError::TooLong { len: 4_097, max: 4_096, .. })), "{error:?}");
    }
}

#[test]
fn what_a_client_sends_a_server_reads() {
    for id in ["17", "4f-17", "…", "a b"] {
        let header = last_event_id_header(id).unwrap();
        assert_eq!(of(Some(header.as_bytes()), "/"), Ok(Some(id.into())));
    }
    for id in ["", "a\u{1}", "\u{7f}"] {
        assert_eq!(last_event_id_header(id), None, "{id:?}");
    }
}
