//! The room, as a client over HTTP/1.1 that is not ours finds it, and one over HTTP/2.

#![allow(clippy::unwrap_used, reason = "here a failed unwrap is a failed test")]

mod common;
#[path = "common/guest.rs"]
#[allow(dead_code, reason = "every test binary uses its own part")]
mod guest;

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use common::{DEADLINE, config, silent, start};
use guest::Guest;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use longwave_demo::{Demo, Transport};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::{client_async, tungstenite};

/// Asks over a connection of its own.
async fn ask(address: SocketAddr, method: Method, target: &str) -> (StatusCode, String) {
    let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let uri = format!("http://{address}{target}");
    let request = Request::builder().method(method).uri(uri).body(Empty::<Bytes>::new()).unwrap();
    let (head, body) = sender.send_request(request).await.unwrap().into_parts();
    (head.status, String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap())
}

async fn stats(address: SocketAddr) -> Value {
    serde_json::from_str(&ask(address, Method::GET, "/stats?client=one").await.1).unwrap()
}

#[tokio::test]
async fn everyone_hears_what_anyone_says_over_whatever_transport() {
    let address = start(Transport::Clear, Demo::start(silent())).await;
    let mut one = Guest::over_http1(address, "client=one").await;
    let joined = one.hear("joined").await;
    assert_eq!(
        (&joined["transport"], &joined["members"], &joined["generation"], &joined["come_back_ms"]),
        (&json!("HTTP/1.1"), &json!(1), &json!(1), &json!([150, 200]))
    );
    let mut two = Guest::over_http2(address, "client=two").await;
    let other = two.hear("joined").await;
    assert_eq!((&other["transport"], &other["members"]), (&json!("HTTP/2"), &json!(2)));
    assert_ne!(other["you"], joined["you"]);
    assert_eq!(one.hear("members").await, 2);

    one.say("  from the first ").await;
    two.say("\"<b>from the second</b>\"").await;
    let lines =
        [[two.hear("line").await, two.hear("line").await], [one.hear("line").await, one.hear("line").await]];
    assert_eq!(lines[0], lines[1], "not the same order for all");
    for line in &lines[0] {
        let text = if line["who"] == joined["you"] { "from the first" } else { "\"<b>from the second</b>\"" };
        assert_eq!(line["text"], text);
    }
    assert_eq!((&lines[0][0]["number"], &lines[0][1]["number"]), (&json!(1), &json!(2)));

    let mut late = Guest::over_http2(address, "").await;
    assert_eq!(late.hear("joined").await["history"], 2);
    assert_eq!([late.hear("line").await, late.hear("line").await], lines[0]);
    drop(late);
    while one.hear("members").await != 2 {}
}

#[tokio::test]
async fn what_cannot_be_passed_on_is_answered_and_the_connection_stays() {
    let address = start(Transport::Clear, Demo::start(silent())).await;
    let mut guest = Guest::over_http1(address, "client=one").await;
    guest.hear("joined").await;
    for nonsense in ["no JSON", "{}", "{\"text\": 7}", "{\"text\": \" \\n\"}", "[]"] {
        guest.send(nonsense.to_owned()).await;
        assert!(guest.hear("refused").await.is_string(), "{nonsense}");
    }
    guest.say(&"ü".repeat(251)).await;
    assert_eq!(guest.hear("refused").await, "a line has at most 500 bytes");
    // Each of its bytes takes six when escaped.
    let escaped = "\u{1}".repeat(500);
    guest.say(&escaped).await;
    assert_eq!(guest.hear("line").await["text"], escaped);
    for _ in 0..9 {
        guest.say("again").await;
        guest.hear("line").await;
    }
    guest.say("once too often").await;
    assert_eq!(guest.hear("refused").await, "ten lines in five seconds are enough");

    guest.say(&"long".repeat(1024)).await;
    assert_eq!(guest.end().await.0, 1009);
}

#[tokio::test]
async fn a_deploy_says_1012_and_the_room_goes_on() {
    let address = start(Transport::Clear, Demo::start(config())).await;
    let mut one = Guest::over_http1(address, "client=one").await;
    let first = one.hear("joined").await;
    let mut two = Guest::over_http2(address, "client=two").await;
    two.hear("joined").await;
    one.say("before the deploy").await;
    two.hear("line").await;
    let open = stats(address).await;
    assert_eq!((&open["open"]["websocket"], &open["yours"]["open"][0]["path"]), (&json!(2), &json!("/room")));

    assert_eq!(ask(address, Method::POST, "/deploy").await.0, StatusCode::OK);
    let ends = tokio::join!(one.end(), two.end());
    let restarts = (1012, "server restarts".to_owned());
    assert_eq!(ends, (restarts.clone(), restarts));

    let mut back = Guest::over_http2(address, "client=one").await;
    let joined = back.hear("joined").await;
    assert_eq!(
        (&joined["generation"], &joined["history"], &joined["room"], &joined["you"]),
        (&json!(2), &json!(1), &first["room"], &first["you"])
    );
    assert_eq!(back.hear("line").await["text"], "before the deploy");

    let reported = async {
        loop {
            let stats = stats(address).await;
            if !stats["generations"][0]["report"].is_null() {
                return stats;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    let stats = timeout(DEADLINE, reported).await.unwrap();
    assert_eq!(stats["generations"][0]["report"], json!({ "ended": 2, "gone": 0, "left_over": 0 }));
    assert_eq!(stats["closed"], json!({ "draining": 2 }));
    assert_eq!(stats["yours"]["gone"][0]["code"], 1012);
    let metrics = ask(address, Method::GET, "/metrics").await.1;
    let closed = r#"connections_closed_total{transport="websocket",reason="draining",code="1012"} 2"#;
    assert!(metrics.lines().any(|line| line == closed), "{metrics}");
}

/// At the pace that the client has asked for.
#[tokio::test]
async fn the_round_trip_is_told_over_both() {
    let address = start(Transport::Clear, Demo::start(silent())).await;
    let mut one = Guest::over_http1(address, "hb=1").await;
    let mut two = Guest::over_http2(address, "hb=1").await;
    // Both at once, as a guest answers pings only while it listens.
    let (one, two) = tokio::join!(one.hear("round_trip_ms"), two.hear("round_trip_ms"));
    for round_trip in [one.as_f64().unwrap(), two.as_f64().unwrap()] {
        assert!(round_trip > 0.0 && round_trip < 5000.0, "{round_trip}");
    }
    assert!(stats(address).await["beats"].as_u64().unwrap() >= 2);
}

#[tokio::test]
async fn who_asks_for_no_websocket_or_from_another_page_is_refused() {
    let address = start(Transport::Clear, Demo::start(silent())).await;
    let plain = ask(address, Method::GET, "/room").await;
    assert!(plain.0.is_client_error(), "{plain:?}");
    let request = tungstenite::ClientRequestBuilder::new(format!("ws://{address}/room").parse().unwrap())
        .with_header("origin", "http://elsewhere.test");
    let stream = TcpStream::connect(address).await.unwrap();
    let error = client_async(request, stream).await.unwrap_err();
    assert!(matches!(&error, tungstenite::Error::Http(answer) if answer.status() == 403), "{error:?}");
    let stats = stats(address).await;
    assert_eq!((&stats["refused"]["origin"], &stats["opened"]), (&json!(1), &json!(0)));
}
