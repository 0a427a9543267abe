use longwave_backpressure::{StreamLimit, StreamLimitLayer, guard::Guard};
use longwave_drain::{Drain, DrainLayer, DrainService};
use longwave_heartbeat::{Heartbeat, HeartbeatLayer, HeartbeatService};
use tower_layer::Layer;

use crate::{Witness, WitnessService};

/// The settings of all layers, and of the sockets below them.
#[derive(Clone, Debug)]
pub struct Stack {
    /// Ends what is open.
    pub drain: Drain,
    /// How much may be open.
    pub limit: StreamLimitLayer,
    /// How it is kept alive.
    pub heartbeat: Heartbeat,
    /// What the sockets go by.
    pub guard: Guard,
}

/// The layers of a [`Stack`], in the order in which they go around a service, and a [`Witness`] inside of them.
#[derive(Clone, Debug)]
#[must_use]
pub struct Layers {
    drain: DrainLayer,
    limit: StreamLimitLayer,
    heartbeat: HeartbeatLayer,
    witness: Witness,
}

impl Layers {
    /// Makes the layers of a stack.
    pub fn new(stack: &Stack, witness: Witness) -> Self {
        Self {
            drain: DrainLayer::new(&stack.drain),
            limit: stack.limit.clone(),
            heartbeat: HeartbeatLayer::new(stack.heartbeat.clone()),
            witness,
        }
    }
}

impl<S> Layer<S> for Layers {
    type Service = DrainService<StreamLimit<HeartbeatService<WitnessService<S>>>>;

    fn layer(&self, inner: S) -> Self::Service {
        (&self.drain, &self.limit, &self.heartbeat, &self.witness).layer(inner)
    }
}
