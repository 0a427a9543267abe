use super::*;
use ::yawc::{Frame, OpCode, Options, Role, WebSocket};
use futures::executor::block_on;

pub struct Yawc;

/// The default limit is exclusive and just below our largest message; UTF-8 checks are off by default.
fn options() -> Options {
    Options::default().with_limits(4 << 20, 8 << 20).with_utf8()
}

impl WsPeer for Yawc {
    fn name(&self) -> &'static str {
        "yawc"
    }

    fn decode(&self, io: MemIo<'_>, wire: &Wire, tally: &mut Tally) {
        let mut ws = WebSocket::from_stream(io, Role::Server, options()).unwrap();
        block_on(async {
            for _ in 0..wire.messages {
                tally.add(ws.next_frame().await.unwrap().payload());
            }
        });
    }

    fn encode(&self, io: MemIo<'_>, job: &Encode) {
        let role = if job.client { Role::Client } else { Role::Server };
        let mut ws = WebSocket::from_stream(io, role, options()).unwrap();
        block_on(async {
            for i in 0..job.messages {
                ws.feed(Frame::binary(job.payload.clone())).await.unwrap();
                if job.flush_after(i) {
                    ws.flush().await.unwrap();
                }
            }
        });
    }

    fn echo(&self, io: TcpStream, batch: bool) -> BoxFuture<'static, ()> {
        let ws = WebSocket::from_stream(io, Role::Server, options()).unwrap();
        let reply =
            |frame: Frame| (frame.opcode() != OpCode::Close).then(|| Frame::binary(frame.into_payload()));
        Box::pin(echo_stream(ws, batch, reply))
    }
}
