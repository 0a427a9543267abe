use super::*;
use ::fastwebsockets::{
    FragmentCollector, FragmentCollectorRead, Frame, OpCode, Payload, Role, WebSocket, WebSocketError,
    after_handshake_split,
};
use futures::executor::block_on;
use tokio::io::BufWriter;

pub struct FastWebSockets;

impl WsPeer for FastWebSockets {
    fn name(&self) -> &'static str {
        "fastwebsockets"
    }

    fn decode(&self, io: MemIo<'_>, wire: &Wire, tally: &mut Tally) {
        let mut ws = FragmentCollector::new(WebSocket::after_handshake(io, Role::Server));
        block_on(async {
            for _ in 0..wire.messages {
                tally.add(&ws.read_frame().await.unwrap().payload);
            }
        });
    }

    fn encode(&self, io: MemIo<'_>, job: &Encode) {
        let role = if job.client { Role::Client } else { Role::Server };
        block_on(async {
            if job.batch == 1 {
                let mut ws = WebSocket::after_handshake(io, role);
                for _ in 0..job.messages {
                    ws.write_frame(Frame::binary(Payload::Borrowed(&job.payload))).await.unwrap();
                }
            } else {
                let mut ws = WebSocket::after_handshake(BufWriter::new(io), role);
                for i in 0..job.messages {
                    ws.write_frame(Frame::binary(Payload::Borrowed(&job.payload))).await.unwrap();
                    if job.flush_after(i) {
                        ws.flush().await.unwrap();
                    }
                }
            }
        });
    }

    fn echo(&self, io: TcpStream, batch: bool) -> BoxFuture<'static, ()> {
        if batch {
            return Box::pin(echo_batched(io));
        }
        Box::pin(async move {
            let mut ws = FragmentCollector::new(WebSocket::after_handshake(io, Role::Server));
            while let Ok(frame) = ws.read_frame().await {
                if frame.opcode == OpCode::Close || ws.write_frame(frame).await.is_err() {
                    return;
                }
            }
        })
    }
}

/// `read_frame` is not cancel safe, so bursts need the split halves and a buffered writer.
async fn echo_batched(io: TcpStream) {
    let (read, write) = io.into_split();
    let (read, mut write) =
        after_handshake_split(read, BufWriter::with_capacity(WRITE_BUFFER, write), Role::Server);
    let mut read = FragmentCollectorRead::new(read);
    let mut no_reply = |_| async { Ok::<(), WebSocketError>(()) };
    loop {
        let flush = async {
            let _ = write.flush().await;
        };
        match ready_or(read.read_frame(&mut no_reply), flush).await {
            Ok(frame) if frame.opcode != OpCode::Close => {
                if write.write_frame(frame).await.is_err() {
                    return;
                }
            }
            _ => return,
        }
    }
}
