//! Which credential counts, and that none stays.

use http::{Method, Request, Version};
use longwave_ticket::http::{Asked, Presented, Refusal, Source, Sources, Strip, collect};

use crate::common::{OTHER, TICKET, collected, connect, dump, feed, get, leaks, parts, socket};

#[test]
fn one_credential_is_found_at_each_of_its_places() {
    let requests = [
        feed(&format!("/feed?ticket={TICKET}")),
        feed("/feed").header("authorization", format!("Ticket {TICKET}")),
        feed("/feed").header("cookie", format!("a=1; __Host-ticket={TICKET}; b=2")),
        socket("/chat").header("sec-websocket-protocol", format!("app.v1, lw.ticket.{TICKET}")),
    ];
    for request in requests {
        let (found, parts) = collected(request);
        assert_eq!(found, TICKET);
        assert!(!leaks(&dump(&parts)), "{}", dump(&parts));
    }
    assert_eq!(collected(feed("/feed?a=1").header("cookie", "session=1")).0, "nothing");
}

#[test]
fn a_parameter_twice_is_ambiguous_even_if_it_is_the_same() {
    for query in [format!("ticket={TICKET}&ticket={OTHER}"), format!("ticket={TICKET}&a&ticket={TICKET}")] {
        let (found, parts) = collected(feed(&format!("/feed?{query}")));
        assert_eq!(found, "ambiguous");
        assert!(!dump(&parts).contains("lwt1_"), "{}", dump(&parts));
    }
}

#[test]
fn two_sources_are_ambiguous() {
    let query = format!("/chat?ticket={TICKET}");
    let authorization = || get(&query).header("authorization", format!("ticket {OTHER}"));
    let protocol = || socket(&query).header("sec-websocket-protocol", format!("a, lw.ticket.{OTHER}"));
    for request in [authorization(), protocol()] {
        let (found, parts) = collected(request);
        assert_eq!(found, "ambiguous");
        assert!(!dump(&parts).contains("lwt1_"), "{}", dump(&parts));
    }
}

#[test]
fn a_cookie_beside_an_explicit_credential_is_ignored_and_gone() {
    let cookies = format!("__Host-ticket={OTHER}; __Host-ticket={OTHER}; session=1");
    let (found, parts) = collected(feed(&format!("/feed?ticket={TICKET}")).header("cookie", cookies));
    assert_eq!(found, TICKET);
    assert_eq!(parts.headers["cookie"], "session=1");
}

#[test]
fn cookies_without_end_are_ambiguous_but_stop_nobody_who_does_without() {
    for cookies in ["__Host-ticket=1; ".repeat(100), "x=lwt1_tossed; ".repeat(100)] {
        let (found, parts) = collected(feed("/feed").header("cookie", &cookies));
        assert_eq!((found.as_str(), parts.headers.get("cookie")), ("ambiguous", None));
        let (found, _) = collected(feed(&format!("/feed?ticket={TICKET}")).header("cookie", &cookies));
        assert_eq!(found, TICKET);
        let offered = format!("a, lw.ticket.{TICKET}");
        let request = socket("/chat").header("cookie", &cookies).header("sec-websocket-protocol", offered);
        assert_eq!(collected(request).0, TICKET);
    }
    let (found, parts) = collected(feed(&format!("/feed?{}a", "ticket=1&".repeat(1000))));
    assert_eq!((found.as_str(), parts.uri.to_string().as_str()), ("ambiguous", "/feed?a"));
}

#[test]
fn a_cookie_is_ambient_and_the_rest_explicit() {
    let sources = Sources::new([Source::Query("t".into()), Source::Cookie("t".into())]);
    assert!(sources.are_ambient());
    for (request, expected) in
        [(get("/?t=1"), Presented::Explicitly), (get("/").header("cookie", "t=1"), Presented::Ambiently)]
    {
        let mut parts = parts(request);
        let longwave_ticket::http::Found::One(credential) = collect(&mut parts, &sources) else { panic!() };
        assert_eq!((credential.presented(), credential.as_str()), (expected, "1"));
        assert!(!format!("{credential:?}").contains('1'), "{credential:?}");
    }
}

