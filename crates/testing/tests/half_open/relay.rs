//! Something in the middle that stops to forward, and holds on to both connections.

use std::net::SocketAddr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    swallows: watch::Sender<bool>,
}

impl Relay {
    /// Forwards until it is told not to, and then holds what it has until the test's runtime ends.
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (swallows, swallowing) = watch::channel(false);
        tokio::spawn(async move {
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                let mut upstream = TcpStream::connect(server).await.unwrap();
                let mut swallowing = swallowing.clone();
                tokio::spawn(async move {
                    let over = tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut upstream) => true,
                        _ = swallowing.wait_for(|swallows| *swallows) => false,
                    };
                    if !over {
                        std::future::pending::<()>().await;
                    }
                });
            }
        });
        Self { address, swallows }
    }

    /// Stops to forward. What comes in is acknowledged by the kernel, for as long as it has room.
    pub(crate) fn swallow(&self) {
        self.swallows.send_replace(true);
    }
}
