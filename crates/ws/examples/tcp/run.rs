//! The loop that connects a [`Connection`] with a socket.

use std::{future, io, time::Duration};

use bytes::BytesMut;
use longwave_ws::{Connection, End, Message, Transport};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    select,
    time::{Instant, sleep_until, timeout},
};

/// Runs a connection to its end, and tells how it has ended.
///
/// - `input`: what has come behind the head of the handshake.
/// - `answer`: gets each message of text or bytes, and may answer by one.
pub(crate) async fn run(
    mut stream: TcpStream,
    mut connection: Connection,
    mut input: BytesMut,
    mut answer: impl FnMut(Message) -> Option<Message>,
) -> io::Result<Option<End>> {
    let start = Instant::now();
    take_in(&mut connection, start.elapsed(), &mut input, &mut answer)?;
    input.resize(READ, 0);
    let (mut reader, mut writer) = stream.split();

    while connection.transport() != Transport::Close {
        // A peer that does not read what it is sent is not read from either, which bounds what is kept for it.
        let has_room = connection.buffered() < FULL;
        let has_output = connection.buffered() > 0;
        let deadline = connection.poll_timeout().map(|timeout| start + timeout);
        // Whichever is ready first, the other two may be dropped: they have not moved a byte yet.
        select! {
            read = reader.read(&mut input), if has_room => match read {
                Ok(0) => connection.handle_eof(),
                Ok(len) => take_in(&mut connection, start.elapsed(), &mut input[..len], &mut answer)?,
                Err(err) => gone(&mut connection, err)?,
            },
            // Vectored: all that is queued goes out in one call, large payloads from where they lie.
            written = async { writer.write_buf(&mut connection.transmit()).await }, if has_output => {
                if let Err(err) = written {
                    gone(&mut connection, err)?;
                }
            }
            () = reached(deadline) => connection.handle_timeout(start.elapsed()),
        }
    }

    // Last words may be left, such as the answer to a close frame that came with the end of the stream. And a socket
    // that is dropped with bytes unread resets the connection, which may cost the peer our close frame: so the
    // end is said first, and what still comes is thrown away for a while. That the peer is gone by then is no error.
    let farewell = async {
        while connection.buffered() > 0 {
            writer.write_buf(&mut connection.transmit()).await?;
        }
        writer.shutdown().await?;
        while reader.read(&mut input).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = timeout(LINGER, farewell).await;
    Ok(connection.end().cloned())
}

/// Gives the connection what was read, and its messages to the application.
///
/// All of it is taken in before there is anything else to wait for, so nothing is lost in between.
fn take_in(
    connection: &mut Connection,
    now: Duration,
    input: &mut [u8],
    mut answer: impl FnMut(Message) -> Option<Message>,
) -> io::Result<()> {
    let mut events = connection.handle_input(now, input);
    // After a violation there is nothing more: it is what the connection has ended by, and the peer is told.
    while let Some(Ok(message)) = events.next_owned() {
        // Pings and close frames have been answered already.
        if let Message::Text(_) | Message::Binary(_) = message
            && let Some(answer) = answer(message)
        {
            events.send(answer).map_err(io::Error::other)?;
        }
    }
    Ok(())
}

/// Notes that the socket has failed, which is no error once all is said: a peer may hang up as it likes.
fn gone(connection: &mut Connection, err: io::Error) -> io::Result<()> {
    if connection.end().is_none() {
        return Err(err);
    }
    connection.handle_eof();
    Ok(())
}

async fn reached(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => future::pending().await,
    }
}

/// How much is read at once, in bytes.
const READ: usize = 16 * 1024;
/// From how many bytes to be sent on nothing is read.
const FULL: usize = 64 * 1024;
/// How long a peer may take to close its side, once ours is closed.
const LINGER: Duration = Duration::from_secs(1);
