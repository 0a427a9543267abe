use std::{io, net::SocketAddr};

use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use crate::{Dialect, Framework, Layers, Opened, Route, Stack, Witness};

/// A server that is running; it is stopped when this is dropped.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    dialect: Dialect,
    opened: mpsc::UnboundedReceiver<Opened>,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<io::Result<()>>,
}

impl Running {
    /// Starts a server on a free port.
    ///
    /// # Errors
    ///
    /// If there is no free port.
    pub async fn start<F: Framework>(stack: &Stack) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (witness, opened) = Witness::new();
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(F::serve(listener, stack.guard, Layers::new(stack, witness), stopped));
        Ok(Self { address, dialect: F::DIALECT, opened, stop: Some(stop), server })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for the next request for a route that got through the layers; `None` if the server is gone.
    pub async fn opened(&mut self, route: Route) -> Option<Opened> {
        loop {
            let opened = self.opened.recv().await?;
            if opened.path() == route.path(self.dialect) {
                return Some(opened);
            }
        }
    }

    /// Waits until the framework's own graceful shutdown is over.
    ///
    /// # Errors
    ///
    /// Whatever the server has failed with.
    pub async fn shut_down(mut self) -> io::Result<()> {
        drop(self.stop.take());
        (&mut self.server).await.map_err(io::Error::other)?
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.server.abort();
    }
}
