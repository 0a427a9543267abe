//! Streams that turn up late, grow old, or are none, on a clock that stands still until everybody waits.
#![allow(clippy::unwrap_used)]

mod common;

use std::{collections::HashSet, time::Duration};

use common::{feed, open, read, silence};
use http::Request;
use longwave_core::{Cause, Lifeline};
use longwave_drain::{Drain, DrainLayer};
use tokio::{
    task::JoinSet,
    time::{Instant, advance},
};
use tower_layer::Layer;
use tower_service::Service;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_stream_whose_response_comes_during_the_drain_has_its_time_in_the_rest() {
    let drain = Drain::new().window(10 * SECOND);
    let mut early = JoinSet::new();
    for _ in 0..100 {
        early.spawn(read(open(&mut silence(&drain), feed()).await));
    }
    // It posts, and is answered by a stream.
    let post = || Request::post("/ask").header("accept", "text/event-stream").body(()).unwrap();
    let mut service = silence(&drain);
    let start = Instant::now();
    drain.start();
    advance(4 * SECOND).await;
    let mut late = JoinSet::new();
    for _ in 0..200 {
        let body = open(&mut service, post()).await;
        late.spawn(async {
            let wire = read(body).await;
            assert!(wire.starts_with(b"retry: "));
            Instant::now()
        });
    }
    let report = drain.drained().await;
    assert_eq!((report.ended, report.left_over), (300, 0));
    let ends: Vec<_> = late.join_all().await.into_iter().map(|end| end - start).collect();
    assert!(ends.iter().all(|end| (4 * SECOND..=10 * SECOND + Duration::from_millis(1)).contains(end)));
    assert!(ends.iter().any(|end| *end < 7 * SECOND) && ends.iter().any(|end| *end > 7 * SECOND));
    early.join_all().await;
}

#[tokio::test(start_paused = true)]
async fn every_stream_has_about_the_maximal_age() {
    let drain = Drain::new();
    let mut service = DrainLayer::new(&drain).max_age(100 * SECOND).layer(common::Silence);
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..1000 {
        let mut request = feed();
        let lifeline = Lifeline::of(request.extensions_mut());
        let body = open(&mut service, request).await;
        tasks.spawn(async move {
            read(body).await;
            assert_eq!(lifeline.reason().map(|reason| reason.cause()), Some(Cause::AgedOut));
            Instant::now()
        });
    }
    let ages: HashSet<_> = tasks.join_all().await.into_iter().map(|end| end - start).collect();
    let (from, to) = (80 * SECOND, 120 * SECOND + Duration::from_millis(1));
    assert!(ages.iter().all(|age| (from..=to).contains(age)));
    // They are spread over all of it: each tenth has its share of 100, give or take seven deviations.
    assert!(ages.len() > 900);
    for tenth in 0..10 {
        let range = from + 4 * SECOND * tenth..from + 4 * SECOND * (tenth + 1);
        let n = ages.iter().filter(|age| range.contains(age)).count();
        assert!((30..=170).contains(&n), "{tenth}: {n}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_ordinary_request_has_no_maximal_age_and_is_not_drained() {
    let drain = Drain::new();
    let mut service = DrainLayer::new(&drain).max_age(SECOND).layer(common::Silence);
    let response = service.call(Request::new(())).await.unwrap();
    assert_eq!((drain.open(), drain.in_flight()), (0, 1));
    let report = drain.run().await;
    assert_eq!((report.ended, report.gone, report.left_over), (0, 0, 0), "nobody waits for it");
    let body = Box::pin(response.into_body());
    assert!(tokio::time::timeout(3600 * SECOND, read(body)).await.is_err());
    assert_eq!(drain.in_flight(), 0);
}
