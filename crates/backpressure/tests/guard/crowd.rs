use longwave_backpressure::guard::Guard;
use longwave_core::Cause;
use tokio::{
    io::AsyncReadExt,
    time::{Duration, Instant, timeout},
};

use super::support::{SLACK, STALL, Server, http1};

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_readers_beside_a_stalled_one_notice_nothing() {
    let mut server = Server::guarded(Guard::new().stall(STALL)).await;
    let _stalled = http1(server.address, "/flood").await;
    let mut stalled = server.opened().await;
    let mut readers = Vec::new();
    let mut healthy = Vec::new();
    for _ in 0..100 {
        let mut client = http1(server.address, "/tick").await;
        healthy.push(server.opened().await);
        readers.push(tokio::spawn(async move {
            let (start, mut longest, mut bytes) = (Instant::now(), Duration::ZERO, 0);
            while start.elapsed() < STALL + SLACK {
                let asked = Instant::now();
                bytes += timeout(SLACK * 10, client.read(&mut [0; 1024])).await.unwrap().unwrap();
                longest = longest.max(asked.elapsed());
            }
            // The connection is handed back open.
            (client, longest, bytes)
        }));
    }
    assert_eq!(stalled.over().await.1, Some(Cause::Stalled));
    let mut clients = Vec::new();
    for reader in readers {
        let (client, longest, bytes) = reader.await.unwrap();
        assert!(longest < SLACK, "an event was late: {longest:?}");
        assert!(bytes > 100);
        clients.push(client);
    }
    assert!(healthy.iter_mut().all(|opened| !opened.lifeline.is_ended() && opened.is_open()));
}
