//! Is put to the test by the Autobahn testsuite: runs each case that its fuzzing server has, and echoes.
//!
//! ```text
//! cargo run -p longwave-ws-hyper --all-features --example echo_client -- [url] [agent] [--deflate]
//! ```
//!
//! The server is expected at `ws://127.0.0.1:9001` if no URL is given, and makes a report under the agent's name. With
//! `--deflate` it is offered to compress messages.

use std::{env, error::Error};

use http::Uri;
use longwave_ws_hyper::{
    Config, Limits, Message, WebSocket,
    client::{self, Options},
    deflate,
};
use tokio::net::TcpStream;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (flags, arguments): (Vec<_>, Vec<_>) = env::args().skip(1).partition(|arg| arg.starts_with("--"));
    let mut arguments = arguments.into_iter();
    let server = arguments.next().unwrap_or_else(|| "ws://127.0.0.1:9001".to_owned());
    let agent = arguments.next().unwrap_or_else(|| "longwave".to_owned());
    // As large as the largest case, and a fragment more, for the last may be empty.
    let limits = Limits::default().frame(16 << 20).message(16 << 20).fragments(65_537);
    let plain = Options::new().config(Config::new().limits(limits));
    let mut options = plain.clone();
    if flags.iter().any(|flag| flag == "--deflate") {
        options = options.deflate(deflate::Settings::new());
    }

    let count: u32 = count(&format!("{server}/getCaseCount"), &plain).await?.parse()?;
    for case in 1..=count {
        // A case may go as far as to break the connection; the others are still to come.
        match echo(&format!("{server}/runCase?case={case}&agent={agent}"), &options).await {
            Ok(()) => println!("{case} of {count}"),
            Err(err) => println!("{case} of {count}: {err}"),
        }
    }
    let mut reports = connect(&format!("{server}/updateReports?agent={agent}"), &plain).await?;
    while reports.recv().await.transpose()?.is_some() {}
    Ok(())
}

/// Asks how many cases there are.
async fn count(url: &str, options: &Options) -> Result<String, Box<dyn Error>> {
    let (mut socket, mut count) = (connect(url, options).await?, String::new());
    while let Some(message) = socket.recv().await.transpose()? {
        count.extend(message.as_text());
    }
    Ok(count)
}

/// Echoes until the WebSocket is closed.
async fn echo(url: &str, options: &Options) -> Result<(), Box<dyn Error>> {
    let mut socket = connect(url, options).await?;
    while let Some(message) = socket.recv().await {
        match message? {
            Message::Close(_) => {}
            message => socket.send(message).await?,
        }
    }
    Ok(())
}

async fn connect(url: &str, options: &Options) -> Result<WebSocket<TcpStream>, Box<dyn Error>> {
    let uri: Uri = url.parse()?;
    let stream = TcpStream::connect((uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(80))).await?;
    // Small frames are not to wait for the acknowledgement of others.
    stream.set_nodelay(true)?;
    let (socket, _response) = client::http1(stream, &uri, options).await?;
    Ok(socket)
}
