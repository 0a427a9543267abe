//! Reads the answer of a chat completion API as it is written: a POST whose response is an event stream.
//!
//! Such streams differ from what an `EventSource` reads. They answer one question, so nothing may reconnect
//! and ask again; they say `[DONE]` at their end; an error may come as JSON with a status of its own, or as
//! an event inside a stream that began with 200; and while the model thinks, only comments come.
//!
//! ```text
//! cargo run -p longwave-sse --all-features --example llm_stream
//! ```

use std::{convert::Infallible, error::Error, fmt, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response, StatusCode, header};
use http_body::Body;
use http_body_util::{BodyExt, Either, Full};
use hyper::{body::Incoming, client, server, service::service_fn};
use hyper_util::rt::TokioIo;
use longwave_sse::{Decoder, Event, EventBody, EventStream, EventType, OwnedItem, response};
use serde::{Deserialize, Serialize};
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};

/// How long the model may be silent, comments included.
const IDLE: Duration = Duration::from_secs(30);

#[derive(Deserialize, Serialize)]
struct Chunk {
    delta: String,
}

/// Why an answer has not come to its end.
#[derive(Debug)]
enum AnswerError {
    /// The API has refused the request: its status, and what it said.
    Refused(StatusCode, String),
    /// The API has given up in the middle, and what it said.
    Failed(String),
    /// The stream has ended without its last word, or has been silent for too long.
    Cut,
    /// The stream could not be read.
    Unreadable(Box<dyn Error>),
}

/// Hands each piece of an answer to `write`, until the API says that the answer is complete.
async fn read_answer<B>(response: Response<B>, mut write: impl FnMut(&str)) -> Result<(), AnswerError>
where
    B: Body + Unpin,
    B::Error: Error + 'static,
{
    let unreadable = |error| AnswerError::Unreadable(error);
    let mut items = match EventStream::from_response(response) {
        // Comments show that the API is still there.
        Ok(items) => items.with_decoder(Decoder::new().with_comments()),
        Err(refused) => {
            let (head, body) = refused.into_response().into_parts();
            let body = body.collect().await.map_err(|error| unreadable(error.into()))?.to_bytes();
            return Err(AnswerError::Refused(head.status, String::from_utf8_lossy(&body).into_owned()));
        }
    };
    while let Ok(Some(item)) = timeout(IDLE, items.next_item()).await {
        let OwnedItem::Event(event) = item.map_err(|error| unreadable(error.into()))? else { continue };
        match (event.event_type(), event.data()) {
            ("error", data) => return Err(AnswerError::Failed(data.to_owned())),
            (_, "[DONE]") => return Ok(()),
            _ => write(&event.json::<Chunk>().map_err(|error| unreadable(error.into()))?.delta),
        }
    }
    Err(AnswerError::Cut)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let api = TcpListener::bind("127.0.0.1:0").await?;
    let address = api.local_addr()?;
    tokio::spawn(serve(api));

    for path in ["/answer", "/fails", "/quota"] {
        let socket = TcpStream::connect(address).await?;
        let (mut api, connection) = client::conn::http1::handshake(TokioIo::new(socket)).await?;
        tokio::spawn(connection);
        let question =
            Request::post(path).header(header::HOST, "api").header(header::ACCEPT, "text/event-stream");
        let response =
            api.send_request(question.body(Full::new(Bytes::from("{\"prompt\":\"hi\"}")))?).await?;
        let mut answer = String::new();
        let outcome = read_answer(response, |delta| answer.push_str(delta)).await;
        println!("{path}: {answer:?}, {outcome:?}");
    }
    Ok(())
}

/// An API that answers one question, fails in the middle of another, and refuses the rest.
async fn serve(listener: TcpListener) {
    const ERROR: EventType = EventType::from_static("error");
    let answer = service_fn(|request: Request<Incoming>| async move {
        let delta =
            |delta: &str| Event::new().json(&Chunk { delta: delta.to_owned() }).expect("a string is JSON");
        let last = match request.uri().path() {
            "/answer" => Event::new().data("[DONE]"),
            "/fails" => Event::new().event_type(ERROR).data("overloaded"),
            _ => {
                let mut refused = Response::new(Either::Right(Full::from("{\"error\":\"quota\"}")));
                *refused.status_mut() = StatusCode::TOO_MANY_REQUESTS;
                return Ok::<_, Infallible>(refused);
            }
        };
        let events = [Event::new().comment("thinking"), delta("Hello"), delta(", world"), last];
        Ok(response(Either::Left(EventBody::new(stream::iter(events.map(Ok::<_, Infallible>))))))
    });
    while let Ok((socket, _)) = listener.accept().await {
        tokio::spawn(server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), answer));
    }
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(status, body) => write!(f, "refused with {status}: {body}"),
            Self::Failed(message) => write!(f, "failed: {message}"),
            Self::Cut => f.write_str("cut short"),
            Self::Unreadable(error) => write!(f, "unreadable: {error}"),
        }
    }
}

impl Error for AnswerError {}
