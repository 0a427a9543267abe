use std::time::Duration;

use longwave_core::Watch;

use super::{GuardedIo, Socket, socket};

/// The settings of guarded sockets, and what wraps them.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use longwave_backpressure::guard::Guard;
///
/// let guard = Guard::new().stall(Duration::from_secs(20)).grace(Duration::from_secs(2));
/// # let _ = guard;
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct Guard {
    stall: Duration,
    grace: Duration,
    kernel: socket::Settings,
}

impl Guard {
    /// Makes a guard with the defaults that are named with each setting.
    pub const fn new() -> Self {
        let kernel = socket::Settings {
            user_timeout: Some(Duration::from_secs(60)),
            keep_alive: Some(Duration::from_secs(30)),
            unsent: Some(16 * 1024),
        };
        Self { stall: Duration::from_secs(30), grace: Duration::from_secs(1), kernel }
    }

    /// Sets for how long a reader may stop while there is something to read, of whatever response (30 s by
    /// default).
    pub const fn stall(mut self, stall: Duration) -> Self {
        self.stall = stall;
        self
    }

    /// Sets for how long a stream may take to go after it was ended (1 s by default).
    pub const fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Sets for how long sent bytes may stay without acknowledgement, or bytes unsent because the peer has no room
    /// for them (60 s by default; `None`: the kernel's default, which is many minutes). `TCP_USER_TIMEOUT`, on Linux.
    ///
    /// So a peer that keeps its window closed is cut after this too: a longer [`stall`](Self::stall) needs a longer
    /// one here.
    pub const fn user_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.kernel.user_timeout = timeout;
        self
    }

    /// Sets after how much silence the kernel asks whether the peer is there, in whole seconds (30 s by default;
    /// `None`: never).
    pub const fn keep_alive(mut self, after: Option<Duration>) -> Self {
        self.kernel.keep_alive = after;
        self
    }

    /// Sets how many bytes the kernel holds that it has not sent yet (16 KiB by default; `None`: as many as it
    /// likes, which may be megabytes). `TCP_NOTSENT_LOWAT`, on Linux.
    pub const fn unsent(mut self, bytes: Option<u32>) -> Self {
        self.kernel.unsent = bytes;
        self
    }

    /// Guards a socket that was just accepted; below TLS, if there is any.
    ///
    /// What the platform does not have is left as it is.
    pub fn wrap<T: Socket>(&self, io: T) -> GuardedIo<T> {
        if let Some(tcp) = io.tcp() {
            self.kernel.apply(tcp);
        }
        GuardedIo::new(io, Watch::new().with_stall(self.stall).with_grace(self.grace))
    }

    /// Guards the sockets of a listener; to be served together with
    /// [`GuardedMakeService`](super::GuardedMakeService).
    #[cfg(feature = "axum")]
    pub const fn listen<L>(self, listener: L) -> super::GuardedListener<L> {
        super::GuardedListener::new(listener, self)
    }
}

impl Default for Guard {
    fn default() -> Self {
        Self::new()
    }
}
