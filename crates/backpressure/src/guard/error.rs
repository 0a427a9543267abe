use std::{error::Error, fmt, io};

use longwave_core::{Cause, EndReason};

/// The connection was cut: because its reader has stopped, or a stream on it was ended and did not go.
///
/// What a [`GuardedIo`](super::GuardedIo) fails with; the source of the error that the server reports.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Aborted {
    reason: Box<EndReason>,
}

impl Aborted {
    pub(super) fn into_io(reason: Box<EndReason>) -> io::Error {
        let kind = match reason.cause() {
            Cause::Stalled | Cause::Unresponsive => io::ErrorKind::TimedOut,
            _ => io::ErrorKind::ConnectionAborted,
        };
        io::Error::new(kind, Self { reason })
    }

    /// Why.
    pub fn reason(&self) -> &EndReason {
        &self.reason
    }
}

impl fmt::Display for Aborted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "connection cut: {}", self.reason)
    }
}

impl Error for Aborted {}
