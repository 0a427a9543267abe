//! A stream that says nothing is kept alive.

use std::time::Duration;

use longwave_frameworks::{Framework, Route};
use longwave_heartbeat::Heartbeat;

use crate::{
    client::Client,
    support::{NEVER, begin, data, stack, start, within},
};

/// The head, and the first byte of an event stream, do not wait for an interval to pass.
pub(crate) async fn a_silent_stream_begins_at_once<F: Framework>() {
    let stack = stack(10);
    assert_eq!(stack.heartbeat.interval(), NEVER);
    let server = start::<F>(&stack).await;
    for &wire in F::WIRES {
        let mut response = Client::connect(server.address(), wire).await.ask::<F>(Route::Feed).await;
        begin::<F>(&mut response).await;
    }
}

pub(crate) async fn a_silent_stream_beats<F: Framework>() {
    let mut stack = stack(10);
    stack.heartbeat = Heartbeat::every(Duration::from_millis(100));
    let server = start::<F>(&stack).await;
    for &wire in F::WIRES {
        let mut client = Client::connect(server.address(), wire).await;
        let mut response = client.ask::<F>(Route::Feed).await;
        let mut beats = Vec::new();
        let listen = async {
            while beats.len() < 5 * BEAT.len() {
                beats.extend_from_slice(&data(&mut response).await);
            }
        };
        within("five beats", listen).await;
        assert!(beats.chunks(BEAT.len()).all(|beat| beat == BEAT), "{beats:?}");
    }
}

const BEAT: &[u8] = b":\n\n";
