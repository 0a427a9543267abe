/// How much a peer may ask for.
///
/// What breaks a limit is refused by the header that says so, before anything of it is kept; and memory is only ever
/// taken for bytes that have come, whatever a header claims.
///
/// | limit | here | tungstenite 0.30 | fastwebsockets 0.10 | tokio-websockets 0.13 | `ws` (Node) 8.21 |
/// |---|---|---|---|---|---|
/// | frame | 1 MiB | 16 MiB | 64 MiB | 64 MiB | 100 MiB |
/// | message | 1 MiB | 64 MiB | none | 64 MiB | 100 MiB |
/// | fragments | 4,096 | none | none | none | 131,072 |
/// | control frames in a second | 256 | none | none | none | none |
/// | growth by inflating | none unless set | no deflate | no deflate | no deflate | none |
///
/// # Examples
///
/// ```
/// use longwave_ws::Limits;
///
/// let limits = Limits::default().message(64 * 1024).fragments(16);
/// # let _ = limits;
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    pub(crate) frame: usize,
    pub(crate) message: usize,
    pub(crate) fragments: u32,
    pub(crate) control_frames: u32,
    pub(crate) inflate_ratio: u32,
}

impl Limits {
    /// Makes the default.
    #[must_use]
    pub const fn new() -> Self {
        let mebibyte = 1 << 20;
        Self {
            frame: mebibyte,
            message: mebibyte,
            fragments: 4096,
            control_frames: 256,
            inflate_ratio: u32::MAX,
        }
    }

    /// Sets how long the payload of a frame may be, in bytes.
    ///
    /// Chromium sends what is longer in frames of 131,000 bytes, others in one.
    #[must_use]
    pub const fn frame(mut self, bytes: usize) -> Self {
        self.frame = bytes;
        self
    }

    /// Sets how long a message may be, in bytes; if it is compressed, both as it comes and inflated.
    #[must_use]
    pub const fn message(mut self, bytes: usize) -> Self {
        self.message = bytes;
        self
    }

    /// Sets in how many frames a message may come; empty ones count.
    #[must_use]
    pub const fn fragments(mut self, frames: u32) -> Self {
        self.fragments = frames;
        self
    }

    /// Sets how many pings, pongs and close frames may come within a second.
    #[must_use]
    pub const fn control_frames(mut self, frames: u32) -> Self {
        self.control_frames = frames;
        self
    }

    /// Sets to how many times its size a compressed message may grow, once it is beyond 64 KiB; not limited unless set.
    ///
    /// Zeros grow 1,030 times and are no attack; what bounds them is the limit of the message.
    #[must_use]
    pub const fn inflate_ratio(mut self, times: u32) -> Self {
        self.inflate_ratio = times;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
