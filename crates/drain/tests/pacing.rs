//! When streams end, on a clock that stands still until everybody waits.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{call, feed, open, read, silence, socket};
use futures_util::{FutureExt, future::join_all};
use http::Request;
use longwave_core::{Cause, Lifeline};
use longwave_drain::{Drain, DrainRank};
use tokio::{
    task::JoinHandle,
    time::{Instant, advance, sleep},
};
use tower_service::Service;

const SECOND: Duration = Duration::from_secs(1);

/// Opens streams, and reads each to its end in a task of its own, which says when that was.
async fn streams(drain: &Drain, n: usize, request: fn() -> Request<()>) -> Vec<JoinHandle<Instant>> {
    let mut service = silence(drain);
    let mut tasks = Vec::new();
    for _ in 0..n {
        let body = open(&mut service, request()).await;
        tasks.push(tokio::spawn(async {
            read(body).await;
            Instant::now()
        }));
    }
    tasks
}

async fn ends(tasks: Vec<JoinHandle<Instant>>, start: Instant) -> Vec<Duration> {
    join_all(tasks).await.into_iter().map(|end| end.unwrap() - start).collect()
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_streams_end_evenly_over_the_window() {
    const STREAMS: u32 = 10_000;
    const BINS: u32 = 50;
    const WINDOW: Duration = Duration::from_secs(5);
    for _ in 0..5 {
        let drain = Drain::new().window(WINDOW);
        let tasks = streams(&drain, STREAMS as usize, feed).await;
        let start = Instant::now();
        let report = drain.run().await;
        assert_eq!((report.ended, report.gone, report.left_over), (STREAMS as usize, 0, 0));
        assert!(start.elapsed() <= WINDOW + Duration::from_millis(1));

        let ends = ends(tasks, start).await;
        let mut bins = [0_u32; BINS as usize];
        for end in &ends {
            bins[((end.as_nanos() * u128::from(BINS) / WINDOW.as_nanos()) as usize).min(bins.len() - 1)] += 1;
        }
        let expected = f64::from(STREAMS / BINS);
        let chi_square: f64 = bins.iter().map(|&n| (f64::from(n) - expected).powi(2) / expected).sum();
        // What independent uniform times stay below, but for one time in a million (49 degrees of freedom).
        assert!(chi_square < 109.0, "{chi_square}: {bins:?}");

        // Who came first does not go first: half of them are gone at half time, give or take ten deviations.
        let gone = ends[..ends.len() / 2].iter().filter(|&&end| end < WINDOW / 2).count();
        assert!((2_250..=2_750).contains(&gone), "{gone}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_has_been_silent_for_longest_goes_first() {
    let drain = Drain::new().window(SECOND);
    let mut tasks = Vec::new();
    for _ in 0..10 {
        tasks.extend(streams(&drain, 1, feed).await);
        advance(SECOND).await;
    }
    let start = Instant::now();
    drain.run().await;
    let ends = ends(tasks, start).await;
    assert!(ends.is_sorted(), "{ends:?}");
}

#[tokio::test(start_paused = true)]
async fn event_streams_go_before_websockets_and_those_before_calls() {
    let drain = Drain::new().window(SECOND);
    let resumable = || {
        let mut request = call();
        request.extensions_mut().insert(DrainRank::new(1));
        request
    };
    let kinds = [call as fn() -> Request<()>, feed, resumable];
    let [mut calls, mut feeds, mut resumables] = [vec![], vec![], vec![]];
    for _ in 0..20 {
        calls.extend(streams(&drain, 1, kinds[0]).await);
        feeds.extend(streams(&drain, 1, kinds[1]).await);
        resumables.extend(streams(&drain, 1, kinds[2]).await);
    }
    let sockets: Vec<_> = (0..20).map(|_| tokio::spawn(upgraded(drain.clone()))).collect();
    sleep(Duration::from_millis(1)).await;
    assert_eq!(drain.open(), 80);

    let start = Instant::now();
    drain.start();
    let groups = [
        ends(resumables, start).await,
        ends(feeds, start).await,
        ends(sockets, start).await,
        ends(calls, start).await,
    ];
    for (i, ends) in groups.iter().enumerate() {
        let quarter = SECOND / 4;
        let expected = quarter * i as u32..=quarter * (i as u32 + 1) + Duration::from_millis(1);
        assert!(ends.iter().all(|end| expected.contains(end)), "{i}: {ends:?}");
    }
}

/// A WebSocket whose handler carries it on after the response.
async fn upgraded(drain: Drain) -> Instant {
    let mut request = socket();
    let lifeline = Lifeline::of(request.extensions_mut());
    let response = silence(&drain).call(request).await.unwrap();
    let tether = lifeline.carry();
    drop(response);
    let reason = tether.lifeline().ended().await;
    assert_eq!((reason.cause(), reason.close_code()), (Cause::Draining, 1012));
    Instant::now()
}

#[tokio::test(start_paused = true)]
async fn few_streams_do_not_take_the_whole_window() {
    let drain = Drain::new();
    let tasks = streams(&drain, 3, feed).await;
    let start = Instant::now();
    assert_eq!(drain.run().await.ended, 3);
    assert!(start.elapsed() <= SECOND * 3 / 2);
    join_all(tasks).await;
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_kept_and_what_is_left_is_told() {
    let drain = Drain::new().window(SECOND).deadline(3 * SECOND);
    let mut service = silence(&drain);
    // Nobody reads these.
    let stalled = [open(&mut service, feed()).await, open(&mut service, feed()).await];
    let tasks = streams(&drain, 10, feed).await;
    let start = Instant::now();
    let report = drain.run().await;
    assert_eq!(start.elapsed(), 3 * SECOND);
    assert_eq!((report.ended, report.gone, report.left_over), (10, 0, 2));
    assert_eq!(drain.drained().now_or_never(), Some(report), "who comes later does not wait");
    drop(stalled);
    join_all(tasks).await;
    assert_eq!(drain.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_window_ends_with_the_deadline() {
    let drain = Drain::new().window(60 * SECOND).deadline(2 * SECOND);
    let tasks = streams(&drain, 1000, feed).await;
    drain.run().await;
    sleep(Duration::from_millis(1)).await;
    assert_eq!(drain.open(), 0);
    join_all(tasks).await;
}

#[tokio::test(start_paused = true)]
async fn streams_that_go_by_themselves_are_told_apart() {
    let drain = Drain::new();
    let mut service = silence(&drain);
    let leaving = open(&mut service, feed()).await;
    let other = open(&mut service, feed()).await;
    let tasks = streams(&drain, 5, feed).await;
    drain.start();
    drop((leaving, other));
    let report = drain.drained().await;
    assert_eq!((report.ended, report.gone, report.left_over), (5, 2, 0));
    join_all(tasks).await;
}

#[tokio::test(start_paused = true)]
async fn a_drain_of_nothing_is_over_at_once() {
    let drain = Drain::new();
    let start = Instant::now();
    let report = drain.run().await;
    assert_eq!((report.ended, report.gone, report.left_over), (0, 0, 0));
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert!(drain.drained().now_or_never().is_some(), "and stays over");
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_are_told_and_those_who_give_up_stop_nothing() {
    let drain = Drain::new().window(SECOND);
    let tasks = streams(&drain, 100, feed).await;
    let early: Vec<_> = (0..10).map(|_| tokio::spawn(drain.drained())).collect();
    sleep(Duration::from_millis(1)).await;
    assert!(early.iter().all(|waits| !waits.is_finished()), "it has not started");

    let mut run = Box::pin(drain.run());
    assert!((&mut run).now_or_never().is_none());
    drop(run);
    let start = Instant::now();
    for waits in early {
        assert_eq!(waits.await.unwrap().ended, 100);
    }
    assert!(start.elapsed() <= SECOND + Duration::from_millis(1));
    join_all(tasks).await;
}

#[tokio::test(start_paused = true)]
async fn a_second_start_changes_nothing() {
    let drain = Drain::new().window(SECOND);
    let tasks = streams(&drain, 100, feed).await;
    let start = Instant::now();
    drain.start();
    advance(SECOND / 2).await;
    drain.clone().window(60 * SECOND).start();
    let (first, second) = tokio::join!(drain.run(), drain.clone().run());
    assert_eq!((first.ended, first), (100, second));
    assert!(start.elapsed() <= SECOND + Duration::from_millis(1));
    join_all(tasks).await;
}

#[tokio::test(start_paused = true)]
async fn streams_outlive_a_drain_that_is_dropped() {
    let drain = Drain::new();
    let mut service = silence(&drain);
    let body = open(&mut service, feed()).await;
    drop((drain, service));
    assert!(tokio::time::timeout(3600 * SECOND, read(body)).await.is_err());
}
