//! A rolling deploy within one process. A generation is what a deploy replaces: a service behind its layers, and
//! the drain that ends its streams. The history is nobody's, so that the next one goes on where clients are.

use std::mem;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::request::Parts;
use longwave_backpressure::{ClientAddress, StreamLimit, StreamLimitLayer};
use longwave_core::{Cause, EndReason, Observed, ObserverLayer, Reconnect};
use longwave_drain::{Drain, DrainLayer, DrainReport, DrainService};
use longwave_heartbeat::{Heartbeat, HeartbeatLayer, HeartbeatService};
use serde::Serialize;
use tower::ServiceBuilder;

use crate::board::Board;
use crate::login::{Gate, User};
use crate::server::Peer;
use crate::source::Source;
use longwave_ticket::MemoryStore;
use longwave_ticket::http::{Resume, TicketService};

/// The one generation that serves, and the means to replace it.
#[derive(Clone, Debug)]
pub(crate) struct Generations {
    source: Source,
    board: Board,
    limit: StreamLimitLayer,
    heartbeat: HeartbeatLayer,
    gate: Gate,
    current: Arc<Mutex<Generation>>,
}

/// The demo's streams behind the layers.
pub(crate) type Stack = Observed<DrainService<StreamLimit<HeartbeatService<Source>>>>;

/// The same behind a login.
pub(crate) type Gated = Observed<DrainService<StreamLimit<Ticketed<HeartbeatService<Source>>>>>;

type Ticketed<S> = TicketService<S, User, Resume<User, MemoryStore>>;

#[derive(Debug)]
struct Generation {
    number: u64,
    drain: Drain,
    stack: Stack,
    gated: Gated,
}

/// What a deploy has done so far.
#[derive(Debug, Serialize)]
pub(crate) struct Deployed {
    generation: u64,
    /// How many streams are to move.
    moving: usize,
}

/// There is a deploy under way, or the server ends.
#[derive(Debug)]
pub(crate) struct Busy;

impl Generations {
    pub(crate) fn new(source: Source, board: Board, gate: Gate) -> Self {
        let address = ClientAddress::new(|parts: &Parts| parts.extensions.get().map(|&Peer(peer)| peer.ip()));
        // It goes around streams alone, whether or not their clients say that they want one.
        let limit = StreamLimitLayer::new(STREAMS)
            .per_key(STREAMS_BY_ADDRESS, move |parts| address.of(parts))
            .count_everything();
        let heartbeat =
            HeartbeatLayer::new(Heartbeat::every(source.config().heartbeat)).negotiate(NEGOTIABLE);
        let first = Generation::new(1, source.clone(), &board, (&limit, &gate, &heartbeat));
        board.began(first.number, &first.drain);
        Self { source, board, limit, heartbeat, gate, current: Arc::new(Mutex::new(first)) }
    }

    /// What serves the next stream.
    pub(crate) fn stack(&self) -> Stack {
        self.lock().stack.clone()
    }

    /// What serves the next stream for somebody who is logged in.
    pub(crate) fn gated(&self) -> Gated {
        self.lock().gated.clone()
    }

    /// Lets the next generation take all new streams, and drains this one.
    pub(crate) fn deploy(&self) -> Result<Deployed, Busy> {
        let (old, generation) = {
            let mut current = self.lock();
            if current.drain.is_draining() || self.board.is_deploying() {
                return Err(Busy);
            }
            let number = current.number + 1;
            let layers = (&self.limit, &self.gate, &self.heartbeat);
            let next = Generation::new(number, self.source.clone(), &self.board, layers);
            self.board.began(number, &next.drain);
            (mem::replace(&mut *current, next), number)
        };
        let moving = old.drain.open();
        let drain = old.drain.window(WINDOW).deadline(DEADLINE).reconnect(self.source.config().retry.clone());
        // From here on it counts as under way.
        drain.start();
        let board = self.board.clone();
        tokio::spawn(async move { board.drained(old.number, drain.drained().await) });
        Ok(Deployed { generation, moving })
    }

    /// Ends everything, in the short time that somebody waits who has pressed Ctrl-C.
    pub(crate) async fn shut_down(&self) -> DrainReport {
        let (number, drain) = {
            let current = self.lock();
            (current.number, current.drain.clone())
        };
        let retry = self.source.config().retry.clone();
        let reason = EndReason::new(Cause::Draining).reconnect(Reconnect::After(retry.clone()));
        self.board.streams.end_before(number, &reason);
        drain.window(SHORT_WINDOW).deadline(SHORT_DEADLINE).reconnect(retry).run().await
    }

    fn lock(&self) -> MutexGuard<'_, Generation> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generation {
    fn new(
        number: u64,
        source: Source,
        board: &Board,
        (limit, gate, heartbeat): (&StreamLimitLayer, &Gate, &HeartbeatLayer),
    ) -> Self {
        let drain = Drain::new();
        let source = source.of_generation(number);
        let gated = ServiceBuilder::new()
            .layer(ObserverLayer::new(board.counters.clone()))
            .layer(DrainLayer::new(&drain))
            .layer(limit.clone())
            .layer(gate.clone())
            .layer(heartbeat.clone())
            .service(source.clone());
        let stack = ServiceBuilder::new()
            .layer(ObserverLayer::new(board.counters.clone()))
            .layer(DrainLayer::new(&drain))
            // All generations share its slots.
            .layer(limit.clone())
            .layer(heartbeat.clone())
            .service(source);
        Self { number, drain, stack, gated }
    }
}

/// How many streams may be open, in total and from one address.
const STREAMS: usize = 10_000;
const STREAMS_BY_ADDRESS: usize = 1000;

/// The heartbeat that a client may choose.
const NEGOTIABLE: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(60);

/// What a deploy takes with many streams; few take half a second each.
const WINDOW: Duration = Duration::from_secs(5);
const DEADLINE: Duration = Duration::from_secs(8);

const SHORT_WINDOW: Duration = Duration::from_millis(400);
const SHORT_DEADLINE: Duration = Duration::from_millis(900);
