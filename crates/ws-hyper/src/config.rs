use std::time::Duration;

use longwave_core::Heartbeat;
use longwave_ws::Limits;

/// How a [`WebSocket`](crate::WebSocket) behaves once it is open; cheap to clone.
///
/// | setting | unless set |
/// |---|---|
/// | [`limits`](Self::limits) | those of [`Limits`] |
/// | [`heartbeat`](Self::heartbeat) | that of the request's lifeline, or else a ping after 25 s of silence |
/// | [`high_water`](Self::high_water) | 64 KiB |
/// | [`close_timeout`](Self::close_timeout) | 5 s |
/// | [`stall_timeout`](Self::stall_timeout) | 30 s |
/// | [`fragment_size`](Self::fragment_size) | none: a message is one frame |
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use longwave_core::Heartbeat;
/// use longwave_ws_hyper::{Config, Limits};
///
/// let config = Config::new()
///     .limits(Limits::default().message(64 * 1024))
///     .heartbeat(Heartbeat::every(Duration::from_secs(20)));
/// # let _ = config;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Config {
    pub(crate) limits: Limits,
    pub(crate) beats: Beats,
    pub(crate) high_water: usize,
    pub(crate) close_timeout: Duration,
    pub(crate) stall_timeout: Duration,
    pub(crate) fragment_size: Option<usize>,
    #[cfg(feature = "deflate")]
    pub(crate) pool: Option<longwave_ws::deflate::Pool>,
}

/// Which heartbeat a socket has.
#[derive(Clone, Debug)]
pub(crate) enum Beats {
    /// That of the lifeline, or the default.
    Inherited,
    Set(Heartbeat),
    Off,
}

impl Config {
    /// Makes the default.
    pub const fn new() -> Self {
        Self {
            limits: Limits::new(),
            beats: Beats::Inherited,
            high_water: HIGH_WATER,
            close_timeout: CLOSE_TIMEOUT,
            stall_timeout: STALL_TIMEOUT,
            fragment_size: None,
            #[cfg(feature = "deflate")]
            pool: None,
        }
    }

    /// Sets how much the peer may ask for.
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets how the connection is kept alive, and when its peer is dead.
    pub fn heartbeat(mut self, heartbeat: Heartbeat) -> Self {
        self.beats = Beats::Set(heartbeat);
        self
    }

    /// Sends no pings by itself. A peer that has gone without a word is then never found out.
    pub fn without_heartbeat(mut self) -> Self {
        self.beats = Beats::Off;
        self
    }

    /// Sets how many bytes may wait to be sent before sending has to wait.
    ///
    /// It can go on when half of that is left. What waits beyond is at most 16 times as much, and one message: see
    /// [`Error::Full`](crate::Error::Full).
    pub const fn high_water(mut self, bytes: usize) -> Self {
        self.high_water = bytes;
        self
    }

    /// Sets how long the closing handshake may take, all of it.
    pub const fn close_timeout(mut self, patience: Duration) -> Self {
        self.close_timeout = patience;
        self
    }

    /// Sets how long the peer may take nothing of what is to be sent, while somebody waits for that.
    pub const fn stall_timeout(mut self, patience: Duration) -> Self {
        self.stall_timeout = patience;
        self
    }

    /// Sends messages that are longer than this in frames of this many bytes, between which pings and pongs find
    /// room.
    ///
    /// # Panics
    ///
    /// If it is zero.
    pub const fn fragment_size(mut self, bytes: usize) -> Self {
        assert!(bytes > 0, "a fragment has at least one byte");
        self.fragment_size = Some(bytes);
        self
    }

    /// Takes the memory for compression from this pool, and gives it back there.
    #[cfg(feature = "deflate")]
    pub fn pool(mut self, pool: longwave_ws::deflate::Pool) -> Self {
        self.pool = Some(pool);
        self
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

const HIGH_WATER: usize = 64 * 1024;
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
const STALL_TIMEOUT: Duration = Duration::from_secs(30);
