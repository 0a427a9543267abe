use super::*;
use ::sse_stream::{Sse, SseByteStream};
use futures::{StreamExt, executor::block_on};

pub struct SseStream;

impl SseParser for SseStream {
    fn name(&self) -> &'static str {
        "sse-stream"
    }

    fn parse(&self, chunks: Chunks, events: &mut Events) {
        let mut stream = SseByteStream::new(chunks.into_stream());
        block_on(async {
            while let Some(event) = stream.next().await {
                let Sse { event, data: Some(data), id, .. } = event.unwrap() else { continue };
                events.add(event.as_deref().unwrap_or(""), &data, id.as_deref().unwrap_or(""));
            }
        });
    }
}

impl SseEncoder for SseStream {
    fn name(&self) -> &'static str {
        "sse-stream"
    }

    fn encode(&self, events: Vec<Event>, sink: &mut Sink) {
        for Event { event, id, data } in events {
            sink.push(&Sse { event, id, data: Some(data), retry: None }.encode().unwrap());
        }
    }

    /// What it encodes to can be cloned.
    fn fan_out(&self, event: &Event, subscribers: usize, sink: &mut Sink) {
        let Event { event, id, data } = event.clone();
        let encoded = Sse { event, id, data: Some(data), retry: None }.encode().unwrap();
        (0..subscribers).for_each(|_| sink.push(&encoded.clone()));
    }
}
