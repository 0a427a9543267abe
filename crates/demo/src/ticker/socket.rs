//! A reader over a WebSocket, from the upgrade to the last word.

use longwave_ws_hyper::server::Upgrading;
use longwave_ws_hyper::{Error, Message, Upgraded, WebSocket};

use super::reader::Reader;
use super::words::{Says, Told};

/// A reader who is on the way.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) reader: Reader,
}

impl Arrival {
    /// Reads until the connection is over.
    pub(crate) async fn attend(mut self, upgrading: Upgrading) {
        // The client may be gone before hyper has answered it.
        let Ok(mut socket) = upgrading.await else { return };
        // Why it does not go on is told by what is left to receive.
        let _closing = self.read(&mut socket).await;
        // Nobody publishes for one who is about to leave.
        drop(self);
        while socket.recv().await.is_some() {}
    }

    async fn read(&mut self, socket: &mut WebSocket<Upgraded>) -> Result<(), Error> {
        loop {
            tokio::select! {
                message = socket.recv() => match message.transpose()? {
                    None | Some(Message::Close(_)) => return Ok(()),
                    Some(message) => match message.from_json() {
                        Ok(Says { rate }) => self.reader.set_rate(rate),
                        Err(_) => socket.send(Told::Refused(NO_RATE).message()).await?,
                    },
                },
                next = self.reader.next() => match next {
                    Some(next) => socket.send_prepared(&next.message()).await?,
                    None => return Ok(()),
                },
            }
        }
    }
}

const NO_RATE: &str = "a rate is JSON: {\"rate\": 40} or {\"rate\": null}";
