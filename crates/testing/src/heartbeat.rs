//! What a heartbeat may do to an event stream: nothing that a client would notice.

use std::{
    collections::VecDeque,
    convert::Infallible,
    future::{Future, ready},
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame};
use longwave_core::{Attach, Heartbeat, Lifeline, StreamBody};
use longwave_sse::{Event, EventType, OwnedItem, Position};
use tokio::{runtime::Builder, time::advance};

use crate::{
    chunking,
    sse::{
        boundary,
        drive::{Outcome, Settings, drive},
    },
};

/// How a case is set up, one setting for each number: where beats are forced, and which ones.
#[derive(Clone, Copy, Debug)]
pub struct Silences(pub u8);

/// A client reads the same events whether there were beats or not, however the stream is cut, and wherever it
/// falls silent. And there is a beat wherever there can be one.
///
/// - `cuts`: the sizes of the chunks; behind those, each chunk is one byte.
///
/// # Panics
///
/// If that does not hold.
pub fn beats_are_invisible(stream: &[u8], cuts: &[u8], silences: Silences) {
    let mut pieces = chunking::by_sizes(stream, cuts);
    let tail = pieces.pop().unwrap_or_default();
    pieces.extend(tail.chunks(1));

    let heartbeat = Heartbeat::every(INTERVAL);
    let heartbeat = if silences.0 & 1 == 0 {
        heartbeat
    } else {
        heartbeat.event(&Event::new().event_type(BEAT).data(""))
    };
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    let wire = runtime.expect("no sockets are needed").block_on(beating(&pieces, silences, heartbeat));

    let (expected, beaten) = (read(stream), read(&wire));
    assert_eq!(
        expected,
        beaten,
        "with {silences:?}, b\"{}\" became b\"{}\"",
        stream.escape_ascii(),
        wire.escape_ascii()
    );
}

/// The body of the target `heartbeat_body`: silences, number of cuts (modulo 32), the cuts, the stream.
///
/// # Panics
///
/// If a beat is not invisible.
pub fn fuzz(bytes: &[u8]) {
    if let Some((&[silences, cuts], rest)) = bytes.split_first_chunk()
        && let Some((cuts, stream)) = rest.split_at_checked(usize::from(cuts % 32))
    {
        beats_are_invisible(stream, cuts, Silences(silences));
    }
}

/// What comes out of a body of these pieces.
async fn beating(pieces: &[&[u8]], silences: Silences, heartbeat: Heartbeat) -> Vec<u8> {
    let lifeline = Lifeline::new();
    lifeline.set_heartbeat(heartbeat.clone());
    let mut wire = Vec::new();
    let mut body = Box::pin(attach(Pieces::default(), &lifeline));
    for (index, piece) in pieces.iter().enumerate() {
        // Every piece, every other one, ...: none is left out in the first of eight settings.
        if index % (1 + usize::from(silences.0 >> 1) % 8) == 0 {
            fall_silent(&mut body, &mut wire, &heartbeat).await;
        }
        body.get_ref().expect("the pieces are inside").feed(piece);
        take(&mut body, &mut wire);
    }
    fall_silent(&mut body, &mut wire, &heartbeat).await;
    wire
}

/// Lets more than an interval pass, and looks whether there is a beat.
async fn fall_silent(body: &mut Pin<Box<StreamBody<Pieces>>>, wire: &mut Vec<u8>, heartbeat: &Heartbeat) {
    take(body, wire);
    advance(INTERVAL + Duration::from_millis(1)).await;
    let before = wire.len();
    take(body, wire);
    if boundary::position(&wire[..before]) == Position::BetweenEvents {
        assert_eq!(wire[before..], heartbeat.beat(), "behind b\"{}\"", wire[..before].escape_ascii());
    } else {
        assert_eq!(wire[before..], *b"", "behind b\"{}\"", wire[..before].escape_ascii());
    }
}

/// Takes what there is.
fn take(body: &mut Pin<Box<StreamBody<Pieces>>>, wire: &mut Vec<u8>) {
    let mut cx = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(Ok(frame))) = body.as_mut().poll_frame(&mut cx) {
        wire.extend_from_slice(frame.data_ref().expect("an event stream is data"));
    }
}

fn attach(body: Pieces, lifeline: &Lifeline) -> StreamBody<Pieces> {
    let mut response = Response::new(body);
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("text/event-stream"));
    let attached = pin!(Attach::new(ready(Ok::<_, Infallible>(response)), lifeline));
    match attached.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(response)) => response.into_body(),
        Poll::Pending => unreachable!("the response is ready"),
    }
}

/// What a client makes of it, comments and beats aside.
fn read(wire: &[u8]) -> Outcome {
    let mut outcome = drive(&mut Settings::standard().decoder(), [wire]);
    outcome.items.retain(|item| match item {
        OwnedItem::Comment(_) => false,
        OwnedItem::Event(event) => event.event_type() != BEAT.as_str(),
        _ => true,
    });
    outcome
}

/// A body that has what it was fed, and never ends.
#[derive(Debug, Default)]
struct Pieces(std::cell::RefCell<VecDeque<Bytes>>);

impl Pieces {
    fn feed(&self, piece: &[u8]) {
        self.0.borrow_mut().push_back(Bytes::copy_from_slice(piece));
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.0.borrow_mut().pop_front() {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            None => Poll::Pending,
        }
    }
}

const INTERVAL: Duration = Duration::from_secs(15);
const BEAT: EventType = EventType::from_static("beat-of-longwave");
