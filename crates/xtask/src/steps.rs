//! `cargo xtask test`, step by step.

use std::time::{Duration, Instant};

use crate::error::Error;
use crate::workspace::{Workspace, run};
use crate::{autobahn, features, fuzz, rules, tools};

/// Takes every step in order and stops at the first that fails.
///
/// Nothing is printed after the last one, so the output ends with the summary of the tests.
pub(crate) fn test(workspace: &Workspace) -> Result<(), Error> {
    let mut times = Vec::new();
    for (index, (name, step)) in STEPS.iter().enumerate() {
        if index + 1 == STEPS.len() {
            print_times(&times);
        }
        println!("\n==> {}/{} {name}", index + 1, STEPS.len());
        let start = Instant::now();
        step(workspace)?;
        times.push((*name, start.elapsed()));
    }
    Ok(())
}

type Step = (&'static str, fn(&Workspace) -> Result<(), Error>);

const STEPS: &[Step] = &[
    ("set-up", tools::set_up),
    ("format", format),
    ("lints", lints),
    ("lints of the benchmarks", lints_of_benches),
    ("rules of the house", rules::check),
    ("each feature alone", features::check),
    ("documentation", docs),
    ("examples in the documentation", doc_tests),
    ("fuzz targets, briefly", fuzz::smoke),
    ("Autobahn testsuite, briefly", autobahn::quick),
    ("models of threads, in every order", models),
    ("tests", tests),
];

fn print_times(times: &[(&str, Duration)]) {
    println!("\ntimes");
    for (name, time) in times {
        println!("{:>8.1} s  {name}", time.as_secs_f64());
    }
    let total: Duration = times.iter().map(|(_, time)| *time).sum();
    println!("{:>8.1} s  so far", total.as_secs_f64());
}

fn format(workspace: &Workspace) -> Result<(), Error> {
    run(&mut workspace.cargo(&["fmt", "--all", "--check"]))?;
    run(&mut workspace.cargo(&["fmt", "--manifest-path", fuzz::MANIFEST, "--check"]))
}

fn lints(workspace: &Workspace) -> Result<(), Error> {
    run(&mut workspace.cargo(&["clippy", "--all-targets", "--all-features", "--", "-D", "warnings"]))
}

/// Proves that the benchmarks compile, without building all their peers.
fn lints_of_benches(workspace: &Workspace) -> Result<(), Error> {
    run(&mut workspace.cargo(&["clippy", "--package", "longwave-benches", "--", "-D", "warnings"]))
}

fn docs(workspace: &Workspace) -> Result<(), Error> {
    let mut command = workspace.cargo(&["doc", "--no-deps", "--all-features"]);
    for package in workspace.published() {
        command.args(["--package", &package.name]);
    }
    run(command.env("RUSTDOCFLAGS", "-D warnings"))
}

fn doc_tests(workspace: &Workspace) -> Result<(), Error> {
    run(&mut workspace.cargo(&["test", "--doc", "--all-features"]))
}

/// In a directory of its own, so that nothing else is built anew for the flag.
fn models(workspace: &Workspace) -> Result<(), Error> {
    let mut command = workspace.cargo(&["nextest", "run", "--cargo-profile", "loom", "--target-dir"]);
    command.arg(workspace.target.join("loom")).env("RUSTFLAGS", "--cfg loom");
    run(command.args(["--package", "longwave-backpressure", "--test", "loom"]))
}

fn tests(workspace: &Workspace) -> Result<(), Error> {
    run(&mut workspace.cargo(&["nextest", "run", "--all-features"]))
}
