//! Sends every message back to where it came from: the codec on a TCP socket, without a framework.
//!
//! ```text
//! cargo run -p longwave-ws --all-features --example echo_server -- [address] [--deflate] [--large]
//! ```
//!
//! It listens on `127.0.0.1:9001` if no address is given, and prints the one it listens on. With `--deflate` messages
//! are compressed if the client can do that. With `--large` it takes messages of up to 16 MiB in up to 65,537
//! fragments, as the Autobahn testsuite sends them.

mod tcp;

use std::{env, io, time::Duration};

use longwave_ws::{Connection, End, Limits, deflate, handshake::server};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

use self::tcp::http1;

/// What connections are made with.
#[derive(Clone, Copy)]
struct Settings {
    limits: Limits,
    deflate: Option<deflate::Settings>,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let mut address = "127.0.0.1:9001".to_owned();
    let mut settings = Settings { limits: Limits::default(), deflate: None };
    for argument in env::args().skip(1) {
        match argument.as_str() {
            "--deflate" => settings.deflate = Some(deflate::Settings::new()),
            "--large" => {
                settings.limits = Limits::default().frame(16 << 20).message(16 << 20).fragments(65_537);
            }
            _ => address = argument,
        }
    }
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => drop(tokio::spawn(async move {
                match serve(stream, settings).await {
                    Ok(end) => println!("{peer}: {end:?}"),
                    Err(err) => println!("{peer}: {err}"),
                }
            })),
            // Too many files are open, or the client has gone while it waited: others may still come.
            Err(err) => {
                println!("no connection: {err}");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Opens the WebSocket, and echoes until it is closed.
async fn serve(mut stream: TcpStream, settings: Settings) -> io::Result<Option<End>> {
    // Small frames are not to wait for the acknowledgement of others.
    stream.set_nodelay(true)?;
    let reading = http1::read_request(&mut stream);
    let (request, input) = timeout(PATIENCE, reading).await.map_err(|_| io::ErrorKind::TimedOut)??;
    let mut accepted = match server::accept(&request, None, &server::Options::new()) {
        Ok(accepted) => accepted,
        Err(rejection) => {
            stream.write_all(&http1::response_head(&rejection.response())).await?;
            return Err(io::Error::other(rejection));
        }
    };
    let mut connection = Connection::server(settings.limits);
    let offers = accepted.offered_extensions().iter().map(|offer| (offer.name(), offer.params()));
    if let Some((agreed, answer)) = settings.deflate.and_then(|deflate| deflate.negotiate(offers)) {
        accepted.agree_extensions(Some(&answer)).map_err(io::Error::other)?;
        connection = connection.deflate(agreed, None);
    }
    stream.write_all(&http1::response_head(&accepted.response())).await?;
    tcp::run(stream, connection, input, Some).await
}

/// How long a client may take to ask.
const PATIENCE: Duration = Duration::from_secs(10);
