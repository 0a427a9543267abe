use super::*;
use ::wtx::{
    collection::Vector,
    rng::Xorshift64,
    stream::{StreamReader, StreamWriter},
    web_socket::{Frame, OpCode, WebSocket, WebSocketBuffer, WebSocketPayloadOrigin},
};
use futures::executor::block_on;
use std::io::{Read, Write};

/// Has traits of its own for streams, and writes every frame at once: there is no batching.
pub struct Wtx;

struct Io<'a>(MemIo<'a>);

impl StreamReader for Io<'_> {
    async fn read(&mut self, bytes: &mut [u8]) -> ::wtx::Result<usize> {
        Ok(Read::read(&mut self.0, bytes)?)
    }
}

impl StreamWriter for Io<'_> {
    async fn write_all(&mut self, bytes: &[u8]) -> ::wtx::Result<()> {
        Ok(Write::write_all(&mut self.0, bytes)?)
    }

    async fn write_all_vectored(&mut self, bytes: &[&[u8]]) -> ::wtx::Result<()> {
        bytes.iter().for_each(|b| self.0.sink.push(b));
        Ok(())
    }
}

fn socket<S: ::wtx::stream::Stream, const CLIENT: bool>(
    io: S,
) -> WebSocket<(), Xorshift64, S, WebSocketBuffer, CLIENT> {
    WebSocket::new((), false, Xorshift64::from(0x1234_5678_9ABC_DEF1), io, WebSocketBuffer::new())
}

/// Masking happens in place, so a client has to hand over a fresh copy of its payload for every message.
fn write_all<const CLIENT: bool>(io: MemIo<'_>, job: &Encode) {
    let mut ws = socket::<_, CLIENT>(Io(io));
    let mut payload = job.payload.to_vec();
    block_on(async {
        for _ in 0..job.messages {
            if CLIENT {
                payload.copy_from_slice(&job.payload);
            }
            ws.write_frame(&mut Frame::new_fin(OpCode::Binary, payload.as_mut_slice())).await.unwrap();
        }
    });
}

impl WsPeer for Wtx {
    fn name(&self) -> &'static str {
        "wtx"
    }

    fn decode(&self, io: MemIo<'_>, wire: &Wire, tally: &mut Tally) {
        let mut ws = socket::<_, false>(Io(io));
        let mut buffer = Vector::new();
        block_on(async {
            for _ in 0..wire.messages {
                buffer.clear();
                let frame = ws.read_frame(&mut buffer, WebSocketPayloadOrigin::Adaptive).await.unwrap();
                tally.add(frame.payload());
            }
        });
    }

    fn encode(&self, io: MemIo<'_>, job: &Encode) {
        if job.client { write_all::<true>(io, job) } else { write_all::<false>(io, job) }
    }

    fn can_echo(&self, batch: bool) -> bool {
        !batch
    }

    fn echo(&self, io: TcpStream, _: bool) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let mut ws = socket::<_, false>(io);
            let (mut common, mut reader, mut writer) = ws.split_mut();
            let mut buffer = Vector::new();
            loop {
                buffer.clear();
                let frame =
                    reader.read_frame(&mut buffer, &mut common, WebSocketPayloadOrigin::Adaptive).await;
                match frame {
                    Ok(mut frame) if frame.op_code() != OpCode::Close => {
                        if writer.write_frame(&mut common, &mut frame).await.is_err() {
                            return;
                        }
                    }
                    _ => return,
                }
            }
        })
    }
}
