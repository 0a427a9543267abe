//! Any frames, right and wrong, in any pieces, over pipes and over HTTP/2: what comes of them is what an oracle says.
#![allow(clippy::unwrap_used)]

use std::{convert::Infallible, future::Future, time::Duration};

use bytes::Bytes;
use http::Request;
use http_body_util::Empty;
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use longwave_testing::{
    io::Fickle,
    ws::{
        oracle::{self, Failure, Terms, Told, Verdict},
        script::Script,
    },
};
use longwave_ws_hyper::{
    Config, Error, Limits, Message, Role, Rule, WebSocket,
    client::{Http2, Options},
    server, upgrade,
};
use proptest::{collection::vec, prelude::*};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex, split},
    runtime::{Builder, Runtime},
    sync::mpsc,
    time::timeout,
};

/// What the socket has handed out, and why there was no more.
type Handed = (Vec<Message>, Option<Error>);

fn terms(role: Role) -> Terms {
    Terms { role, frame: 1 << 20, message: 1 << 20, fragments: 4096, control_frames: u32::MAX }
}

fn config() -> Config {
    Config::new().without_heartbeat().limits(Limits::new().control_frames(u32::MAX))
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

/// Sends everything back.
async fn echo<T: AsyncRead + AsyncWrite + Send + Unpin + 'static>(mut socket: WebSocket<T>) -> Handed {
    let mut handed = Vec::new();
    while let Some(message) = socket.recv().await {
        match message {
            Ok(message) => {
                if !matches!(message, Message::Close(_)) {
                    // The peer may have closed it meanwhile.
                    drop(socket.send(message.clone()).await);
                }
                handed.push(message);
            }
            Err(error) => return (handed, Some(error)),
        }
    }
    (handed, None)
}

/// Sends the bytes, and receives until the socket has nothing more to say.
async fn talk(io: impl AsyncRead + AsyncWrite + Send + 'static, wire: Vec<u8>) -> Vec<u8> {
    let (mut read, mut write) = split(io);
    let sending = tokio::spawn(async move {
        // The socket may have heard enough.
        drop(write.write_all(&wire).await);
        drop(write.flush().await);
        drop(write.shutdown().await);
    });
    let mut answer = Vec::new();
    drop(timeout(Duration::from_secs(3600), read.read_to_end(&mut answer)).await.expect("an end"));
    sending.await.unwrap();
    answer
}

fn told(message: &Message) -> Told {
    match message {
        Message::Text(text) => Told::Text(text.to_string()),
        Message::Binary(bytes) => Told::Binary(bytes.to_vec()),
        Message::Ping(bytes) => Told::Ping(bytes.to_vec()),
        Message::Pong(bytes) => Told::Pong(bytes.to_vec()),
        Message::Close(frame) => {
            Told::Close(frame.as_ref().map(|frame| (frame.code().get(), frame.reason().to_owned())))
        }
    }
}

fn is_data(told: &Told) -> bool {
    matches!(told, Told::Text(_) | Told::Binary(_))
}

