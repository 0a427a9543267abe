use super::*;
use bytes::Buf;
use longwave_ws::{Connection, Limits, Message, MessageRef};
use std::{io::IoSlice, time::Duration};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The connection as an application drives it: what it has read goes in, messages come out.
pub enum Longwave {
    /// Messages are lent until the next call, and copied when they are sent.
    Borrowed,
    /// Messages have memory of their own, and are shared when they are sent.
    Owned,
}

/// Many small messages and whole large ones are read at once, but what is part of a message in smaller pieces, which
/// are still in the first-level cache when they are copied to where it is put together.
const DECODE_BUFFER: usize = 64 << 10;

fn connection(client: bool) -> Connection {
    let limits = Limits::default();
    if !client {
        return Connection::server(limits);
    }
    let mut key = 0x1234_5678u32;
    Connection::client(limits, move || {
        key = key.wrapping_mul(0x915F_77F5).wrapping_add(1);
        key.to_ne_bytes()
    })
}

impl WsPeer for Longwave {
    fn name(&self) -> &'static str {
        match self {
            Longwave::Borrowed => "longwave, borrowed",
            Longwave::Owned => "longwave, owned",
        }
    }

    fn decode(&self, mut io: MemIo<'_>, wire: &Wire, tally: &mut Tally) {
        let mut connection = connection(false);
        let mut buf = vec![0; DECODE_BUFFER];
        let mut some = buf.len();
        while tally.count < wire.messages as u64 {
            let before = tally.count;
            let n = io.recv(&mut buf[..some]);
            let mut events = connection.handle_input(Duration::ZERO, &mut buf[..n]);
            match self {
                Longwave::Borrowed => {
                    while let Some(message) = events.next_message() {
                        match message.unwrap() {
                            MessageRef::Text(text) => tally.add(text.as_bytes()),
                            MessageRef::Binary(data) => tally.add(data),
                            other => panic!("unexpected {other:?}"),
                        }
                    }
                }
                Longwave::Owned => {
                    while let Some(message) = events.next_owned() {
                        match message.unwrap() {
                            Message::Text(text) => tally.add(text.as_bytes()),
                            Message::Binary(data) => tally.add(&data),
                            other => panic!("unexpected {other:?}"),
                        }
                    }
                }
            }
            some = if tally.count == before { READ_BUFFER } else { buf.len() };
        }
    }

    fn encode(&self, mut io: MemIo<'_>, job: &Encode) {
        let mut connection = connection(job.client);
        for i in 0..job.messages {
            match self {
                Longwave::Borrowed => connection.send_binary(&job.payload).unwrap(),
                Longwave::Owned => connection.send(job.payload.clone()).unwrap(),
            }
            if job.flush_after(i) || connection.buffered() >= READ_BUFFER {
                let mut out = connection.transmit();
                while out.has_remaining() {
                    let mut slices = [IoSlice::new(&[]); 4];
                    let filled = out.chunks_vectored(&mut slices);
                    let sent = io.send_slices(&slices[..filled]);
                    out.advance(sent);
                }
            }
        }
    }

    /// What is lent cannot be sent back while it is.
    fn can_echo(&self, _batch: bool) -> bool {
        matches!(self, Longwave::Owned)
    }

    fn echo(&self, mut io: TcpStream, batch: bool) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let mut connection = connection(false);
            let (mut buf, mut burst) = (vec![0; READ_BUFFER], Vec::new());
            while let Ok(n @ 1..) = io.read(&mut buf).await {
                let mut events = connection.handle_input(Duration::ZERO, &mut buf[..n]);
                while let Some(Ok(message)) = events.next_owned() {
                    burst.push(message);
                }
                for (i, message) in burst.iter().enumerate() {
                    if connection.send(message.clone()).is_err() {
                        return;
                    }
                    if batch && i + 1 < burst.len() && connection.buffered() < WRITE_BUFFER {
                        continue;
                    }
                    if io.write_all_buf(&mut connection.transmit()).await.is_err() {
                        return;
                    }
                }
                burst.clear();
            }
        })
    }
}
