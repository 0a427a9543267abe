//! A login for streams, as a client finds it that does what a page does.

#![allow(clippy::unwrap_used, reason = "here a failed unwrap is a failed test")]

mod common;
#[path = "common/page.rs"]
mod page;

use std::net::{Ipv4Addr, SocketAddr};

use common::{DEADLINE, demo, silent, tls};
use futures_util::StreamExt;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::Service;
use longwave_demo::{Demo, Transport};
use page::{Page, Socket};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

async fn start() -> SocketAddr {
    demo(Transport::Clear, silent()).await.0
}

/// Reads on until the stream has said this, or to its end.
async fn until(body: &mut Incoming, what: &str) -> String {
    let mut text = String::new();
    while !text.contains(what) {
        match timeout(DEADLINE, body.frame()).await.unwrap() {
            Some(Ok(frame)) => text += std::str::from_utf8(&frame.into_data().unwrap()).unwrap(),
            ended => panic!("{ended:?} after {text}"),
        }
    }
    text
}

async fn open(page: &mut Page, ticket: &str) -> Incoming {
    let response = page.stream(ticket).await;
    assert_eq!(response.status(), StatusCode::OK);
    let mut body = response.into_body();
    until(&mut body, "event: hello\n").await;
    body
}

async fn hear(socket: &mut Socket) -> Message {
    timeout(DEADLINE, socket.next()).await.unwrap().unwrap().unwrap()
}

async fn close_code(mut socket: Socket) -> (u16, String) {
    loop {
        if let Message::Close(Some(frame)) = hear(&mut socket).await {
            return (frame.code.into(), frame.reason.to_string());
        }
    }
}

fn invalid() -> (StatusCode, Value) {
    let problem = json!({ "title": "Unauthorized", "status": 401, "code": "invalid_ticket" });
    (StatusCode::UNAUTHORIZED, problem)
}

fn revoked() -> (u16, String) {
    (4403, "revoked".to_owned())
}

