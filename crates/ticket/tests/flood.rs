//! What is left of a flood of forged tickets. Alone in its process, where hardly anybody else allocates.
#![allow(clippy::unwrap_used)]

use std::{alloc::System, convert::Infallible, future::ready, time::SystemTime};

use futures_util::FutureExt;
use http::{Request, Response};
use http_body_util::Empty;
use longwave_ticket::{
    Audience, Claims, ClaimsError, Context, Grant, Issuer, KeyRing, MemoryStore, Purpose, TicketId, Verifier,
    http::{Origins, RedactLayer, TicketLayer},
    live::{Selector, Sessions},
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tower::{Layer, service_fn};
use tower_service::Service;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

struct User;

impl Claims for User {
    fn subject(&self) -> &'static str {
        "ann"
    }

    fn encode(&self) -> Result<Vec<u8>, ClaimsError> {
        Ok(Vec::new())
    }

    fn decode(_: &[u8]) -> Result<Self, ClaimsError> {
        Ok(Self)
    }
}

#[tokio::test]
async fn of_a_flood_of_what_was_made_up_nothing_stays() {
    let (keys, store) = (KeyRing::random().unwrap(), MemoryStore::new());
    let audience = Audience::new("events").unwrap();
    let issuer = Issuer::<User, _>::new(&audience, &keys, store.clone()).unwrap();
    let verifier = Verifier::<User, _>::new(&audience, &keys, store).unwrap();
    let context = Context::new(Purpose::Connect, SystemTime::now().into());
    let minted = issuer.mint(&Grant::new(User), &context, TicketId::from_bytes([7; 16])).await.unwrap();
    let genuine = minted.into_ticket().into_exposed();

    let long = "lwt1_".to_owned() + &"A".repeat(64 * 1024);
    let forged = genuine.replacen(&genuine[40..46], "00AA00", 1);
    for made_up in [&long, &long[..2049], &genuine[1..], &genuine[..100], &forged, ""] {
        let allocations = || {
            let region = Region::new(ALLOCATOR);
            assert!(verifier.verify(made_up, &context).is_err());
            region.change().allocations
        };
        // What runs tests has a thread of its own, which allocates now and then.
        assert_eq!((0..100).map(|_| allocations()).min(), Some(0), "{made_up:.80}");
    }

    let sessions = Sessions::builder().build();
    let layer = TicketLayer::new(verifier, Origins::list([]).unwrap(), sessions.clone());
    let mut service = RedactLayer::new().query("ticket").layer(layer.layer(service_fn(|_: Request<()>| {
        ready(Ok::<_, Infallible>(Response::new(Empty::<bytes::Bytes>::new())))
    })));
    let mut open = |ticket: &str, client: u32| {
        let request = Request::get(format!("/feed?ticket={ticket}"))
            .header("accept", "text/event-stream")
            // Nothing is kept by where it comes from either.
            .header("x-forwarded-for", format!("2001:db8::{client:x}"));
        service
            .call(request.body(()).unwrap())
            .now_or_never()
            .expect("nobody waits")
            .unwrap()
            .status()
            .as_u16()
    };
    let mut flood = |requests: std::ops::Range<u32>| {
        for number in requests {
            // The id is another one each time, and the signature is of the genuine one.
            let (head, tail) = (&genuine[..40], &genuine[46..]);
            assert_eq!(open(&format!("{head}{:06x}{tail}", number + 1), number), 401);
        }
    };
    flood(0..100);
    let held = |round: u32| {
        let region = Region::new(ALLOCATOR);
        flood(10_000 * round..10_000 * (round + 1));
        let change = region.change();
        change.bytes_allocated.abs_diff(change.bytes_deallocated)
    };
    assert_eq!((1..=3).map(held).min(), Some(0));
    assert_eq!(sessions.count(&Selector::All), 0);
    assert_eq!(open(&genuine, 0), 200);
}
