//! Values in several forms.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use bytes::Buf;
use longwave_backpressure::outbox::{Class, Delivery, Fan, Forms, Limits, Outbox, Receiver, Weigh};
use longwave_sse::Event;
use longwave_ws::{
    Connection, Limits as Sizes, Message, Prepared,
    deflate::{Pool, Settings},
};

use crate::support::ZERO;

#[test]
fn weights_are_bytes_on_the_wire_or_of_the_payload() {
    let event = Event::new().data("two\nlines");
    assert_eq!(event.weight(), event.encode().len());
    assert_eq!(Message::text("four").weight(), 4);
    assert_eq!(Prepared::binary(vec![0; 5]).weight(), 5);
    assert_eq!(Forms::new("six by").weight(), 6);
}

/// However many readers there are and however they meet: one encoding for each form.
#[test]
fn each_form_is_made_once_for_all_readers() {
    let fan = Fan::new();
    let outbox = Outbox::new(Limits::new(1 << 20, 16));
    let readers: Vec<_> = (0..30).map(|_| fan.subscribe(&outbox, ZERO)).collect();
    fan.publish(Class::Live, Forms::new("x".repeat(5000)), ZERO);
    let made = [const { AtomicUsize::new(0) }; 2];
    let places: BTreeSet<_> = thread::scope(|scope| {
        let read = |(number, mut reader): (usize, Receiver<Forms<String>>)| {
            let made = &made;
            scope.spawn(move || {
                let Ok(Delivery::Item(item)) = reader.try_recv() else { panic!() };
                if number % 2 == 0 {
                    let bytes = item.event(|text| {
                        made[0].fetch_add(1, Ordering::Relaxed);
                        Event::new().data(text.as_str())
                    });
                    bytes.as_ptr().addr()
                } else {
                    let message = item.message(|text| {
                        made[1].fetch_add(1, Ordering::Relaxed);
                        Prepared::text(text.as_str())
                    });
                    message.payload().as_ptr().addr()
                }
            })
        };
        let threads: Vec<_> = readers.into_iter().enumerate().map(read).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(made.map(AtomicUsize::into_inner), [1, 1]);
    assert_eq!(places.len(), 2, "all have the same bytes");
}

/// Event streams, WebSockets, and WebSockets that compress: an encoding for each of the three kinds.
#[test]
fn a_mixed_crowd_costs_as_many_encodings_as_it_has_kinds() {
    let fan = Fan::new();
    let outbox = Outbox::new(Limits::new(1 << 20, 16));
    let mut readers: Vec<_> = (0..30).map(|_| fan.subscribe(&outbox, ZERO)).collect();
    // So that what is compressed of it is not small enough to be copied.
    let mut random = 1_u64;
    let value: String = (0..40_000)
        .map(|_| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b' ' + (random >> 40) as u8 % 90)
        })
        .collect();
    fan.publish(Class::Live, Forms::new(value), ZERO);
    let mut encodings = BTreeSet::new();
    for (number, reader) in readers.iter_mut().enumerate() {
        let Ok(Delivery::Item(item)) = reader.try_recv() else { panic!() };
        if number % 3 == 0 {
            let bytes = item.event(|text| Event::new().data(text.as_str()));
            encodings.insert((bytes.as_ptr().addr(), bytes.len()));
            continue;
        }
        let mut server = Connection::server(Sizes::default());
        if number % 3 == 1 {
            let (agreed, _) = Settings::new().negotiate([("permessage-deflate", [])]).unwrap();
            server = server.deflate(agreed, Some(Pool::new(2)));
        }
        server.send_prepared(&item.message(|text| Prepared::text(text.as_str()))).unwrap();
        let transmit = server.transmit();
        let chunk = transmit.chunk();
        assert_eq!(chunk.len(), transmit.remaining(), "it is one frame, and nothing was copied");
        encodings.insert((chunk.as_ptr().addr(), chunk.len()));
    }
    assert_eq!(encodings.len(), 3);
    let sizes: BTreeSet<_> = encodings.iter().map(|(_, len)| *len).collect();
    assert_eq!(sizes.len(), 3, "one is an event, one is a frame, and one is compressed");
}

#[test]
fn a_form_that_nobody_takes_is_not_made() {
    let item = Forms::new("text");
    let copy = item.clone();
    assert_eq!(item.event(|text| Event::new().data(*text)), "data: text\n\n");
    assert_eq!(copy.event(|_| panic!("it is made")), "data: text\n\n");
}