#[test]
fn a_name_in_disguise_is_stripped_but_not_taken() {
    for name in ["tic%6Bet", "TICKET", "%74icket", "Tic%6bEt"] {
        for value in [TICKET, "eyJhbGciOiJIUzI1NiJ9"] {
            let (found, parts) = collected(feed(&format!("/feed?a=1&{name}={value}&b")));
            assert_eq!((found.as_str(), parts.uri.to_string().as_str()), ("nothing", "/feed?a=1&b"));
        }
    }
}

#[test]
fn names_that_only_contain_the_name_are_left_alone() {
    let (found, parts) = collected(feed("/feed?xticket=1&ticketx=2&tickets&ticket%20=3"));
    assert_eq!(
        (found.as_str(), parts.uri),
        ("nothing", "/feed?xticket=1&ticketx=2&tickets&ticket%20=3".parse().unwrap())
    );
}

#[test]
fn a_ticket_where_none_belongs_is_not_accepted_and_does_not_stay() {
    let encoded = TICKET.replace('_', "%5F");
    for (uri, left) in [
        (format!("/feed?a=1;ticket={TICKET}"), "/feed?a=REDACTED"),
        (format!("/feed?a=1;ticket={encoded}&b=2"), "/feed?a=REDACTED&b=2"),
        (format!("/feed?next=/e?ticket={TICKET}&b"), "/feed?next=REDACTED&b"),
        (format!("/feed?{TICKET}"), "/feed?REDACTED"),
        (format!("/feed?{TICKET}=1&b"), "/feed?REDACTED&b"),
        (format!("/feed?other={TICKET}&b"), "/feed?b"),
        (format!("/e/{TICKET}/x?b"), "/e/REDACTED/x?b"),
        (format!("/e/%6Cwt1_{}", &TICKET[5..]), "/e/REDACTED"),
    ] {
        let (found, parts) = collected(feed(&uri));
        assert_eq!((found.as_str(), parts.uri.to_string().as_str()), ("nothing", left), "{uri}");
    }
}

#[test]
fn a_fragment_is_nobodys_credential_and_does_not_stay() {
    for (uri, left) in [("/feed?a=1#ticket=T", "/feed?a=1"), ("/feed#?ticket=T", "/feed")] {
        let (found, parts) = collected(get(uri));
        assert_eq!((found.as_str(), parts.uri.to_string().as_str()), ("nothing", left), "{uri}");
    }
    let (found, parts) = collected(get(&format!("/feed?ticket={TICKET}#x")));
    assert_eq!((found.as_str(), parts.uri.to_string().as_str()), (TICKET, "/feed"));
}

#[test]
fn the_rest_of_the_query_stays_to_the_byte() {
    for (query, left) in [
        ("a=%2F&&b&ticket=T&c=+", "?a=%2F&&b&c=+"),
        ("ticket=T", ""),
        ("ticket", ""),
        ("ticket=", ""),
        ("ticket=T&", ""),
        ("ticket=T&a", "?a"),
        ("a&ticket=T", "?a"),
        ("&ticket=T&", "?&"),
        ("é=ü&ticket=T", "?é=ü"),
        ("a=%zz%&ticket=T&%", "?a=%zz%&%"),
    ] {
        let (found, parts) = collected(feed(&format!("/feed?{query}")));
        assert_ne!(found, "nothing", "{query}");
        assert_eq!(parts.uri.to_string(), format!("/feed{left}"), "{query}");
    }
}

#[test]
fn an_empty_value_is_a_credential_that_is_invalid() {
    for query in ["ticket=", "ticket"] {
        assert_eq!(collected(feed(&format!("/feed?{query}"))).0, "");
    }
}

#[test]
fn scheme_and_authority_stay() {
    let uri = format!("https://app.example.com:8443/chat?ticket={TICKET}&a=1");
    for request in [get(&uri), connect(&uri).header("origin", "https://app.example.com")] {
        let (found, parts) = collected(request);
        assert_eq!(found, TICKET);
        assert_eq!(parts.uri, "https://app.example.com:8443/chat?a=1");
    }
    let (found, parts) = collected(get(&format!("http://app.example.com?ticket={TICKET}")));
    assert_eq!((found.as_str(), parts.uri.to_string().as_str()), (TICKET, "http://app.example.com/"));
}

