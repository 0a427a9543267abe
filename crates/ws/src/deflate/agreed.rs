use super::PreparedKind;

/// What both sides have agreed on, and what of the settings goes with it.
///
/// Comes from [`Settings::negotiate`](super::Settings::negotiate) on a server and from
/// [`Settings::accept_response`](super::Settings::accept_response) on a client; the
/// [`Deflater`](super::Deflater) and the [`Inflater`](super::Inflater) of the connection are made from it.
///
/// # Examples
///
/// ```
/// use longwave_ws::deflate::Settings;
///
/// let offer = ("permessage-deflate", [("client_max_window_bits", None)]);
/// let (agreed, response) = Settings::new().negotiate([offer]).expect("the offer is acceptable");
/// assert_eq!(response, "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12");
/// assert_eq!(agreed.own().window_bits(), 12);
/// assert!(agreed.peer().takeover());
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct Agreed {
    pub(super) own: Context,
    pub(super) peer: Context,
    pub(super) level: u8,
    pub(super) mem_level: u8,
    pub(super) threshold: usize,
}

/// The compression of one direction ([RFC 7692 §7.1](https://www.rfc-editor.org/rfc/rfc7692#section-7.1)).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Context {
    pub(super) window_bits: u8,
    pub(super) takeover: bool,
}

impl Agreed {
    /// How this side compresses.
    #[must_use]
    pub const fn own(&self) -> Context {
        self.own
    }

    /// How the peer compresses.
    #[must_use]
    pub const fn peer(&self) -> Context {
        self.peer
    }

    /// Whether a message of so many bytes is worth compressing: whether it reaches the
    /// [threshold](super::Settings::threshold).
    #[must_use]
    pub const fn is_worthwhile(&self, len: usize) -> bool {
        len >= self.threshold
    }

    /// The kind of message that this peer takes when it is compressed once for many peers.
    pub const fn prepared_kind(&self) -> PreparedKind {
        PreparedKind { window_bits: self.own.window_bits, level: self.level, mem_level: self.mem_level }
    }

    /// Whether this peer can read a message that was compressed without context for that kind.
    ///
    /// It can when its window is at least as large as the one the message was compressed with, whether or not
    /// this side keeps its context: a message that refers only to itself may be read at any time. But it
    /// becomes part of the window that the peer has, so that the [`Deflater`](super::Deflater) of the
    /// connection has to be told with [`absorb`](super::Deflater::absorb).
    ///
    /// Source: [RFC 7692 §7.2.3.2](https://www.rfc-editor.org/rfc/rfc7692#section-7.2.3.2).
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_ws::deflate::Settings;
    ///
    /// let agree = |bits| {
    ///     let offer = ("permessage-deflate", [("server_max_window_bits", Some(bits))]);
    ///     Settings::new().negotiate([offer]).expect("the offer is acceptable").0
    /// };
    /// let (small, large) = (agree("10"), agree("12"));
    /// assert!(large.accepts(small.prepared_kind()));
    /// assert!(!small.accepts(large.prepared_kind()));
    /// ```
    #[must_use]
    pub const fn accepts(&self, kind: PreparedKind) -> bool {
        kind.window_bits <= self.own.window_bits
    }
}

impl Context {
    /// The base-2 logarithm of the LZ77 window's size in bytes, 8 to 15.
    #[must_use]
    pub const fn window_bits(self) -> u8 {
        self.window_bits
    }

    /// Whether a message may refer to the messages before it.
    #[must_use]
    pub const fn takeover(self) -> bool {
        self.takeover
    }
}
