//! Tickets among the subprotocols of a WebSocket.

use http::Response;
use http_body_util::BodyExt;
use longwave_ticket::http::RedactLayer;
use tower::{Layer, ServiceExt};

use crate::common::{Echo, TICKET, collected, connect, get, leaks, socket};

fn lines(parts: &http::request::Parts) -> Vec<&str> {
    parts.headers.get_all("sec-websocket-protocol").iter().map(|line| line.to_str().unwrap()).collect()
}

#[test]
fn the_others_and_their_order_stay() {
    for (offered, left) in [
        ("app.v1, lw.ticket.T", vec!["app.v1"]),
        ("lw.ticket.T, app.v1", vec!["app.v1"]),
        ("a, lw.ticket.T, b,c", vec!["a, b,c"]),
        (" , lw.ticket.T ,,\tapp.v1 , ", vec!["app.v1"]),
    ] {
        for request in [socket("/chat"), connect("https://app.example.com/chat")] {
            let (found, parts) = collected(request.header("sec-websocket-protocol", offered));
            assert_eq!((found.as_str(), lines(&parts)), ("T", left.clone()), "{offered}");
        }
    }
}

#[test]
fn several_lines_are_one_list() {
    let request =
        socket("/chat").header("sec-websocket-protocol", "a").header("sec-websocket-protocol", "lw.ticket.T");
    let (found, parts) = collected(request.header("sec-websocket-protocol", "b, c"));
    assert_eq!((found.as_str(), lines(&parts)), ("T", vec!["a", "b, c"]));
}

#[test]
fn a_ticket_alone_leaves_nothing_to_select() {
    for offered in ["lw.ticket.T", "lw.ticket.T, ", "lw.ticket.T, LW.TICKET.U"] {
        let (found, parts) = collected(socket("/chat").header("sec-websocket-protocol", offered));
        assert_eq!((found.as_str(), lines(&parts)), ("alone", vec![]), "{offered}");
    }
}

#[test]
fn two_tickets_are_ambiguous() {
    let (found, parts) =
        collected(socket("/chat").header("sec-websocket-protocol", "lw.ticket.T, a, lw.ticket.T"));
    assert_eq!((found.as_str(), lines(&parts)), ("ambiguous", vec!["a"]));
}

#[test]
fn another_case_is_not_a_ticket_and_not_left_either() {
    let offered = format!("LW.TICKET.{TICKET}, a, Lw.ticket.X, x.{TICKET}");
    let (found, parts) = collected(socket("/chat").header("sec-websocket-protocol", offered));
    assert_eq!((found.as_str(), lines(&parts)), ("nothing", vec!["a"]));
}

#[test]
fn a_request_for_no_websocket_has_none() {
    for request in [get("/chat"), get("/chat").header("accept", "text/event-stream")] {
        let (found, parts) =
            collected(request.header("sec-websocket-protocol", format!("a, lw.ticket.{TICKET}")));
        assert_eq!((found.as_str(), lines(&parts)), ("nothing", vec!["a"]));
    }
}

#[tokio::test]
async fn a_response_that_selects_a_ticket_is_not_sent() {
    for selected in [format!("lw.ticket.{TICKET}"), "LW.Ticket.x".to_owned(), TICKET.to_owned()] {
        let service = RedactLayer::new().layer(Echo(|_| {
            let response = Response::builder().status(101).header("sec-websocket-protocol", &selected);
            response.body(()).unwrap()
        }));
        let response = service.oneshot(socket("/chat").body(()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()["connection"], "close");
        assert!(!leaks(&format!("{:?}", response.headers())));
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, r#"{"title":"Internal Server Error","status":500,"code":"internal_error"}"#);
    }
    let service = RedactLayer::new().layer(Echo(|_| {
        Response::builder().status(101).header("sec-websocket-protocol", "app.v1").body(()).unwrap()
    }));
    let response = service.oneshot(socket("/chat").body(()).unwrap()).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["sec-websocket-protocol"]),
        (101, &"app.v1".parse().unwrap())
    );
}
