use alloc::vec::Vec;

use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Strategy};

use super::{Pool, PreparedKind, history::History};

/// A zlib compressor that is there only when it is needed, and what makes another one the same.
pub(super) struct Compressor {
    pub(super) kind: PreparedKind,
    pub(super) pool: Option<Pool>,
    zlib: Option<Deflate>,
    /// It holds the history, and nothing else.
    primed: bool,
    history: History,
}

impl Compressor {
    pub(super) const fn new(kind: PreparedKind) -> Self {
        let window_bits = if kind.window_bits < MIN_BITS { MIN_BITS } else { kind.window_bits };
        Self { kind, pool: None, zlib: None, primed: false, history: History::new(window_bits) }
    }

    pub(super) const fn is_parked(&self) -> bool {
        self.zlib.is_none()
    }

    /// Makes it, and makes it hold the history.
    pub(super) fn prime(&mut self) {
        if self.zlib.is_none() {
            self.zlib = self.pool.as_ref().and_then(|pool| pool.take_deflate(self.kind));
            self.primed = false;
        }
        if self.primed {
            return;
        }
        self.primed = true;
        match &mut self.zlib {
            Some(zlib) => zlib.reset(),
            None => self.zlib = Some(Deflate::new_with_config(config(self.kind))),
        }
        if let Some(zlib) = &mut self.zlib {
            for part in self.history.parts() {
                zlib.set_dictionary(part).expect("a raw stream takes a dictionary between two blocks");
            }
        }
    }

    /// Compresses, after [`prime`](Self::prime).
    pub(super) fn run(&mut self, mut input: &[u8], out: &mut Vec<u8>, flush: DeflateFlush) {
        let zlib = self.zlib.as_mut().expect("primed with the first byte of the message");
        loop {
            let len = out.len();
            let room = (input.len() / 4).clamp(MIN_ROOM, MAX_ROOM);
            out.resize(len + room, 0);
            let (total_in, total_out) = (zlib.total_in(), zlib.total_out());
            zlib.compress(input, &mut out[len..], flush)
                .expect("a raw stream that never finishes takes any input");
            input = &input[(zlib.total_in() - total_in) as usize..];
            let produced = (zlib.total_out() - total_out) as usize;
            out.truncate(len + produced);
            if produced < room {
                return;
            }
        }
    }

    /// Keeps what it was given for the next one like it.
    pub(super) fn remember(&mut self, input: &[u8]) {
        // Level 0 looks for nothing.
        if self.kind.level > 0 {
            self.history.push(input);
        }
    }

    /// It is no longer what the history says.
    pub(super) fn outdate(&mut self) {
        self.primed = false;
    }

    pub(super) fn give_back(&mut self) {
        self.primed = false;
        if let (Some(zlib), Some(pool)) = (self.zlib.take(), &self.pool) {
            pool.give_deflate(self.kind, zlib);
        }
    }
}

impl Drop for Compressor {
    fn drop(&mut self) {
        self.give_back();
    }
}

fn config(kind: PreparedKind) -> DeflateConfig {
    DeflateConfig {
        level: kind.level.into(),
        // Negative for a stream without a header.
        window_bits: -i32::from(kind.window_bits.max(MIN_BITS)),
        mem_level: kind.mem_level.into(),
        // zlib refuses a raw stream with a window of 8 bits, but runs are matches at distance 1, which fit any.
        strategy: if kind.window_bits < MIN_BITS { Strategy::Rle } else { Strategy::Default },
        ..DeflateConfig::default()
    }
}

/// The smallest window that zlib compresses a raw stream with.
const MIN_BITS: u8 = 9;

/// The room made for output at a time: not so little that an empty block would be repeated, nor so much that
/// a small message costs.
const MIN_ROOM: usize = 64;
const MAX_ROOM: usize = 16 << 10;
