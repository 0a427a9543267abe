use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use hyper::upgrade::OnUpgrade;
use longwave_core::Tether;
use longwave_ws::{Role, handshake::Subprotocol};

use super::Options;
use crate::{Upgraded, WebSocket, socket::Setup};

/// The future of a socket, which is there when hyper has sent the response to the handshake.
///
/// To be awaited in a task of its own, while hyper goes on with the connection. If it is dropped, nobody speaks on the
/// connection, which ends; what the lifeline of the request holds is let go of.
///
/// # Errors
///
/// If hyper cannot give the connection away: it is gone, the response was not sent as it was made, or the server does
/// not serve `with_upgrades`.
#[must_use = "futures do nothing unless polled"]
pub struct Upgrading {
    on_upgrade: OnUpgrade,
    options: Options,
    /// Gone when the socket is there.
    agreement: Option<Agreement>,
}

/// What client and server have agreed on, and what goes with the socket.
pub(super) struct Agreement {
    pub(super) is_http2: bool,
    pub(super) tether: Tether,
    pub(super) protocol: Option<Subprotocol>,
    #[cfg(feature = "deflate")]
    pub(super) deflate: Option<longwave_ws::deflate::Agreed>,
}

impl Upgrading {
    pub(super) const fn new(on_upgrade: OnUpgrade, agreement: Agreement, options: Options) -> Self {
        Self { on_upgrade, options, agreement: Some(agreement) }
    }

    /// The subprotocol that was agreed on.
    #[must_use]
    pub fn protocol(&self) -> Option<&Subprotocol> {
        self.agreement.as_ref().and_then(|agreement| agreement.protocol.as_ref())
    }
}

impl Future for Upgrading {
    type Output = Result<WebSocket<Upgraded>, hyper::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let upgraded = ready!(Pin::new(&mut this.on_upgrade).poll(cx));
        let agreement = this.agreement.take().expect("a future is not polled once it is ready");
        Poll::Ready(upgraded.map(|upgraded| {
            let setup = Setup {
                is_http2: agreement.is_http2,
                tether: Some(agreement.tether),
                protocol: agreement.protocol,
                #[cfg(feature = "deflate")]
                deflate: agreement.deflate,
                ..Setup::new(Upgraded::from(upgraded), Role::Server)
            };
            setup.open(this.options.sockets())
        }))
    }
}

impl fmt::Debug for Upgrading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrading").field("protocol", &self.protocol()).finish_non_exhaustive()
    }
}
