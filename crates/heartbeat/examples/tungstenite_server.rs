//! A server on tokio-tungstenite that finds out which of its two clients has gone.
//!
//! ```text
//! cargo run -p longwave-heartbeat --all-features --example tungstenite_server
//! ```

use std::{error::Error, time::Duration};

use futures_util::StreamExt;
use longwave_core::Lifeline;
use longwave_heartbeat::Beating;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{Instant, timeout},
};
use tokio_tungstenite::{accept_async, connect_async};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("ws://{}/", listener.local_addr()?);

    // It pings once a second here; a silent peer is given ten to answer.
    let server = tokio::spawn(async move {
        let mut sockets = JoinSet::new();
        for name in ["the living", "the dead"] {
            let (socket, _) = listener.accept().await?;
            sockets.spawn(serve(name, socket));
        }
        while sockets.join_next().await.is_some() {}
        Ok::<_, std::io::Error>(())
    });

    // A client answers pings while it is read from. One that is not is as good as gone.
    let (mut living, _) = connect_async(url.as_str()).await?;
    let (dead, _) = connect_async(url.as_str()).await?;
    let reads = timeout(Duration::from_secs(13), async { while living.next().await.is_some() {} });
    println!("the living is still there: {}", reads.await.is_err());
    drop((living, dead));
    server.await??;
    Ok(())
}

async fn serve(name: &str, socket: TcpStream) {
    let Ok(socket) = accept_async(socket).await else { return };
    let start = Instant::now();
    let mut socket = Beating::new(socket, &Lifeline::new()).with_interval(Duration::from_secs(1));
    while let Some(Ok(message)) = socket.next().await {
        println!("{name}: {message:?}");
    }
    let (reason, round_trip) = (socket.lifeline().reason(), socket.round_trip());
    println!("{name} left after {:.1?}: {reason:?}, round trip {round_trip:?}", start.elapsed());
}
