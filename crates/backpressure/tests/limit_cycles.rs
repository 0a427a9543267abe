//! A hundred thousand streams that come and go, each at another point, from many threads at once.
#![cfg(feature = "limit")]
#![allow(clippy::unwrap_used)]

use std::{
    convert::Infallible,
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use longwave_backpressure::StreamLimitLayer;
use longwave_core::Lifeline;
use tower::{Layer, Service, service_fn};

const CYCLES: usize = 100_000;
const THREADS: usize = 8;
const SEEDS: usize = 10;
const TOTAL: usize = 6;
const PER_KEY: usize = 2;
const KEYS: usize = 4;

/// The streams that the service itself knows to be open, in total and by key, and the most there ever were.
#[derive(Default)]
struct Seen {
    open: AtomicUsize,
    by_key: [AtomicUsize; KEYS],
    most: AtomicUsize,
    most_by_key: AtomicUsize,
}

/// One of them, which the lifeline holds: those that are handed over later go later.
struct Entry(Arc<Seen>, usize);

impl Entry {
    fn new(seen: &Arc<Seen>, key: usize) -> Self {
        seen.most.fetch_max(seen.open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        seen.most_by_key.fetch_max(seen.by_key[key].fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        Self(seen.clone(), key)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
        self.0.by_key[self.1].fetch_sub(1, Ordering::SeqCst);
    }
}

/// The stream as the service sees it: its entry goes before the slot, as the body inside goes before its tether.
struct Events {
    left: u8,
    entry: Option<Entry>,
}

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            self.entry = None;
            return Poll::Ready(None);
        }
        self.left -= 1;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"data: 1\n\n")))))
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// The service takes two polls to answer, with an event stream or an upgrade.
fn service(
    seen: Arc<Seen>,
) -> impl Service<Request<()>, Response = Response<Events>, Error = Infallible, Future: Send> + Clone {
    service_fn(move |request: Request<()>| {
        let key = request.uri().path()[1..].parse().unwrap();
        let entry = Some(Entry::new(&seen, key));
        let mut polled = false;
        let upgrade = request.headers().contains_key("upgrade");
        let stray = request.extensions().get::<Lifeline>().cloned();
        async move {
            poll_fn(|_| if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending })
                .await;
            let response = if upgrade {
                Response::builder().status(101)
            } else {
                Response::builder().header("content-type", "text/event-stream")
            };
            Ok(response.extension(stray).body(Events { left: 3, entry }).unwrap())
        }
    })
}

/// One stream, given up at a random point; `false` if it was refused.
fn cycle(
    service: &mut impl Service<Request<()>, Response = Response<impl Body>, Error = Infallible>,
    random: &mut Random,
) -> bool {
    let request = Request::get(format!("/{}", random.below(KEYS)));
    let request = match random.below(3) {
        0 => request.header("upgrade", "websocket").header("connection", "upgrade"),
        _ => request.header("accept", "text/event-stream"),
    };
    let mut cx = Context::from_waker(Waker::noop());
    let mut future = pin!(service.call(request.body(()).unwrap()));
    let give_up_after = random.below(7);
    for _ in 0..give_up_after.min(2) {
        if random.below(4) == 0 {
            thread::yield_now();
        }
        if let Poll::Ready(response) = future.as_mut().poll(&mut cx) {
            let (head, body) = response.unwrap_or_else(|never| match never {}).into_parts();
            let mut body = pin!(body);
            for _ in 1..give_up_after {
                let _ = body.as_mut().poll_frame(&mut cx);
            }
            return head.extensions.get::<Option<Lifeline>>().is_some();
        }
    }
    true
}

#[test]
fn all_slots_are_free_after_a_hundred_thousand_cycles() {
    let mut admitted = 0;
    for seed in 0..SEEDS {
        let seen = Arc::new(Seen::default());
        let layer = StreamLimitLayer::new(TOTAL).per_key(PER_KEY, |parts| Some(parts.uri.path().to_owned()));
        let barrier = Arc::new(Barrier::new(THREADS));
        let threads = (0..THREADS).map(|thread| {
            let mut service = layer.layer(service(seen.clone()));
            let barrier = barrier.clone();
            thread::spawn(move || {
                let mut random = Random((seed * THREADS + thread) as u64);
                barrier.wait();
                (0..CYCLES / SEEDS / THREADS).filter(|_| cycle(&mut service, &mut random)).count()
            })
        });
        let threads: Vec<_> = threads.collect();
        admitted += threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>();
        assert_eq!((layer.open(), layer.keys()), (0, 0), "seed {seed}");
        assert_eq!(seen.open.load(Ordering::SeqCst), 0, "seed {seed}");
        assert!(seen.most.load(Ordering::SeqCst) <= TOTAL, "seed {seed}");
        assert!(seen.most_by_key.load(Ordering::SeqCst) <= PER_KEY, "seed {seed}");
    }
    assert!((CYCLES / 10..CYCLES).contains(&admitted), "some were refused, and not all: {admitted}");
}

/// Some threads only ever hit the limit by key, which the others must not feel.
#[test]
fn refusals_by_key_never_take_from_the_total() {
    let seen = Arc::new(Seen::default());
    let layer = StreamLimitLayer::new(2).per_key(1, |parts| Some(parts.uri.path().to_owned()));
    let request =
        |key: usize| Request::get(format!("/{key}")).header("accept", "text/event-stream").body(()).unwrap();
    let _held = layer.layer(service(seen.clone())).call(request(0));
    thread::scope(|scope| {
        for _ in 0..3 {
            let mut refused = layer.layer(service(seen.clone()));
            scope.spawn(move || (0..20_000).for_each(|_| drop(refused.call(request(0)))));
        }
        let mut admitted = layer.layer(service(seen.clone()));
        for _ in 0..20_000 {
            let before = layer.open();
            let _stream = admitted.call(request(1));
            assert_eq!((before, layer.open()), (1, 2));
        }
    });
    assert_eq!((layer.open(), seen.most_by_key.load(Ordering::SeqCst)), (1, 1));
}
