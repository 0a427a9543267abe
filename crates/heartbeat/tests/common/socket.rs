//! A WebSocket in memory, whose other end the test holds.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, Waker},
};

use futures_util::{Sink, Stream};
use longwave_core::{Cause, EndReason};
use longwave_heartbeat::HeartbeatMessage;
use tokio::sync::mpsc;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Message {
    Text(&'static str),
    Ping([u8; 8]),
    Pong(Vec<u8>),
    Close(u16, String),
}

#[derive(Debug, PartialEq)]
pub(crate) enum Failed {
    Ended(Cause),
    NotReserved,
}

impl HeartbeatMessage for Message {
    type Error = Failed;

    fn ping(nonce: [u8; 8]) -> Self {
        Self::Ping(nonce)
    }

    fn pong(&self) -> Option<&[u8]> {
        if let Self::Pong(payload) = self { Some(payload) } else { None }
    }

    fn close(code: u16, reason: &str) -> Option<Self> {
        Some(Self::Close(code, reason.to_owned()))
    }

    fn ended(reason: EndReason) -> Failed {
        Failed::Ended(reason.cause())
    }
}

/// Both ends of a socket with room for so many messages on their way to the peer.
pub(crate) fn pair(room: usize) -> (Peer, Socket) {
    let (sender, inbound) = mpsc::unbounded_channel();
    let outbound = Arc::new(Mutex::new(Outbound { room, ..Outbound::default() }));
    (Peer { sender, outbound: outbound.clone() }, Socket { inbound, outbound, reserved: false })
}

#[derive(Default)]
struct Outbound {
    room: usize,
    queue: VecDeque<Message>,
    closed: bool,
    /// As with most sockets, the last one to have asked.
    writer: Option<Waker>,
    peer: Option<Waker>,
}

pub(crate) struct Peer {
    sender: mpsc::UnboundedSender<Message>,
    outbound: Arc<Mutex<Outbound>>,
}

impl Peer {
    pub(crate) fn send(&self, message: Message) {
        // The socket may have gone.
        let _ = self.sender.send(message);
    }

    pub(crate) async fn receive(&mut self) -> Option<Message> {
        std::future::poll_fn(|cx| {
            let mut outbound = lock(&self.outbound);
            if let Some(message) = outbound.queue.pop_front() {
                if let Some(writer) = outbound.writer.take() {
                    writer.wake();
                }
                return Poll::Ready(Some(message));
            }
            outbound.peer = Some(cx.waker().clone());
            if outbound.closed { Poll::Ready(None) } else { Poll::Pending }
        })
        .await
    }
}

/// It insists on room being reserved for every message.
pub(crate) struct Socket {
    inbound: mpsc::UnboundedReceiver<Message>,
    outbound: Arc<Mutex<Outbound>>,
    reserved: bool,
}

impl Stream for Socket {
    type Item = Result<Message, Failed>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.inbound.poll_recv(cx).map(|message| message.map(Ok))
    }
}

impl Sink<Message> for Socket {
    type Error = Failed;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        let mut outbound = lock(&self.outbound);
        if outbound.queue.len() >= outbound.room {
            outbound.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        drop(outbound);
        self.reserved = true;
        Poll::Ready(Ok(()))
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Failed> {
        if !std::mem::take(&mut self.reserved) {
            return Err(Failed::NotReserved);
        }
        let mut outbound = lock(&self.outbound);
        outbound.queue.push_back(message);
        if let Some(peer) = outbound.peer.take() {
            peer.wake();
        }
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        lock(&self.outbound).closed = true;
        Poll::Ready(Ok(()))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let mut outbound = lock(&self.outbound);
        outbound.closed = true;
        if let Some(peer) = outbound.peer.take() {
            peer.wake();
        }
    }
}

fn lock(outbound: &Mutex<Outbound>) -> MutexGuard<'_, Outbound> {
    outbound.lock().unwrap()
}
