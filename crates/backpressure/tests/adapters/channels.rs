//! The channels of tokio.

use futures_util::StreamExt;
use longwave_backpressure::outbox::{Broadcast, Class, Deliveries, Delivery, Watch};
use tokio::{
    sync::{broadcast, watch},
    task,
};

use crate::support::{poll_once, ready, short, text};

#[tokio::test]
async fn a_broadcast_that_lags_says_once_by_how_much_and_goes_on() {
    let (sender, receiver) = broadcast::channel(4);
    let mut values = Broadcast::new(receiver);
    for value in 0..11 {
        sender.send(value).unwrap();
    }
    let Some(Delivery::Lagged { class: Class::Live, dropped: 7, bytes: 0, .. }) = values.next().await else {
        panic!("seven of eleven do not fit into four");
    };
    let rest: Vec<_> = ready(&mut values).into_iter().map(short).collect();
    assert_eq!(rest, ["7", "8", "9", "10"]);
    sender.send(11).unwrap();
    drop(sender);
    assert_eq!(values.next().await, Some(Delivery::Item(11)));
    assert_eq!(values.next().await, None);
    assert_eq!(values.next().await, None, "it may be polled after its end");
}

#[tokio::test]
async fn a_broadcast_has_the_policies_of_any_deliveries() {
    let (sender, _) = broadcast::channel(2);
    let mut told = Broadcast::new(sender.subscribe()).tell_lag(text);
    let mut silent = Broadcast::from(sender.subscribe()).pass_over_lag();
    let mut cut = Broadcast::new(sender.subscribe()).end_on_lag(text);
    for value in ["a", "b", "c"] {
        sender.send(value.to_owned()).unwrap();
    }
    assert_eq!(ready(&mut told), ["-1/0", "b", "c"]);
    assert_eq!(ready(&mut silent), ["b", "c"]);
    assert_eq!(ready(&mut cut), ["-1/0"]);
    assert_eq!(sender.receiver_count(), 2, "what has ended has let go of its receiver");
}

/// Whoever waits is dropped and comes again, at every place; nothing is lost or comes twice.
#[tokio::test]
async fn waiting_for_a_broadcast_may_be_given_up_at_any_time() {
    let (sender, receiver) = broadcast::channel(16);
    let mut values = Broadcast::new(receiver);
    let publisher = task::spawn(async move {
        for value in 0..200_u32 {
            sender.send(value).unwrap();
            if value % 3 == 0 {
                task::yield_now().await;
            }
        }
    });
    let (mut seen, mut given_up) = (Vec::new(), 0);
    loop {
        tokio::select! {
            biased;
            () = task::yield_now() => given_up += 1,
            delivery = values.next() => match delivery {
                Some(delivery) => seen.push(delivery),
                None => break,
            },
        }
    }
    publisher.await.unwrap();
    assert!(given_up >= 60, "{given_up}");
    assert_eq!(seen, (0..200).map(Delivery::Item).collect::<Vec<_>>());
}

/// A waiter that was dropped does not keep the one that came after it from being woken.
#[tokio::test]
async fn who_waits_last_is_woken() {
    let (sender, receiver) = broadcast::channel(4);
    let mut values = Broadcast::new(receiver);
    assert!(poll_once(values.next()).is_none());
    let waiting = task::spawn(async move { values.next().await });
    task::yield_now().await;
    sender.send(1).unwrap();
    assert_eq!(waiting.await.unwrap(), Some(Delivery::Item(1)));
}

#[tokio::test]
async fn a_watch_yields_the_latest_and_nothing_twice() {
    let (sender, receiver) = watch::channel(0);
    let mut values = Watch::new(receiver.clone());
    let mut changes = Watch::changes(receiver);
    assert_eq!(ready(&mut values), [Delivery::Item(0)]);
    assert_eq!(ready(&mut changes), []);
    for value in 1..=5 {
        sender.send(value).unwrap();
    }
    assert_eq!(ready(&mut values), [Delivery::Item(5)]);
    assert_eq!(ready(&mut changes), [Delivery::Item(5)]);
    assert!(poll_once(values.next()).is_none(), "given up and come again");
    sender.send(6).unwrap();
    sender.send(7).unwrap();
    drop(sender);
    assert_eq!(values.next().await, Some(Delivery::Item(7)), "the last is not lost");
    assert_eq!(values.next().await, None);
    assert_eq!(values.next().await, None);
}

#[tokio::test]
async fn a_watch_that_is_closed_yields_what_it_has() {
    let (sender, receiver) = watch::channel("last");
    drop(sender);
    let values: Vec<_> = Watch::from(receiver).pass_over_lag().collect().await;
    assert_eq!(values, ["last"]);
}

#[test]
fn they_go_wherever_their_values_go() {
    fn is_send_and_sync<T: Send + Sync>(_: T) {}
    // What can be sent and not shared.
    is_send_and_sync(Broadcast::new(broadcast::channel::<std::cell::Cell<u8>>(1).1));
    is_send_and_sync(Watch::new(watch::channel(0).1));
}
