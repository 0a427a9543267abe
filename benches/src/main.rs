//! Interleaved benchmarks of longwave and its peers on well-defined work. See the README.

mod allocations;
mod bench;
mod clock;
mod data;
mod environment;
mod fanout;
mod handover;
mod idle;
mod io;
mod layers;
mod limits;
mod memory;
mod server;
mod soak;
mod sse;
mod sse_encode;
mod sse_parse;
mod sse_serve;
mod table;
mod tickets;
mod ws;
mod ws_echo;
mod ws_frames;

use bench::Bench;
use std::process::ExitCode;

const USAGE: &str = "\
usage: longwave-benches [WORKLOAD...] [--rounds N] [--only NAME] [--long] [--json FILE]
       longwave-benches soak [--help] [...]
  WORKLOAD    w1 ws-decode    w2 ws-encode    w3 ws-echo      w4 sse-parse    w5 sse-encode
              w6 limits       w7 memory       w8 tickets      w9 fan-out      w10 sse-serve
              w11 layer-chunks                w12 layer-requests
              w13 idle-streams                w14 idle-beats  w15 hand-over
              (all if none is named)
  --rounds N  rounds of the round robin per table column (default 7)
  --only NAME only participants whose name contains NAME, next to the references
  --long      also print median, minimum and maximum of every cell
  --json FILE append one JSON line per cell";

type Workload = (&'static str, fn(&mut Bench));

const WORKLOADS: [Workload; 15] = [
    ("w1", ws_frames::decode),
    ("w2", ws_frames::encode),
    ("w3", ws_echo::run),
    ("w4", sse_parse::run),
    ("w5", sse_encode::run),
    ("w6", limits::run),
    ("w7", memory::run),
    ("w8", tickets::run),
    ("w9", fanout::run),
    ("w10", sse_serve::run),
    ("w11", layers::chunks),
    ("w12", layers::requests),
    ("w13", idle::memory),
    ("w14", idle::beats),
    ("w15", handover::run),
];

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (mut chosen, mut rounds, mut only, mut long, mut json) = (Vec::new(), 7, None, false, None);
    while let Some(arg) = args.next() {
        let mut value = || args.next().unwrap_or_else(usage);
        match arg.as_str() {
            memory::SERVE => {
                memory::serve(&value());
                return ExitCode::SUCCESS;
            }
            idle::SERVE => {
                idle::serve(&value(), &value());
                return ExitCode::SUCCESS;
            }
            soak::COMMAND => return soak::run(args),
            soak::SERVE => {
                soak::serve(&value(), &value());
                return ExitCode::SUCCESS;
            }
            soak::CLIENTS => {
                soak::clients(&value(), &value(), &value());
                return ExitCode::SUCCESS;
            }
            "--rounds" => rounds = value().parse().ok().filter(|&n| n > 0).unwrap_or_else(usage),
            "--only" => only = Some(value()),
            "--long" => long = true,
            "--json" => json = Some(value()),
            name => chosen.push(*WORKLOADS.iter().find(|(w, _)| *w == name).unwrap_or_else(usage)),
        }
    }
    let chosen = if chosen.is_empty() { WORKLOADS.to_vec() } else { chosen };
    memory::keep_freed();
    environment::print();
    let mut bench = Bench::new(rounds, only, long, json.as_deref());
    for (name, run) in chosen {
        let start = std::time::Instant::now();
        run(&mut bench);
        println!("  {name} took {:.1} s", start.elapsed().as_secs_f64());
    }
    ExitCode::SUCCESS
}

fn usage<T>() -> T {
    eprintln!("{USAGE}");
    std::process::exit(2)
}
