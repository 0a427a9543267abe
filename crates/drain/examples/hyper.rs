//! A server of event streams on plain hyper that is shut down while clients are listening, with the graceful
//! shutdown of hyper-util.
//!
//! ```text
//! cargo run -p longwave-drain --example hyper
//! ```

use std::{convert::Infallible, error::Error, time::Duration};

use futures_util::stream;
use http::{Request, Response, header};
use http_body::Body;
use http_body_util::{BodyExt, Empty};
use hyper::{
    body::{Bytes, Incoming},
    client, server,
};
use hyper_util::{rt::TokioIo, server::graceful::GracefulShutdown, service::TowerToHyperService};
use longwave_drain::{Drain, DrainLayer};
use longwave_sse::{Event, EventBody, response};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
    time::{sleep, timeout},
};
use tower::service_fn;
use tower_layer::Layer;

/// How long short requests may take after the last stream is gone.
const GRACE: Duration = Duration::from_secs(5);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let drain = Drain::new().window(Duration::from_secs(2));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel();
    let server = tokio::spawn(serve(listener, drain.clone(), stopped));

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
    timeout(GRACE, server).await??;
    println!("down");
    Ok(())
}

/// Serves connections until it is stopped, and then shuts down those that are left.
async fn serve(listener: TcpListener, drain: Drain, mut stopped: oneshot::Receiver<()>) {
    let app = service_fn(|_: Request<Incoming>| async { Ok::<_, Infallible>(ticks()) });
    let service = DrainLayer::new(&drain).max_age(Duration::from_secs(3600)).layer(app);
    let graceful = GracefulShutdown::new();
    loop {
        let socket = tokio::select! {
            _ = &mut stopped => break,
            Ok((socket, _)) = listener.accept() => TokioIo::new(socket),
            else => break,
        };
        let service = TowerToHyperService::new(service.clone());
        let connection = server::conn::http1::Builder::new().serve_connection(socket, service);
        tokio::spawn(graceful.watch(connection));
    }
    drop(listener);
    graceful.shutdown().await;
}

fn ticks() -> Response<impl Body<Data = Bytes, Error = Infallible>> {
    let events = stream::unfold(0_u64, |n| async move {
        sleep(Duration::from_millis(300)).await;
        Some((Ok::<_, Infallible>(Event::new().id(n.into()).data("tick")), n + 1))
    });
    response(EventBody::new(Box::pin(events)))
}

async fn listen(address: std::net::SocketAddr) -> Result<Incoming, Box<dyn Error>> {
    let socket = TcpStream::connect(address).await?;
    let (mut server, connection) = client::conn::http1::handshake(TokioIo::new(socket)).await?;
    tokio::spawn(connection);
    let request =
        Request::get("/feed").header(header::HOST, "feed").header(header::ACCEPT, "text/event-stream");
    Ok(server.send_request(request.body(Empty::<Bytes>::new())?).await?.into_body())
}
