use std::time::Duration;

use tower_layer::Layer;

use crate::{Drain, DrainService};

/// Registers the streams of a service with a [`Drain`], which ends them when the server is to be shut down.
///
/// It goes outside of the layers that wrap bodies of streams (heartbeats, limits) and inside of compression.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use longwave_drain::{Drain, DrainLayer};
///
/// let drain = Drain::new();
/// let layer = DrainLayer::new(&drain).max_age(Duration::from_secs(3600));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct DrainLayer {
    drain: Drain,
    max_age: Option<Duration>,
}

impl DrainLayer {
    /// Makes a layer that registers streams with this drain.
    pub fn new(drain: &Drain) -> Self {
        Self { drain: drain.clone(), max_age: None }
    }

    /// Ends every stream at about this age, a fifth more or less for each ([`Cause::AgedOut`]), so that
    /// clients spread over servers that were added since they came.
    ///
    /// Only for streams that their clients resume.
    ///
    /// [`Cause::AgedOut`]: longwave_core::Cause::AgedOut
    pub fn max_age(self, max_age: Duration) -> Self {
        Self { max_age: Some(max_age), ..self }
    }
}

impl<S> Layer<S> for DrainLayer {
    type Service = DrainService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        DrainService::new(inner, self.drain.clone(), self.max_age)
    }
}
