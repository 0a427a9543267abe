use alloc::boxed::Box;
use core::time::Duration;

use crate::{CloseFrame, Role, Violation};

/// How far a connection is from its end.
#[derive(Clone, Debug)]
pub(super) enum Closing {
    Open,
    /// This end has sent a close frame, and the peer has not.
    Asked {
        deadline: Option<Duration>,
    },
    /// Both have, or the peer has done something wrong: the connection below is to be closed.
    Done {
        end: Box<End>,
        deadline: Option<Duration>,
        eof: bool,
    },
}

/// How a connection has ended.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum End {
    /// Both ends have closed it, the peer with this frame.
    Closed(Option<CloseFrame>),
    /// The connection below has gone without a close frame from the peer.
    Dropped,
    /// The peer has not answered a close frame in time.
    TimedOut,
    /// The peer has done something wrong.
    Failed(Violation),
}

/// What is to become of the connection below.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Transport {
    /// It is to be read from and written to.
    Open,
    /// There is nothing more to say: it is to be read from until the peer, which is the one to close it, has done
    /// so, or the [timeout](super::Connection::poll_timeout) has passed.
    AwaitEof,
    /// It is to be closed, once all is sent that is to be.
    Close,
}

impl Closing {
    pub(super) const fn is_open(&self) -> bool {
        matches!(self, Self::Open)
    }

    pub(super) fn ask(&mut self, now: Option<Duration>, patience: Duration) {
        *self = Self::Asked { deadline: now.map(|now| now.saturating_add(patience)) };
    }

    /// Sets the deadline that was left open, for want of a clock.
    pub(super) fn tick(&mut self, now: Duration, patience: Duration) {
        if let Self::Asked { deadline: deadline @ None } = self {
            *deadline = Some(now.saturating_add(patience));
        }
    }

    /// The peer has sent a close frame.
    pub(super) fn done(&mut self, now: Duration, patience: Duration, end: End) {
        let deadline = match self {
            Self::Asked { deadline: Some(deadline) } => *deadline,
            _ => now.saturating_add(patience),
        };
        *self = Self::Done { end: Box::new(end), deadline: Some(deadline), eof: false };
    }

    pub(super) fn eof(&mut self) {
        match self {
            // What is to be sent may still be.
            Self::Done { eof, .. } => *eof = true,
            _ => *self = Self::Done { end: Box::new(End::Dropped), deadline: None, eof: true },
        }
    }

    pub(super) fn timeout(&mut self, now: Duration) {
        let (Self::Asked { deadline } | Self::Done { deadline, .. }) = self else { return };
        if deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        match self {
            Self::Done { eof, deadline, .. } => (*eof, *deadline) = (true, None),
            _ => *self = Self::Done { end: Box::new(End::TimedOut), deadline: None, eof: true },
        }
    }

    pub(super) const fn deadline(&self) -> Option<Duration> {
        match self {
            Self::Open => None,
            // For want of a clock it was left open: whoever has one is to tell the time.
            Self::Asked { deadline: None } => Some(Duration::ZERO),
            Self::Asked { deadline } | Self::Done { deadline, .. } => *deadline,
        }
    }

    pub(super) const fn is_eof(&self) -> bool {
        matches!(self, Self::Done { eof: true, .. })
    }

    pub(super) fn end(&self) -> Option<&End> {
        match self {
            Self::Done { end, .. } => Some(end),
            Self::Open | Self::Asked { .. } => None,
        }
    }

    pub(super) fn transport(&self, role: Role, is_sent: bool) -> Transport {
        match self {
            Self::Open | Self::Asked { .. } => Transport::Open,
            Self::Done { eof: true, .. } => Transport::Close,
            Self::Done { .. } if !is_sent => Transport::Open,
            // A server closes first, so that it is not the one to keep the port (RFC 6455, section 7.1.1).
            Self::Done { end, .. } if role == Role::Client && matches!(**end, End::Closed(_)) => {
                Transport::AwaitEof
            }
            Self::Done { .. } => Transport::Close,
        }
    }
}
