//! The timing loop.
//!
//! Participants of one column run in round-robin order, A B C A B C ..., so slow phases of a noisy machine
//! hit all of them alike; each reports the median over the rounds and its ratio to the best *peer* of that
//! column. See [`Standing`] for what is not a peer.

use crate::{
    clock::cpu_time,
    table::{Table, Unit},
};
use std::{
    fs::{File, OpenOptions},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// Marks a row as a reference instead of a peer.
pub const REFERENCE: char = '*';
/// Marks a peer that leaves out required work in this very case, so that its time does not count.
pub const LAX: char = '!';
/// What the names of this project's rows begin with.
pub const OWN: &str = "longwave";

/// Whether a row may be the base of the ratios of its column.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The best of these is the base.
    Peer,
    /// This project's: a ratio below one is a lead over the best peer.
    Own,
    /// A floor, a raw system call, a memory operation: a ratio below one is headroom.
    Reference,
    /// Does less than it must.
    Lax,
}

impl Standing {
    pub fn of(name: &str) -> Self {
        match name {
            name if name.starts_with(OWN) => Standing::Own,
            name if name.ends_with(REFERENCE) => Standing::Reference,
            name if name.ends_with(LAX) => Standing::Lax,
            _ => Standing::Peer,
        }
    }
}

/// The settings of a run.
pub struct Bench {
    pub rounds: usize,
    /// CPU time that one sample of a micro benchmark takes at least.
    pub target: Duration,
    /// Runs only the participants whose name contains this (references always run).
    pub only: Option<String>,
    /// Prints the median, minimum and maximum of every cell, too.
    pub long: bool,
    pub json: Option<File>,
    /// When the run began, in seconds since 1970: tells the runs in a JSON file apart.
    pub began: u64,
}

/// One participant of one column: each call yields one sample, the cost per operation.
pub struct Participant<'a> {
    pub name: String,
    pub sample: Box<dyn FnMut() -> f64 + 'a>,
}

impl Bench {
    pub fn new(rounds: usize, only: Option<String>, long: bool, json: Option<&str>) -> Self {
        let open =
            |path| OpenOptions::new().create(true).append(true).open(path).expect("open the JSON file");
        let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        Bench { rounds, target: Duration::from_millis(2), only, long, json: json.map(open), began }
    }

    pub fn table(&mut self, workload: &'static str, title: impl Into<String>, unit: Unit) -> Table<'_> {
        Table::new(self, workload, title.into(), unit)
    }

    pub fn wants(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|only| name.contains(only) || name.ends_with(REFERENCE))
    }
}

/// A participant whose `work` does `ops` operations; a sample repeats it for at least `target` of CPU time.
pub fn micro<'a>(
    name: impl Into<String>,
    ops: usize,
    target: Duration,
    mut work: impl FnMut() + 'a,
) -> Participant<'a> {
    let mut reps = 0;
    let sample = move || {
        if reps == 0 {
            let start = Instant::now();
            while start.elapsed() < target {
                work();
                reps += 1;
            }
        }
        let start = cpu_time();
        (0..reps).for_each(|_| work());
        (cpu_time() - start).as_nanos() as f64 / (reps * ops) as f64
    };
    Participant { name: name.into(), sample: Box::new(sample) }
}

/// Like [`micro`], with an untimed `setup` before each repetition of the timed `work`, which has to take long
/// enough for two clock reads not to matter.
pub fn with_setup<'a, S>(
    name: impl Into<String>,
    ops: usize,
    target: Duration,
    mut setup: impl FnMut() -> S + 'a,
    mut work: impl FnMut(S) + 'a,
) -> Participant<'a> {
    let sample = move || {
        let (mut spent, mut reps) = (Duration::ZERO, 0);
        while spent < target {
            let state = setup();
            let start = cpu_time();
            work(state);
            spent += cpu_time() - start;
            reps += 1;
        }
        spent.as_nanos() as f64 / (reps * ops) as f64
    };
    Participant { name: name.into(), sample: Box::new(sample) }
}
