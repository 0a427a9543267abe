use super::*;
use longwave_ws_hyper::{Config, WebSocket};
use tokio::io::{AsyncRead, AsyncWrite};

/// The socket, which is given a connection and keeps it, so that it takes no part in what is done in memory.
pub enum Socket {
    /// On TCP as it is.
    Plain,
    /// The same without a heartbeat, which no peer has.
    Silent,
    /// On what hyper gives away.
    Upgraded,
}

/// The idiomatic loop; it puts the answers to what came together into one write by itself.
async fn echo<T: AsyncRead + AsyncWrite + Send + Unpin + 'static>(mut socket: WebSocket<T>) {
    while let Some(Ok(message)) = socket.recv().await {
        // Last comes that the peer has closed the connection, and then nothing can be sent.
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

impl WsPeer for Socket {
    fn name(&self) -> &'static str {
        match self {
            Socket::Plain => "longwave socket",
            Socket::Silent => "longwave socket, no heartbeat",
            Socket::Upgraded => "longwave socket, hyper upgrade",
        }
    }

    fn decode(&self, _: MemIo<'_>, _: &Wire, _: &mut Tally) {
        unreachable!("it is not among those that work in memory");
    }

    fn encode(&self, _: MemIo<'_>, _: &Encode) {
        unreachable!("it is not among those that work in memory");
    }

    fn can_echo(&self, batch: bool) -> bool {
        !batch
    }

    fn wants_upgrade(&self) -> bool {
        matches!(self, Socket::Upgraded)
    }

    fn echo(&self, io: TcpStream, _: bool) -> BoxFuture<'static, ()> {
        match self {
            Socket::Plain => Box::pin(echo(WebSocket::server(io, &Config::new()))),
            Socket::Silent => Box::pin(echo(WebSocket::server(io, &Config::new().without_heartbeat()))),
            Socket::Upgraded => Box::pin(upgrade::socket(io, echo)),
        }
    }
}
