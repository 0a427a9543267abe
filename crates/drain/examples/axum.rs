//! A server of event streams on axum that is shut down while clients are listening.
//!
//! ```text
//! cargo run -p longwave-drain --example axum
//! ```

use std::{convert::Infallible, error::Error, time::Duration};

use axum::{Router, response::IntoResponse, routing::get};
use futures_util::stream;
use http::{Request, header};
use http_body_util::{BodyExt, Empty};
use hyper::{body::Bytes, client};
use hyper_util::rt::TokioIo;
use longwave_drain::{Drain, DrainLayer};
use longwave_sse::{Event, EventBody, response};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
    time::{sleep, timeout},
};

/// How long short requests may take after the last stream is gone.
const GRACE: Duration = Duration::from_secs(5);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let drain = Drain::new().window(Duration::from_secs(2));
    let app = Router::new()
        .route("/feed", get(ticks))
        .layer(DrainLayer::new(&drain).max_age(Duration::from_secs(3600)))
        .route_service("/ready", drain.readiness());

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel();
    let server = axum::serve(listener, app).with_graceful_shutdown(async { _ = stopped.await });
    let server = tokio::spawn(server.into_future());

    for n in 0..5 {
        let mut feed = listen(address).await?;
        tokio::spawn(async move {
            let mut wire = Vec::new();
            while let Some(Ok(frame)) = feed.frame().await {
                wire.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new()));
            }
            let last = wire.split(|&byte| byte == b'\n').rev().nth(2).unwrap_or_default();
            println!("client {n} was told {}", String::from_utf8_lossy(last));
        });
    }

    // Here a server waits for the signal to terminate.
    sleep(Duration::from_secs(1)).await;
    println!("{} streams are open", drain.open());
    let report = drain.run().await;
    println!("{report:?}");
    // Until now requests were answered, and those for streams sent elsewhere.
    _ = stop.send(());
    timeout(GRACE, server).await???;
    println!("down");
    Ok(())
}

async fn ticks() -> impl IntoResponse {
    let events = stream::unfold(0_u64, |n| async move {
        sleep(Duration::from_millis(300)).await;
        Some((Ok::<_, Infallible>(Event::new().id(n.into()).data("tick")), n + 1))
    });
    response(axum::body::Body::new(EventBody::new(Box::pin(events))))
}

async fn listen(address: std::net::SocketAddr) -> Result<hyper::body::Incoming, Box<dyn Error>> {
    let socket = TcpStream::connect(address).await?;
    let (mut server, connection) = client::conn::http1::handshake(TokioIo::new(socket)).await?;
    tokio::spawn(connection);
    let request =
        Request::get("/feed").header(header::HOST, "feed").header(header::ACCEPT, "text/event-stream");
    Ok(server.send_request(request.body(Empty::<Bytes>::new())?).await?.into_body())
}
