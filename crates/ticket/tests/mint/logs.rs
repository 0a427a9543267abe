//! What is in a log at the most talkative level.

use std::{
    io,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Body, routing::post_service};
use http::Request;
use http_body_util::BodyExt;
use longwave_ticket::http::RedactLayer;
use tower::{ServiceBuilder, ServiceExt};
use tower_http::trace::{DefaultMakeSpan, DefaultOnRequest, DefaultOnResponse, TraceLayer};
use tracing::Level;

use crate::support::{APP, House, cookie};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether any eight characters of it are there.
fn holds(text: &str, secret: &str) -> bool {
    secret.as_bytes().windows(8).any(|part| text.as_bytes().windows(8).any(|window| window == part))
}

#[tokio::test]
async fn neither_tickets_nor_cookies_are_in_a_log() {
    let house = House::new();
    let mint = house.mint().random(|bytes| {
        for (byte, number) in bytes.iter_mut().zip((17_u8..).step_by(7)) {
            *byte = number;
        }
    });
    let service = format!("{mint:?}");
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(Level::TRACE).with_writer(move || writer.clone());
    let guard = tracing::subscriber::set_default(subscriber.finish());

    let trace = TraceLayer::new_for_http()
        .make_span_with(DefaultMakeSpan::new().level(Level::ERROR).include_headers(true))
        .on_request(DefaultOnRequest::new().level(Level::ERROR))
        .on_response(DefaultOnResponse::new().level(Level::ERROR).include_headers(true));
    let app = ServiceBuilder::new().layer(RedactLayer::new()).layer(trace);
    let app = app.service(Router::new().route("/ticket", post_service(mint)));
    let mut secrets = Vec::new();
    let mut own = "a=1".to_owned();
    for _ in 0..2 {
        let request = Request::post("/ticket")
            .header("origin", APP)
            .header("content-type", "application/json")
            .header("x-user", "ada")
            .header("cookie", &own);
        let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        tracing::error!(?parts, "an answer");
        let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
        if let Some(ticket) = answer["ticket"].as_str() {
            secrets.push(ticket.trim_start_matches("lwt1_").to_owned());
            own = cookie(&http::Response::from_parts(parts, body.clone()));
            secrets.push(own.trim_start_matches("__Host-lw_b=").to_owned());
        }
    }
    for told in house.told.all().iter() {
        tracing::error!(?told, service, "an outcome");
    }
    drop(guard);

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        log.matches("an answer").count() == 2 && log.contains("set-cookie") && log.contains("an outcome"),
        "{log}"
    );
    assert_eq!(secrets.len(), 2);
    for secret in secrets {
        assert!(secret.len() >= 43 && !holds(&log, &secret), "{secret} in {log}");
    }
}
