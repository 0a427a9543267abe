use longwave_core::Connection;
use tonic::transport::server::Connected;

use super::GuardedIo;

/// With this, a server of tonic puts the [`Connection`] into the extensions of each request; in the place of the
/// addresses that it puts there for a bare socket.
///
/// # Examples
///
/// ```
/// use std::io;
///
/// use futures_util::{Stream, stream};
/// use longwave_backpressure::guard::{Guard, GuardedIo};
/// use tokio::net::{TcpListener, TcpStream};
///
/// /// To be served with `serve_with_incoming`.
/// fn incoming(listener: TcpListener, guard: Guard) -> impl Stream<Item = io::Result<GuardedIo<TcpStream>>> {
///     stream::unfold(listener, move |listener| async move {
///         let accepted = listener.accept().await.map(|(socket, _)| guard.wrap(socket));
///         Some((accepted, listener))
///     })
/// }
/// ```
impl<T> Connected for GuardedIo<T> {
    type ConnectInfo = Connection;

    fn connect_info(&self) -> Connection {
        self.connection().clone()
    }
}
