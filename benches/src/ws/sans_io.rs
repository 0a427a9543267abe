use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use websocket_sans_io::{
    FrameInfo, Opcode, WebsocketFrameDecoder, WebsocketFrameEncoder, WebsocketFrameEvent,
};

/// Frames only: buffers, messages and UTF-8 are up to the application.
pub struct SansIo;

/// Feeds `read` to the decoder and hands out each complete message.
fn feed(
    decoder: &mut WebsocketFrameDecoder,
    mut read: &mut [u8],
    message: &mut Vec<u8>,
    mut each: impl FnMut(Opcode, &[u8]),
) -> Result<(), ()> {
    loop {
        let step = decoder.add_data(read).map_err(drop)?;
        let (used, rest) = read.split_at_mut(step.consumed_bytes);
        match step.event {
            Some(WebsocketFrameEvent::PayloadChunk { original_opcode }) if original_opcode.is_data() => {
                message.extend_from_slice(used);
            }
            Some(WebsocketFrameEvent::End { frame_info, original_opcode }) if frame_info.fin => {
                if original_opcode == Opcode::ConnectionClose {
                    return Err(());
                }
                each(original_opcode, message);
                message.clear();
            }
            None if step.consumed_bytes == 0 => return Ok(()),
            _ => {}
        }
        read = rest;
    }
}

fn append(out: &mut Vec<u8>, payload: &[u8], mask: Option<[u8; 4]>) {
    let mut encoder = WebsocketFrameEncoder::new();
    let info = FrameInfo {
        opcode: Opcode::Binary,
        payload_length: payload.len() as u64,
        mask,
        fin: true,
        reserved: 0,
    };
    out.extend_from_slice(&encoder.start_frame(&info));
    let start = out.len();
    out.extend_from_slice(payload);
    if mask.is_some() {
        encoder.transform_frame_payload(&mut out[start..]);
    }
}

impl WsPeer for SansIo {
    fn name(&self) -> &'static str {
        "websocket-sans-io"
    }

    fn decode(&self, mut io: MemIo<'_>, wire: &Wire, tally: &mut Tally) {
        let (mut decoder, mut buf, mut message) =
            (WebsocketFrameDecoder::new(), vec![0; WRITE_BUFFER], Vec::new());
        while tally.count < wire.messages as u64 {
            let n = io.recv(&mut buf);
            feed(&mut decoder, &mut buf[..n], &mut message, |opcode, payload| {
                tally.add(if opcode == Opcode::Text { validated(payload) } else { payload });
            })
            .unwrap();
        }
    }

    fn encode(&self, mut io: MemIo<'_>, job: &Encode) {
        let mut out = Vec::new();
        let mut key = 0x1234_5678u32;
        for i in 0..job.messages {
            key = key.wrapping_mul(0x915F_77F5).wrapping_add(1);
            append(&mut out, &job.payload, job.client.then_some(key.to_ne_bytes()));
            if job.flush_after(i) || out.len() >= WRITE_BUFFER {
                io.send(&out);
                out.clear();
            }
        }
    }

    /// One write per message would need the decoder to be suspended in the middle of a read.
    fn can_echo(&self, batch: bool) -> bool {
        batch
    }

    fn echo(&self, mut io: TcpStream, _: bool) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let (mut decoder, mut buf, mut message) =
                (WebsocketFrameDecoder::new(), vec![0; READ_BUFFER], Vec::new());
            let mut out = Vec::new();
            while let Ok(n @ 1..) = io.read(&mut buf).await {
                if feed(&mut decoder, &mut buf[..n], &mut message, |_, p| append(&mut out, p, None)).is_err()
                    || io.write_all(&out).await.is_err()
                {
                    return;
                }
                out.clear();
            }
        })
    }
}
