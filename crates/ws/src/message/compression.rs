//! What compression is to messages. Without the feature there is none.

#[cfg(feature = "deflate")]
pub(crate) use self::deflate::{Compress, Decompress};
#[cfg(not(feature = "deflate"))]
pub(crate) use self::nothing::{Compress, Decompress};

#[cfg(feature = "deflate")]
mod deflate {
    use alloc::vec::Vec;
    use core::fmt;

    use bytes::Bytes;

    use crate::{
        Limits, Rule,
        deflate::{Agreed, Deflater, Flush, InflateError, InflateLimits, Inflater, Pool, Status},
        message::{Prepared, assembly::Assembly},
        scan::{Key, Utf8Error},
    };

    /// Takes apart what a peer has compressed.
    pub(crate) struct Decompress {
        inflater: Inflater,
    }

    impl Decompress {
        pub(crate) fn new(agreed: &Agreed, limits: Limits, pool: Option<Pool>) -> Self {
            let bounds = InflateLimits::new().message(limits.message).ratio(limits.inflate_ratio, RATIO_FROM);
            let inflater = Inflater::new(agreed).limits(bounds);
            Self { inflater: pool.into_iter().fold(inflater, Inflater::pool) }
        }

        /// Takes a piece of a compressed message, and appends what comes of it.
        pub(crate) fn push(&mut self, mut piece: &[u8], message: &mut Assembly) -> Result<(), Rule> {
            self.drain(message, |inflater, out| inflater.decompress(&mut piece, out, STEP))
        }

        /// Appends what is left when all pieces were taken.
        pub(crate) fn finish(&mut self, message: &mut Assembly) -> Result<(), Rule> {
            self.drain(message, |inflater, out| inflater.finish(out, STEP))
        }

        /// In steps, so that a text fails before the rest of it is inflated.
        fn drain(
            &mut self,
            message: &mut Assembly,
            mut step: impl FnMut(&mut Inflater, &mut Vec<u8>) -> Result<Status, InflateError>,
        ) -> Result<(), Rule> {
            let mut out = Vec::new();
            loop {
                out.clear();
                let status = step(&mut self.inflater, &mut out);
                message.append(&out, Key::default(), 0).map_err(|_: Utf8Error| Rule::NotUtf8)?;
                if status.map_err(rule)? == Status::Done {
                    return Ok(());
                }
            }
        }

        pub(crate) fn park(&mut self) {
            self.inflater.park();
        }
    }

    /// Compresses what is sent.
    pub(crate) struct Compress {
        agreed: Agreed,
        deflater: Deflater,
    }

    impl Compress {
        pub(crate) fn new(agreed: Agreed, pool: Option<Pool>) -> Self {
            let deflater = Deflater::new(&agreed);
            Self { agreed, deflater: pool.into_iter().fold(deflater, Deflater::pool) }
        }

        pub(crate) const fn is_worthwhile(&self, len: usize) -> bool {
            self.agreed.is_worthwhile(len)
        }

        /// Takes the frame of a message that goes to many, as this peer is to have it.
        pub(crate) fn prepared(&mut self, prepared: &Prepared) -> Bytes {
            // It becomes part of what the peer may be referred to.
            self.deflater.absorb(prepared.payload());
            prepared.compressed(self.agreed.prepared_kind())
        }

        /// Compresses a whole message.
        pub(crate) fn message(&mut self, payload: &[u8]) -> Vec<u8> {
            self.piece(payload, Flush::Message)
        }

        /// Compresses a part of a message, all of which the peer can then read.
        pub(crate) fn fragment(&mut self, payload: &[u8]) -> Vec<u8> {
            self.piece(payload, Flush::Fragment)
        }

        fn piece(&mut self, payload: &[u8], flush: Flush) -> Vec<u8> {
            let mut out = Vec::new();
            self.deflater.compress(payload, &mut out, flush);
            out
        }

        pub(crate) fn park(&mut self) {
            self.deflater.park();
        }
    }

    fn rule(error: InflateError) -> Rule {
        match error {
            InflateError::TooLarge { max } => Rule::MessageTooLong { limit: max },
            InflateError::Ratio { max } => Rule::InflateRatio { limit: max },
            InflateError::TooManyFinalBlocks { max } => Rule::TooManyFinalBlocks { limit: max },
            InflateError::Corrupt | InflateError::Truncated => Rule::NotDeflate,
        }
    }

    impl fmt::Debug for Decompress {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("Decompress").finish_non_exhaustive()
        }
    }

    /// How much is inflated before it is looked at.
    const STEP: usize = 16 * 1024;
    /// A message of so many bytes may come from as few as there are.
    const RATIO_FROM: usize = 64 * 1024;
}

#[cfg(not(feature = "deflate"))]
mod nothing {
    use alloc::vec::Vec;

    use bytes::Bytes;

    use crate::{
        Rule,
        message::{Prepared, assembly::Assembly},
    };

    #[derive(Debug)]
    pub(crate) enum Decompress {}

    pub(crate) enum Compress {}

    impl Decompress {
        pub(crate) fn push(&mut self, _piece: &[u8], _message: &mut Assembly) -> Result<(), Rule> {
            match *self {}
        }

        pub(crate) fn finish(&mut self, _message: &mut Assembly) -> Result<(), Rule> {
            match *self {}
        }

        pub(crate) fn park(&mut self) {
            match *self {}
        }
    }

    impl Compress {
        pub(crate) fn is_worthwhile(&self, _len: usize) -> bool {
            match *self {}
        }

        pub(crate) fn prepared(&mut self, _prepared: &Prepared) -> Bytes {
            match *self {}
        }

        pub(crate) fn message(&mut self, _payload: &[u8]) -> Vec<u8> {
            match *self {}
        }

        pub(crate) fn fragment(&mut self, _payload: &[u8]) -> Vec<u8> {
            match *self {}
        }

        pub(crate) fn park(&mut self) {
            match *self {}
        }
    }
}
