//! What holds on to a request is let go of when its socket is over, and what ends it ends the socket.
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    future::ready,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc as std_mpsc,
    },
    thread,
    time::Duration,
};

use http::{Request, Response};
use hyper::body::Incoming;
use longwave_core::{Cause, Closed, EndReason, Lifeline, Observer, Opened, Refused, StreamKind, Watch};
use longwave_ws_hyper::{
    CloseCode, Config, Message, Role, Upgraded, WebSocket, WriteHalf,
    client::{Http2, Options},
    server::{self, Upgrading},
    upgrade,
};
use tokio::{
    io::{DuplexStream, duplex},
    runtime,
    sync::mpsc,
    time::{sleep, timeout},
};

use self::common::{PATIENCE, Server, echo_over, exchange, serve};

/// Opens a WebSocket over either version of HTTP.
async fn open(server: Server, http2: bool) -> WebSocket<Upgraded> {
    if http2 {
        let connection = Http2::connect(server.dial().await).await.unwrap();
        connection.open(&server.uri(), &Options::new()).await.unwrap().0
    } else {
        // As a server of HTTP/1.1 has it, over what hyper gives away.
        let io = hyper_util::rt::TokioIo::new(server.dial().await);
        let mut connector = Once(Some(io));
        longwave_ws_hyper::client::connect(&mut connector, &server.uri(), &Options::new()).await.unwrap().0
    }
}

/// Gives a connection that there is.
struct Once<T>(Option<T>);

impl<T> tower_service::Service<http::Uri> for Once<T> {
    type Response = T;
    type Error = std::io::Error;
    type Future = std::future::Ready<std::io::Result<T>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Uri) -> Self::Future {
        std::future::ready(Ok(self.0.take().unwrap()))
    }
}

/// Counts what is held.
#[derive(Clone, Default)]
struct Count(Arc<AtomicUsize>);

/// What is held for a request.
struct Guard(Count);

