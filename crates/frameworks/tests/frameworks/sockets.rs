//! A WebSocket that knows nothing of longwave is carried by its connection.

use longwave_core::Cause;
use longwave_frameworks::{Framework, Route};

use crate::{
    client::Socket,
    support::{opened, over, stack, start, within},
};

pub(crate) async fn a_websocket_counts_until_its_socket_is_gone<F: Framework>() {
    let stack = stack(10);
    let mut server = start::<F>(&stack).await;
    let mut socket = Socket::open::<F>(server.address(), None).await;
    socket.ping().await;
    let mut gone = opened(&mut server, Route::Socket).await;
    assert_eq!((stack.limit.open(), stack.drain.open()), (1, 1));
    let connection = gone.lifeline().connection().expect("a guarded socket");
    assert_eq!(connection.streams(), 1);
    drop(socket);
    over(&mut gone).await;
    assert_eq!(stack.limit.open(), 0);
}

pub(crate) async fn a_websocket_is_ended_by_its_lifeline<F: Framework>() {
    let stack = stack(10);
    let mut server = start::<F>(&stack).await;
    let mut socket = Socket::open::<F>(server.address(), None).await;
    socket.ping().await;
    let mut ended = opened(&mut server, Route::Socket).await;
    assert!(ended.lifeline().end(Cause::Revoked));
    socket.closed().await;
    over(&mut ended).await;
    assert_eq!(stack.limit.open(), 0);
}

pub(crate) async fn a_websocket_is_ended_by_a_drain<F: Framework>() {
    let stack = stack(10);
    let server = start::<F>(&stack).await;
    let mut socket = Socket::open::<F>(server.address(), None).await;
    socket.ping().await;
    assert_eq!(stack.drain.open(), 1);
    let report = within("a drain", stack.drain.run()).await;
    assert_eq!((report.ended, report.gone, report.left_over), (1, 0, 0));
    socket.closed().await;
    within("the shutdown", server.shut_down()).await.unwrap();
}
