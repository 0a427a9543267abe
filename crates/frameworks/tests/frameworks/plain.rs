//! What is no stream passes through all layers as it is.

use http_body_util::BodyExt;
use longwave_frameworks::{Dialect, Framework, HELLO, Layers, MARKED, Route, TOLD, Witness};

use crate::{
    client::{Client, request},
    support::{stack, start, within},
};

pub(crate) async fn a_plain_response_is_untouched<F: Framework>() {
    let stack = stack(10);
    let server = start::<F>(&stack).await;
    for &wire in F::WIRES {
        let mut client = Client::connect(server.address(), wire).await;
        // One that would also take a stream counts as one while it lasts, and is not changed either.
        for accept in ["text/html", "text/event-stream, text/html"] {
            let request = request::<F>(Route::Plain).header("accept", accept);
            let response = client.send(F::DIALECT, request).await;
            assert_eq!(response.status(), 200);
            let length = response.headers().get("content-length").cloned();
            let whole = within("a body", response.into_body().collect()).await.unwrap();
            match F::DIALECT {
                Dialect::Events => {
                    assert_eq!(length.unwrap(), HELLO.len().to_string());
                    assert_eq!(whole.to_bytes(), HELLO);
                }
                Dialect::Grpc => {
                    assert_eq!(whole.trailers().expect("trailers")["grpc-status"], "0");
                    let message = whole.to_bytes();
                    let (prefix, message) = message.split_at(5);
                    assert_eq!((prefix, message), (&[0, 0, 0, 0, 5][..], HELLO.as_bytes()));
                }
            }
        }
    }
}

pub(crate) async fn a_plain_response_promises_its_size<F: Framework>() {
    let (witness, _opened) = Witness::new();
    let size = F::plain_size(Layers::new(&stack(10), witness)).await;
    assert_eq!(size, Some(HELLO.len() as u64));
}

pub(crate) async fn extensions_pass_both_ways<F: Framework>() {
    let server = start::<F>(&stack(10)).await;
    for &wire in F::WIRES {
        let response = Client::connect(server.address(), wire).await.ask::<F>(Route::Plain).await;
        assert_eq!([&response.headers()[MARKED], &response.headers()[TOLD]], ["yes", "yes"]);
    }
}
