use std::{
    fmt,
    ops::Deref,
    sync::{Arc, OnceLock},
};

#[cfg(feature = "sse")]
use bytes::Bytes;
#[cfg(feature = "sse")]
use longwave_sse::Event;
#[cfg(feature = "ws")]
use longwave_ws::Prepared;

use super::Weigh;

/// A value for readers of several kinds, and the forms in which they take it, each of which is made at most once.
///
/// What is published to many is encoded once for each kind of reader, by the first reader that needs it: event
/// streams share the bytes of one event, and WebSockets one frame, which is also compressed only once for each kind
/// of peer (see `longwave_ws::Prepared`). A form that nobody takes is never made.
///
/// It is cheap to clone, weighs what its value weighs, and derefs to it.
///
/// # Examples
///
#[cfg_attr(all(feature = "sse", feature = "ws"), doc = "```")]
#[cfg_attr(not(all(feature = "sse", feature = "ws")), doc = "```ignore")]
/// use std::time::Duration;
///
/// use longwave_backpressure::outbox::{Class, Delivery, Fan, Forms, Limits, Outbox};
/// use longwave_sse::Event;
/// use longwave_ws::Prepared;
///
/// let fan = Fan::new();
/// let outbox = Outbox::new(Limits::new(64 * 1024, 256));
/// let mut readers: Vec<_> = (0..4).map(|_| fan.subscribe(&outbox, Duration::ZERO)).collect();
/// fan.publish(Class::Live, Forms::new("42.10"), Duration::ZERO);
///
/// let news: Vec<_> = readers.iter_mut().map(|reader| reader.try_recv()).collect();
/// for item in &news {
///     let Ok(Delivery::Item(price)) = item else { panic!() };
///     // Encoded for the first of them.
///     assert_eq!(price.event(|price| Event::new().data(*price)), "data: 42.10\n\n");
///     assert_eq!(price.message(|price| Prepared::text(*price)).payload(), "42.10");
/// }
/// ```
pub struct Forms<T> {
    inner: Arc<Inner<T>>,
}

struct Inner<T> {
    value: T,
    #[cfg(feature = "sse")]
    event: OnceLock<Bytes>,
    #[cfg(feature = "ws")]
    message: OnceLock<Prepared>,
}

impl<T> Forms<T> {
    /// Makes an item of a value, in no form as yet.
    pub fn new(value: T) -> Self {
        let inner = Inner {
            value,
            #[cfg(feature = "sse")]
            event: OnceLock::new(),
            #[cfg(feature = "ws")]
            message: OnceLock::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Returns the value as an encoded event.
    ///
    /// - `make`: makes the event. It is called for the first reader, and what it makes is what all others get. It
    ///   must not ask for the event itself.
    #[cfg(feature = "sse")]
    pub fn event(&self, make: impl FnOnce(&T) -> Event) -> Bytes {
        self.inner.event.get_or_init(|| make(&self.inner.value).encode()).clone()
    }

    /// Returns the value as a message of a WebSocket.
    ///
    /// - `make`: makes the message. It is called for the first reader, and what it makes is what all others get. It
    ///   must not ask for the message itself.
    #[cfg(feature = "ws")]
    pub fn message(&self, make: impl FnOnce(&T) -> Prepared) -> Prepared {
        self.inner.message.get_or_init(|| make(&self.inner.value)).clone()
    }
}

impl<T> Deref for Forms<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner.value
    }
}

impl<T> Clone for Forms<T> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<T: Weigh> Weigh for Forms<T> {
    fn weight(&self) -> usize {
        self.inner.value.weight()
    }
}

impl<T: fmt::Debug> fmt::Debug for Forms<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forms").field("value", &self.inner.value).finish_non_exhaustive()
    }
}
