//! The server: axum's router in the whole stack, on guarded sockets with low buffers.

use crate::memory;
use axum::Router;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use longwave_backpressure::{
    StreamLimitLayer,
    guard::{Guard, GuardedService, LowBuffers},
};
use longwave_drain::{Drain, DrainLayer};
use longwave_heartbeat::{Heartbeat, HeartbeatLayer};
use std::time::Duration;
use tokio::{net::TcpListener, runtime::Handle};

pub struct Site {
    pub port: u16,
    pub drain: Drain,
    pub limit: StreamLimitLayer,
}

impl Site {
    /// Serves until the process ends.
    pub fn open(
        router: Router,
        drain: Drain,
        limit: StreamLimitLayer,
        heartbeat: Heartbeat,
        guard: Guard,
    ) -> Self {
        Self::on(memory::listen(), router, drain, limit, heartbeat, guard)
    }

    /// Serves on a listener that is there already, as [`Self::open`] does.
    pub fn on(
        listener: TcpListener,
        router: Router,
        drain: Drain,
        limit: StreamLimitLayer,
        heartbeat: Heartbeat,
        guard: Guard,
    ) -> Self {
        let layers = tower::ServiceBuilder::new()
            .layer(DrainLayer::new(&drain).max_age(Duration::from_secs(3600)))
            .layer(limit.clone())
            .layer(HeartbeatLayer::new(heartbeat));
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(accept(listener, router.layer(layers), guard));
        Site { port, drain, limit }
    }
}

async fn accept(listener: TcpListener, router: Router, guard: Guard) {
    let mut server = Builder::new(TokioExecutor::new());
    server.low_buffers();
    loop {
        let Ok((io, _)) = listener.accept().await else {
            // No file descriptor is free.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let (io, server) = (guard.wrap(io), server.clone());
        let service = GuardedService::new(TowerToHyperService::new(router.clone()), io.connection().clone());
        tokio::spawn(async move {
            // Clients hang up wherever they like.
            let _ = server.serve_connection_with_upgrades(TokioIo::new(io), service).await;
        });
    }
}

/// This process's memory, without what the allocator keeps for later.
pub fn memory() -> usize {
    // SAFETY: it only gives back what is free.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
    memory::resident(std::process::id())
}

/// Tasks of this runtime that have not ended.
pub fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}
