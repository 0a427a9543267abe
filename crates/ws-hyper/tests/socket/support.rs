//! What all of them need.

use std::{future::Future, pin::pin, task::Context, task::Poll, task::Waker, time::Duration};

use longwave_ws_hyper::{Config, WebSocket};
use tokio::io::{DuplexStream, duplex};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn quiet() -> Config {
    Config::new().without_heartbeat()
}

pub(crate) fn pair(config: &Config) -> [WebSocket<DuplexStream>; 2] {
    let (near, far) = duplex(64 * 1024);
    [WebSocket::client(near, config), WebSocket::server(far, config)]
}

pub(crate) fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

pub(crate) fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode, 0x80 | payload.len() as u8, 0, 0, 0, 0];
    frame.extend_from_slice(payload);
    frame
}
