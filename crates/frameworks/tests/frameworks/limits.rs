//! A stream counts for as long as it is open.

use longwave_frameworks::{Framework, Route};

use crate::{
    client::{Client, Socket, request},
    support::{begin, opened, over, refused, stack, start, within},
};

pub(crate) async fn a_stream_counts_until_its_client_is_gone<F: Framework>() {
    for &wire in F::WIRES {
        let stack = stack(2);
        let mut server = start::<F>(&stack).await;
        let mut streams = Vec::new();
        for _ in 0..2 {
            let mut client = Client::connect(server.address(), wire).await;
            let mut response = client.ask::<F>(Route::Feed).await;
            begin::<F>(&mut response).await;
            streams.push((client, response, opened(&mut server, Route::Feed).await));
        }
        assert_eq!(stack.limit.open(), 2);

        let mut late = Client::connect(server.address(), wire).await;
        refused::<F>(late.ask::<F>(Route::Feed).await, "14").await;
        assert_eq!(stack.limit.open(), 2);

        let (client, response, mut gone) = streams.remove(0);
        drop((client, response));
        over(&mut gone).await;
        assert_eq!(stack.limit.open(), 1);
        // A refusal leaves the connection as it is.
        begin::<F>(&mut late.ask::<F>(Route::Feed).await).await;
    }
}

pub(crate) async fn a_client_with_too_many_streams_is_refused<F: Framework>() {
    for &wire in F::WIRES {
        let stack = stack(10);
        let server = start::<F>(&stack).await;
        let mut streams = Vec::new();
        for _ in 0..2 {
            let mut client = Client::connect(server.address(), wire).await;
            let mut response =
                client.send(F::DIALECT, request::<F>(Route::Feed).header("x-client", "a")).await;
            begin::<F>(&mut response).await;
            streams.push((client, response));
        }
        let mut client = Client::connect(server.address(), wire).await;
        let third = request::<F>(Route::Feed).header("x-client", "a");
        refused::<F>(client.send(F::DIALECT, third).await, "8").await;
        let other = request::<F>(Route::Feed).header("x-client", "b");
        begin::<F>(&mut client.send(F::DIALECT, other).await).await;
    }
}

pub(crate) async fn a_websocket_beyond_the_limit_is_refused<F: Framework>() {
    let stack = stack(2);
    let mut server = start::<F>(&stack).await;
    let mut first = Socket::open::<F>(server.address(), Some("a")).await;
    let mut second = Socket::open::<F>(server.address(), Some("a")).await;
    let mut gone = opened(&mut server, Route::Socket).await;
    within("pongs", async { (first.ping().await, second.ping().await) }).await;

    // By its own share first, and then by the total.
    for (client, status) in [("a", 429), ("b", 503)] {
        let mut third = Client::connect(server.address(), longwave_frameworks::Wire::Http1).await;
        let response = third.send(F::DIALECT, request::<F>(Route::Socket).header("x-client", client)).await;
        assert_eq!(response.status(), status);
        let after = response.headers()["retry-after"].to_str().unwrap();
        assert!(after.parse::<u32>().is_ok(), "{after:?}");
    }

    drop(first);
    over(&mut gone).await;
    Socket::open::<F>(server.address(), Some("a")).await.ping().await;
}
