use std::time::Duration;

use crate::{Cause, Closed, Lost, Observer, Opened, Refused, StreamKind};

/// An [`Observer`] that emits `tracing` events, by the target `longwave`.
///
/// What comes and goes and what a slow reader loses is `DEBUG`, beats are `TRACE`; a refusal, a reader that has stopped or whose
/// queue has ended, and a peer that shows no life are `INFO`. Nothing of a request is in them: no path, no query, no header.
///
/// # Examples
///
/// ```
/// use longwave_core::{ObserverLayer, Tracing};
///
/// let layer = ObserverLayer::new(Tracing);
/// # let _ = layer;
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Tracing;

impl Observer for Tracing {
    fn opened(&self, opened: &Opened) {
        let Opened { kind, handshake, interval } = opened;
        tracing::debug!(target: TARGET, kind = kind.name(), ?handshake, ?interval, "stream opened");
    }

    fn closed(&self, closed: &Closed) {
        let Closed { kind, reason, age } = closed;
        let kind = kind.name();
        let Some(reason) = reason else {
            tracing::debug!(target: TARGET, kind, ?age, "peer left");
            return;
        };
        let (cause, code) = (reason.cause().name(), reason.close_code());
        match reason.cause() {
            Cause::Stalled | Cause::Unresponsive => {
                tracing::info!(target: TARGET, kind, cause, code, ?age, "stream closed");
            }
            _ => tracing::debug!(target: TARGET, kind, cause, code, ?age, "stream closed"),
        }
    }

    fn refused(&self, refused: &Refused) {
        let Refused { kind, reason } = refused;
        tracing::info!(target: TARGET, kind = kind.name(), reason, "stream refused");
    }

    fn beat(&self, kind: StreamKind) {
        tracing::trace!(target: TARGET, kind = kind.name(), "beat");
    }

    fn answered(&self, kind: StreamKind, round_trip: Duration) {
        tracing::trace!(target: TARGET, kind = kind.name(), ?round_trip, "beat answered");
    }

    fn lost(&self, lost: &Lost) {
        let Lost { policy, dropped, bytes, conflated, ended } = *lost;
        if let Some(reason) = ended {
            tracing::info!(target: TARGET, policy, dropped, bytes, reason, "queue ended");
        } else {
            tracing::debug!(target: TARGET, policy, dropped, bytes, conflated, "items lost");
        }
    }
}

const TARGET: &str = "longwave";
