use super::*;
use ::tokio_websockets::{ClientBuilder, Message, Payload, ServerBuilder};
use futures::executor::block_on;

pub struct TokioWebSockets;

impl WsPeer for TokioWebSockets {
    fn name(&self) -> &'static str {
        "tokio-websockets"
    }

    fn decode(&self, io: MemIo<'_>, wire: &Wire, tally: &mut Tally) {
        let mut ws = ServerBuilder::new().serve(io);
        block_on(async {
            for _ in 0..wire.messages {
                tally.add(ws.next().await.unwrap().unwrap().as_payload());
            }
        });
    }

    fn encode(&self, io: MemIo<'_>, job: &Encode) {
        let mut ws =
            if job.client { ClientBuilder::new().take_over(io) } else { ServerBuilder::new().serve(io) };
        block_on(async {
            for i in 0..job.messages {
                ws.feed(Message::binary(Payload::from(job.payload.clone()))).await.unwrap();
                if job.flush_after(i) {
                    ws.flush().await.unwrap();
                }
            }
        });
    }

    fn echo(&self, io: TcpStream, batch: bool) -> BoxFuture<'static, ()> {
        let ws = ServerBuilder::new().serve(io);
        Box::pin(echo_stream(ws, batch, |message| message.ok().filter(|m: &Message| !m.is_close())))
    }
}
