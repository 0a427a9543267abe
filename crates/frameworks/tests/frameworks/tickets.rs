//! A ticket opens a stream once, and the stream ends with the login.

use http::{StatusCode, request::Builder};
use http_body_util::BodyExt;
use longwave_frameworks::{Dialect, Framework, Route};
use longwave_ticket::live::{Close, Selector};

use crate::{
    client::{Client, request},
    support::{begin, opened, over, stack, start, within},
};

/// The request for the feed, with a ticket where the dialect has it.
fn feed<F: Framework>(ticket: &str) -> Builder {
    let request = request::<F>(Route::Feed);
    match F::DIALECT {
        Dialect::Events => request.uri(format!("{}?ticket={ticket}", Route::Feed.path(F::DIALECT))),
        Dialect::Grpc => request.header("authorization", format!("Ticket {ticket}")),
    }
}

pub(crate) async fn a_ticket_opens_a_stream_once_that_ends_with_the_login<F: Framework>() {
    for (number, &wire) in (1..).zip(F::WIRES) {
        let stack = stack(10);
        let sessions = stack.logins.sessions();
        let mut server = start::<F>(&stack).await;
        let ticket = stack.logins.mint("ann", [number; 16]).await;
        let mut client = Client::connect(server.address(), wire).await;
        let mut response = client.send(F::DIALECT, feed::<F>(&ticket)).await;
        begin::<F>(&mut response).await;
        let mut gone = opened(&mut server, Route::Feed).await;
        assert_eq!(sessions.count(&Selector::All), 1);

        let mut other = Client::connect(server.address(), wire).await;
        let replayed = other.send(F::DIALECT, feed::<F>(&ticket)).await;
        assert_eq!(replayed.status(), StatusCode::UNAUTHORIZED);
        let body = within("a refusal", replayed.into_body().collect()).await.unwrap().to_bytes();
        assert!(body.ends_with(br#""code":"invalid_ticket"}"#), "{body:?}");
        // Whoever has none is nobody, and opens no session.
        let mut nobodys = other.ask::<F>(Route::Feed).await;
        begin::<F>(&mut nobodys).await;
        assert_eq!((sessions.count(&Selector::All), stack.limit.open()), (1, 2));

        assert_eq!(sessions.revoke(Selector::Subject("ann".into()), Close::Revoked), 1);
        let rest = within("an end", response.into_body().collect()).await.expect("an orderly end");
        match F::DIALECT {
            Dialect::Events => assert!(rest.to_bytes().starts_with(b"event: ended\n")),
            Dialect::Grpc => {
                let trailers = rest.trailers().expect("trailers");
                assert_eq!(
                    (&trailers["grpc-status"], &trailers["grpc-message"]),
                    (&"7".parse().unwrap(), &"revoked".parse().unwrap())
                );
            }
        }
        over(&mut gone).await;
        assert_eq!((sessions.count(&Selector::All), stack.limit.open()), (0, 1));
    }
}
