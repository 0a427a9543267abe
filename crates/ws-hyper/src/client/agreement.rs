use bytes::Bytes;
use longwave_ws::{
    Role,
    handshake::{Subprotocol, client::Established},
};

use super::{Error, Options};
use crate::{WebSocket, socket::Setup};

/// What client and server have agreed on.
#[derive(Debug)]
pub(super) struct Agreement {
    protocol: Option<Subprotocol>,
    #[cfg(feature = "deflate")]
    deflate: Option<longwave_ws::deflate::Agreed>,
}

impl Agreement {
    #[cfg_attr(
        not(feature = "deflate"),
        expect(clippy::unnecessary_wraps, unused_variables, reason = "nothing else can be agreed on")
    )]
    pub(super) fn of(established: &Established, options: &Options) -> Result<Self, Error> {
        Ok(Self {
            protocol: established.protocol().cloned(),
            #[cfg(feature = "deflate")]
            deflate: deflate(established, options)?,
        })
    }

    pub(super) fn open<T>(self, io: T, read_ahead: Bytes, is_http2: bool, options: &Options) -> WebSocket<T> {
        let setup = Setup {
            // One that is empty may still hold the buffer that the head was read into.
            read_ahead: if read_ahead.is_empty() { Bytes::new() } else { read_ahead },
            is_http2,
            protocol: self.protocol,
            #[cfg(feature = "deflate")]
            deflate: self.deflate,
            ..Setup::new(io, Role::Client)
        };
        setup.open(&options.config)
    }
}

#[cfg(feature = "deflate")]
fn deflate(
    established: &Established,
    options: &Options,
) -> Result<Option<longwave_ws::deflate::Agreed>, Error> {
    match (established.extensions(), &options.deflate) {
        ([], _) => Ok(None),
        ([extension], Some(settings)) => {
            settings.accept_response(extension.params()).map(Some).map_err(Error::Deflate)
        }
        // By name it is what was offered, but it comes twice.
        _ => Err(Error::Handshake(super::HandshakeError::ExtensionNotOffered)),
    }
}
