use std::{
    collections::HashMap,
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use longwave_backpressure::guard::GuardedIo;
use longwave_core::Connection;
use salvo::{Depot, FlowCtrl, Handler, Request, Response, async_trait};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// The open connections of an acceptor, and a hoop that puts the one of each request into its extensions.
///
/// By the address of the peer, which no two open connections of a listener share: the hoop comes before any that
/// changes the request's address.
#[derive(Clone, Debug, Default)]
pub struct Connections {
    by_peer: Arc<Mutex<HashMap<SocketAddr, Connection>>>,
}

/// A guarded socket that is listed among the open connections.
#[derive(Debug)]
pub struct Listed {
    // Dropped before the socket, so that a peer that gets the same port again finds the place free.
    _entry: Entry,
    io: GuardedIo<TcpStream>,
}

#[derive(Debug)]
struct Entry {
    connections: Connections,
    peer: SocketAddr,
}

impl Connections {
    pub(super) fn list(&self, io: GuardedIo<TcpStream>, peer: SocketAddr) -> Listed {
        let connection = io.connection().clone();
        self.with(|by_peer| by_peer.insert(peer, connection));
        Listed { _entry: Entry { connections: self.clone(), peer }, io }
    }

    fn with<T>(&self, look: impl FnOnce(&mut HashMap<SocketAddr, Connection>) -> T) -> T {
        look(&mut self.by_peer.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Handler for Connections {
    async fn handle(&self, request: &mut Request, _: &mut Depot, _: &mut Response, _: &mut FlowCtrl) {
        let peer = request.remote_addr().clone().into_std();
        if let Some(connection) = peer.and_then(|peer| self.with(|by_peer| by_peer.get(&peer).cloned())) {
            request.extensions_mut().insert(connection);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let _removed = self.connections.with(|by_peer| by_peer.remove(&self.peer));
    }
}

impl AsyncRead for Listed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Listed {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
