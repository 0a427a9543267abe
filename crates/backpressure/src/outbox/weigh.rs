use std::sync::Arc;

/// How much an item counts against the byte limits of an outbox.
///
/// What is counted is up to the item: the bytes that it will put on the wire is the usual answer. It is asked
/// once, when the item is handed over, and must be the same each time. Implemented for what bytes come in; for
/// [`Arc`] it is the weight of what it points to. Types of other crates are weighed by a closure:
/// [`Outbox::weighed_by`](super::Outbox::weighed_by).
///
/// # Examples
///
/// ```
/// use longwave_backpressure::outbox::Weigh;
///
/// struct Tick {
///     symbol: String,
///     price: f64,
/// }
///
/// impl Weigh for Tick {
///     fn weight(&self) -> usize {
///         self.symbol.len() + size_of_val(&self.price)
///     }
/// }
///
/// assert_eq!(Tick { symbol: "ACME".to_owned(), price: 1.5 }.weight(), 12);
/// assert_eq!("four".weight(), 4);
/// ```
pub trait Weigh {
    /// Returns the weight of this item, in bytes.
    fn weight(&self) -> usize;
}

impl Weigh for [u8] {
    fn weight(&self) -> usize {
        self.len()
    }
}

impl Weigh for str {
    fn weight(&self) -> usize {
        self.len()
    }
}

impl Weigh for Vec<u8> {
    fn weight(&self) -> usize {
        self.len()
    }
}

impl Weigh for String {
    fn weight(&self) -> usize {
        self.len()
    }
}

#[cfg(feature = "bytes")]
impl Weigh for bytes::Bytes {
    fn weight(&self) -> usize {
        self.len()
    }
}

/// The bytes that it is encoded into.
#[cfg(feature = "sse")]
impl Weigh for longwave_sse::Event {
    fn weight(&self) -> usize {
        self.encoded_len()
    }
}

/// The bytes of its payload.
#[cfg(feature = "ws")]
impl Weigh for longwave_ws::Message {
    fn weight(&self) -> usize {
        self.payload().len()
    }
}

/// The bytes of its payload, which its frames share or are made of.
#[cfg(feature = "ws")]
impl Weigh for longwave_ws::Prepared {
    fn weight(&self) -> usize {
        self.payload().len()
    }
}

impl<W: Weigh + ?Sized> Weigh for &W {
    fn weight(&self) -> usize {
        (**self).weight()
    }
}

impl<W: Weigh + ?Sized> Weigh for Box<W> {
    fn weight(&self) -> usize {
        (**self).weight()
    }
}

impl<W: Weigh + ?Sized> Weigh for Arc<W> {
    fn weight(&self) -> usize {
        (**self).weight()
    }
}
