//! What holds for whatever comes in.

use http::{HeaderValue, Uri};
use longwave_ticket::http::{Found, Source, Sources, Strip, collect, redact_str};
use proptest::prelude::*;

use crate::common::{TICKET, feed, parts, socket};

fn sources(strip: Strip) -> Sources {
    let cookie = Source::Cookie("ticket".into());
    Sources::new([Source::Subprotocol, Source::Query("ticket".into()), Source::Authorization, cookie])
        .strip(strip)
}

const WORDS: &[&str] =
    &["ticket", "TICKET", "tic%6bet", "lwt1_", "lwt1%5f", "lw.ticket.", "Ticket ", "REDACTED", TICKET];
const MARKS: &[&str] = &["=", "&", ";", ",", " ", "?", "/", "%", "#", "\"", "\t"];

/// Bytes with a taste for what matters here.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        prop::sample::select(WORDS).prop_map(|word| word.as_bytes().to_vec()),
        prop::sample::select(MARKS).prop_map(|mark| mark.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..4),
        "[a-z0-9_%=&é-]{0,6}".prop_map(String::into_bytes),
    ];
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

fn strip() -> impl Strategy<Value = Strip> {
    prop_oneof![Just(Strip::Remove), Just(Strip::Replace)]
}

proptest! {
    /// Whatever `http` accepts is stripped, and once is as good as twice.
    #[test]
    fn to_strip_is_idempotent_and_never_panics(
        target in noise(),
        values in prop::collection::vec((0..5_usize, noise()), 0..6),
        strip in strip(),
    ) {
        let mut parts = parts(socket("/"));
        if let Ok(uri) = Uri::try_from([b"/", &target[..]].concat()) {
            parts.uri = uri;
        }
        for (name, value) in values {
            let names = ["authorization", "cookie", "sec-websocket-protocol", "referer", "x-original-uri"];
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                parts.headers.append(names[name], value);
            }
        }
        let _ = collect(&mut parts, &sources(strip));
        let (uri, headers) = (parts.uri.clone(), parts.headers.clone());
        prop_assert!(!uri.to_string().contains(TICKET));
        for value in headers.values() {
            let value = value.as_bytes();
            prop_assert!(!value.windows(TICKET.len()).any(|window| window == TICKET.as_bytes()));
        }

        prop_assert!(matches!(collect(&mut parts, &sources(strip)), Found::Nothing));
        prop_assert_eq!((parts.uri, parts.headers), (uri, headers));
    }

    /// All parameters but those that are stripped stay, to the byte.
    #[test]
    fn the_rest_of_a_query_is_the_same_to_the_byte(
        params in prop::collection::vec(("[!$'-;=?-Z_a-z~é]{0,8}", any::<bool>()), 0..8),
    ) {
        let has_name = |param: &str| param.split('=').next().unwrap().eq_ignore_ascii_case("ticket");
        prop_assume!(params.iter().all(|(param, _)| !has_name(param) && !param.contains("lwt1_")));
        let all = params.iter().flat_map(|(param, before)| {
            before.then(|| format!("ticket={TICKET}")).into_iter().chain([param.clone()])
        });
        let query = all.collect::<Vec<_>>().join("&");
        let rest = params.iter().map(|(param, _)| param.as_str()).collect::<Vec<_>>().join("&");
        let stripped = params.iter().any(|(_, before)| *before);

        let mut parts = parts(feed(&format!("/feed?{query}")));
        let found = collect(&mut parts, &sources(Strip::Remove));
        prop_assert_eq!(matches!(found, Found::Nothing), !stripped);
        if stripped && rest.is_empty() {
            prop_assert_eq!(parts.uri.query(), None);
        } else {
            prop_assert_eq!(parts.uri.query().unwrap_or_default(), rest);
        }
    }

    /// A scrubbed text has no ticket, and all else.
    #[test]
    fn a_scrubbed_text_is_the_text_without_tickets(around in prop::collection::vec(" [^w%]{0,12}", 1..5)) {
        let (whole, scrubbed) = (around.join(TICKET), around.join("REDACTED"));
        let once = redact_str(&whole);
        prop_assert_eq!(&once, &scrubbed);
        prop_assert_eq!(redact_str(&once), scrubbed);
    }
}
