use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Wake, Waker},
};

use futures_util::Sink;
use longwave_testing::io::Fickle;
use longwave_ws_hyper::{CloseCode, CloseFrame, Config, Message, ReadHalf, WebSocket};
use tokio::io::{DuplexStream, duplex};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::support::{SECOND, in_time, pair, quiet};

/// Both ends send as fast as they can and receive in other tasks.
async fn flood(seed: u64, messages: u32) {
    let (near, far) = duplex(50 + seed as usize % 40 * 7);
    let near = WebSocket::client(Fickle::new(near, seed, 90), &quiet());
    let far = WebSocket::server(Fickle::new(far, seed + 1000, 90), &quiet());
    let mut tasks = Vec::new();
    for socket in [near, far] {
        let (mut read, mut write) = socket.split();
        let (all_received, is_received) = oneshot::channel();
        tasks.push(tokio::spawn(async move {
            for number in 0..messages {
                let sending = write.send(format!("{number} {}", "x".repeat(number as usize % 70)));
                // Some do not wait, and what they have sent goes out by itself.
                if number % 7 == 0 { drop(sending) } else { sending.await.unwrap() }
            }
            // The other has nothing more to send then.
            is_received.await.unwrap();
            write.close(None).await.unwrap();
        }));
        tasks.push(tokio::spawn(async move {
            for number in 0..messages {
                let message = read.recv().await.unwrap().unwrap();
                assert!(message.as_text().unwrap().starts_with(&format!("{number} ")));
            }
            all_received.send(()).unwrap();
            assert!(matches!(read.recv().await, Some(Ok(Message::Close(_)))));
            assert!(read.recv().await.is_none());
        }));
    }
    for task in tasks {
        timeout(600 * SECOND, task).await.expect("nobody waits for nothing").unwrap();
    }
}

/// A wake-up that got lost would stop the clock.
#[tokio::test(start_paused = true)]
async fn halves_work_in_tasks_of_their_own() {
    for seed in 0..40 {
        flood(seed, 300).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn halves_work_on_threads() {
    for seed in 0..150 {
        timeout(60 * SECOND, flood(seed, 100)).await.expect("nobody waits for nothing");
    }
}

#[tokio::test(start_paused = true)]
async fn the_half_that_sends_can_close_alone() {
    let [client, server] = pair(&quiet());
    let (read, mut write) = client.split();
    drop(read);
    let mut server = server;
    let server = tokio::spawn(async move {
        for _ in 0..100 {
            server.send("unheard").await.unwrap();
        }
        server.recv().await
    });
    sleep(SECOND).await;
    write.close(CloseFrame::new(CloseCode::NORMAL)).await.unwrap();
    assert!(matches!(server.await.unwrap(), Some(Ok(Message::Close(Some(_))))));
}

/// The half that reads finds the peer dead, and what waited to be sent to it is thrown away.
#[tokio::test(start_paused = true)]
async fn what_was_thrown_away_was_not_sent() {
    let (_near, far) = duplex(64);
    let config = Config::new().stall_timeout(300 * SECOND);
    let (mut read, mut write) = WebSocket::server(far, &config).split();
    let sending = tokio::spawn(async move { write.send(vec![0; 1 << 20]).await });
    assert!(read.recv().await.unwrap().is_err());
    let sent = sending.await.unwrap();
    assert!(sent.is_err(), "{sent:?}");
}

#[test]
fn what_becomes_a_message_may_hold_the_other_half() {
    struct Holds(ReadHalf<DuplexStream>);
    impl From<Holds> for Message {
        fn from(holds: Holds) -> Self {
            drop(holds.0);
            Message::text("it is gone")
        }
    }
    in_time(|| {
        let (_near, far) = duplex(64);
        let (read, mut write) = WebSocket::server(far, &quiet()).split();
        drop(write.send(Holds(read)));
    });
}

/// A task may live by its waker alone, and is dropped when another takes its place.
#[test]
fn a_task_that_waits_to_send_may_hold_the_other_half() {
    struct Task {
        _half: Mutex<ReadHalf<DuplexStream>>,
    }
    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }
    in_time(|| {
        let (_near, far) = duplex(64);
        let (read, mut write) = WebSocket::server(far, &quiet().high_water(10)).split();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _entered = runtime.enter();
        let mut write = Pin::new(&mut write);
        write.as_mut().start_send(Message::binary(vec![0; 1000])).unwrap();
        let task = Waker::from(Arc::new(Task { _half: Mutex::new(read) }));
        assert!(write.as_mut().poll_ready(&mut Context::from_waker(&task)).is_pending());
        drop(task);
        assert!(write.as_mut().poll_ready(&mut Context::from_waker(Waker::noop())).is_pending());
    });
}
