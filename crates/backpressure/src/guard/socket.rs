use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

/// What a [`Guard`](super::Guard) can wrap.
pub trait Socket: AsyncRead + AsyncWrite {
    /// The TCP socket at the bottom, if there is one.
    fn tcp(&self) -> Option<&TcpStream> {
        None
    }
}

impl Socket for TcpStream {
    fn tcp(&self) -> Option<&TcpStream> {
        Some(self)
    }
}

#[cfg(unix)]
impl Socket for tokio::net::UnixStream {}

/// What the kernel is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Settings {
    pub(super) user_timeout: Option<Duration>,
    pub(super) keep_alive: Option<Duration>,
    /// In bytes.
    pub(super) unsent: Option<u32>,
}

impl Settings {
    /// A socket that refuses a setting, or is closed already, works without.
    pub(super) fn apply(self, tcp: &TcpStream) {
        let _refused = tcp.set_nodelay(true);
        let socket = SockRef::from(tcp);
        if let Some(after) = self.keep_alive {
            let probes = TcpKeepalive::new().with_time(after.max(SHORTEST));
            #[cfg(any(target_os = "linux", target_os = "macos", target_os = "windows"))]
            let probes = probes.with_interval((after / 3).max(SHORTEST));
            let _refused = socket.set_tcp_keepalive(&probes);
        }
        #[cfg(any(target_os = "android", target_os = "linux"))]
        {
            if self.user_timeout.is_some() {
                let _refused = socket.set_tcp_user_timeout(self.user_timeout);
            }
            if let Some(unsent) = self.unsent {
                let _refused = socket.set_tcp_notsent_lowat(unsent);
            }
        }
    }
}

/// Makes the close drop what was not sent: nobody reads it, and the kernel would hold it for minutes.
pub(super) fn forget_unsent(tcp: &TcpStream) {
    let _refused = SockRef::from(tcp).set_linger(Some(Duration::ZERO));
}

/// Systems count these times in whole seconds, and refuse a time of zero.
const SHORTEST: Duration = Duration::from_secs(1);
