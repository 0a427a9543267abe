//! Offers and responses (RFC 7692 §5 and §7.1).

use longwave_ws::deflate::{NegotiationError, Parameter, Settings};

use crate::drive::BARE;

type Param<'a> = (&'a str, Option<&'a str>);
type Params<'a> = &'a [Param<'a>];

const SERVER_NO_TAKEOVER: (&str, Option<&str>) = ("server_no_context_takeover", None);
const CLIENT_NO_TAKEOVER: (&str, Option<&str>) = ("client_no_context_takeover", None);
const CLIENT_BITS: (&str, Option<&str>) = ("client_max_window_bits", None);

fn server_bits(bits: &str) -> (&str, Option<&str>) {
    ("server_max_window_bits", Some(bits))
}

fn client_bits(bits: &str) -> (&str, Option<&str>) {
    ("client_max_window_bits", Some(bits))
}

/// Settings that ask for nothing and allow everything.
fn open() -> Settings {
    Settings::new().own_window_bits(15).peer_window_bits(15)
}

fn respond(settings: Settings, params: Params<'_>) -> Option<String> {
    Some(settings.negotiate([("permessage-deflate", params.iter().copied())])?.1)
}

#[track_caller]
fn assert_response(settings: Settings, params: Params<'_>, expected: &str) {
    assert_eq!(respond(settings, params).as_deref(), Some(expected));
}

#[test]
fn the_simplest_offer_is_accepted() {
    // §5.1, §7.1.3.
    assert_response(open(), &[], "permessage-deflate");
    let (agreed, _) = open().negotiate([BARE]).unwrap();
    assert_eq!((agreed.own().window_bits(), agreed.peer().window_bits()), (15, 15));
    assert!(agreed.own().takeover() && agreed.peer().takeover());
}

#[test]
fn the_examples_of_7_1_2_and_7_1_3_are_accepted() {
    assert_response(
        open(),
        &[CLIENT_BITS, server_bits("10")],
        "permessage-deflate; server_max_window_bits=10",
    );
    assert_response(open(), &[CLIENT_BITS], "permessage-deflate");
    assert_response(
        open().peer_window_bits(10),
        &[CLIENT_BITS],
        "permessage-deflate; client_max_window_bits=10",
    );
    assert_response(
        open(),
        &[SERVER_NO_TAKEOVER, CLIENT_NO_TAKEOVER],
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    );
}

#[test]
fn the_first_acceptable_offer_wins() {
    let offers: [(&str, Params<'_>); 5] = [
        ("x-webkit-deflate-frame", &[]),
        ("permessage-deflate", &[("unknown", None)]),
        ("permessage-deflate", &[server_bits("10"), CLIENT_BITS]),
        ("permessage-deflate", &[server_bits("11"), CLIENT_BITS]),
        ("permessage-deflate", &[]),
    ];
    let offers = offers.map(|(name, params)| (name, params.iter().copied()));
    let (agreed, response) = open().negotiate(offers).unwrap();
    assert_eq!(response, "permessage-deflate; server_max_window_bits=10");
    assert_eq!(agreed.own().window_bits(), 10);
}

#[test]
fn without_an_offer_there_is_no_answer() {
    assert!(open().negotiate([("permessage-bzip2", [])]).is_none());
    let nothing: [(&str, [Param<'_>; 0]); 0] = [];
    assert!(open().negotiate(nothing).is_none());
}

#[test]
fn s7_1_invalid_offers_must_be_declined() {
    let invalid: [Params<'_>; 20] = [
        &[("unknown", None)],
        &[("Server_no_context_takeover", None)],
        &[("", None)],
        // §7.1.1: "has no value".
        &[("server_no_context_takeover", Some("1"))],
        &[("client_no_context_takeover", Some(""))],
        // §7.1.2.1: "This parameter has a decimal integer value".
        &[("server_max_window_bits", None)],
        &[server_bits("")],
        &[server_bits("7")],
        &[server_bits("16")],
        &[server_bits("010")],
        &[server_bits("+10")],
        &[server_bits("10 ")],
        &[server_bits("8.0")],
        &[server_bits("256")],
        // §7.1.2.2.
        &[client_bits("")],
        &[client_bits("08")],
        &[client_bits("16")],
        // §7.1: the same parameter twice.
        &[SERVER_NO_TAKEOVER, CLIENT_BITS, SERVER_NO_TAKEOVER],
        &[server_bits("10"), server_bits("10")],
        &[CLIENT_BITS, client_bits("10")],
    ];
    for params in invalid {
        assert_eq!(respond(open(), params), None, "{params:?}");
    }
    assert_eq!(respond(open(), &[CLIENT_NO_TAKEOVER, CLIENT_NO_TAKEOVER]), None);
}

#[test]
fn s7_1_1_1_an_accepted_server_no_context_takeover_is_in_the_response() {
    assert_response(open(), &[SERVER_NO_TAKEOVER], "permessage-deflate; server_no_context_takeover");
    // It may be there unasked.
    assert_response(open().own_no_context_takeover(), &[], "permessage-deflate; server_no_context_takeover");
}

#[test]
fn s7_1_1_2_client_no_context_takeover_may_be_asked_of_any_client() {
    let settings = open().peer_no_context_takeover();
    assert_response(settings, &[], "permessage-deflate; client_no_context_takeover");
    assert!(!settings.negotiate([BARE]).unwrap().0.peer().takeover());
}

#[test]
fn s7_1_2_1_the_servers_window_is_as_offered_or_smaller() {
    for (own, offered, agreed) in [(12, "8", 8), (12, "9", 9), (12, "12", 12), (12, "15", 12), (15, "15", 15)]
    {
        assert_response(
            open().own_window_bits(own),
            &[server_bits(offered)],
            &format!("permessage-deflate; server_max_window_bits={agreed}"),
        );
    }
    assert_response(open().own_window_bits(9), &[], "permessage-deflate; server_max_window_bits=9");
}

#[test]
fn s7_1_2_2_the_clients_window_must_not_be_limited_unless_offered() {
    assert_response(open().peer_window_bits(9), &[], "permessage-deflate");
    let (agreed, _) = open().peer_window_bits(9).negotiate([BARE]).unwrap();
    assert_eq!(agreed.peer().window_bits(), 15);
    assert_eq!(respond(open().peer_window_bits(9).require_peer_limits(), &[]), None);
    assert_response(open().require_peer_limits(), &[], "permessage-deflate");
}

#[test]
fn s7_1_2_2_the_clients_window_is_as_offered_or_smaller() {
    for (peer, offered, agreed) in [(12, "8", 8), (12, "12", 12), (9, "15", 9), (15, "13", 13)] {
        assert_response(
            open().peer_window_bits(peer),
            &[client_bits(offered)],
            &format!("permessage-deflate; client_max_window_bits={agreed}"),
        );
    }
    assert_response(open(), &[client_bits("15")], "permessage-deflate");
}

#[test]
fn a_client_asks_for_what_is_set_and_falls_back() {
    assert_eq!(open().offer(), "permessage-deflate; client_max_window_bits");
    assert_eq!(open().own_window_bits(10).offer(), "permessage-deflate; client_max_window_bits=10");
    assert_eq!(
        open().peer_no_context_takeover().offer(),
        "permessage-deflate; server_no_context_takeover; client_max_window_bits, \
         permessage-deflate; client_max_window_bits"
    );
    assert_eq!(
        open().peer_window_bits(9).require_peer_limits().offer(),
        "permessage-deflate; server_max_window_bits=9; client_max_window_bits"
    );
}

#[test]
fn a_client_accepts_what_was_offered() {
    let agreed = open().accept_response([]).unwrap();
    assert_eq!((agreed.own().window_bits(), agreed.peer().window_bits()), (15, 15));
    // §7.1.1.1 and §7.1.2.1: both may come unasked.
    let agreed = open().accept_response([SERVER_NO_TAKEOVER, server_bits("8")]).unwrap();
    assert_eq!((agreed.peer().takeover(), agreed.peer().window_bits()), (false, 8));
    assert!(agreed.own().takeover());
    let agreed = open().accept_response([CLIENT_NO_TAKEOVER, client_bits("8")]).unwrap();
    assert_eq!((agreed.own().takeover(), agreed.own().window_bits()), (false, 8));
    // What a client has promised holds without the server's word.
    let agreed = open().own_window_bits(10).own_no_context_takeover().accept_response([]).unwrap();
    assert_eq!((agreed.own().takeover(), agreed.own().window_bits()), (false, 10));
    // The second offer was taken.
    let agreed = open().peer_window_bits(9).accept_response([]).unwrap();
    assert_eq!(agreed.peer().window_bits(), 15);
}

#[test]
fn s7_1_a_client_must_fail_on_an_invalid_response() {
    use Parameter::{ClientMaxWindowBits, ServerMaxWindowBits, ServerNoContextTakeover};
    let cases: [(Params<'_>, NegotiationError); 9] = [
        (&[("unknown", None)], NegotiationError::UnknownParameter),
        (&[SERVER_NO_TAKEOVER; 2], NegotiationError::Duplicate(ServerNoContextTakeover)),
        (&[server_bits("9"), server_bits("10")], NegotiationError::Duplicate(ServerMaxWindowBits)),
        (
            &[("server_no_context_takeover", Some(""))],
            NegotiationError::InvalidValue(ServerNoContextTakeover),
        ),
        (&[("server_max_window_bits", None)], NegotiationError::InvalidValue(ServerMaxWindowBits)),
        (&[server_bits("16")], NegotiationError::InvalidValue(ServerMaxWindowBits)),
        (&[client_bits("7")], NegotiationError::InvalidValue(ClientMaxWindowBits)),
        (&[client_bits("09")], NegotiationError::InvalidValue(ClientMaxWindowBits)),
        (&[CLIENT_BITS], NegotiationError::InvalidValue(ClientMaxWindowBits)),
    ];
    for (params, error) in cases {
        assert_eq!(open().accept_response(params.iter().copied()), Err(error), "{params:?}");
    }
}

#[test]
fn s7_1_2_2_a_response_that_allows_more_than_was_offered_changes_nothing() {
    let agreed = open().own_window_bits(10).accept_response([client_bits("11")]).unwrap();
    assert_eq!(agreed.own().window_bits(), 10);
}

#[test]
fn what_is_required_of_the_server_must_be_in_the_response() {
    let window = open().peer_window_bits(10).require_peer_limits();
    assert_eq!(window.accept_response([]), Err(NegotiationError::Missing(Parameter::ServerMaxWindowBits)));
    assert!(matches!(
        window.accept_response([server_bits("11")]),
        Err(NegotiationError::TooLarge { bits: 11, max: 10, .. })
    ));
    assert_eq!(window.accept_response([server_bits("9")]).unwrap().peer().window_bits(), 9);
    let takeover = open().peer_no_context_takeover().require_peer_limits();
    assert_eq!(
        takeover.accept_response([]),
        Err(NegotiationError::Missing(Parameter::ServerNoContextTakeover))
    );
    assert!(takeover.accept_response([SERVER_NO_TAKEOVER]).is_ok());
}

#[test]
fn each_side_understands_the_other() {
    let all = [
        open(),
        Settings::new(),
        Settings::new().own_no_context_takeover(),
        Settings::new().peer_no_context_takeover().own_window_bits(9),
        Settings::new().peer_no_context_takeover().peer_window_bits(10).require_peer_limits(),
    ];
    for client in all {
        for server in all {
            let header = client.offer();
            let (theirs, response) = server.negotiate(parse(&header)).expect("our own offers are acceptable");
            let [(_, params)] = &parse(&response)[..] else { panic!("one extension") };
            let ours = client.accept_response(params.iter().copied()).expect("our own response is valid");
            assert_eq!(ours.own(), theirs.peer(), "{header} | {response}");
            assert_eq!(ours.peer(), theirs.own(), "{header} | {response}");
        }
    }
}

#[test]
fn settings_are_checked_where_they_are_made() {
    let panics = |make: fn() -> Settings| std::panic::catch_unwind(make).is_err();
    assert!(panics(|| open().level(10)));
    assert!(panics(|| open().mem_level(0)));
    assert!(panics(|| open().mem_level(10)));
    assert!(panics(|| open().own_window_bits(8)));
    assert!(panics(|| open().peer_window_bits(16)));
}

#[test]
fn the_threshold_is_the_smallest_message_that_is_compressed() {
    let (agreed, _) = open().threshold(10).negotiate([BARE]).unwrap();
    assert!(!agreed.is_worthwhile(9));
    assert!(agreed.is_worthwhile(10));
}

fn parse(header: &str) -> Vec<(&str, Vec<Param<'_>>)> {
    header
        .split(", ")
        .map(|extension| {
            let mut parts = extension.split("; ");
            let name = parts.next().expect("a name");
            let params = parts
                .map(|text| text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value))))
                .collect();
            (name, params)
        })
        .collect()
}
