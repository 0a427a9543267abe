//! A ticket opens one stream, whatever comes of that.

use std::{
    sync::{Arc, Barrier},
    time::Duration,
};

use futures_util::{FutureExt, future::join_all};
use longwave_ticket::{Binding, live::Selector};
use tower_layer::Layer;
use tower_service::Service;

use crate::support::{Handler, House, Makes, Reasons, ann, ask, bare_feed, connect, feed, secs, socket};

#[tokio::test]
async fn a_ticket_opens_a_stream_and_no_second_one() {
    let house = House::new();
    let (layer, ticket, reasons) = (house.layer(), house.mint().await, Reasons::default());
    let response = house.ask(&layer, feed(&ticket)).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.headers()["referrer-policy"], "no-referrer");
    let seen = house.handler.last();
    assert_eq!(seen.session.unwrap().claims(), ann().claims());
    assert_eq!(seen.uri, "/feed?a=1");
    assert!(seen.binding.is_some());
    assert_eq!(house.sessions.count(&Selector::All), 1);

    assert_eq!(house.status(&layer, reasons.watch(feed(&ticket))).await, 401);
    assert_eq!((house.handler.calls(), reasons.take()), (0, vec!["replayed"]));
    drop(response);
    assert_eq!(house.status(&layer, feed(&ticket)).await, 401, "not when the first is over either");
    assert_eq!(house.sessions.count(&Selector::All), 0);
}

#[tokio::test]
async fn a_websocket_is_opened_by_a_ticket_over_either_version_and_does_not_see_it() {
    let house = House::new();
    let layer = house.layer();
    let ticket = house.mint().await;
    assert_eq!(house.status(&layer, socket(&ticket)).await, 200);
    let seen = house.handler.last();
    assert_eq!(seen.headers["sec-websocket-protocol"], "app.v1");
    assert!(seen.session.is_some());
    let ticket = house.mint().await;
    assert_eq!(house.status(&layer, connect(&ticket)).await, 200);
    let seen = house.handler.last();
    assert_eq!(seen.uri, "https://app.example.com/chat");
    assert!(seen.session.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_at_once_one_is_let_in() {
    const THREADS: usize = 100;
    let house = House::new();
    let (layer, ticket) = (house.layer(), house.mint().await);
    let barrier = Arc::new(Barrier::new(THREADS));
    let runtime = tokio::runtime::Handle::current();
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (layer, handler, ticket) = (layer.clone(), house.handler.clone(), ticket.clone());
            let (barrier, runtime) = (barrier.clone(), runtime.clone());
            std::thread::spawn(move || {
                barrier.wait();
                runtime.block_on(ask(&layer, &handler, bare_feed(&ticket))).status().as_u16()
            })
        })
        .collect();
    let statuses: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(statuses.iter().filter(|&&status| status == 200).count(), 1);
    assert_eq!(statuses.iter().filter(|&&status| status == 401).count(), THREADS - 1);
    assert_eq!(house.handler.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn of_two_layers_and_their_clones_that_share_a_store_one_lets_in() {
    let house = House::new();
    // All of them are in the store at the same time.
    house.store.slow_down(Duration::from_millis(10));
    let ticket = house.mint().await;
    let layers = [house.layer(), house.layer()];
    let mut services: Vec<_> = layers.iter().map(|layer| layer.layer(house.handler.clone())).collect();
    services.push(services[0].clone());
    let calls = services.iter_mut().map(|service| service.call(feed(&ticket).body(()).unwrap()));
    let mut statuses: Vec<_> =
        join_all(calls).await.into_iter().map(|response| response.unwrap().status().as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401, 401]);
    assert_eq!(house.store.most_at_once(), 3);
}

#[tokio::test]
async fn a_client_that_leaves_while_the_application_is_asked_has_spent_its_ticket_and_leaves_no_session() {
    let house = House::new();
    let layer = house.layer().authorize(|_, _| std::future::pending());
    let ticket = house.mint().await;
    let mut call = Box::pin(ask(&layer, &house.handler, feed(&ticket)));
    assert!(call.as_mut().now_or_never().is_none());
    drop(call);
    assert!(!house.is_good(&ticket, Binding::new()).await);
    assert_eq!((house.handler.calls(), house.sessions.count(&Selector::All)), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_while_the_store_is_asked_leaves_nothing() {
    let house = House::new();
    let (layer, ticket) = (house.layer().in_flight(1), house.mint().await);
    house.store.slow_down(secs(3600));
    let mut call = Box::pin(ask(&layer, &house.handler, feed(&ticket)));
    assert!(call.as_mut().now_or_never().is_none());
    drop(call);
    house.store.slow_down(secs(0));
    assert_eq!(house.status(&layer, feed(&house.mint().await)).await, 200, "its place is free again");
    assert_eq!((house.handler.calls(), house.sessions.count(&Selector::All)), (1, 0));
}

#[tokio::test]
async fn a_client_that_leaves_before_there_is_a_response_leaves_no_session() {
    let house = House::new();
    let (layer, ticket) = (house.layer(), house.mint().await);
    let slow = tower::service_fn(|_: http::Request<()>| async {
        std::future::pending::<()>().await;
        Ok::<_, std::convert::Infallible>(http::Response::new(http_body_util::Empty::<bytes::Bytes>::new()))
    });
    let mut call = Box::pin(layer.layer(slow).call(feed(&ticket).body(()).unwrap()));
    assert!(call.as_mut().now_or_never().is_none());
    assert_eq!(house.sessions.count(&Selector::All), 1);
    drop(call);
    assert_eq!(house.sessions.count(&Selector::All), 0);
    assert!(!house.is_good(&ticket, Binding::new()).await);
}

#[tokio::test]
async fn a_ticket_stays_spent_if_the_handler_fails() {
    let house = House::new();
    let (layer, ticket) = (house.layer(), house.mint().await);
    let fails = Handler { makes: Makes::Status(500), ..Handler::default() };
    assert_eq!(ask(&layer, &fails, feed(&ticket)).await.status(), 500);
    assert_eq!(house.status(&layer, feed(&ticket)).await, 401);
    assert_eq!(house.sessions.count(&Selector::All), 0);
}

#[tokio::test]
async fn a_ticket_cannot_be_selected_as_a_subprotocol() {
    let house = House::new();
    let (layer, ticket) = (house.layer(), house.mint().await);
    let leaks = Handler { makes: Makes::Selects("lw.ticket.lwt1_AQEBAAAA"), ..Handler::default() };
    let reasons = Reasons::default();
    let response = ask(&layer, &leaks, reasons.watch(socket(&ticket))).await;
    assert_eq!((response.status().as_u16(), reasons.take()), (500, vec!["leak"]));
    assert!(!response.headers().contains_key("sec-websocket-protocol"));
    drop(response);
    assert_eq!(house.sessions.count(&Selector::All), 0);
    let honest = Handler { makes: Makes::Selects("app.v1"), ..Handler::default() };
    let response = ask(&layer, &honest, socket(&house.mint().await)).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["sec-websocket-protocol"]),
        (101, &"app.v1".parse().unwrap())
    );
}
