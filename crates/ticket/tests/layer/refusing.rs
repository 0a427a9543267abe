//! Who is refused, and that it costs no ticket.

use http::{Method, Request, Response, Version, request::Builder};
use longwave_core::StreamBody;
use longwave_ticket::{
    Binding, Purpose,
    http::{Denial, EventStreamRefusals, Hosts, Refusal, Refusals, Source, Sources},
};

use crate::support::{House, Inner, PAGE, Reasons, ann, bare_feed, connect, feed, socket, text};

/// Refused with this status, for this reason, and nobody was called.
async fn refused(house: &House, request: Builder, status: u16, reason: &'static str) {
    let reasons = Reasons::default();
    let response = house.ask(&house.layer(), reasons.watch(request)).await;
    assert_eq!((response.status().as_u16(), reasons.take()), (status, vec![reason]));
    assert_eq!(house.handler.calls(), 0);
}

fn get(ticket: &str) -> Builder {
    Request::get(format!("/feed?ticket={ticket}"))
}

fn head(response: &Response<StreamBody<Inner>>) -> Vec<(String, String)> {
    let headers = response.headers().iter();
    headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
}

#[tokio::test]
async fn whoever_presents_something_invalid_is_told_the_same_whatever_it_is() {
    let house = House::new();
    let layer = house.layer();
    let spent = house.mint().await;
    assert_eq!(house.status(&layer, feed(&spent)).await, 200);
    house.handler.last();
    let refresh = house.mint_for(ann(), Purpose::Refresh, Binding::new()).await;
    let mut forged = house.mint().await;
    let last = forged.pop().unwrap();
    forged.insert(forged.len() - 3, last);
    let elsewhere =
        house.mint_for(ann(), Purpose::Connect, Binding::new().origin("https://b.test").unwrap()).await;
    let mut answers = Vec::new();
    for ticket in [&spent, &refresh, &forged, &elsewhere, "", "lwt1_", "nonsense"] {
        let response = house.ask(&layer, feed(ticket)).await;
        assert_eq!(response.status(), 401, "{ticket}");
        answers.push((head(&response), text(response).await));
    }
    assert!(answers.iter().all(|answer| answer == &answers[0]), "{answers:?}");
    assert!(answers[0].1.contains("invalid_ticket"));
    assert_eq!(house.handler.calls(), 0);
}

#[tokio::test]
async fn whoever_presents_nothing_is_told_to() {
    let house = House::new();
    let request = Request::get("/feed").header("accept", "text/event-stream");
    let response = house.ask(&house.layer(), request).await;
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["www-authenticate"], r#"Ticket realm="longwave""#);
    let request = Request::get("/feed").header("accept", "text/event-stream");
    refused(&house, request, 401, "missing").await;
}

#[tokio::test]
async fn two_credentials_are_ambiguous_and_none_of_them_is_spent() {
    let house = House::new();
    let (one, two) = (house.mint().await, house.mint().await);
    let ambiguous = [
        feed(&format!("{one}&ticket={two}")),
        feed(&format!("{one}&ticket={one}")),
        feed(&one).header("authorization", format!("Ticket {two}")),
        socket(&one).uri(format!("/chat?ticket={two}")),
    ];
    for request in ambiguous {
        refused(&house, request, 400, "ambiguous").await;
    }
    house.assert_not_spent(&one).await;
    house.assert_not_spent(&two).await;
}

#[tokio::test]
async fn a_ticket_alone_as_a_subprotocol_is_refused_and_not_spent() {
    let house = House::new();
    let ticket = house.mint().await;
    let mut request = socket(&ticket);
    request
        .headers_mut()
        .unwrap()
        .insert("sec-websocket-protocol", format!("lw.ticket.{ticket}").parse().unwrap());
    refused(&house, request, 400, "subprotocol").await;
    house.assert_not_spent(&ticket).await;
}

