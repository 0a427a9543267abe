//! When the store fails, nobody is let in; when somebody floods, nobody is asked.

use futures_util::future::join_all;
use longwave_ticket::{StoreError, live::Selector};
use tower_layer::Layer;
use tower_service::Service;

use crate::support::{House, Reasons, feed, secs, text};

fn forged(ticket: &str, number: usize) -> String {
    let mut forged = ticket.as_bytes().to_vec();
    // Within the id, which is signed.
    let at = 40 + number % 10;
    forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
    String::from_utf8(forged).unwrap()
}

#[tokio::test]
async fn a_store_that_is_down_lets_nobody_in_and_is_not_asked_about_what_was_made_up() {
    let house = House::new();
    let (layer, ticket, reasons) = (house.layer(), house.mint().await, Reasons::default());
    house.store.break_down(Some(StoreError::Unavailable));
    let asked = house.store.asked();
    assert_eq!(house.status(&layer, reasons.watch(feed(&forged(&ticket, 0)))).await, 401);
    assert_eq!((house.store.asked(), reasons.take()), (asked, vec!["bad_mac"]));
    let response = house.ask(&layer, reasons.watch(feed(&ticket))).await;
    assert_eq!((response.status().as_u16(), reasons.take()), (503, vec!["store_unavailable"]));
    assert!(response.headers().contains_key("retry-after"));
    assert!(text(response).await.contains(r#""code":"unavailable""#));
    assert_eq!(house.handler.calls(), 0);
    house.store.break_down(None);
    assert_eq!(house.status(&layer, feed(&ticket)).await, 200);
}

#[tokio::test]
async fn a_ticket_whose_redemption_was_lost_on_the_way_back_is_spent_and_lets_nobody_in() {
    let house = House::new();
    let (layer, ticket, reasons) = (house.layer(), house.mint().await, Reasons::default());
    house.store.lose_replies(true);
    assert_eq!(house.status(&layer, reasons.watch(feed(&ticket))).await, 503);
    house.store.lose_replies(false);
    assert_eq!(house.status(&layer, reasons.watch(feed(&ticket))).await, 401);
    assert_eq!(reasons.take(), ["store_timeout", "replayed"]);
    assert_eq!((house.handler.calls(), house.sessions.count(&Selector::All)), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_slow_is_given_up_after_a_second() {
    let house = House::new();
    let (layer, ticket, reasons) = (house.layer(), house.mint().await, Reasons::default());
    house.store.slow_down(secs(5));
    let start = tokio::time::Instant::now();
    assert_eq!(house.status(&layer, reasons.watch(feed(&ticket))).await, 503);
    assert_eq!((start.elapsed(), reasons.take()), (secs(1), vec!["timeout"]));
    assert_eq!(house.status(&layer.timeout(secs(10)), feed(&ticket)).await, 200);
}

#[tokio::test(start_paused = true)]
async fn so_many_ask_the_store_at_the_same_time_and_the_rest_wait() {
    let house = House::new();
    let layer = house.layer().in_flight(2);
    let mut tickets = Vec::new();
    for _ in 0..8 {
        tickets.push(house.mint().await);
    }
    house.store.slow_down(std::time::Duration::from_millis(400));
    let forged = forged(&tickets[0], 0);
    let service = layer.layer(house.handler.clone());
    let calls = tickets.iter().map(|ticket| service.clone().call(feed(ticket).body(()).unwrap()));
    let (responses, made_up) = tokio::join!(join_all(calls), async {
        tokio::task::yield_now().await;
        house.status(&layer, feed(&forged)).await
    });
    assert_eq!(made_up, 401, "it does not wait for a place");
    let mut statuses: Vec<_> = responses.iter().map(|it| it.as_ref().unwrap().status().as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 503, 503, 503, 503]);
    assert_eq!(house.store.most_at_once(), 2);
}

#[tokio::test]
async fn a_flood_of_what_was_made_up_never_reaches_the_store() {
    let house = House::new();
    let (layer, ticket) = (house.layer(), house.mint().await);
    let asked = house.store.asked();
    for number in 0..50_000 {
        assert_eq!(house.status(&layer, feed(&forged(&ticket, number))).await, 401);
    }
    assert_eq!((house.store.asked(), house.sessions.count(&Selector::All)), (asked, 0));
    assert_eq!(house.status(&layer, feed(&ticket)).await, 200);
}