/// The same from the application's and from the peer's point of view.
fn check(verdict: &Verdict, (handed, error): &Handed, answer: &[u8], answers_to: Role) {
    let expected: Vec<Told> = verdict.told();
    let wanted = expected.iter().filter(|told| is_data(told) || matches!(told, Told::Close(_)));
    assert_eq!(handed.iter().map(told).collect::<Vec<_>>(), wanted.cloned().collect::<Vec<_>>());
    let is_closed = matches!(expected.last(), Some(Told::Close(_)));
    match (&verdict.failure, error) {
        _ if is_closed => assert!(error.is_none(), "{error:?}"),
        (Some(Failure { rules, at }), Some(Error::Violation(violation))) => {
            assert!(rules.contains(&violation.rule()), "{violation} is not of {rules:?}");
            assert_eq!(violation.at(), *at);
        }
        (None, Some(Error::Dropped)) => {}
        other => panic!("{other:?}"),
    }
    let said = oracle::interpret(&terms(answers_to), answer);
    assert!(said.failure.is_none(), "{said:?}");
    let said = said.told();
    let last = match (&verdict.failure, error) {
        (_, Some(Error::Violation(violation))) => {
            Some(Told::Close(Some((violation.close_code().get(), reason(violation.rule())))))
        }
        _ if is_closed => match expected.last() {
            Some(Told::Close(frame)) => {
                Some(Told::Close(frame.as_ref().map(|(code, _)| (*code, String::new()))))
            }
            _ => None,
        },
        _ => None,
    };
    let Some(last) = last else { return };
    // The peer has said all it had to before it closed, so that nothing of it is missing.
    assert_eq!(said.last(), Some(&last));
    let echoes: Vec<&Told> = said.iter().filter(|told| is_data(told)).collect();
    let wanted: Vec<&Told> = expected.iter().filter(|told| is_data(told)).collect();
    assert!(wanted.starts_with(&echoes), "what is sent back is what came, in order");
    let pongs = said.iter().filter(|told| matches!(told, Told::Pong(_))).count();
    assert!(pongs <= expected.iter().filter(|told| matches!(told, Told::Ping(_))).count());
}

fn reason(rule: Rule) -> String {
    rule.to_string()
}

fn script(role: Role) -> impl Strategy<Value = (Vec<u8>, Verdict)> {
    (vec(any::<u8>(), 0..200), vec(any::<u8>(), 0..7)).prop_map(move |(bytes, how)| {
        let mut script = Script::read(role, &bytes);
        script.spoil(&how);
        let wire = script.wire();
        let verdict = oracle::interpret(&terms(role), &wire).over_a_connection(u32::MAX);
        (wire, verdict)
    })
}

fn run<F: Future>(future: F) -> F::Output {
    runtime().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_server_on_a_pipe_does_what_the_oracle_says((wire, verdict) in script(Role::Server), seed: u64, most in 1..90_usize) {
        run(async {
            let (near, far) = duplex(100);
            let server = tokio::spawn(echo(WebSocket::server(Fickle::new(far, seed, most), &config())));
            let answer = talk(Fickle::new(near, !seed, most), wire).await;
            check(&verdict, &server.await.unwrap(), &answer, Role::Client);
        });
    }

    #[test]
    fn a_client_on_a_pipe_does_what_the_oracle_says((wire, verdict) in script(Role::Client), seed: u64, most in 1..90_usize) {
        run(async {
            let (near, far) = duplex(100);
            let client = tokio::spawn(echo(WebSocket::client(Fickle::new(far, seed, most), &config())));
            let answer = talk(Fickle::new(near, !seed, most), wire).await;
            check(&verdict, &client.await.unwrap(), &answer, Role::Server);
        });
    }

    #[test]
    fn a_server_over_http2_does_what_the_oracle_says((wire, verdict) in script(Role::Server), seed: u64, most in 1..90_usize) {
        run(async {
            let (near, far) = duplex(1 << 16);
            let (give, mut take) = mpsc::unbounded_channel();
            let service = service_fn(move |mut request: Request<Incoming>| {
                let options = server::Options::new().config(config());
                let (response, upgrading) = upgrade::<_, Empty<Bytes>>(&mut request, &options).unwrap();
                let served = tokio::spawn(async move { echo(upgrading.await.unwrap()).await });
                give.send(served).unwrap();
                async { Ok::<_, Infallible>(response) }
            });
            tokio::spawn(
                http2::Builder::new(TokioExecutor::new())
                    .enable_connect_protocol()
                    .serve_connection(TokioIo::new(far), service),
            );
            let connection = Http2::connect(near).await.unwrap();
            let uri = "ws://localhost/".parse().unwrap();
            let (socket, _response) = connection.open(&uri, &Options::new()).await.unwrap();
            let (io, _unread) = socket.into_inner().unwrap();
            let answer = talk(Fickle::new(io, seed, most), wire).await;
            check(&verdict, &take.recv().await.unwrap().await.unwrap(), &answer, Role::Client);
        });
    }
}