#[test]
fn targets_without_a_query_are_left_alone() {
    for (method, target) in [(Method::OPTIONS, "*"), (Method::CONNECT, "app.example.com:443")] {
        let (found, parts) = collected(Request::builder().method(method).uri(target));
        assert_eq!((found.as_str(), parts.uri.to_string().as_str()), ("nothing", target));
    }
}

#[test]
fn urls_in_headers_have_no_ticket_either() {
    for name in ["referer", "x-original-uri", "x-forwarded-uri"] {
        let url = format!("https://app.example.com/p?ticket={TICKET}&a=%20#ticket={TICKET}");
        let (found, parts) = collected(feed("/feed").header(name, url));
        assert_eq!(found, "nothing", "what was sent elsewhere is no credential here");
        assert_eq!(parts.headers[name], "https://app.example.com/p?a=%20");
    }
    let (_, parts) = collected(feed("/feed").header("referer", &b"/\xff?ticket=secret&\xfe"[..]));
    assert_eq!(parts.headers["referer"].as_bytes(), b"/\xff?\xfe");
}

#[test]
fn cookies_are_matched_to_the_byte_and_stripped_in_whatever_spelling() {
    let long = "x".repeat(8192);
    for (cookies, expected, left) in [
        ("__Host-ticket=1; __Host-ticket=2", "ambiguous", None),
        ("__host-ticket=1; a=2", "nothing", Some("a=2")),
        ("a=2;  __Host-ticket=1", "nothing", Some("a=2")),
        ("a=2;__Host-ticket=1;b", "1", Some("a=2;b")),
        ("__Host-ticket=\"1\"", "\"1\"", None),
        ("__Host-ticket", "", None),
        ("=; ;;garbage", "nothing", Some("=; ;;garbage")),
        (&format!("__Host-ticket={long}"), &long, None),
        (&format!("a=1; other={TICKET}; b=2"), "nothing", Some("a=1; b=2")),
    ] {
        let (found, parts) = collected(feed("/feed").header("cookie", cookies));
        assert_eq!(found, expected, "{cookies}");
        assert_eq!(parts.headers.get("cookie").map(|left| left.to_str().unwrap()), left, "{cookies}");
    }
    let (found, parts) = collected(feed("/feed").header("cookie", &b"__Host-ticket=\xff; \xfe=\xfd"[..]));
    assert_eq!((found.as_str(), parts.headers["cookie"].as_bytes()), ("\u{fffd}", &b"\xfe=\xfd"[..]));
}

#[test]
fn cookies_in_several_lines_are_one_list() {
    let request = feed("/feed").header("cookie", "__Host-ticket=1").header("cookie", "a=2");
    let (found, parts) = collected(request.header("cookie", "__Host-ticket=3"));
    assert_eq!(found, "ambiguous");
    assert_eq!(parts.headers.get_all("cookie").iter().collect::<Vec<_>>(), ["a=2"]);
}

#[test]
fn the_scheme_is_ticket_in_any_case_and_one_space() {
    for (line, expected) in [
        ("Ticket X", "X"),
        ("ticket X", "X"),
        ("TICKET X", "X"),
        ("Ticket  X", " X"),
        ("Ticket", ""),
        ("Ticket X Y", "X Y"),
        ("Bearer X", "nothing"),
        ("TicketX", "nothing"),
        ("Basic lwt1_AQEB", "nothing"),
    ] {
        let (found, parts) = collected(feed("/feed").header("authorization", line));
        assert_eq!(found, expected, "{line}");
        assert_eq!(
            parts.headers.contains_key("authorization"),
            matches!(line, "Bearer X" | "TicketX"),
            "{line}"
        );
    }
}

