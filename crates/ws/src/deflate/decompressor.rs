use alloc::vec::Vec;

use zlib_rs::{Inflate, InflateFlush, Status};

use super::{Pool, history::History};

/// A zlib decompressor that is there only when it is needed, and what makes another one the same.
pub(super) struct Decompressor {
    pub(super) pool: Option<Pool>,
    zlib: Option<Inflate>,
    /// It holds the history, and what it knows of an unfinished block.
    primed: bool,
    history: History,
}

/// What one call has done.
pub(super) struct Progress {
    pub(super) consumed: usize,
    pub(super) produced: usize,
    /// Without an error: whether the stream has ended.
    pub(super) ended: Result<bool, Corrupt>,
}

/// The bytes are no DEFLATE stream.
pub(super) struct Corrupt;

impl Decompressor {
    pub(super) const fn new(window_bits: u8) -> Self {
        // A zlib that is to use 8 bits uses 9.
        let window_bits = if window_bits < 9 { 9 } else { window_bits };
        Self { pool: None, zlib: None, primed: false, history: History::new(window_bits) }
    }

    pub(super) const fn is_parked(&self) -> bool {
        self.zlib.is_none()
    }

    pub(super) fn run(&mut self, input: &[u8], out: &mut [u8], flush: InflateFlush) -> Progress {
        let zlib = self.prime();
        let (total_in, total_out) = (zlib.total_in(), zlib.total_out());
        let result = zlib.decompress(input, out, flush);
        let consumed = (zlib.total_in() - total_in) as usize;
        let produced = (zlib.total_out() - total_out) as usize;
        self.history.push(&out[..produced]);
        let ended = result.map(|status| status == Status::StreamEnd).map_err(|_| Corrupt);
        if let Ok(true) = ended {
            // What follows begins a stream, with the window that there is.
            self.primed = false;
        }
        Progress { consumed, produced, ended }
    }

    /// Forgets all messages so far.
    pub(super) fn forget(&mut self) {
        self.history.clear();
        self.primed = false;
    }

    /// Between two messages: what it knows beyond the window, it would not know had it been given back.
    ///
    /// So a peer that reaches back further is found out at the same byte, parked or not.
    pub(super) fn keep_window(&mut self) {
        self.primed &= !self.history.is_outrun();
    }

    pub(super) fn give_back(&mut self) {
        self.primed = false;
        if let (Some(zlib), Some(pool)) = (self.zlib.take(), &self.pool) {
            pool.give_inflate(zlib);
        }
    }

    /// Makes it, and makes it hold the history.
    fn prime(&mut self) -> &mut Inflate {
        if self.zlib.is_none() {
            self.zlib = self.pool.as_ref().and_then(Pool::take_inflate);
            self.primed = false;
        }
        // A smaller window would save nothing: zlib-rs always makes one of 15 bits.
        let zlib = self.zlib.get_or_insert_with(|| Inflate::new(false, 15));
        if !self.primed {
            self.primed = true;
            zlib.reset(false);
            for part in self.history.parts() {
                zlib.set_dictionary(part).expect("a raw stream takes a dictionary where it starts");
            }
        }
        zlib
    }
}

impl Drop for Decompressor {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// Makes room for `by` more bytes, growing by doubling but not beyond the `left` that may come.
pub(super) fn grow(out: &mut Vec<u8>, by: usize, left: usize) {
    let len = out.len() + by;
    if len > out.capacity() {
        let most = out.len().saturating_add(left);
        let target = out.capacity().saturating_mul(2).min(most).max(len);
        out.reserve_exact(target - out.len());
    }
    out.resize(len, 0);
}
