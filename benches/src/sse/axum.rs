use super::*;
use ::axum::response::{
    IntoResponse,
    sse::{Event as Sse, Sse as Response},
};
use futures::{executor::block_on, stream};
use http_body_util::BodyExt;

pub struct Axum;

fn event(Event { event, id, data }: Event) -> Sse {
    let mut sse = Sse::default();
    if let Some(event) = event {
        sse = sse.event(event);
    }
    if let Some(id) = id {
        sse = sse.id(id);
    }
    sse.data(data)
}

fn send(events: impl Iterator<Item = Sse> + Send + 'static, sink: &mut Sink) {
    let stream = stream::iter(events.map(Ok::<_, Infallible>));
    let mut body = Response::new(stream).into_response().into_body();
    block_on(async {
        while let Some(frame) = body.frame().await {
            sink.push(&frame.unwrap().into_data().unwrap());
        }
    });
}

impl SseEncoder for Axum {
    fn name(&self) -> &'static str {
        "axum"
    }

    fn encode(&self, events: Vec<Event>, sink: &mut Sink) {
        send(events.into_iter().map(event), sink);
    }

    /// The event can be cloned once it is encoded.
    fn fan_out(&self, e: &Event, subscribers: usize, sink: &mut Sink) {
        send(std::iter::repeat_n(event(e.clone()), subscribers), sink);
    }
}