impl Count {
    fn guard(&self) -> Guard {
        self.0.fetch_add(1, Ordering::SeqCst);
        Guard(self.clone())
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A server whose requests hold a guard, and whose sockets are served by `run`.
async fn guarded<F>(held: &Count, run: fn(Upgrading) -> F) -> (Server, mpsc::UnboundedReceiver<Lifeline>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (tell, lifelines) = mpsc::unbounded_channel();
    let held = held.clone();
    let server = serve(move |mut request: Request<Incoming>| {
        let lifeline = Lifeline::of(request.extensions_mut());
        // As a layer does until there is a response.
        let tether = lifeline.carry();
        lifeline.hold(held.guard());
        let (response, upgrading) = upgrade(&mut request, &server::Options::new()).unwrap();
        drop(tether);
        tell.send(lifeline).unwrap();
        tokio::spawn(run(upgrading));
        response
    })
    .await;
    (server, lifelines)
}

/// Waits until everything is let go of.
async fn released(held: &Count) {
    let wait = async {
        while held.get() > 0 {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, wait).await.expect("it is let go of");
}

#[tokio::test]
async fn what_is_held_is_let_go_of_with_the_socket_and_not_before() {
    for http2 in [false, true] {
        let held = Count::default();
        let (server, _lifelines) = guarded(&held, echo_over).await;
        let mut socket = open(server, http2).await;
        exchange(&mut socket, "hello").await;
        sleep(Duration::from_millis(20)).await;
        assert_eq!(held.get(), 1, "the socket is open");
        socket.close(None).await.unwrap();
        released(&held).await;
    }
}

#[tokio::test]
async fn what_is_held_is_let_go_of_when_the_client_vanishes() {
    for http2 in [false, true] {
        let held = Count::default();
        let (server, _lifelines) = guarded(&held, echo_over).await;
        drop(open(server, http2).await);
        released(&held).await;
    }
}

#[tokio::test]
async fn what_is_held_is_let_go_of_when_nobody_wants_the_socket() {
    for http2 in [false, true] {
        let held = Count::default();
        let (server, _lifelines) = guarded(&held, |_| ready(())).await;
        let mut socket = open(server, http2).await;
        released(&held).await;
        let last = timeout(PATIENCE, socket.recv()).await.expect("an end");
        assert!(!matches!(last, Some(Ok(Message::Close(_)))), "{last:?}");
    }
}

#[tokio::test]
async fn what_ends_the_request_ends_the_socket_with_the_reason() {
    for http2 in [false, true] {
        let held = Count::default();
        let (server, mut lifelines) = guarded(&held, echo_over).await;
        let mut socket = open(server, http2).await;
        exchange(&mut socket, "hello").await;
        let lifeline = lifelines.recv().await.unwrap();
        assert_eq!(lifeline.kind(), Some(StreamKind::WebSocket));
        lifeline.end(EndReason::new(Cause::Draining).with_text("restarting"));
        let last = timeout(PATIENCE, socket.recv()).await.expect("an end").unwrap().unwrap();
        let Message::Close(Some(frame)) = last else { panic!("{last:?}") };
        assert_eq!((frame.code(), frame.reason()), (CloseCode::new(1012).unwrap(), "restarting"));
        released(&held).await;
    }
}

#[tokio::test]
async fn what_has_ended_before_the_socket_is_there_ends_it() {
    let held = Count::default();
    let (server, mut lifelines) = guarded(&held, |upgrading| async {
        sleep(Duration::from_millis(50)).await;
        echo_over(upgrading).await;
    })
    .await;
    let mut socket = open(server, false).await;
    lifelines.recv().await.unwrap().end(Cause::Revoked);
    let last = timeout(PATIENCE, socket.recv()).await.expect("an end").unwrap().unwrap();
    assert!(matches!(last, Message::Close(Some(_))), "{last:?}");
    released(&held).await;
}

#[tokio::test]
async fn a_connection_counts_its_sockets() {
    for http2 in [false, true] {
        let watch = Watch::new();
        let connection = watch.connection().clone();
        let server = serve(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(connection.clone());
            let (response, upgrading) = upgrade(&mut request, &server::Options::new()).unwrap();
            tokio::spawn(echo_over(upgrading));
            response
        })
        .await;
        let mut socket = open(server, http2).await;
        exchange(&mut socket, "hello").await;
        assert_eq!(watch.connection().streams(), 1);
        socket.close(None).await.unwrap();
        let gone = async {
            while watch.connection().streams() > 0 {
                sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(PATIENCE, gone).await.expect("it is not counted any more");
    }
}

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Observer for Seen {
    fn opened(&self, opened: &Opened) {
        self.0.lock().unwrap().push(format!("opened {}", opened.kind.name()));
    }

    fn closed(&self, closed: &Closed) {
        self.0.lock().unwrap().push(format!("closed {}", closed.kind.name()));
    }

    fn refused(&self, refused: &Refused) {
        self.0.lock().unwrap().push(format!("refused {} {}", refused.kind.name(), refused.reason));
    }
}

#[tokio::test]
async fn an_observer_is_told_what_becomes_of_requests() {
    let (seen, held) = (Seen::default(), Count::default());
    let (observer, counted) = (seen.clone(), held.clone());
    let server = serve(move |mut request: Request<Incoming>| {
        let lifeline = Lifeline::of(request.extensions_mut());
        lifeline.set_observer(Arc::new(observer.clone()));
        let (response, upgrading): (Response<String>, _) =
            match upgrade(&mut request, &server::Options::new()) {
                Ok(upgrade) => upgrade,
                Err(rejection) => return rejection.response(),
            };
        lifeline.hold(counted.guard());
        tokio::spawn(echo_over(upgrading));
        response
    })
    .await;
    let evil = common::request(&[("Host: ", "Origin: https://evil.example\r\nHost: ")]);
    assert!(server.tell(evil).await.starts_with("HTTP/1.1 403"));
    assert!(server.tell(common::request(&[("Version: 13", "Version: 8")])).await.starts_with("HTTP/1.1 426"));
    open(server, false).await.close(None).await.unwrap();
    released(&held).await;
    assert_eq!(
        *seen.0.lock().unwrap(),
        ["refused websocket origin", "refused websocket version", "opened websocket", "closed websocket"]
    );
}

/// It is told when the socket can be used again: else this would wait for itself.
#[test]
fn an_observer_may_use_the_socket_that_it_hears_of() {
    #[derive(Default)]
    struct Echoes {
        write: Mutex<Option<WriteHalf<DuplexStream>>>,
        beats: AtomicUsize,
    }
    impl Observer for Echoes {
        fn beat(&self, _: StreamKind) {
            drop(self.write.lock().unwrap().as_mut().unwrap().send("there was a beat"));
            self.beats.fetch_add(1, Ordering::SeqCst);
        }
    }
    async fn run() {
        let (_near, far) = duplex(4096);
        let (lifeline, echoes) = (Lifeline::new(), Arc::new(Echoes::default()));
        lifeline.set_observer(echoes.clone());
        let socket = WebSocket::carrying(far, Role::Server, lifeline.carry(), &Config::new());
        let (mut read, write) = socket.split();
        *echoes.write.lock().unwrap() = Some(write);
        drop(timeout(Duration::from_secs(30), read.recv()).await);
        assert_eq!(echoes.beats.load(Ordering::SeqCst), 1);
    }
    let (done, is_done) = std_mpsc::channel();
    thread::spawn(move || {
        runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap()
            .block_on(run());
        done.send(()).unwrap();
    });
    is_done.recv_timeout(PATIENCE).expect("neither a deadlock nor a panic");
}
