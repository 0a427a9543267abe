//! Event streams.

use std::{convert::Infallible, pin::pin};

use bytes::Bytes;
use http_body_util::BodyExt;
use longwave_backpressure::outbox::{Broadcast, Class, Deliveries, Limits, Outbox, Policy};
use longwave_sse::{Event, EventBody};
use tokio::sync::broadcast;

use crate::support::{ZERO, poll_once, send};

fn event(n: usize) -> Event {
    Event::new().data(n.to_string())
}

fn wire(numbers: impl IntoIterator<Item = usize>) -> String {
    numbers.into_iter().flat_map(|n| ["data: ".to_owned(), n.to_string(), "\n\n".to_owned()]).collect()
}

#[test]
fn all_that_waits_goes_out_in_one_frame() {
    let outbox = Outbox::new(Limits::new(1 << 20, 1000));
    let (sender, receiver) = outbox.open(ZERO);
    send(&sender, (0..100).map(event));
    let feed = receiver.map_items(Ok::<_, Infallible>).tell_lag(|_| Ok(Event::new()));
    let mut body = pin!(EventBody::new(feed));
    let frame = poll_once(body.frame()).unwrap().unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), wire(0..100));
    assert!(poll_once(body.frame()).is_none());
}

#[test]
fn what_is_encoded_already_goes_out_in_one_frame_too() {
    let (sender, receiver) = Outbox::<Bytes>::new(Limits::new(1 << 20, 1000)).open(ZERO);
    send(&sender, (0..100).map(|n| event(n).encode()));
    let feed = receiver.map_items(Ok::<_, Infallible>).pass_over_lag();
    let mut body = pin!(EventBody::new(feed));
    let frame = poll_once(body.frame()).unwrap().unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), wire(0..100));
}

#[tokio::test]
async fn a_broadcast_goes_out_in_one_frame_with_its_lag_in_front() {
    let (sender, receiver) = broadcast::channel(64);
    for n in 0..100 {
        sender.send(n).unwrap();
    }
    let feed = Broadcast::new(receiver)
        .map_items(|n| Ok::<_, Infallible>(event(n)))
        .tell_lag(|lag| Ok(Event::new().data(format!(r#"{{"dropped":{}}}"#, lag.dropped))));
    let mut body = pin!(EventBody::new(feed));
    let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(frame, "data: {\"dropped\":36}\n\n".to_owned() + &wire(36..100));
}

/// A reader that has stopped costs what its outbox may hold, and one frame.
#[test]
fn a_body_that_is_not_read_takes_nothing_from_its_outbox() {
    let limits = Limits::new(64 << 10, 64);
    let (sender, receiver) = Outbox::new(limits).policy(Policy::DropOldest).open(ZERO);
    let feed = receiver.map_items(Ok::<_, Infallible>).pass_over_lag();
    let mut body = pin!(EventBody::new(feed));
    let large = Event::new().data("x".repeat(4000));
    let mut taken = 0;
    for round in 0..1000 {
        sender.try_send(Class::Live, large.clone(), ZERO).unwrap();
        let stats = sender.stats();
        assert!(stats.waiting_bytes <= 64 << 10 && stats.waiting <= 64);
        if round % 200 == 199 {
            let frame = poll_once(body.frame()).unwrap().unwrap().unwrap().into_data().unwrap();
            assert!(frame.len() <= (16 << 10) + large.encoded_len());
            taken += frame.len() / large.encoded_len();
        }
        assert_eq!(sender.stats().delivered as usize, taken, "nothing is held but what was handed on");
    }
}
