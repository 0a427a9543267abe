//! A WebSocket of longwave's carries the stream of its request itself, over either version of HTTP.

use std::{net::SocketAddr, time::Duration};

use longwave_core::{Cause, EndReason};
use longwave_frameworks::{Framework, Route, Wire};
use longwave_heartbeat::Heartbeat;
use longwave_ws_hyper::{
    CloseCode, Config, Message, WebSocket, WriteHalf,
    client::{self, Http2, Options},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::JoinHandle,
};

use crate::support::{opened, over, stack, start, within};

/// What reads is read all the time, as pings are answered by that.
struct Echo {
    receiving: JoinHandle<()>,
    received: UnboundedReceiver<Message>,
    send: Box<dyn Sends>,
}

/// Over whatever it is.
trait Sends: Send {
    fn queue(&mut self, text: String);
}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Sends for WriteHalf<T> {
    fn queue(&mut self, text: String) {
        drop(self.send(text));
    }
}

impl Echo {
    fn of<T>(socket: WebSocket<T>) -> Self
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (mut read, write) = socket.split();
        let (give, received) = unbounded_channel();
        let receiving = tokio::spawn(async move {
            while let Some(Ok(message)) = read.recv().await {
                _ = give.send(message);
            }
        });
        Self { receiving, received, send: Box::new(write) }
    }
}

async fn open<F: Framework>(address: SocketAddr, wire: Wire) -> Echo {
    let io = TcpStream::connect(address).await.unwrap();
    let uri = format!("ws://{address}{}", Route::Echo.path(F::DIALECT)).parse().unwrap();
    let options = Options::new().config(Config::new().without_heartbeat());
    match wire {
        Wire::Http1 => {
            let (socket, _response) = client::http1(io, &uri, &options).await.unwrap();
            Echo::of(socket)
        }
        Wire::Http2 => {
            let connection = Http2::connect(io).await.unwrap();
            let (socket, _response) = connection.open(&uri, &options).await.unwrap();
            Echo::of(socket)
        }
    }
}

impl Echo {
    async fn receive(&mut self) -> Option<Message> {
        within("a message", self.received.recv()).await
    }

    async fn ends(mut self, code: CloseCode, reason: &str) {
        let message = self.receive().await;
        let Some(Message::Close(Some(frame))) = message else { panic!("{message:?}") };
        assert_eq!((frame.code(), frame.reason()), (code, reason));
    }
}

pub(crate) async fn a_socket_echoes<F: Framework>() {
    for &wire in F::WIRES {
        let stack = stack(10);
        let mut server = start::<F>(&stack).await;
        let mut echo = open::<F>(server.address(), wire).await;
        echo.send.queue("hello".to_owned());
        assert_eq!(echo.receive().await, Some(Message::text("hello")), "{wire:?}");
        let mut over_there = opened(&mut server, Route::Echo).await;
        over_there.lifeline().end(EndReason::new(Cause::Closed));
        echo.ends(CloseCode::NORMAL, "").await;
        over(&mut over_there).await;
    }
}

pub(crate) async fn a_socket_counts_until_it_is_over<F: Framework>() {
    for &wire in F::WIRES {
        let stack = stack(10);
        let mut server = start::<F>(&stack).await;
        let echo = open::<F>(server.address(), wire).await;
        let mut gone = opened(&mut server, Route::Echo).await;
        assert_eq!((stack.limit.open(), stack.drain.open()), (1, 1));
        let connection = gone.lifeline().connection().expect("a guarded socket");
        assert_eq!(connection.streams(), 1);
        echo.receiving.abort();
        drop(echo);
        over(&mut gone).await;
        assert_eq!(stack.limit.open(), 0);
    }
}

pub(crate) async fn a_socket_is_told_why_it_ends<F: Framework>() {
    for &wire in F::WIRES {
        let stack = stack(10);
        let mut server = start::<F>(&stack).await;
        let echo = open::<F>(server.address(), wire).await;
        let mut ended = opened(&mut server, Route::Echo).await;
        assert!(ended.lifeline().end(Cause::Revoked));
        echo.ends(CloseCode::new(4403).unwrap(), "revoked").await;
        over(&mut ended).await;
        assert_eq!(stack.limit.open(), 0);
    }
}

pub(crate) async fn a_socket_is_told_of_a_drain<F: Framework>() {
    for &wire in F::WIRES {
        let stack = stack(10);
        let server = start::<F>(&stack).await;
        let echo = open::<F>(server.address(), wire).await;
        assert_eq!(stack.drain.open(), 1);
        let report = within("a drain", stack.drain.run()).await;
        assert_eq!((report.ended, report.gone, report.left_over), (1, 0, 0));
        echo.ends(CloseCode::SERVICE_RESTART, "server restarts").await;
        within("the shutdown", server.shut_down()).await.unwrap();
    }
}

/// By the settings of the layer.
pub(crate) async fn a_silent_socket_is_pinged<F: Framework>() {
    for &wire in F::WIRES {
        let mut stack = stack(10);
        stack.heartbeat = Heartbeat::every(Duration::from_millis(100));
        let mut server = start::<F>(&stack).await;
        let echo = open::<F>(server.address(), wire).await;
        let beaten = opened(&mut server, Route::Echo).await;
        // Dead peers are found, so one that is not answers.
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(!beaten.lifeline().is_ended());
        assert!(!echo.receiving.is_finished());
    }
}

/// Over HTTP/2 what hyper has taken stays until the client reads it, and so the connection goes if it has no other stream.
pub(crate) async fn a_socket_whose_client_takes_nothing_ends_in_time<F: Framework>() {
    for &wire in F::WIRES {
        let stack = stack(10);
        let mut server = start::<F>(&stack).await;
        let mut echo = open::<F>(server.address(), wire).await;
        let mut blocked = opened(&mut server, Route::Echo).await;
        echo.receiving.abort();
        // Until nothing goes any more: more than all the windows and buffers there are.
        for _ in 0..400 {
            echo.send.queue("x".repeat(64 * 1024));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(stack.limit.open(), 1);
        blocked.lifeline().end(Cause::Revoked);
        over(&mut blocked).await;
        assert_eq!(stack.limit.open(), 0);
        let connection = blocked.lifeline().connection().expect("a guarded socket");
        if wire == Wire::Http2 {
            assert!(connection.aborted().is_some(), "what was written does not stay");
        }
    }
}
