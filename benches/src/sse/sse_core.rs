use super::*;
use ::sse_core::{SseDecoder, SseEvent};
use std::num::NonZeroUsize;

pub struct SseCore;

impl SseParser for SseCore {
    fn name(&self) -> &'static str {
        "sse-core"
    }

    fn parse(&self, chunks: Chunks, events: &mut Events) {
        // The default limit is 512 KiB.
        let mut decoder = SseDecoder::with_limit(NonZeroUsize::new(8 << 20).unwrap());
        for mut chunk in chunks {
            while let Some(event) = decoder.next(&mut chunk) {
                if let SseEvent::Message(event) = event.unwrap() {
                    events.add(&event.event, &event.data, event.last_event_id.as_deref().unwrap_or(""));
                }
            }
        }
    }
}
