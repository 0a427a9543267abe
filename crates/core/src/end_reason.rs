use std::{borrow::Cow, fmt, ops::RangeInclusive, sync::Arc, time::Duration};

use longwave_sse::{Event, EventType, random_retry};

/// Why a stream is ended, and what the wire says of it; cheap to clone.
///
/// A WebSocket says it by a close code and a reason; an event stream by a `retry` and last words. Codes from 4400 on mean
/// what the HTTP status does that they end in.
///
/// | cause | close code | client comes back |
/// |---|---|---|
/// | [`AgedOut`](Cause::AgedOut) | 1012 | after 1 to 5 s |
/// | [`Draining`](Cause::Draining) | 1012 | after 1 to 5 s |
/// | [`Overloaded`](Cause::Overloaded) | 1013 | after 5 to 30 s |
/// | [`Expired`](Cause::Expired) | 4401 | with a new login |
/// | [`Failed`](Cause::Failed) | 1011 | after 1 to 5 s |
/// | [`Revoked`](Cause::Revoked) | 4403 | never |
/// | [`Stalled`](Cause::Stalled) | 4008 | after 1 to 5 s |
/// | [`Unresponsive`](Cause::Unresponsive) | 4009 | after 1 to 5 s |
/// | [`Closed`](Cause::Closed) | 1000 | as the application wishes |
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use longwave_core::{Cause, EndReason, Reconnect};
///
/// let reason = EndReason::new(Cause::Draining)
///     .reconnect(Reconnect::After(Duration::from_secs(2)..=Duration::from_secs(20)));
/// assert_eq!(reason.close_code(), 1012);
/// assert_eq!(reason.text(), "server restarts");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct EndReason {
    /// One for the thousands of streams that end for the same reason.
    inner: Arc<Inner>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Inner {
    cause: Cause,
    close_code: u16,
    text: Cow<'static, str>,
    reconnect: Reconnect,
    last_words: Option<Event>,
}

/// What has ended a stream; match on this, not on the text.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Cause {
    /// The stream has been open for as long as streams may be.
    AgedOut,
    /// The application has ended it.
    Closed,
    /// The server is being shut down or replaced.
    Draining,
    /// The login that opened it has expired.
    Expired,
    /// What made it has failed.
    Failed,
    /// The server has too much to do.
    Overloaded,
    /// The login that opened it was taken back.
    Revoked,
    /// The peer has stopped reading.
    Stalled,
    /// The peer shows no sign of life.
    Unresponsive,
}

/// When a client may come back.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reconnect {
    /// After a time from this range, another for each client, so that they do not all come at once.
    After(RangeInclusive<Duration>),
    /// As soon as it has logged in again.
    AfterLogin,
    /// Not by itself.
    Never,
}

impl Cause {
    /// A short name, for metrics and logs.
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_core::Cause;
    ///
    /// assert_eq!(Cause::AgedOut.name(), "aged_out");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AgedOut => "aged_out",
            Self::Closed => "closed",
            Self::Draining => "draining",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Overloaded => "overloaded",
            Self::Revoked => "revoked",
            Self::Stalled => "stalled",
            Self::Unresponsive => "unresponsive",
        }
    }
}

impl EndReason {
    /// Makes the reason that goes with a cause.
    pub fn new(cause: Cause) -> Self {
        let after = |from, to| Reconnect::After(Duration::from_secs(from)..=Duration::from_secs(to));
        let (close_code, text, reconnect) = match cause {
            Cause::AgedOut => (1012, "open for too long", after(1, 5)),
            Cause::Closed => (1000, "", after(1, 5)),
            Cause::Draining => (1012, "server restarts", after(1, 5)),
            Cause::Failed => (1011, "server error", after(1, 5)),
            Cause::Expired => (4401, "expired", Reconnect::AfterLogin),
            Cause::Overloaded => (1013, "server overloaded", after(5, 30)),
            Cause::Revoked => (4403, "revoked", Reconnect::Never),
            Cause::Stalled => (4008, "reader stalled", after(1, 5)),
            Cause::Unresponsive => (4009, "peer unresponsive", after(1, 5)),
        };
        let text = Cow::Borrowed(text);
        Self { inner: Arc::new(Inner { cause, close_code, text, reconnect, last_words: None }) }
    }

    /// Sets the WebSocket close code.
    pub fn with_close_code(self, close_code: u16) -> Self {
        self.with(|inner| inner.close_code = close_code)
    }

