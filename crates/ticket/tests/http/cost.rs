//! What a request costs that has nothing to hide.

use std::{alloc::System, hint::black_box};

use http::{Response, request::Parts};
use longwave_ticket::http::{RedactLayer, collect};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tower::Layer;
use tower_service::Service;

use crate::common::{Echo, get, parts, sources};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn plain() -> Parts {
    let request = get("/api/v1/rooms/general/messages?after=1732&limit=50&sort=%2Bdate");
    let request =
        request.header("host", "app.example.com").header("accept", "*/*").header("cookie", "session=1");
    parts(request.header("referer", "https://app.example.com/rooms/general").header("user-agent", "test"))
}

#[test]
fn a_plain_request_costs_no_allocation() {
    let sources = sources();
    let mut service = RedactLayer::new().query("access_token").layer(Echo(|_| Response::new(())));
    let requests: Vec<_> = (0..64).map(|_| plain()).collect();
    let mut collected: Vec<_> = (0..64).map(|_| plain()).collect();
    let mut least = usize::MAX;
    for (parts, mut other) in requests.into_iter().zip(collected.drain(..)) {
        // Other tests allocate meanwhile; without them it is always the same.
        let region = Region::new(ALLOCATOR);
        let _ = black_box(collect(&mut other, &sources));
        let future = service.call(http::Request::from_parts(parts, ()));
        let change = region.change();
        drop(future);
        least = least.min(change.allocations + change.reallocations);
    }
    assert_eq!(least, 0);
}
