use super::*;

fn ring(capacity: usize) -> Ring {
    Ring::new(0xabc, NonZeroUsize::new(capacity).unwrap())
}

fn publish(ring: &Ring, count: u64) {
    for _ in 0..count {
        ring.publish(|number| Event::new().data(number.to_string()));
    }
}

fn id(number: u64) -> EventId {
    EventId::new(format!("abc-{number}")).unwrap()
}

fn encoded(number: u64) -> Bytes {
    Event::new().id(id(number)).data(number.to_string()).encode()
}

fn outcome(ring: &Ring, seen: Seen<'_>) -> Outcome {
    ring.subscribe(seen).0.outcome
}

#[tokio::test]
async fn a_new_client_gets_only_what_comes_next() {
    let ring = ring(4);
    publish(&ring, 2);
    let (batch, mut subscription) = ring.subscribe(Seen::Nothing);
    assert_eq!(batch, Batch { outcome: Outcome::Fresh, cursor: id(2), events: vec![] });
    publish(&ring, 1);
    let next = Batch { outcome: Outcome::Resumed(1), cursor: id(2), events: vec![encoded(3)] };
    assert_eq!(subscription.next().await, next);
}

#[test]
fn a_client_that_comes_back_gets_exactly_what_it_missed() {
    let ring = ring(4);
    publish(&ring, 6);
    let (batch, _) = ring.subscribe(Seen::Id("abc-4"));
    let events = vec![encoded(5), encoded(6)];
    assert_eq!(batch, Batch { outcome: Outcome::Resumed(2), cursor: id(4), events });
}

#[test]
fn the_oldest_event_is_the_last_that_can_be_resumed_without_a_gap() {
    let ring = ring(4);
    publish(&ring, 6);
    assert_eq!(outcome(&ring, Seen::Id("abc-2")), Outcome::Resumed(4));
    assert_eq!(outcome(&ring, Seen::Id("abc-1")), Outcome::Gap { missed: Some(1), kept: 4 });
    assert_eq!(outcome(&ring, Seen::Id("abc-6")), Outcome::Resumed(0));
}

#[test]
fn an_id_that_is_not_ours_is_a_gap_of_unknown_size() {
    let ring = ring(4);
    publish(&ring, 6);
    let unknown = Outcome::Gap { missed: None, kept: 4 };
    for id in ["", "5", "abc", "abc-", "abc-7", "abc-05", "abc-+5", "ABC-5", "abd-5", "abc-5 ", "abc-5-5"] {
        assert_eq!(outcome(&ring, Seen::Id(id)), unknown, "{id:?}");
    }
    let (batch, _) = ring.subscribe(Seen::Unreadable);
    assert_eq!(batch, Batch { outcome: unknown, cursor: id(2), events: (3..=6).map(encoded).collect() });
}

/// What a gap leaves is in the snapshot, so that it cannot become a second gap before it is read.
#[tokio::test]
async fn a_gap_is_not_followed_by_another() {
    let ring = ring(2);
    publish(&ring, 5);
    let (batch, mut subscription) = ring.subscribe(Seen::Id("abc-1"));
    let outcome = Outcome::Gap { missed: Some(2), kept: 2 };
    assert_eq!(batch, Batch { outcome, cursor: id(3), events: vec![encoded(4), encoded(5)] });
    publish(&ring, 2);
    assert_eq!(subscription.next().await.outcome, Outcome::Resumed(2));
}

#[tokio::test]
async fn a_slow_subscription_learns_of_its_gap_and_goes_on_after_it() {
    let ring = ring(2);
    let (_, mut subscription) = ring.subscribe(Seen::Nothing);
    publish(&ring, 5);
    let outcome = Outcome::Gap { missed: Some(3), kept: 2 };
    let batch = Batch { outcome, cursor: id(3), events: vec![encoded(4), encoded(5)] };
    assert_eq!(subscription.next().await, batch);
}

/// Subscribing while events are published never loses one and never gets one twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscribing_never_races_with_publishing() {
    const EVENTS: u64 = 20_000;
    let ring = ring(EVENTS as usize);
    let publisher = tokio::task::spawn_blocking({
        let ring = ring.clone();
        move || publish(&ring, EVENTS)
    });
    let mut seen = 0;
    while seen < EVENTS {
        let (batch, mut subscription) = ring.subscribe(Seen::Id(id(seen).as_str()));
        let mut events = batch.events;
        if seen + (events.len() as u64) < EVENTS {
            events.extend(subscription.next().await.events);
        }
        for bytes in events {
            seen += 1;
            assert_eq!(bytes, encoded(seen));
        }
    }
    publisher.await.unwrap();
}