#[tokio::test]
async fn what_opens_no_stream_spends_no_ticket() {
    let house = House::new();
    let ticket = house.mint().await;
    for method in ["HEAD", "OPTIONS", "POST", "PRI"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        refused(&house, feed(&ticket).method(method), 405, "method").await;
    }
    refused(&house, get(&ticket), 426, "upgrade_required").await;
    let both = get(&ticket).header("upgrade", "websocket, h2c").header("connection", "upgrade");
    refused(&house, both, 426, "upgrade_required").await;
    house.assert_not_spent(&ticket).await;
}

#[tokio::test]
async fn an_upgrade_to_anything_else_is_no_event_stream_either() {
    let house = House::new();
    let ticket = house.mint().await;
    let upgrade = |to| feed(&ticket).header("connection", "upgrade").header("upgrade", to);
    let others = [
        upgrade("h2c"),
        upgrade("websocket, h2c"),
        upgrade("websocket").header("upgrade", "h2c"),
        upgrade("websocket").header("upgrade", "websocket"),
        upgrade(""),
        // Not hop by hop, so not for this server.
        feed(&ticket).header("upgrade", "websocket"),
    ];
    for request in others {
        let response = house.ask(&house.layer(), request).await;
        assert_eq!(response.status(), 426);
        assert_eq!(response.headers()["connection"], "upgrade, close");
    }
    assert_eq!(house.handler.calls(), 0);
    // Over HTTP/2 it means nothing, and is not to be there.
    let http2 = feed(&ticket).version(Version::HTTP_2).header("upgrade", "h2c");
    assert_eq!(house.status(&house.layer(), http2).await, 200, "it was not spent");
}

#[tokio::test]
async fn a_connect_that_opens_no_websocket_spends_no_ticket() {
    let house = House::new();
    let ticket = house.mint().await;
    let tunnel = Request::builder().method("CONNECT").version(Version::HTTP_2).uri("app.example.com:443");
    let tunnel = tunnel.header("authorization", format!("Ticket {ticket}"));
    refused(&house, tunnel, 405, "method").await;
    let mut udp = connect(&ticket);
    udp.headers_mut().unwrap().remove("sec-websocket-version");
    refused(&house, udp, 405, "method").await;
    house.assert_not_spent(&ticket).await;
}

#[tokio::test]
async fn a_call_of_grpc_spends_a_ticket_only_if_that_is_wanted() {
    let house = House::new();
    let ticket = house.mint().await;
    let call = |content_type| {
        Request::post("/service/Call")
            .header("host", "app.example.com")
            .header("content-type", content_type)
            .header("authorization", format!("Ticket {ticket}"))
    };
    refused(&house, call("application/grpc"), 405, "method").await;
    let wanted = house.layer().grpc_calls();
    for other in ["application/grpc-web", "application/grpcx", "text/plain", "application/json"] {
        assert_eq!(house.status(&wanted, call(other)).await, 405, "{other}");
    }
    let two = call("application/grpc").header("content-type", "text/plain");
    assert_eq!(house.status(&wanted, two).await, 405);
    let foreign = call("application/grpc").header("origin", "https://evil.test");
    assert_eq!(house.status(&wanted, foreign).await, 403);
    assert_eq!(house.status(&wanted, call("application/grpc+proto")).await, 200);
    assert_eq!(house.status(&wanted, call("application/grpc")).await, 401, "spent");
}

#[tokio::test]
async fn a_plain_get_spends_a_ticket_only_if_that_is_wanted() {
    let house = House::new();
    let ticket = house.mint().await;
    let plain = || Request::get("/feed").header("authorization", format!("Ticket {ticket}"));
    assert_eq!(house.status(&house.layer(), plain()).await, 426);
    let wanted = house.layer().plain_gets();
    let other = plain().header("upgrade", "h2c").header("connection", "upgrade");
    assert_eq!(house.status(&wanted, other).await, 426);
    assert_eq!(house.status(&wanted, plain()).await, 200);
    assert!(house.handler.last().session.is_some());
    assert_eq!(house.status(&wanted, plain().method("POST")).await, 405);
}

