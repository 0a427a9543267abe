//! What becomes of lag.

use futures_util::StreamExt;
use futures_util::stream::FusedStream;
use longwave_backpressure::outbox::{Deliveries, End, Policy, Sender};

use crate::support::{ZERO, outbox, poll_once, ready, send, text};

/// An outbox that has lagged by two items in front of two others.
fn lagging() -> (Sender<String>, impl Deliveries<Content = String> + Unpin) {
    let (sender, receiver) = outbox(2, Policy::DropOldest).open(ZERO);
    send(&sender, ["a", "b", "c", "d"]);
    (sender, receiver)
}

#[test]
fn it_is_told_in_its_place_and_the_stream_goes_on() {
    let (sender, deliveries) = lagging();
    let mut items = deliveries.tell_lag(text);
    assert_eq!(ready(&mut items), ["-2/2", "c", "d"]);
    assert!(poll_once(items.next()).is_none(), "it waits for more");
    send(&sender, ["e"]);
    assert_eq!(ready(&mut items), ["e"]);
    drop(sender);
    assert!(!items.is_terminated());
    assert_eq!(poll_once(items.next()), Some(None));
    assert_eq!(poll_once(items.next()), Some(None), "it may be polled after its end");
    assert!(items.is_terminated());
    assert_eq!(items.cut(), None);
}

#[test]
fn it_is_passed_over_for_who_says_so() {
    let (sender, deliveries) = lagging();
    let mut items = deliveries.pass_over_lag();
    assert_eq!(ready(&mut items), ["c", "d"]);
    sender.end(End::Requested);
    assert_eq!(poll_once(items.next()), Some(None));
    assert_eq!(items.cut().and_then(|lag| lag.end), Some(End::Requested));
}

#[test]
fn it_ends_a_stream_that_has_positions_and_lets_go_of_the_source() {
    let (sender, deliveries) = lagging();
    let mut items = deliveries.end_on_lag(text);
    assert_eq!(ready(&mut items), ["-2/2"]);
    assert!(sender.is_closed(), "the publisher is told");
    assert_eq!(poll_once(items.next()), Some(None));
    assert_eq!(items.cut().map(|lag| (lag.dropped, lag.end)), Some((2, None)));
}

#[test]
fn an_end_is_told_with_what_is_missing_and_is_the_last() {
    for on_lag in [false, true] {
        let (sender, receiver) = outbox(3, Policy::Disconnect).open(ZERO);
        send(&sender, ["a", "b"]);
        let deliveries = receiver.map_items(|item| item);
        let mut items = if on_lag {
            deliveries.end_on_lag(text as fn(_) -> _)
        } else {
            deliveries.tell_lag(text as fn(_) -> _)
        };
        assert_eq!(poll_once(items.next()), Some(Some("a".to_owned())));
        send(&sender, ["c", "d", "e"]);
        assert_eq!(ready(&mut items), ["-4/4overflow"]);
        assert_eq!(poll_once(items.next()), Some(None));
        assert_eq!(items.cut().and_then(|lag| lag.end), Some(End::Overflow));
    }
}

#[test]
fn what_was_replaced_is_missing_only_where_positions_count() {
    let conflating = || {
        let (sender, receiver) = outbox(8, Policy::DropOldest).latest_by(|_| Some(0)).open(ZERO);
        send(&sender, ["a", "b", "c"]);
        receiver
    };
    assert_eq!(ready(&mut conflating().tell_lag(text)), ["c"]);
    assert_eq!(ready(&mut conflating().pass_over_lag()), ["c"]);
    assert_eq!(ready(&mut conflating().end_on_lag(text)), ["-2/0"]);
}

#[test]
fn items_are_changed_and_gaps_are_not() {
    let (_sender, deliveries) = lagging();
    let mut items = deliveries.map_items(|item| item.len()).tell_lag(|lag| 100 + lag.dropped as usize);
    assert_eq!(ready(&mut items), [102, 1, 1]);
}
