//! A reader that has stopped is seen by its socket.

use std::time::{Duration, Instant};

use http_body_util::BodyExt;
use longwave_core::Cause;
use longwave_frameworks::{Dialect, Framework, Route};
use longwave_heartbeat::Heartbeat;

use crate::{
    client::Client,
    support::{begin, data, opened, over, stack, start, within},
};

pub(crate) async fn a_stalled_reader_is_cut_and_nobody_else<F: Framework>() {
    let mut stack = stack(10);
    stack.guard = stack.guard.stall(Duration::from_millis(500));
    stack.heartbeat = Heartbeat::every(BEAT);
    for &wire in F::WIRES {
        let mut server = start::<F>(&stack).await;
        let (mut reader, since) = (Client::connect(server.address(), wire).await, Instant::now());
        let mut feed = reader.ask::<F>(Route::Feed).await;
        begin::<F>(&mut feed).await;
        let well = opened(&mut server, Route::Feed).await;

        let mut stopped = Client::connect(server.address(), wire).await;
        let flood = stopped.ask::<F>(Route::Flood).await;
        let mut stalled = opened(&mut server, Route::Flood).await;
        over(&mut stalled).await;
        assert_eq!(stalled.lifeline().reason().map(|reason| reason.cause()), Some(Cause::Stalled));
        assert_eq!(stack.limit.open(), 1);
        assert!(
            within("the cut", flood.into_body().collect()).await.is_err(),
            "it is not taken for the whole"
        );

        match F::DIALECT {
            Dialect::Events => {
                // More than can have been sent before the other one was cut.
                let before = since.elapsed().as_nanos() / (BEAT / 2).as_nanos();
                let beats = async {
                    let mut bytes = 0;
                    while bytes <= before * 3 {
                        bytes += data(&mut feed).await.len() as u128;
                    }
                };
                within("the other's beats", beats).await;
            }
            Dialect::Grpc => assert_eq!(reader.ask::<F>(Route::Plain).await.status(), 200),
        }
        assert!(!well.lifeline().is_ended());
    }
}

const BEAT: Duration = Duration::from_millis(20);
