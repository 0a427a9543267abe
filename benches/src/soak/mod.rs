//! Long runs of the whole stack over real sockets, with bounds: readers that stop, clients that come and go by the
//! hundred thousand, a drain of ten thousand streams, subscribers that fall behind.
//!
//! Each scenario is a process of its own, which serves and measures itself, with a child that holds the clients:
//! so memory and CPU are the server's.

mod churn;
mod clients;
mod crowd;
mod drain;
mod latencies;
mod outcome;
mod site;
mod slow;

use self::outcome::Outcome;
use serde::{Deserialize, Serialize};
use std::{
    future::Future,
    process::{Command, ExitCode, Stdio},
};

/// The argument before the scenarios to run.
pub const COMMAND: &str = "soak";
/// The argument that makes this program the server of a scenario.
pub const SERVE: &str = "__soak";
/// The argument that makes this program the clients of a scenario.
pub const CLIENTS: &str = "__soak-clients";

const USAGE: &str = "\
usage: longwave-benches soak [SCENARIO...] [--streams N] [--seconds N] [--rate N] [--stall N]
                             [--cycles N] [--subscribers N] [--policy NAME] [--rounds N]
  SCENARIO    crowd   thousands of event streams, a tenth of whose readers are slow or stop
              churn   clients that drop their connections at random points
              drain   all streams ended in a window of 5 s
              slow    one publisher, and subscribers by event streams and WebSockets, a tenth of whom stops
                      reading, and a tenth is slow: each policy with and without those
              (all if none is named)
  --streams N event streams of the crowd and the drain (default 10000)
  --seconds N for how long the crowd (default 60) and each run of `slow` (default 30) is sent events
  --rate N    events per second to each of the crowd (default 8) and of the subscribers (default 10)
  --stall N   seconds after which the crowd's readers are taken for stalled (default 5); below 24 some of the
              slow ones are, too, as they read 1 KiB/s and the kernel tells of it in steps of some 20 KiB
  --cycles N  connections of the churn (default 100000)
  --subscribers N
              subscribers of `slow` (default 10000)
  --policy NAME
              only this policy of `slow`: drop-oldest, drop-newest, latest, disconnect, wait
  --rounds N  runs of `slow` with and without slow readers, by turns (default 1)";

const CROWD: &str = "crowd";
const CHURN: &str = "churn";
const DRAIN: &str = "drain";
const SLOW: &str = "slow";
const SCENARIOS: [&str; 4] = [CROWD, CHURN, DRAIN, SLOW];

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Settings {
    streams: usize,
    seconds: u64,
    rate: u64,
    stall: u64,
    cycles: usize,
    /// Readers of the crowd or of the subscribers that stop, and as many that are slow.
    slow: usize,
    /// That of the subscribers.
    policy: slow::Kind,
}

impl Default for Settings {
    fn default() -> Self {
        let policy = slow::Kind::DropOldest;
        Settings { streams: 10_000, seconds: 60, rate: 8, stall: 5, cycles: 100_000, slow: 0, policy }
    }
}

/// Runs scenarios; fails if a bound is broken.
pub fn run(args: impl Iterator<Item = String>) -> ExitCode {
    let (mut crowd, mut slow) = (Settings::default(), slow::settings());
    let (mut policies, mut rounds) = (slow::Kind::ALL.to_vec(), 1);
    let (mut args, mut chosen) = (args, Vec::new());
    while let Some(arg) = args.next() {
        let mut value = || args.next().unwrap_or_else(usage);
        let number = |value: String| value.parse::<usize>().unwrap_or_else(|_| usage());
        match arg.as_str() {
            "--help" | "-h" => {
                println!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            "--streams" => crowd.streams = number(value()),
            "--seconds" => (crowd.seconds, slow.seconds) = twice(number(value()) as u64),
            "--rate" => (crowd.rate, slow.rate) = twice(number(value()).max(1) as u64),
            "--stall" => crowd.stall = number(value()) as u64,
            "--cycles" => crowd.cycles = number(value()).max(10),
            "--subscribers" => slow.streams = number(value()).max(slow::PLACES),
            "--policy" => policies = vec![slow::Kind::named(&value()).unwrap_or_else(usage)],
            "--rounds" => rounds = number(value()).max(1),
            _ => chosen.push(SCENARIOS.into_iter().find(|s| *s == arg).unwrap_or_else(usage)),
        }
    }
    if chosen.is_empty() {
        chosen = SCENARIOS.to_vec();
    }
    let mut broken = Vec::new();
    for scenario in chosen {
        broken.extend(match scenario {
            CROWD => {
                let control = scenario_process(CROWD, &crowd);
                let slow = Settings { slow: crowd.streams / 20, ..crowd.clone() };
                let outcome = scenario_process(CROWD, &slow);
                crowd::compare(&crowd, &control, outcome)
            }
            SLOW => policies.iter().flat_map(|policy| slow::run(&slow, *policy, rounds)).collect(),
            _ => {
                let outcome = scenario_process(scenario, &crowd);
                outcome::print(&format!("soak {scenario}"), &[("", &outcome)]);
                outcome.broken
            }
        });
    }
    for bound in &broken {
        println!("BROKEN: {bound}");
    }
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn twice<T: Copy>(value: T) -> (T, T) {
    (value, value)
}

/// Runs one scenario in a process of its own, so that none begins with the memory of another.
fn scenario_process(scenario: &str, settings: &Settings) -> Outcome {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([SERVE, scenario, &serde_json::to_string(settings).unwrap()])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .expect("run the scenario");
    assert!(output.status.success(), "the {scenario} failed: {}", output.status);
    serde_json::from_slice(&output.stdout).expect("the scenario's outcome")
}

/// The server of a scenario.
pub fn serve(scenario: &str, settings: &str) {
    crate::memory::raise_file_limit();
    let settings: Settings = serde_json::from_str(settings).expect("the settings");
    let outcome = match scenario {
        CROWD => block_on(crowd::serve(settings)),
        CHURN => block_on(churn::serve(settings)),
        DRAIN => block_on(drain::serve(settings)),
        SLOW => block_on(slow::serve(settings)),
        _ => usage(),
    };
    println!("{}", serde_json::to_string(&outcome).unwrap());
}

/// The clients of a scenario, who talk to the servers at these ports.
pub fn clients(scenario: &str, settings: &str, ports: &str) {
    crate::memory::raise_file_limit();
    let settings: Settings = serde_json::from_str(settings).expect("the settings");
    let ports: Vec<u16> = serde_json::from_str(ports).expect("the ports");
    match scenario {
        CROWD => crowd::clients(&settings, ports[0]),
        CHURN => block_on(churn::clients(settings, ports)),
        DRAIN => drain::clients(&settings, ports[0]),
        SLOW => slow::clients(&settings, ports[0]),
        _ => usage(),
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, work)
}

fn usage<T>() -> T {
    eprintln!("{USAGE}");
    std::process::exit(2)
}
