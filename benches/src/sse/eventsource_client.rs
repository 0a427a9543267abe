use super::*;
use ::eventsource_client::{Client, ClientBuilder, SSE};
use futures::{StreamExt, executor::block_on};
use launchdarkly_sdk_transport::{
    ByteStream, HttpTransport, Request, Response, ResponseFuture, TransportError,
};

/// Its parser is private, so the whole client runs, on a transport that answers from memory.
pub struct EventsourceClient;

#[derive(Clone)]
struct Memory(Chunks);

impl HttpTransport for Memory {
    fn request(&self, _: Request<Option<Bytes>>) -> ResponseFuture {
        let chunks = self.0.clone();
        Box::pin(async move {
            let body: ByteStream = Box::pin(futures::stream::iter(chunks.map(Ok::<_, TransportError>)));
            Ok(Response::new(body))
        })
    }
}

impl SseParser for EventsourceClient {
    fn name(&self) -> &'static str {
        "eventsource-client"
    }

    fn parse(&self, chunks: Chunks, events: &mut Events) {
        let options = ::eventsource_client::ReconnectOptions::reconnect(false).build();
        let builder = ClientBuilder::for_url("http://memory/").unwrap().reconnect(options);
        let client = builder.build_with_transport(Memory(chunks));
        let mut stream = client.stream();
        block_on(async {
            while let Some(Ok(event)) = stream.next().await {
                if let SSE::Event(event) = event {
                    events.add(&event.event_type, &event.data, event.id.as_deref().unwrap_or(""));
                }
            }
        });
    }
}