#[tokio::test]
async fn a_foreign_page_or_host_is_refused_and_spends_no_ticket() {
    let house = House::new();
    let ticket = house.mint().await;
    for origin in ["https://evil.test", "null", "http://app.example.com", "https://app.example.com.evil.test"]
    {
        refused(&house, bare_feed(&ticket).header("origin", origin), 403, "origin").await;
    }
    let two = feed(&ticket).header("origin", PAGE);
    refused(&house, two, 403, "origin").await;

    let layer = house.layer().hosts(Hosts::list(["app.example.com"]).unwrap());
    let rebound = Request::get(format!("/feed?ticket={ticket}")).header("accept", "text/event-stream");
    assert_eq!(house.status(&layer, rebound.header("host", "evil.test")).await, 403);
    let without = Request::get(format!("/feed?ticket={ticket}")).header("accept", "text/event-stream");
    assert_eq!(house.status(&layer, without).await, 400);
    assert_eq!(house.handler.calls(), 0);
    assert_eq!(house.status(&layer, feed(&ticket)).await, 200, "it was not spent");
}

#[tokio::test]
async fn a_cookie_counts_only_from_a_page_of_ours() {
    let house = House::new();
    let layer = house.layer().sources(Sources::new([Source::Cookie("__Host-ticket".into())]));
    let ticket = house.mint().await;
    let ambient = || {
        let request = Request::get("/feed").header("accept", "text/event-stream");
        request.header("host", "app.example.com").header("cookie", format!("a=1; __Host-ticket={ticket}"))
    };
    let reasons = Reasons::default();
    // A page of a sibling domain gets even a cookie along that is `SameSite=Strict`.
    for request in [ambient(), ambient().header("origin", "https://blog.example.com")] {
        assert_eq!(house.status(&layer, reasons.watch(request)).await, 403);
    }
    assert_eq!(reasons.take(), ["origin", "origin"]);
    assert_eq!(house.status(&layer, ambient().header("origin", PAGE)).await, 200);
    assert_eq!(house.handler.last().headers["cookie"], "a=1");
}

#[tokio::test]
async fn a_ticket_from_a_program_needs_no_origin() {
    let house = House::new();
    assert_eq!(house.status(&house.layer(), bare_feed(&house.mint().await)).await, 200);
}

#[tokio::test]
async fn a_ticket_in_the_url_counts_and_the_cookie_beside_it_does_not() {
    let house = House::new();
    let sources = [Source::Query("ticket".into()), Source::Cookie("sid".into())];
    let layer = house.layer().sources(Sources::new(sources));
    let request = feed(&house.mint().await).header("cookie", "sid=whatever");
    assert_eq!(house.status(&layer, request).await, 200);
    let seen = house.handler.last();
    assert!(!seen.headers.contains_key("cookie"));
    assert_eq!(seen.session.unwrap().claims(), ann().claims());
}

#[tokio::test]
async fn the_application_has_the_last_word() {
    let house = House::new();
    let layer = house.layer().authorize(|parts, user| {
        let may = parts.uri.path() == "/feed" && user.0 == "ann";
        async move { if may { Ok(()) } else { Err(Denial::new(Refusal::Forbidden).because("not_a_member")) } }
    });
    assert_eq!(house.status(&layer, feed(&house.mint().await)).await, 200);
    house.handler.last();
    let (ticket, reasons) = (house.mint().await, Reasons::default());
    let response = house.ask(&layer, reasons.watch(socket(&ticket))).await;
    assert_eq!((response.status().as_u16(), reasons.take()), (403, vec!["not_a_member"]));
    assert!(text(response).await.contains(r#""code":"forbidden""#));
    assert_eq!(house.handler.calls(), 0);
    assert!(!house.is_good(&ticket, Binding::new()).await, "it is spent");
}

#[tokio::test]
async fn refusals_are_as_they_are_set() {
    let house = House::new();
    let soft = Refusals::new().event_streams(EventStreamRefusals::Soft);
    let layer = house.layer().refusals(soft);
    let response = house.ask(&layer, feed("nonsense")).await;
    assert_eq!(response.status(), 200);
    assert!(text(response).await.contains(r#"data: {"code":"invalid_ticket","retry":false}"#));
    assert_eq!(house.status(&layer, socket("nonsense")).await, 401);
}