#[test]
fn two_authorizations_are_ambiguous_if_one_is_a_ticket() {
    for lines in [["Ticket X", "Ticket X"], ["Ticket X", "Bearer Y"], ["Bearer Y", "Ticket X"]] {
        let request = feed("/feed").header("authorization", lines[0]).header("authorization", lines[1]);
        let (found, parts) = collected(request);
        assert_eq!(found, "ambiguous");
        assert!(parts.headers.get_all("authorization").iter().all(|line| line == "Bearer Y"));
    }
}

#[test]
fn what_is_left_of_secret_headers_is_sensitive() {
    let request =
        socket("/chat").header("authorization", "Bearer X").header("cookie", "a=1; __Host-ticket=1");
    let request =
        request.header("sec-websocket-protocol", "a, lw.ticket.X").header("proxy-authorization", "X");
    let (_, parts) = collected(request);
    for name in ["authorization", "cookie", "sec-websocket-protocol", "proxy-authorization"] {
        assert!(parts.headers[name].is_sensitive(), "{name}");
    }
}

#[test]
fn a_stripped_parameter_may_be_kept_by_name() {
    let sources = Sources::new([Source::Query("ticket".into())]).strip(Strip::Replace);
    let mut once = parts(feed(&format!("/feed?a=1&ticket={TICKET}&TICKET=2&b")));
    assert!(matches!(collect(&mut once, &sources), longwave_ticket::http::Found::One(_)));
    assert_eq!(once.uri, "/feed?a=1&ticket=REDACTED&TICKET=REDACTED&b");
    assert!(matches!(collect(&mut once, &sources), longwave_ticket::http::Found::Nothing));
    assert_eq!(once.uri, "/feed?a=1&ticket=REDACTED&TICKET=REDACTED&b");
}

#[test]
fn a_query_that_would_grow_too_long_goes_altogether() {
    let sources = Sources::new([Source::Query("t".into())]).strip(Strip::Replace);
    let mut parts = parts(get(&format!("/feed?{}a=1", "t=1&".repeat(16_000))));
    assert!(matches!(collect(&mut parts, &sources), longwave_ticket::http::Found::Ambiguous));
    assert_eq!(parts.uri, "/feed");
}

#[test]
fn only_streams_spend_tickets() {
    let method =
        |method| Request::builder().method(method).uri("/feed").header("accept", "text/event-stream");
    let admit = |request| Asked::of(&parts(request)).admit();
    for other in ["HEAD", "OPTIONS", "POST", "PRI", "get"] {
        assert_eq!(admit(method(other)), Err(Refusal::Method), "{other}");
    }
    assert_eq!(admit(feed("/feed")), Ok(()));
    assert_eq!(admit(socket("/chat")), Ok(()));
    assert_eq!(admit(get("/feed")), Err(Refusal::UpgradeRequired));
    let upgrade = |to| get("/chat").header("connection", "upgrade").header("upgrade", to);
    for to in ["h2c", "websocket, h2c", "websockets", ""] {
        assert_eq!(admit(upgrade(to)), Err(Refusal::UpgradeRequired), "{to}");
    }
    assert_eq!(admit(upgrade("websocket").header("upgrade", "h2c")), Err(Refusal::UpgradeRequired));
    assert_eq!(admit(get("/chat").header("upgrade", "websocket")), Err(Refusal::UpgradeRequired));
    // What a proxy makes of such a one is not known here.
    let both = feed("/feed").header("connection", "upgrade").header("upgrade", "h2c");
    assert_eq!(admit(both), Err(Refusal::UpgradeRequired));
}

#[test]
fn a_tunnel_spends_none() {
    let admit = |request| Asked::of(&parts(request)).admit();
    assert_eq!(admit(connect("https://app.example.com/chat")), Ok(()));
    assert_eq!(admit(connect("app.example.com:443")), Err(Refusal::Method));
    assert_eq!(
        admit(connect("https://app.example.com/chat").version(Version::HTTP_11)),
        Err(Refusal::Method)
    );
    let udp =
        Request::builder().method("CONNECT").version(Version::HTTP_2).uri("https://app.example.com/udp");
    assert_eq!(admit(udp), Err(Refusal::Method));
}
