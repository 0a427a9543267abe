//! Sends every message back to where it came from, over HTTP/1.1 and HTTP/2.
//!
//! ```text
//! cargo run -p longwave-ws-hyper --all-features --example echo_server -- [address] [--deflate] [--large]
//! ```
//!
//! It listens on `127.0.0.1:9001` if no address is given, and prints the one it listens on. With `--deflate` messages
//! are compressed if the client can do that. With `--large` it takes messages of up to 16 MiB in up to 65,537
//! fragments, as the Autobahn testsuite sends them.

use std::{convert::Infallible, env, error::Error, future::ready, io, time::Duration};

use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use longwave_ws_hyper::{
    Config, Limits, Message, deflate,
    server::{Options, Upgrading},
    upgrade,
};
use tokio::{
    net::{TcpListener, TcpStream},
    time::sleep,
};

#[tokio::main]
async fn main() -> io::Result<()> {
    let mut address = "127.0.0.1:9001".to_owned();
    let mut options = Options::new();
    for argument in env::args().skip(1) {
        match argument.as_str() {
            "--deflate" => options = options.deflate(deflate::Settings::new()),
            "--large" => {
                let limits = Limits::default().frame(16 << 20).message(16 << 20).fragments(65_537);
                options = options.config(Config::new().limits(limits));
            }
            _ => address = argument,
        }
    }
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let options = options.clone();
                tokio::spawn(async move {
                    if let Err(err) = serve(stream, options).await {
                        println!("{peer}: {err}");
                    }
                });
            }
            // Too many files are open, or the client has gone while it waited: others may still come.
            Err(err) => {
                println!("no connection: {err}");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Serves a connection: one WebSocket over HTTP/1.1, or many over HTTP/2.
async fn serve(stream: TcpStream, options: Options) -> Result<(), Box<dyn Error + Send + Sync>> {
    // Small frames are not to wait for the acknowledgement of others.
    stream.set_nodelay(true)?;
    let service = service_fn(move |request| ready(Ok::<_, Infallible>(answer(request, &options))));
    let mut server = auto::Builder::new(TokioExecutor::new());
    // Without it, no client may open a WebSocket over HTTP/2.
    server.http2().enable_connect_protocol();
    server.serve_connection_with_upgrades(TokioIo::new(stream), service).await
}

/// Answers a request; what asks for no WebSocket is told what is missing.
fn answer(mut request: Request<Incoming>, options: &Options) -> Response<String> {
    let (response, upgrading) = match upgrade(&mut request, options) {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.response(),
    };
    tokio::spawn(async move {
        if let Err(err) = echo(upgrading).await {
            println!("{err}");
        }
    });
    response
}

/// Echoes until the WebSocket is closed.
async fn echo(upgrading: Upgrading) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut socket = upgrading.await?;
    while let Some(message) = socket.recv().await {
        match message? {
            Message::Close(_) => {}
            message => socket.send(message).await?,
        }
    }
    Ok(())
}
