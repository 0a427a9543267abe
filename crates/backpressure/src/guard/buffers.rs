use hyper_util::server::conn::auto::Builder;

/// Lowers the buffers of a server, so that a slow reader is noticed when it is slow.
///
/// By default hyper takes about 400 KiB from a body, over HTTP/1.1 and for each stream over HTTP/2, before it stops
/// to ask for more; so much is late when the reader comes back, and held for each reader that does not.
pub trait LowBuffers {
    /// Holds at most some 16 KiB for each connection or stream. Heads of requests over HTTP/1.1 must fit in, too.
    fn low_buffers(&mut self) -> &mut Self;
}

impl<E> LowBuffers for Builder<E> {
    fn low_buffers(&mut self) -> &mut Self {
        self.http1().max_buf_size(HELD);
        self.http2().max_send_buf_size(HELD);
        self
    }
}

/// In bytes; hyper takes no less than 8 KiB.
const HELD: usize = 16 * 1024;
