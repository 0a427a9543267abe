//! One fan, and subscribers by event streams and WebSockets, of whom a tenth stops reading and a tenth is slow.
//!
//! At the end all of them read what is left, so that each can be asked what it has had, and what it was told that it
//! has not had. That has to be what its outbox has counted, and all that was published.

mod clients;
mod desk;
mod heard;
mod judge;
mod policies;
mod reader;
mod samples;
mod words;

pub use self::{clients::clients, policies::Kind};
use self::{desk::Desk, heard::Report, judge::Run, samples::Samples};
use super::{
    SLOW, Settings,
    clients::Clients,
    latencies::millis,
    outcome::{self, Outcome},
    scenario_process,
    site::{self, Site},
};
use crate::{clock::process_cpu_time, memory};
use longwave_backpressure::{StreamLimitLayer, guard::Guard};
use longwave_core::Heartbeat;
use longwave_drain::Drain;
use socket2::SockRef;
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval, sleep};

/// How readers behave, by their place among so many.
pub const PLACES: usize = 10;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    Healthy,
    /// Reads 1 KiB/s.
    Slow,
    /// Reads the head of the response and nothing of what follows.
    Stalled,
}

impl Place {
    pub const ALL: [Place; 3] = [Place::Healthy, Place::Slow, Place::Stalled];
    pub const LONGEST_PAST: u64 = 256;

    pub fn of(id: usize) -> Self {
        match id % PLACES {
            3 => Place::Slow,
            7 => Place::Stalled,
            _ => Place::Healthy,
        }
    }

    pub fn is_taken(self, settings: &Settings) -> bool {
        self == Place::Healthy || settings.slow > 0
    }

    /// How many items of the past it asks for: who stops, for so many that nothing live goes out at first, and who is
    /// slow, for about as many as the connection holds.
    pub fn past(self) -> u64 {
        match self {
            Place::Healthy => 0,
            Place::Slow => 64,
            Place::Stalled => Place::LONGEST_PAST,
        }
    }
}

/// What the server's kernel is to hold for a subscriber, in bytes: little, so that who is slow goes on in small steps.
const SEND_BUFFER: usize = 4096;
/// How long whatever has to happen after the last item may take.
const SETTLES: Duration = Duration::from_secs(120);
/// How much longer the 99th percentile of the healthy may be for the slow ones.
const LONGER: f64 = 1.1;

pub fn settings() -> Settings {
    Settings { seconds: 30, rate: 10, ..Settings::default() }
}

/// Runs one policy, without slow readers and with them by turns, and prints all runs side by side.
pub fn run(settings: &Settings, policy: Kind, rounds: usize) -> Vec<String> {
    let without = Settings { policy, streams: settings.streams / PLACES * PLACES, ..settings.clone() };
    let with = Settings { slow: without.streams / PLACES, ..without.clone() };
    let (mut runs, mut broken) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        for (label, settings) in [("without slow ones", &without), ("with slow ones", &with)] {
            let outcome = scenario_process(SLOW, settings);
            let name = format!("slow, {}, {label}, round {round}", policy.name());
            broken.extend(outcome.broken.iter().map(|bound| format!("{name}: {bound}")));
            runs.push((label, outcome));
        }
    }
    let columns: Vec<(&str, &Outcome)> = runs.iter().map(|(label, outcome)| (*label, outcome)).collect();
    let title = format!(
        "soak slow, {}: {} subscribers, {} items/s of {} B for {} s",
        policy.name(),
        with.streams,
        with.rate,
        words::SIZE,
        with.seconds
    );
    outcome::print(&title, &columns);
    let median = |slow: usize| {
        let mut p99: Vec<f64> =
            runs.iter().skip(slow).step_by(2).map(|(_, run)| run.numbers["p99"]).collect();
        p99.sort_by(f64::total_cmp);
        p99[p99.len() / 2]
    };
    let (alone, beside) = (median(0), median(1));
    let (ratio, shown) = (beside / alone, |micros: f64| millis(micros as u64));
    println!("p99 of the healthy beside slow ones          {ratio:.2} times that without them");
    if ratio > LONGER {
        let (beside, alone) = (shown(beside), shown(alone));
        broken
            .push(format!("slow, {}: the p99 of the healthy is {beside} instead of {alone}", policy.name()));
    }
    broken
}

pub async fn serve(settings: Settings) -> Outcome {
    // Nobody is to be ended but by a policy: that those who stall are cut is for the crowd to show.
    let patience = Duration::from_secs(settings.seconds) + 2 * SETTLES;
    let desk = Desk::new(settings.policy.outbox(), settings.streams, patience);
    let listener = memory::listen();
    // Who is accepted has as much.
    SockRef::from(&listener).set_send_buffer_size(SEND_BUFFER).expect("set the buffer");
    let site = Site::on(
        listener,
        desk.router(),
        Drain::new(),
        StreamLimitLayer::new(1 << 20),
        Heartbeat::every(2 * patience),
        Guard::new().stall(patience).user_timeout(None).unsent(Some(4096)),
    );
    tokio::task::yield_now().await;
    let idle = site::tasks();
    let mut clients = Clients::start(SLOW, &settings, &[site.port]);
    assert_eq!(clients.line().await, "open");
    sleep(Duration::from_secs(1)).await;
    let opened = site.limit.open();
    let mut samples = Samples::default();
    let mut published = 0;
    clients.go_on();

    let (start, cpu) = (Instant::now(), process_cpu_time(std::process::id()));
    let length = Duration::from_secs(settings.seconds);
    let mut timer = interval(Duration::from_secs(1).div_f64(settings.rate as f64));
    timer.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let offered = settings.rate * settings.seconds;
    while published < offered && start.elapsed() < length {
        timer.tick().await;
        desk.publish(published);
        published += 1;
        samples.take(start.elapsed());
        // Whoever is late catches up by what goes out at once, and then lets the others have their turn.
        if published.is_multiple_of(desk::BURST) {
            tokio::task::yield_now().await;
        }
    }
    sleep(length.saturating_sub(start.elapsed())).await;
    let took = start.elapsed();
    let cpu = (process_cpu_time(std::process::id()) - cpu).as_secs_f64() / took.as_secs_f64();
    desk.close();
    clients.go_on();
    let report: Report = serde_json::from_str(&clients.line().await).expect("what the clients have heard");
    let settled = Instant::now();
    let left = || (site.limit.open(), site::tasks() - idle);
    while left() != (0, 0) && settled.elapsed() < SETTLES / 10 {
        sleep(Duration::from_millis(10)).await;
    }
    let left = left();
    judge::outcome(
        &settings,
        &Run { opened, offered, published, took, cpu, left, samples, books: desk.books(), report },
    )
}
