#[cfg(feature = "ws")]
use longwave_ws::handshake::{Origin, OriginPolicy};
#[cfg(not(feature = "ws"))]
use longwave_ws_hyper::handshake::{Origin, OriginPolicy};

use crate::ticket::http::Origins;

/// Lets WebSockets be opened from the pages that a list for all kinds of streams lets in.
///
/// Handshakes check `Origin` themselves, and refuse pages of other hosts unless told otherwise. So a list that is
/// checked by a layer in front is to be known here too; two that are kept by hand will differ one day.
///
/// What the handshake knows nothing of stays with the layer: the hosts that are a server's own, and what becomes of
/// requests without an `Origin`. Without the layer, that is, every host is one's own, and those are let in.
///
/// # Examples
///
/// ```
/// use longwave::{origin_policy, ticket::http::{OriginLayer, Origins}, ws::handshake::server};
///
/// let origins = Origins::list(["https://app.example.com"])?;
/// let options = server::Options::new().origins(origin_policy(&origins));
/// let layer = OriginLayer::new(origins);
/// # drop((options, layer));
/// # Ok::<_, longwave::ticket::http::InvalidOrigin>(())
/// ```
pub fn origin_policy(origins: &Origins) -> OriginPolicy {
    let policy = if origins.allows_same_host() { OriginPolicy::same_host() } else { OriginPolicy::listed() };
    // Whatever is an origin there is one here.
    let listed = origins.listed().filter_map(|origin| origin.parse().ok());
    let policy = listed.fold(policy, OriginPolicy::allow);
    if origins.allows_null() { policy.allow(Origin::NULL) } else { policy }
}
