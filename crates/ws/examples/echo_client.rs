//! Is put to the test by the Autobahn testsuite: runs each case that its fuzzing server has, and echoes.
//!
//! ```text
//! cargo run -p longwave-ws --all-features --example echo_client -- [url] [agent] [--deflate]
//! ```
//!
//! The server is expected at `ws://127.0.0.1:9001` if no URL is given, and makes a report under the agent's name. With
//! `--deflate` it is offered to compress messages.

mod tcp;

use std::{env, io};

use longwave_ws::{
    Connection, End, Limits, Message, deflate,
    handshake::{Extension, client},
};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use self::tcp::http1;

#[tokio::main]
async fn main() -> io::Result<()> {
    let (flags, arguments): (Vec<_>, Vec<_>) = env::args().skip(1).partition(|arg| arg.starts_with("--"));
    let mut arguments = arguments.into_iter();
    let server = arguments.next().unwrap_or_else(|| "ws://127.0.0.1:9001".to_owned());
    let agent = arguments.next().unwrap_or_else(|| "longwave".to_owned());
    let deflate = flags.iter().any(|flag| flag == "--deflate").then(deflate::Settings::new);

    let mut count = String::new();
    let note = |message: Message| {
        count.extend(message.as_text());
        None
    };
    connect(&format!("{server}/getCaseCount"), None, note).await?;
    let count: u32 = count.parse().map_err(io::Error::other)?;
    for case in 1..=count {
        // A case may go as far as to break the connection; the others are still to come.
        match connect(&format!("{server}/runCase?case={case}&agent={agent}"), deflate, Some).await {
            Ok(end) => println!("{case} of {count}: {end:?}"),
            Err(err) => println!("{case} of {count}: {err}"),
        }
    }
    connect(&format!("{server}/updateReports?agent={agent}"), None, |_| None).await?;
    Ok(())
}

/// Opens a WebSocket, and answers messages until it is closed.
async fn connect(
    url: &str,
    deflate: Option<deflate::Settings>,
    answer: impl FnMut(Message) -> Option<Message>,
) -> io::Result<Option<End>> {
    let uri = url.parse().map_err(io::Error::other)?;
    let nonce = rand::random();
    let mut options = client::Options::new();
    if let Some(deflate) = &deflate {
        options = options.extensions(Extension::parse_list(&deflate.offer()).map_err(io::Error::other)?);
    }
    let request = client::request(&uri, nonce, &options).map_err(io::Error::other)?;

    let address = (uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(80));
    let mut stream = TcpStream::connect(address).await?;
    // Small frames are not to wait for the acknowledgement of others.
    stream.set_nodelay(true)?;
    stream.write_all(&http1::request_head(&request)).await?;
    let (response, input) = http1::read_response(&mut stream).await?;
    let established = client::validate(&response, nonce, &options).map_err(io::Error::other)?;

    // As large as the largest case, and a fragment more, for the last may be empty.
    let limits = Limits::default().frame(16 << 20).message(16 << 20).fragments(65_537);
    let mut connection = Connection::client(limits, rand::random);
    match (deflate, established.extensions()) {
        (_, []) => {}
        (Some(deflate), [extension]) => {
            let agreed = deflate.accept_response(extension.params()).map_err(io::Error::other)?;
            connection = connection.deflate(agreed, None);
        }
        // By name it is one of those offered, but it may come twice.
        _ => return Err(io::Error::other("the server has agreed to more than was offered")),
    }
    tcp::run(stream, connection, input, answer).await
}
