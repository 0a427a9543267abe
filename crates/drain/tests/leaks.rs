//! Nothing is left behind, whenever clients come and go.
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    sync::{Arc, Barrier},
    task::{Context, Waker},
    thread,
    time::Duration,
};

use common::{call, feed, silence, socket};
use futures_util::FutureExt;
use http::Request;
use http_body::Body;
use longwave_core::Lifeline;
use longwave_drain::Drain;
use tower_service::Service;

const THREADS: u64 = 8;

/// Connects and drops in an order that depends on the seed: before the response, with it, after some reads,
/// or after the next few connections; some are carried on by a handler.
fn clients(drain: &Drain, cycles: usize, mut random: u64) {
    let mut next = |n: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % n
    };
    let mut service = silence(drain);
    let (mut bodies, mut tethers) = (Vec::new(), Vec::new());
    for _ in 0..cycles {
        let mut request = [feed, call, socket, || Request::new(())][next(4) as usize]();
        let lifeline = Lifeline::of(request.extensions_mut());
        let response = service.call(request);
        if next(8) == 0 {
            continue;
        }
        let mut body = Box::pin(response.now_or_never().unwrap().unwrap().into_body());
        for _ in 0..next(3) {
            // It may be over already.
            let _ = body.as_mut().poll_frame(&mut Context::from_waker(Waker::noop()));
        }
        match next(8) {
            0 => drop(body),
            1 => tethers.push(lifeline.carry()),
            _ => bodies.push(body),
        }
        if next(16) == 0 {
            bodies.truncate(next(4) as usize);
        }
        if next(64) == 0 {
            tethers.clear();
        }
    }
}

/// Starts threads that connect and drop, and a drain in the middle of it if so asked.
fn round(drain: &Drain, cycles: usize, seed: u64, starts: impl FnOnce()) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let barrier = Arc::new(Barrier::new(THREADS as usize + 1));
    let threads = (0..THREADS).map(|n| {
        let (drain, barrier, handle) = (drain.clone(), barrier.clone(), runtime.handle().clone());
        thread::spawn(move || {
            let _time = handle.enter();
            barrier.wait();
            clients(&drain, cycles, seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ n);
        })
    });
    let threads: Vec<_> = threads.collect();
    barrier.wait();
    starts();
    for thread in threads {
        thread.join().expect("no deadlock, no panic");
    }
}

#[test]
fn a_hundred_thousand_clients_come_and_go() {
    let drain = Drain::new();
    round(&drain, 100_000 / THREADS as usize, 1, || {});
    assert_eq!((drain.open(), drain.in_flight()), (0, 0));
}

#[test]
fn clients_come_and_go_while_the_drain_starts() {
    for seed in 0..300 {
        let drain = Drain::new().window(Duration::from_millis(1));
        round(&drain, 60, seed, || {
            for _ in 0..seed % 7 {
                thread::yield_now();
            }
            drain.start();
            drain.start();
        });
        assert_eq!((drain.open(), drain.in_flight()), (0, 0), "seed {seed}");
        let report = drain.drained().now_or_never().expect("it is over");
        assert_eq!(report.left_over, 0, "seed {seed}");
    }
}

/// A report counts each stream once, also if its client goes in the very moment it is ended.
#[test]
fn every_stream_is_in_the_report() {
    for _ in 0..300 {
        let drain = Drain::new().window(Duration::ZERO);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _time = runtime.enter();
        let mut service = silence(&drain);
        let bodies =
            (0..64).map(|_| Box::pin(service.call(feed()).now_or_never().unwrap().unwrap().into_body()));
        let bodies: Vec<_> = bodies.collect();
        let drops = thread::spawn({
            let (handle, drain) = (runtime.handle().clone(), drain.clone());
            move || {
                let _time = handle.enter();
                while !drain.is_draining() {
                    std::hint::spin_loop();
                }
                for mut body in bodies {
                    let _ = body.as_mut().poll_frame(&mut Context::from_waker(Waker::noop()));
                }
            }
        });
        drain.start();
        drops.join().unwrap();
        let report = drain.drained().now_or_never().expect("it is over");
        assert_eq!((report.ended + report.gone, report.left_over), (64, 0), "{report:?}");
    }
}
