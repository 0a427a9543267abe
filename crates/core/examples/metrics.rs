//! Wires the crate `metrics`, and by it Prometheus, to the streams of a service.
//!
//! ```sh
//! cargo run -p longwave-core --example metrics
//! curl -N http://127.0.0.1:3000/feed &
//! curl http://127.0.0.1:3000/metrics
//! ```

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use axum::{
    Router,
    response::{Sse, sse::Event},
    routing::get,
};
use futures_util::stream;
use longwave_core::{Cause, Closed, Lost, Observer, ObserverLayer, Opened, Refused, StreamKind};
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::net::TcpListener;

/// Counts by the names that the documentation of [`Observer`] proposes.
struct Metrics;

impl Observer for Metrics {
    fn opened(&self, opened: &Opened) {
        let transport = opened.kind.name();
        gauge!("connections_active", "transport" => transport).increment(1.0);
        counter!("connections_opened_total", "transport" => transport).increment(1);
        histogram!("connections_handshake_seconds", "transport" => transport).record(opened.handshake);
        if let Some(interval) = opened.interval {
            histogram!("heartbeat_negotiated_interval_seconds", "transport" => transport).record(interval);
        }
    }

    fn closed(&self, closed: &Closed) {
        let transport = closed.kind.name();
        let cause = closed.reason.as_ref().map(longwave_core::EndReason::cause);
        let code = closed.reason.as_ref().map_or(String::new(), |reason| reason.close_code().to_string());
        let reason = cause.map_or("peer_left", Cause::name);
        gauge!("connections_active", "transport" => transport).decrement(1.0);
        counter!("connections_closed_total", "transport" => transport, "code" => code, "reason" => reason)
            .increment(1);
        histogram!("connections_connection_age_seconds", "transport" => transport).record(closed.age);
        match cause {
            Some(Cause::Stalled) => counter!("queue_slow_close_total").increment(1),
            Some(Cause::Unresponsive) => counter!("heartbeat_timeout_close_total").increment(1),
            _ => {}
        }
    }

    fn refused(&self, refused: &Refused) {
        let (transport, reason) = (refused.kind.name(), refused.reason);
        counter!("connections_handshake_rejected_total", "transport" => transport, "reason" => reason)
            .increment(1);
    }

    fn beat(&self, kind: StreamKind) {
        counter!("heartbeat_beats_sent_total", "transport" => kind.name()).increment(1);
    }

    fn answered(&self, kind: StreamKind, round_trip: Duration) {
        histogram!("heartbeat_rtt_seconds", "transport" => kind.name()).record(round_trip);
    }

    fn lost(&self, lost: &Lost) {
        counter!("queue_dropped_total", "policy" => lost.policy).increment(lost.dropped);
        counter!("queue_dropped_bytes_total", "policy" => lost.policy).increment(lost.bytes);
        counter!("queue_conflated_total").increment(lost.conflated);
        if let Some(reason) = lost.ended {
            counter!("queue_ended_total", "reason" => reason).increment(1);
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let recorder = PrometheusBuilder::new().install_recorder()?;
    let feed = async || Sse::new(stream::pending::<Result<Event, Infallible>>());
    // The layers for limits, heartbeats and drains go inside of this one.
    let app = Router::new()
        .route("/feed", get(feed))
        .layer(ObserverLayer::new(Metrics))
        .route("/metrics", get(async move || recorder.render()));
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 3000))).await?;
    axum::serve(listener, app).await?;
    Ok(())
}
