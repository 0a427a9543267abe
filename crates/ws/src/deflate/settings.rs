use super::agreed::Context;

/// What an endpoint wants of permessage-deflate.
///
/// Nothing is compressed because such a value exists: it is for the endpoint to offer the extension, or to
/// answer an offer. Mind that compressing a secret together with text that an attacker chooses tells the
/// attacker about the secret by the length of the message (BREACH); such messages are better sent as they are.
///
/// | setting | default |
/// |---|---|
/// | [`level`](Self::level) | 6 |
/// | [`mem_level`](Self::mem_level) | 5 |
/// | [`own_window_bits`](Self::own_window_bits) | 12 (4 KiB) |
/// | [`peer_window_bits`](Self::peer_window_bits) | 12 (4 KiB), as a wish |
/// | context takeover | in both directions |
/// | [`threshold`](Self::threshold) | 128 B |
///
/// # Examples
///
/// ```
/// use longwave_ws::deflate::Settings;
///
/// // Hardly any memory for a connection that is idle, at the price of a worse ratio.
/// let settings = Settings::new().own_no_context_takeover().peer_no_context_takeover();
/// assert_eq!(
///     settings.offer(),
///     "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
///      server_max_window_bits=12; client_max_window_bits=12, \
///      permessage-deflate; client_no_context_takeover; client_max_window_bits=12",
/// );
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct Settings {
    pub(super) level: u8,
    pub(super) mem_level: u8,
    pub(super) own: Context,
    pub(super) peer: Context,
    pub(super) required: bool,
    pub(super) threshold: usize,
}

impl Settings {
    /// Makes the settings with the defaults.
    pub const fn new() -> Self {
        let context = Context { window_bits: 12, takeover: true };
        Self { level: 6, mem_level: 5, own: context, peer: context, required: false, threshold: 128 }
    }

    /// Sets how hard the compressor tries, from 0 (stores) over 1 (fast) to 9 (slow).
    ///
    /// # Panics
    ///
    /// If `level` is above 9.
    pub const fn level(self, level: u8) -> Self {
        assert!(level <= 9, "level must be 0 to 9");
        Self { level, ..self }
    }

    /// Sets how much memory a compressor takes beside its window, 1 to 9: 7 bytes times 2 to the power of
    /// `mem_level` + 6.
    ///
    /// # Panics
    ///
    /// If `mem_level` is not 1 to 9.
    pub const fn mem_level(self, mem_level: u8) -> Self {
        assert!(matches!(mem_level, 1..=9), "mem_level must be 1 to 9");
        Self { mem_level, ..self }
    }

    /// Sets the window that this side compresses with at most, 9 to 15 (512 B to 32 KiB); the peer may ask
    /// for a smaller one.
    ///
    /// A peer may even ask for 8, which zlib refuses. It gets what keeps to every window: Huffman codes, and
    /// runs of one byte.
    ///
    /// # Panics
    ///
    /// If `bits` is not 9 to 15.
    pub const fn own_window_bits(self, bits: u8) -> Self {
        Self { own: Context { window_bits: checked(bits), ..self.own }, ..self }
    }

    /// Sets the window that the peer is asked to compress with at most, 9 to 15 (512 B to 32 KiB).
    ///
    /// It is so much that has to be remembered for each connection between two messages. A peer that does not
    /// know how to make its window smaller is accepted with 32 KiB, unless the wish is
    /// [required](Self::require_peer_limits).
    ///
    /// # Panics
    ///
    /// If `bits` is not 9 to 15.
    pub const fn peer_window_bits(self, bits: u8) -> Self {
        Self { peer: Context { window_bits: checked(bits), ..self.peer }, ..self }
    }

    /// Compresses each message on its own, so that nothing is remembered between two of them.
    pub const fn own_no_context_takeover(self) -> Self {
        Self { own: Context { takeover: false, ..self.own }, ..self }
    }

    /// Asks the peer to compress each message on its own.
    pub const fn peer_no_context_takeover(self) -> Self {
        Self { peer: Context { takeover: false, ..self.peer }, ..self }
    }

    /// Goes without compression rather than with a peer that does not agree to what is asked of it.
    pub const fn require_peer_limits(self) -> Self {
        Self { required: true, ..self }
    }

    /// Sets from how many bytes on a message is worth compressing.
    pub const fn threshold(self, bytes: usize) -> Self {
        Self { threshold: bytes, ..self }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

const fn checked(window_bits: u8) -> u8 {
    assert!(matches!(window_bits, 9..=15), "window bits must be 9 to 15");
    window_bits
}
