//! What a request costs that has nothing to hide. Alone in its process, where hardly anybody else allocates.
#![allow(clippy::unwrap_used)]

use std::{alloc::System, convert::Infallible, future::ready, hint::black_box};

use http::{Request, Response};
use longwave_ticket::http::{Found, RedactLayer, Source, Sources, collect, redact_str};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tower::{Layer, service_fn};
use tower_service::Service;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn plain(uri: &str) -> Request<()> {
    let request =
        Request::get(uri).header("host", "app.example.com").header("cookie", "session=1; theme=dark");
    let request = request.header("referer", "https://app.example.com/rooms/general?page=2#top");
    request.header("authorization", "Bearer X").header("sec-websocket-protocol", "app.v1").body(()).unwrap()
}

#[test]
fn a_plain_request_costs_no_allocation() {
    let sources = Sources::new([
        Source::Subprotocol,
        Source::Query("ticket".into()),
        Source::Authorization,
        Source::Cookie("__Host-ticket".into()),
    ]);
    let layer = RedactLayer::new().query("access_token").cookie("sid");
    let mut service = layer.layer(service_fn(|request: Request<()>| {
        drop(black_box(request));
        ready(Ok::<_, Infallible>(Response::new(())))
    }));
    for uri in ["/api/v1/rooms/general/messages?after=1732&limit=50", "/search?q=%2B1%20lwt&sort=%64ate", "/"]
    {
        let mut cost = || {
            let (request, (mut parts, ())) = (plain(uri), plain(uri).into_parts());
            let region = Region::new(ALLOCATOR);
            assert!(matches!(black_box(collect(&mut parts, &sources)), Found::Nothing));
            drop(black_box(redact_str(uri)));
            let response = black_box(service.call(request));
            let change = region.change();
            drop(response);
            change.allocations + change.reallocations
        };
        // What runs tests has a thread of its own, which allocates now and then.
        assert_eq!((0..100).map(|_| cost()).min(), Some(0), "{uri}");
    }
}
