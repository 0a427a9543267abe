//! A feed in salvo that beats, is counted, is drained, and whose readers are watched.
//!
//! ```text
//! cargo run -p longwave-frameworks --example salvo
//! ```
//!
//! Salvo takes layers of tower as hoops. To guard its sockets it needs an acceptor and a hoop, and to keep the size
//! of plain responses another hoop; they are in `src/salvo` of this crate, to be copied.

use std::{convert::Infallible, error::Error, time::Duration};

use futures_util::stream;
use longwave_backpressure::{StreamLimitLayer, guard::Guard};
use longwave_drain::{Drain, DrainLayer};
use longwave_frameworks::salvo::{GuardedAcceptor, KnownSize};
use longwave_heartbeat::HeartbeatLayer;
use salvo::{
    http::ReqBody,
    prelude::*,
    sse::{self, SseEvent},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tower::ServiceBuilder;

/// How long short requests may take after the last stream is gone.
const GRACE: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let drain = Drain::new().window(Duration::from_secs(1));
    let layers = ServiceBuilder::new()
        .layer(DrainLayer::new(&drain).max_age(Duration::from_hours(1)))
        .layer(StreamLimitLayer::new(10_000))
        .layer(HeartbeatLayer::default());

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let acceptor = GuardedAcceptor::new(listener, Guard::new())?;
    let router = Router::new()
        // First of all, so that the layers find the connection.
        .hoop(acceptor.connections())
        .hoop(layers.compat::<ReqBody>())
        .hoop(KnownSize)
        .push(Router::with_path("feed").get(feed));
    let server = Server::new(acceptor);
    let handle = server.handle();
    let server = tokio::spawn(server.try_serve(router));

    let mut client = TcpStream::connect(address).await?;
    client.write_all(b"GET /feed HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n").await?;
    let mut wire = vec![0; 1024];
    let len = client.read(&mut wire).await?;
    print!("{}", String::from_utf8_lossy(&wire[..len]));

    // Here a server waits for the signal to terminate.
    println!("{:?}", drain.run().await);
    handle.stop_graceful(GRACE);
    server.await??;
    let len = client.read(&mut wire).await?;
    print!("{}", String::from_utf8_lossy(&wire[..len]));
    Ok(())
}

#[handler]
async fn feed(response: &mut Response) {
    sse::stream(response, stream::pending::<Result<SseEvent, Infallible>>());
}
