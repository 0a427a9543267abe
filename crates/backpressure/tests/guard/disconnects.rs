use std::time::{Duration, Instant};

use longwave_backpressure::guard::Guard;

use super::support::{Opened, Server, http1, http2};

const ATTEMPTS: u32 = 5;
const AT_ONCE: Duration = Duration::from_millis(50);

/// How soon a stream that was just cut by its client is over.
async fn released(opened: &mut Opened) -> Duration {
    let start = Instant::now();
    opened.over().await;
    start.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stream_holds_goes_with_its_client_over_http1() {
    let mut server = Server::guarded(Guard::new()).await;
    for path in ["/flood", "/tick", "/silent"] {
        let mut best = Duration::MAX;
        for _ in 0..ATTEMPTS {
            let client = http1(server.address, path).await;
            let mut opened = server.opened().await;
            assert!(opened.is_open());
            drop(client);
            best = best.min(released(&mut opened).await);
        }
        assert!(best < AT_ONCE, "{path}: after {best:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stream_holds_goes_with_its_client_over_http2() {
    let mut server = Server::guarded(Guard::new()).await;
    for path in ["/flood", "/tick", "/silent"] {
        let mut best = Duration::MAX;
        for _ in 0..ATTEMPTS {
            let client = http2(server.address, path, 65_535).await;
            let mut opened = server.opened().await;
            assert!(opened.is_open());
            client.connection.abort();
            best = best.min(released(&mut opened).await);
        }
        assert!(best < AT_ONCE, "{path}: after {best:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stream_holds_goes_when_it_is_reset() {
    let mut server = Server::guarded(Guard::new()).await;
    for path in ["/flood", "/tick", "/silent"] {
        let mut best = Duration::MAX;
        for _ in 0..ATTEMPTS {
            let client = http2(server.address, path, 65_535).await;
            let mut opened = server.opened().await;
            drop(client.body);
            best = best.min(released(&mut opened).await);
            drop(client.sender);
        }
        assert!(best < AT_ONCE, "{path}: after {best:?}");
    }
}
