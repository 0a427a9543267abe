use std::sync::Arc;

use tower_layer::Layer;

use super::{HostService, Hosts, OriginService, Origins, service::Settings};
use crate::http::Refusals;

/// Refuses streams to pages that are not let in, with `403`.
///
/// Looked at are those requests that can be made to open a stream across origins without being asked first: `GET`
/// that upgrades, `GET` for an event stream, and every `CONNECT`. Layers against CSRF let all of these pass.
///
/// Without a list of credentials of its own, it takes a request for one by `Authorization` if there is that header,
/// which no page can send to where it may not; for one by cookie if there is only that; and for one that was sent on
/// purpose if there is neither. `Basic`, `Digest`, `Negotiate` and `NTLM` count as cookies do, as browsers add them by
/// themselves. Where a ticket is checked too, that is to know better.
///
/// Each layer has its own list, whatever others are in the same application.
///
/// # Examples
///
/// ```
/// use axum::{Router, routing::get};
/// use longwave_ticket::http::{AbsentOrigin, OriginLayer, Origins};
///
/// let origins = Origins::list(["https://app.example.com"])?.absent(AbsentOrigin::Refuse);
/// let app: Router = Router::new().route("/feed", get(async || "hello")).layer(OriginLayer::new(origins));
/// # drop(app);
/// # Ok::<_, longwave_ticket::http::InvalidOrigin>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct OriginLayer {
    settings: Arc<Settings<Origins>>,
}

/// Refuses requests for hosts that are not listed with `403`, and those that do not say one host with `400`.
///
/// Every request is looked at, because DNS rebinding reaches them all.
///
/// # Examples
///
/// ```
/// use axum::{Router, routing::get};
/// use longwave_ticket::http::{HostLayer, Hosts};
///
/// let hosts = Hosts::list(["app.example.com"])?;
/// let app: Router = Router::new().route("/feed", get(async || "hello")).layer(HostLayer::new(hosts));
/// # drop(app);
/// # Ok::<_, longwave_ticket::http::HostError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct HostLayer {
    settings: Arc<Settings<Hosts>>,
}

impl OriginLayer {
    /// Lets in these.
    pub fn new(origins: Origins) -> Self {
        let settings = Settings { list: origins, refusals: Refusals::new(), everything: false };
        Self { settings: Arc::new(settings) }
    }

    /// Looks at every request, whatever it asks for.
    ///
    /// What pages elsewhere embed, such as images, is refused to them then, too.
    pub fn every_request(mut self) -> Self {
        Arc::make_mut(&mut self.settings).everything = true;
        self
    }

    /// Sets how it refuses.
    pub fn refusals(mut self, refusals: Refusals) -> Self {
        Arc::make_mut(&mut self.settings).refusals = refusals;
        self
    }
}

impl HostLayer {
    /// Lets in requests for these.
    pub fn new(hosts: Hosts) -> Self {
        let settings = Settings { list: hosts, refusals: Refusals::new(), everything: true };
        Self { settings: Arc::new(settings) }
    }

    /// Sets how it refuses.
    pub fn refusals(mut self, refusals: Refusals) -> Self {
        Arc::make_mut(&mut self.settings).refusals = refusals;
        self
    }
}

impl<S> Layer<S> for OriginLayer {
    type Service = OriginService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        OriginService::new(inner, self.settings.clone())
    }
}

impl<S> Layer<S> for HostLayer {
    type Service = HostService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        HostService::new(inner, self.settings.clone())
    }
}
