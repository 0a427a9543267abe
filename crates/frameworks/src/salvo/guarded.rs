use std::io;

use http::{Version, uri::Scheme};
use longwave_backpressure::guard::Guard;
use salvo::{
    conn::{Accepted, Acceptor, ConnCtrl, Holding, tcp::TcpCoupler},
    fuse::{ArcFusePolicy, FuseAction, FuseInfo, TransProto},
};
use tokio::net::TcpListener;

use super::connections::{Connections, Listed};

/// Accepts guarded sockets for a server of salvo.
///
/// The type that salvo serves a connection with cannot be named outside of salvo, and so not be wrapped: what
/// puts the [`Connection`](longwave_core::Connection) into the extensions of each request is a hoop,
/// [`connections`](Self::connections).
///
/// Of salvo's fuse the times for reading a head are kept. In the place of those for an idle connection and a
/// stalled write there is the [`Guard`].
#[derive(Debug)]
pub struct GuardedAcceptor {
    listener: TcpListener,
    guard: Guard,
    connections: Connections,
    holdings: [Holding; 1],
}

impl GuardedAcceptor {
    /// Guards the sockets of a listener.
    ///
    /// # Errors
    ///
    /// If the listener does not know its address.
    pub fn new(listener: TcpListener, guard: Guard) -> io::Result<Self> {
        let holding = Holding {
            local_addr: listener.local_addr()?.into(),
            http_versions: vec![Version::HTTP_11, Version::HTTP_2],
            http_scheme: Scheme::HTTP,
        };
        Ok(Self { listener, guard, connections: Connections::default(), holdings: [holding] })
    }

    /// The hoop that goes outside of all layers of longwave.
    #[must_use]
    pub fn connections(&self) -> Connections {
        self.connections.clone()
    }
}

impl Acceptor for GuardedAcceptor {
    type Coupler = TcpCoupler<Listed>;
    type Stream = Listed;

    fn holdings(&self) -> &[Holding] {
        &self.holdings
    }

    async fn accept(&mut self, fuse: Option<ArcFusePolicy>) -> io::Result<Accepted<Self::Coupler, Listed>> {
        loop {
            let (socket, remote) = self.listener.accept().await?;
            let local_addr = self.holdings[0].local_addr.clone();
            let info = FuseInfo {
                trans_proto: TransProto::Tcp,
                remote_addr: remote.into(),
                local_addr: local_addr.clone(),
            };
            let fuse_config = match &fuse {
                None => None,
                Some(policy) => match policy.decide(&info).await {
                    FuseAction::Accept(config) => Some(config),
                    FuseAction::Reject => continue,
                },
            };
            return Ok(Accepted {
                coupler: TcpCoupler::new(),
                stream: self.connections.list(self.guard.wrap(socket), remote),
                fuse_config,
                conn_ctrl: ConnCtrl::new(),
                local_addr,
                remote_addr: remote.into(),
                http_scheme: Scheme::HTTP,
            });
        }
    }
}
