//! What all behaviours need.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode, request::Parts};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use longwave_backpressure::{StreamLimitLayer, guard::Guard};
use longwave_drain::Drain;
use longwave_frameworks::{Dialect, Framework, Logins, Opened, Route, Running, Stack};
use longwave_heartbeat::Heartbeat;
use tokio::time::timeout;

/// How long anything may take on a machine that has a lot to do.
const PATIENCE: Duration = Duration::from_secs(30);

/// An interval of heartbeats that none of the tests lives to see.
pub(crate) const NEVER: Duration = Duration::from_hours(1);
pub(crate) const GRACE: Duration = Duration::from_millis(200);

pub(crate) async fn within<F: Future>(what: &str, future: F) -> F::Output {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what} takes too long"))
}

/// A stack with room for so many streams, at most two of each client.
pub(crate) fn stack(total: usize) -> Stack {
    let client = |parts: &Parts| parts.headers.get("x-client").cloned();
    Stack {
        drain: Drain::new().window(Duration::from_millis(200)),
        logins: Logins::new(),
        limit: StreamLimitLayer::new(total).per_key(2, client).count_grpc(),
        heartbeat: Heartbeat::every(NEVER),
        guard: Guard::new().grace(GRACE),
    }
}

pub(crate) async fn start<F: Framework>(stack: &Stack) -> Running {
    Running::start::<F>(stack).await.unwrap()
}

pub(crate) async fn opened(server: &mut Running, route: Route) -> Opened {
    within("a request", server.opened(route)).await.expect("the server is there")
}

pub(crate) async fn over(opened: &mut Opened) {
    within("the end of a stream", opened.over()).await;
}

/// Waits for the first byte if there is to be one, after which a stream is open.
pub(crate) async fn begin<F: Framework>(response: &mut Response<Incoming>) {
    assert_eq!(response.status(), StatusCode::OK);
    let expected = match F::DIALECT {
        Dialect::Events => "text/event-stream",
        Dialect::Grpc => "application/grpc",
    };
    assert_eq!(response.headers()["content-type"], expected);
    if F::DIALECT == Dialect::Events {
        assert_eq!(data(response).await, ":\n\n");
    }
}

/// The next data of a body.
pub(crate) async fn data(response: &mut Response<Incoming>) -> Bytes {
    let frame = within("data", response.body_mut().frame()).await.expect("more").expect("no error");
    frame.into_data().expect("data")
}

/// Reads what is left of a stream that is ended, and looks at its last words.
pub(crate) async fn last_words<F: Framework>(response: Response<Incoming>) {
    let rest = within("an end", response.into_body().collect()).await.expect("an orderly end");
    match F::DIALECT {
        Dialect::Events => assert_retry(&rest.to_bytes()),
        Dialect::Grpc => {
            let trailers = rest.trailers().expect("trailers");
            assert_eq!(
                (&trailers["grpc-status"], &trailers["grpc-message"]),
                (&"14".parse().unwrap(), &"server restarts".parse().unwrap())
            );
        }
    }
}

/// A stream was refused in a way that its client understands: by the end of an event stream, or with this status
/// of gRPC.
pub(crate) async fn refused<F: Framework>(response: Response<Incoming>, grpc: &str) {
    match F::DIALECT {
        Dialect::Events => {
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.headers()["content-type"], "text/event-stream");
        }
        Dialect::Grpc => assert_eq!(response.headers()["grpc-status"], grpc),
    }
    let body = within("an end", response.into_body().collect()).await.expect("an orderly end").to_bytes();
    match F::DIALECT {
        Dialect::Events => assert_retry(&body),
        Dialect::Grpc => assert!(body.is_empty()),
    }
}

fn assert_retry(body: &Bytes) {
    let body = str::from_utf8(body).unwrap();
    let retry = body.strip_prefix("retry: ").and_then(|rest| rest.strip_suffix("\n\n"));
    assert!(retry.is_some_and(|retry| retry.parse::<u32>().is_ok()), "{body:?}");
}