#[tokio::test]
async fn a_ticket_opens_one_stream_until_it_is_taken_back() {
    let mut page = Page::logged_in(start().await, "ada").await;
    assert_eq!(page.get("/login").await.1, json!({ "name": "ada" }));
    let (first, second) = (page.mint().await, page.mint().await);
    let mut stream = open(&mut page, &first).await;
    until(&mut stream, "data: {\"seconds\":1}\n").await;
    let mut socket = page.socket(&second).await.unwrap();
    assert_eq!(hear(&mut socket).await, Message::text(r#"{"hello":{"name":"ada"}}"#));
    assert_eq!(hear(&mut socket).await, Message::text(r#"{"seconds":1}"#));

    // Neither opens anything again, for whom it was made or for somebody who has found it.
    assert_eq!(page.refused(&second).await, invalid());
    assert_eq!(page.socket(&second).await.unwrap_err(), StatusCode::UNAUTHORIZED);
    let mut finder = Page::new(page.address);
    assert_eq!(finder.refused(&first).await, invalid());
    assert_eq!(finder.get("/stats").await.1["refused"], json!({ "binding": 1, "replayed": 2 }));

    let on_its_way = page.mint().await;
    assert_eq!(page.post("/login/revoke", "").await, (StatusCode::OK, json!({ "streams": 2 })));
    assert_eq!(close_code(socket).await, revoked());
    until(&mut stream, "event: ended\nretry: 31536000000\ndata: revoked\n\n").await;
    assert!(timeout(DEADLINE, stream.frame()).await.unwrap().is_none(), "it goes on");
    assert_eq!(page.refused(&first).await, invalid(), "it was resumed");
    assert_eq!(page.refused(&on_its_way).await, invalid());
    assert_eq!(page.get("/login").await.1, json!({ "name": null }));
    assert_eq!(page.post("/login/ticket", "").await.1["code"], "credentials_required");
}

/// What a browser does by itself: the same URL, and the cookie that came with the stream.
#[tokio::test]
async fn a_stream_that_is_cut_comes_back_with_its_cookie_and_without_it_does_not() {
    let mut page = Page::logged_in(start().await, "ada").await;
    let ticket = page.mint().await;
    let without = page.clone();
    let mut stream = open(&mut page, &ticket).await;
    assert_eq!(page.post("/login/drop", "").await.1, json!({ "streams": 1 }));
    while let Some(Ok(_)) = timeout(DEADLINE, stream.frame()).await.unwrap() {}

    assert_eq!(without.clone().refused(&ticket).await, invalid());
    let mut stream = open(&mut page, &ticket).await;
    assert_eq!(page.post("/login/logout", "").await.1, json!({ "streams": 1 }));
    until(&mut stream, "event: ended\n").await;
    assert_eq!(page.refused(&ticket).await, invalid());
    assert!(!page.cookies.keys().any(|name| name.contains("lw_r_")), "{:?}", page.cookies.keys());
}

#[tokio::test]
async fn a_deploy_moves_the_stream_and_closes_the_socket() {
    let mut page = Page::logged_in(start().await, "ada").await;
    let (first, second) = (page.mint().await, page.mint().await);
    let mut stream = open(&mut page, &first).await;
    let socket = page.socket(&second).await.unwrap();
    assert_eq!(page.post("/deploy", "").await.1, json!({ "generation": 2, "moving": 2 }));
    assert_eq!(close_code(socket).await, (1012, "server restarts".to_owned()));
    while let Some(Ok(_)) = timeout(DEADLINE, stream.frame()).await.unwrap() {}
    let _stream = open(&mut page, &first).await;
    assert_eq!(page.get("/stats").await.1["generations"][1]["open"], 1);
}

#[tokio::test]
async fn who_logs_out_here_stays_logged_in_there() {
    let address = start().await;
    let (mut here, mut there) =
        (Page::logged_in(address, "ada").await, Page::logged_in(address, "ada").await);
    let mut sockets = Vec::new();
    for page in [&mut here, &mut there] {
        let ticket = page.mint().await;
        sockets.push(page.socket(&ticket).await.unwrap());
    }
    assert_eq!(here.post("/login/logout", "").await.1, json!({ "streams": 1 }));
    assert_eq!(close_code(sockets.remove(0)).await, revoked());
    assert_eq!(here.post("/login/logout", "").await.0, StatusCode::UNAUTHORIZED);
    // Whoever logs in anew has left the login from before.
    assert_eq!(there.post("/login", "{\"name\":\"grace\"}").await.1, json!({ "name": "grace" }));
    assert_eq!(close_code(sockets.remove(0)).await, revoked());
    there.mint().await;
}

/// A browser sends it the cookies of the same host, whatever the port is.
#[tokio::test]
async fn a_page_of_another_origin_gets_nowhere() {
    let mut page = Page::logged_in(start().await, "ada").await;
    let (first, second) = (page.mint().await, page.mint().await);
    let mut foreign = Page { origin: "http://127.0.0.1:1".to_owned(), ..page.clone() };
    for path in ["/login", "/login/ticket", "/login/drop", "/login/revoke", "/login/logout"] {
        let (status, why) = foreign.post(path, "{\"name\":\"eve\"}").await;
        assert_eq!((status, &why["code"]), (StatusCode::FORBIDDEN, &json!("origin_not_allowed")), "{path}");
    }
    assert_eq!(foreign.refused(&first).await.0, StatusCode::FORBIDDEN);
    assert_eq!(foreign.socket(&second).await.unwrap_err(), StatusCode::FORBIDDEN);
    // And it has spent nothing, and ended nothing.
    drop(open(&mut page, &first).await);
    page.socket(&second).await.unwrap();
}

#[tokio::test]
async fn there_is_nothing_secret_in_the_log() {
    let mut page = Page::logged_in(start().await, "ada").await;
    let tickets = [page.mint().await, page.mint().await];
    let stream = open(&mut page, &tickets[0]).await;
    let socket = page.socket(&tickets[1]).await.unwrap();
    page.refused(&tickets[1]).await;
    let secrets = page.cookies.clone();
    assert_eq!(secrets.len(), 3, "login, browser, and one to resume: {:?}", secrets.keys());
    page.post("/login/revoke", "").await;
    drop((stream, socket));

    let (_, log) = page.get("/login/log").await;
    let lines = log["lines"].as_array().unwrap();
    let told: Vec<String> =
        lines.iter().map(|line| format!("{} {}", line["what"].as_str().unwrap(), line["status"])).collect();
    let feed = "GET /login/feed?ticket=REDACTED HTTP/1.1";
    for line in ["POST /login HTTP/1.1 200", &format!("{feed} 200"), &format!("{feed} 401")] {
        assert!(told.iter().any(|told| told == line), "{line} in {told:#?}");
    }
    let socket = lines.iter().find(|line| line["what"] == "GET /login/socket HTTP/1.1").unwrap();
    assert_eq!(socket["headers"], "cookie: Sensitive, sec-websocket-protocol: Sensitive");
    assert_eq!(told.iter().filter(|line| line.ends_with(" minted null")).count(), 2);

    let log = log.to_string();
    for secret in tickets.iter().chain(secrets.values()) {
        for eight in secret.as_bytes().windows(8) {
            assert!(!log.as_bytes().windows(8).any(|part| part == eight), "a part of a secret in {log}");
        }
    }
    let (_, rest) = page.get(&format!("/login/log?after={}", lines.len() - 1)).await;
    assert_eq!(rest, json!({ "last": lines.len(), "lines": [lines.last().unwrap()] }));
}

#[tokio::test]
async fn who_has_no_name_or_asks_in_another_way_is_refused() {
    let mut page = Page::new(start().await);
    for body in ["", "ada", "{}", "{\"name\":\" \"}", &format!("{{\"name\":\"{}\"}}", "a".repeat(2000))] {
        assert_eq!(page.post("/login", body).await.0, StatusCode::BAD_REQUEST, "{body}");
    }
    assert_eq!(page.post("/login/ticket", "").await.1["code"], "credentials_required");
    assert_eq!(page.refused("lwt1_AAAA").await, invalid());
    assert_eq!(page.get("/login/revoke").await.0, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(page.get("/login/nothing").await.0, StatusCode::NOT_FOUND);
}

/// Logs in without a socket, and gives the status and the cookies.
async fn log_in(demo: &Demo, origin: &str) -> (StatusCode, Vec<String>) {
    let request = Request::post(format!("{origin}/login")).header("origin", origin);
    let response = demo.call(request.body(Full::from("{\"name\":\"ada\"}")).unwrap()).await.unwrap();
    let cookies = response.headers().get_all("set-cookie").iter();
    (response.status(), cookies.map(|cookie| cookie.to_str().unwrap().to_owned()).collect())
}

#[tokio::test]
async fn over_tls_the_cookies_are_for_that_alone_and_who_is_nowhere_lets_nobody_in() {
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
    let demo = Demo::start(silent().at(&tls(), at));
    for origin in ["https://127.0.0.1:8080", "https://localhost:8080"] {
        let (status, cookies) = log_in(&demo, origin).await;
        assert_eq!(status, StatusCode::OK);
        assert!(
            cookies[0].starts_with("__Host-demo_login=") && cookies[0].contains("; Secure;"),
            "{cookies:?}"
        );
    }
    for origin in ["http://127.0.0.1:8080", "https://127.0.0.1:8081", "https://elsewhere.test:8080"] {
        assert_eq!(log_in(&demo, origin).await, (StatusCode::FORBIDDEN, Vec::new()), "{origin}");
    }
    let nowhere = Demo::start(silent());
    assert_eq!(log_in(&nowhere, "http://127.0.0.1:8080").await.0, StatusCode::FORBIDDEN);
}
