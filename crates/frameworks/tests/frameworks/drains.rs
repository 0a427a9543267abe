//! A drain ends what is open, and then the framework's own shutdown has nothing to wait for.

use http::{HeaderValue, StatusCode};
use http_body_util::BodyExt;
use longwave_frameworks::{Dialect, Framework, HELLO, Route, Wire};

use crate::{
    client::Client,
    support::{begin, last_words, refused, stack, start, within},
};

pub(crate) async fn a_drain_ends_streams_and_the_shutdown_is_over<F: Framework>() {
    const STREAMS: usize = 3;
    let stack = stack(10);
    let server = start::<F>(&stack).await;
    let mut streams = Vec::new();
    for &wire in F::WIRES.iter().cycle().take(STREAMS) {
        let mut client = Client::connect(server.address(), wire).await;
        let mut response = client.ask::<F>(Route::Feed).await;
        begin::<F>(&mut response).await;
        streams.push((client, response));
    }
    assert_eq!(stack.drain.open(), STREAMS);

    let drained = stack.drain.drained();
    stack.drain.start();
    let mut clients = Vec::new();
    for (client, response) in streams {
        last_words::<F>(response).await;
        clients.push(client);
    }
    let report = within("a drain", drained).await;
    assert_eq!((report.ended, report.gone, report.left_over), (STREAMS, 0, 0));
    assert_eq!((stack.drain.open(), stack.limit.open()), (0, 0));
    // The clients keep their connections, which are idle now.
    within("the shutdown", server.shut_down()).await.unwrap();
}

pub(crate) async fn a_stream_is_refused_during_a_drain<F: Framework>() {
    let stack = stack(10);
    let server = start::<F>(&stack).await;
    stack.drain.start();
    for &wire in F::WIRES {
        let mut client = Client::connect(server.address(), wire).await;
        let response = client.ask::<F>(Route::Feed).await;
        if wire == Wire::Http1 {
            assert_eq!(response.headers()["connection"], "close");
        }
        refused::<F>(response, "14").await;
    }
    if F::DIALECT == Dialect::Events {
        let mut client = Client::connect(server.address(), Wire::Http1).await;
        let response = client.ask::<F>(Route::Socket).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(response.headers().contains_key("retry-after"));

        let mut client = Client::connect(server.address(), Wire::Http1).await;
        let response = client.ask::<F>(Route::Plain).await;
        assert_eq!(
            (response.status(), &response.headers()["connection"]),
            (StatusCode::OK, &HeaderValue::from_static("close"))
        );
        let body = within("a body", response.into_body().collect()).await.unwrap();
        assert_eq!(body.to_bytes(), HELLO, "what is no stream is answered as ever");
    }
    within("the shutdown", server.shut_down()).await.unwrap();
}
