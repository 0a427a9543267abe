use std::time::{Duration, Instant};

use longwave_backpressure::guard::Guard;
use longwave_core::Cause;
use tokio::time::sleep;

use super::support::{GRACE, Opened, SLACK, STALL, Server, http1, http2};

const LONG: Duration = Duration::from_secs(60);

fn guard() -> Guard {
    Guard::new().grace(GRACE)
}

/// Lets all buffers fill, and ends the stream.
async fn end_when_stalled(opened: &mut Opened) -> Duration {
    sleep(STALL).await;
    // The server looks, and refills what the last write has left room for.
    opened.lifeline.end_at((Instant::now() + LONG).into(), Cause::AgedOut);
    sleep(STALL).await;
    assert!(opened.lifeline.end(Cause::Revoked));
    let start = Instant::now();
    assert_eq!(opened.over().await.1, Some(Cause::Revoked));
    start.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_reaches_a_stalled_reader_over_http1() {
    let mut server = Server::guarded(guard()).await;
    let _client = http1(server.address, "/flood").await;
    let mut opened = server.opened().await;
    let after = end_when_stalled(&mut opened).await;
    assert!(opened.lifeline.connection().unwrap().progress().pending() > 0);
    assert!(after >= GRACE && after < GRACE + SLACK, "after {after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_reaches_a_stalled_reader_over_http2() {
    let mut server = Server::guarded(guard()).await;
    let _client = http2(server.address, "/flood", 65_535).await;
    let mut opened = server.opened().await;
    let after = end_when_stalled(&mut opened).await;
    assert!(after >= GRACE && after < GRACE + SLACK, "after {after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_reaches_a_stalled_reader() {
    let mut server = Server::guarded(guard()).await;
    let _http1 = http1(server.address, "/flood").await;
    let mut first = server.opened().await;
    let _http2 = http2(server.address, "/flood", 65_535).await;
    let mut second = server.opened().await;
    sleep(STALL).await;
    let start = Instant::now();
    for opened in [&first, &second] {
        opened.lifeline.end_at((start + STALL).into(), Cause::Expired);
    }
    for opened in [&mut first, &mut second] {
        assert_eq!(opened.over().await.1, Some(Cause::Expired));
    }
    let after = start.elapsed();
    assert!(after >= STALL + GRACE && after < STALL + GRACE + SLACK, "after {after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_reaches_a_reader_that_reads_without_the_grace() {
    let mut server = Server::guarded(Guard::new().grace(LONG)).await;
    let _http1 = http1(server.address, "/tick").await;
    let mut first = server.opened().await;
    let _http2 = http2(server.address, "/silent", 65_535).await;
    let mut second = server.opened().await;
    for opened in [&mut first, &mut second] {
        opened.lifeline.end(Cause::Draining);
        let start = Instant::now();
        opened.over().await;
        assert!(start.elapsed() < SLACK);
    }
}

/// What the guard is there for.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_guard_an_end_never_reaches_a_stalled_reader() {
    let mut server = Server::unguarded().await;
    let _http1 = http1(server.address, "/flood").await;
    let mut first = server.opened().await;
    let _http2 = http2(server.address, "/flood", 65_535).await;
    let mut second = server.opened().await;
    sleep(STALL).await;
    first.lifeline.end(Cause::Revoked);
    second.lifeline.end(Cause::Revoked);
    sleep(Duration::from_secs(3)).await;
    assert!(first.is_open() && second.is_open());
}