    /// Sets the text, which a WebSocket sends as its close reason: no secrets, and at most 123 bytes of it.
    pub fn with_text(self, text: impl Into<Cow<'static, str>>) -> Self {
        self.with(|inner| inner.text = text.into())
    }

    /// Sets when the client may come back.
    ///
    /// An event stream is told by its `retry`. A close frame has no place for it: there clients go by the code, and
    /// choose a time of their own.
    pub fn reconnect(self, reconnect: Reconnect) -> Self {
        self.with(|inner| inner.reconnect = reconnect)
    }

    /// Sets an event that an event stream sends before it ends.
    pub fn last_words(self, event: Event) -> Self {
        self.with(|inner| inner.last_words = Some(event))
    }

    fn with(mut self, set: impl FnOnce(&mut Inner)) -> Self {
        set(Arc::make_mut(&mut self.inner));
        self
    }

    /// What has ended the stream.
    #[must_use]
    pub fn cause(&self) -> Cause {
        self.inner.cause
    }

    /// The WebSocket close code.
    #[must_use]
    pub fn close_code(&self) -> u16 {
        self.inner.close_code
    }

    /// The WebSocket close reason: the text, cut to the 123 bytes that fit into a close frame.
    #[must_use]
    pub fn text(&self) -> &str {
        let text = &self.inner.text;
        let fits = |&end: &usize| text.is_char_boundary(end);
        let end = (0..=text.len().min(MAX_CLOSE_REASON)).rev().find(fits).unwrap_or(0);
        &text[..end]
    }

    /// When the client may come back.
    #[must_use]
    pub fn reconnection(&self) -> &Reconnect {
        &self.inner.reconnect
    }

    /// The block that an event stream ends with: the last words, and a `retry` that keeps clients apart.
    ///
    /// One that has to log in first gets an event `login-required`, and one that is not to come back an event `ended`
    /// and is told to wait for a year, so that a page knows that it is to close its `EventSource`; both events have the
    /// text as data, and neither is sent if there are other last words.
    ///
    /// - `random`: 64 random bits, another for each stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_core::{Cause, EndReason};
    ///
    /// let farewell = EndReason::new(Cause::Draining).farewell(u64::MAX / 2);
    /// assert_eq!(farewell.encode(), "retry: 3000\n\n");
    /// ```
    pub fn farewell(&self, random: u64) -> Event {
        let Inner { text, reconnect, last_words, .. } = &*self.inner;
        let said = |event_type| match last_words {
            Some(event) => event.clone(),
            None => Event::new().event_type(event_type).data(text.clone()),
        };
        match reconnect {
            Reconnect::After(range) => {
                let event = last_words.clone().unwrap_or_default();
                event.retry(random_retry(range.clone(), random))
            }
            Reconnect::AfterLogin => said(LOGIN_REQUIRED),
            Reconnect::Never => said(ENDED).retry(NEVER),
        }
    }
}

impl From<Cause> for EndReason {
    fn from(cause: Cause) -> Self {
        Self::new(cause)
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.inner.text, self.inner.close_code)
    }
}

const ENDED: EventType = EventType::from_static("ended");
const LOGIN_REQUIRED: EventType = EventType::from_static("login-required");
/// The most bytes of text that a close frame has room for (RFC 6455, section 5.5).
const MAX_CLOSE_REASON: usize = 123;
/// An event stream cannot tell its client to stay away, only to wait.
const NEVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_reason_fits_and_is_not_cut_inside_a_character() {
        let reason = EndReason::new(Cause::Closed).with_text("é".repeat(100));
        assert_eq!(reason.text().len(), 122);
    }

    #[test]
    fn clients_are_kept_apart_within_the_range() {
        let reason = EndReason::new(Cause::Overloaded);
        assert_eq!(reason.farewell(0).encode(), "retry: 5000\n\n");
        assert_eq!(reason.farewell(u64::MAX).encode(), "retry: 30000\n\n");
    }

    #[test]
    fn what_an_event_stream_says_depends_on_the_way_back() {
        let wire = |cause| EndReason::new(cause).farewell(0).encode();
        assert_eq!(wire(Cause::Revoked), "event: ended\nretry: 31536000000\ndata: revoked\n\n");
        assert_eq!(wire(Cause::Expired), "event: login-required\ndata: expired\n\n");
        let own = EndReason::new(Cause::Expired).last_words(Event::new().data("bye"));
        assert_eq!(own.farewell(0).encode(), "data: bye\n\n");
    }
}
