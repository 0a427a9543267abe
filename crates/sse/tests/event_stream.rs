//! `EventStream` over bodies and streams of chunks, and the codec over the same pieces.
#![cfg(feature = "body")]

use std::{convert::Infallible, error::Error, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt, future::poll_immediate, stream};
use http::{HeaderMap, Response, StatusCode};
use http_body::Frame;
use http_body_util::StreamBody;
use longwave_sse::{
    DecodeError, Decoder, Event, EventStream, Limits, OwnedItem, Refusal, StreamError, Utf8Policy, response,
};

type Chunk = Result<Bytes, std::io::Error>;

fn chunks<const N: usize>(chunks: [&'static str; N]) -> impl futures_util::Stream<Item = Chunk> + Unpin {
    stream::iter(chunks.map(|chunk| Ok(Bytes::from_static(chunk.as_bytes()))))
}

#[tokio::test]
async fn events_come_in_order_from_pieces_of_any_size() {
    // More than is decoded at once, so that events lie across the pieces.
    let wire: Vec<_> = (0..5_000).map(|i| format!("id: {i}\ndata: event {i}\n\n")).collect();
    let wire = wire.concat();
    for size in [1, 7, 4_096, wire.len()] {
        let pieces =
            wire.as_bytes().chunks(size).map(|piece| Ok::<_, Infallible>(Bytes::copy_from_slice(piece)));
        let mut events = EventStream::new(stream::iter(pieces.collect::<Vec<_>>()));
        for i in 0..5_000 {
            let event = events.next_event().await.expect("an event").expect("no error");
            assert_eq!((event.data(), event.last_event_id()), (&*format!("event {i}"), &*i.to_string()));
        }
        assert!(events.next_event().await.is_none());
        assert_eq!(events.last_event_id(), "4999");
    }
}

#[tokio::test]
async fn items_are_all_there_is() {
    let mut events = EventStream::new(chunks([": beat\nretry: 7\n", "id: 1\n\ndata\n\n"]));
    events = events.with_decoder(Decoder::new().with_comments());
    assert_eq!(events.next_item().await.unwrap().unwrap(), OwnedItem::Comment("beat".into()));
    assert_eq!(events.next_item().await.unwrap().unwrap(), OwnedItem::Retry(Duration::from_millis(7)));
    assert_eq!(events.next_item().await.unwrap().unwrap(), OwnedItem::Cursor("1".into()));
    let Some(Ok(OwnedItem::Event(event))) = events.next_item().await else { panic!("no event") };
    assert_eq!((event.event_type(), event.data(), event.last_event_id()), ("message", "", "1"));
    assert!(events.next_item().await.is_none());
}

#[tokio::test]
async fn a_decode_error_comes_after_what_was_valid_and_is_the_last() {
    let decoder = Decoder::new().utf8(Utf8Policy::Strict);
    let wire = stream::iter([Ok::<_, Infallible>(&b"data: ok\n\ndata: \xFF\n\ndata: lost\n\n"[..])]);
    let mut events = EventStream::new(wire).with_decoder(decoder);
    assert_eq!(events.next_event().await.unwrap().unwrap().data(), "ok");
    let error = events.next_event().await.unwrap().unwrap_err();
    assert!(matches!(error, StreamError::Decode(DecodeError::InvalidUtf8 { at: 16, .. })), "{error:?}");
    assert!(error.source().is_some());
    assert!(events.next_event().await.is_none());
}

#[tokio::test]
async fn a_source_error_comes_after_what_was_read_and_is_the_last() {
    let wire = stream::iter([Ok(&b"data: ok\n\ndata: cut"[..]), Err("reset"), Ok(b"\n\n")]);
    let mut events = EventStream::new(wire);
    assert_eq!(events.next_event().await.unwrap().unwrap().data(), "ok");
    assert_eq!(events.next_event().await, Some(Err(StreamError::Source("reset"))));
    assert_eq!(events.next_event().await, None);
}

fn channel() -> (
    tokio::sync::mpsc::UnboundedSender<&'static str>,
    impl futures_util::Stream<Item = Result<&'static [u8], Infallible>> + Unpin,
) {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel::<&str>();
    let chunks = stream::poll_fn(move |cx| receiver.poll_recv(cx).map(|chunk| Some(Ok(chunk?.as_bytes()))));
    (sender, chunks)
}

#[tokio::test]
async fn dropping_the_future_loses_nothing() {
    let (sender, receiver) = channel();
    let mut events = EventStream::new(receiver);
    sender.send("data: one\n").unwrap();
    assert!(poll_immediate(events.next_event()).await.is_none());
    sender.send("\ndata: two\n\n").unwrap();
    assert_eq!(events.next_event().await.unwrap().unwrap().data(), "one");
    assert_eq!(events.next_event().await.unwrap().unwrap().data(), "two");
}

#[tokio::test]
async fn trailers_are_left_out() {
    let frames =
        [Ok::<_, Infallible>(Frame::data(Bytes::from("data: 1\n\n"))), Ok(Frame::trailers(HeaderMap::new()))];
    let mut events = EventStream::from_body(StreamBody::new(stream::iter(frames)));
    assert_eq!(events.next_event().await.unwrap().unwrap().data(), "1");
    assert!(events.next_event().await.is_none());
}

#[tokio::test]
async fn a_refused_response_keeps_its_body() {
    let mut answer = Response::new("{\"error\":\"quota\"}".to_owned());
    *answer.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    let refused = EventStream::from_response(answer).unwrap_err();
    assert!(matches!(refused.refusal(), Refusal::Status { status, .. } if status == 429));
    assert_eq!(refused.into_response().into_body(), "{\"error\":\"quota\"}");
    let refused = EventStream::from_response(Response::new(String::new())).unwrap_err();
    assert_eq!(refused.refusal(), Refusal::ContentType);
}

#[tokio::test]
async fn a_decoder_goes_on_with_the_next_connection() {
    let mut events = EventStream::from_response(response("id: 3\n\n".to_owned())).unwrap();
    assert!(events.next_event().await.is_none());
    let decoder = events.into_decoder().limits(Limits::default().event(64));
    assert_eq!(decoder.last_event_id(), "3");
    let events = EventStream::new(chunks(["data: again\n\n"])).with_decoder(decoder);
    let events: Vec<_> = events.map(|event| event.unwrap().last_event_id().to_owned()).collect().await;
    assert_eq!(events, ["3"]);
}

#[tokio::test]
async fn the_way_back_begins_behind_what_was_yielded() {
    let wire = ["id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\n\ndata: c\n\ndata: half"];
    let mut events = EventStream::new(chunks(wire));
    assert_eq!(events.last_event_id(), "");
    for id in ["1", "2", "3"] {
        assert_eq!(events.next_event().await.unwrap().unwrap().last_event_id(), id);
        assert_eq!(events.last_event_id(), id);
    }
    let mut events = EventStream::new(chunks(wire));
    events.next_event().await.unwrap().unwrap();
    let decoder = events.into_decoder();
    assert_eq!(decoder.last_event_id(), "1", "more was read, but not yielded");

    let mut half = decoder;
    let _ = half.feed(b"data: half").next_item();
    let mut events = EventStream::new(chunks(["data: new\n\n"])).with_decoder(half);
    assert_eq!(events.next_event().await.unwrap().unwrap().data(), "new", "another connection");
}

#[tokio::test]
async fn events_that_are_sent_on_keep_their_ids_even_empty_ones() {
    let wire = "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\nevent: message\ndata: d\n\n";
    let collect = |wire: String| async move {
        let events = EventStream::from_response(response(wire)).unwrap();
        events.map(Result::unwrap).collect::<Vec<_>>().await
    };
    let events = collect(wire.to_owned()).await;
    let sent: Vec<_> = events.iter().map(|event| Event::from(event.clone()).encode()).collect();
    let sent = String::from_utf8(sent.concat()).unwrap();
    assert_eq!(collect(sent).await, events);
}

#[tokio::test]
async fn chunks_without_events_leave_others_their_turn() {
    let endless = stream::repeat_with(|| Ok::<_, Infallible>(&b": beat\n\n"[..]));
    let mut events = EventStream::new(endless);
    assert!(poll_immediate(events.next_event()).await.is_none());
}

#[tokio::test]
async fn a_stream_that_has_ended_lets_go_of_its_source() {
    let source = std::rc::Rc::new(());
    let held = source.clone();
    let chunks = stream::iter([Ok::<_, Infallible>(&b"data: 1\n\n"[..])]).inspect(move |_| _ = &held);
    let mut events = EventStream::new(chunks);
    while events.next_event().await.is_some() {}
    assert_eq!(std::rc::Rc::strong_count(&source), 1);
}

#[cfg(feature = "tokio-util")]
mod codec {
    use bytes::BytesMut;
    use longwave_sse::{CodecError, Decoder, Event, EventCodec, Limits, OwnedItem};
    use tokio_util::codec::{Decoder as _, Encoder as _};

    #[test]
    fn what_it_encodes_it_decodes_however_it_is_cut() {
        let mut wire = BytesMut::new();
        let mut codec = EventCodec::default();
        codec.encode(Event::new().data("one\ntwo").comment("beat"), &mut wire).unwrap();
        codec.encode(Event::new().data("three").encode(), &mut wire).unwrap();
        for cut in 0..=wire.len() {
            let (mut src, mut items) = (BytesMut::new(), Vec::new());
            let mut codec = EventCodec::new(Decoder::new().with_comments());
            for piece in [&wire[..cut], &wire[cut..]] {
                src.extend_from_slice(piece);
                while let Some(item) = codec.decode(&mut src).unwrap() {
                    items.push(item);
                }
                assert!(src.is_empty());
            }
            let data = |item: &OwnedItem| match item {
                OwnedItem::Event(event) => event.data().to_owned(),
                OwnedItem::Comment(text) => text.clone(),
                other => panic!("{other:?}"),
            };
            assert_eq!(items.iter().map(data).collect::<Vec<_>>(), ["beat", "one\ntwo", "three"]);
        }
    }

    #[test]
    fn an_unfinished_block_at_the_end_is_no_error() {
        let mut codec = EventCodec::default();
        assert!(codec.decode_eof(&mut BytesMut::from("data: cut")).unwrap().is_none());
    }

    #[test]
    fn limits_are_the_decoders() {
        let mut codec = EventCodec::new(Decoder::new().limits(Limits::default().line(4)));
        let error = codec.decode(&mut BytesMut::from("data: 1\n\n")).unwrap_err();
        assert!(matches!(error, CodecError::Decode(_)));
    }
}
