//! `cargo xtask`: the workspace's own commands.

mod autobahn;
mod conformance;
mod demo;
mod error;
mod features;
mod fuzz;
mod metadata;
mod msrv;
mod peers;
mod rooms;
mod rules;
mod sources;
mod steps;
mod tools;
mod workspace;

use std::env;
use std::error::Error as _;
use std::process::ExitCode;

use self::error::Error;
use self::workspace::{Workspace, run};

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Usage(sentence)) => {
            eprintln!("{sentence}\n\n{HELP}");
            ExitCode::from(2)
        }
        Err(err) => {
            eprintln!("\nerror: {err}");
            if let Some(source) = err.source() {
                eprintln!("  because: {source}");
            }
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &[String]) -> Result<(), Error> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["--help" | "-h" | "help", ..] | [_, "--help" | "-h"] if !["bench", "soak"].contains(&args[0]) => {
            println!("{HELP}");
            Ok(())
        }
        ["test"] => steps::test(&Workspace::load()?),
        ["conformance"] => {
            let workspace = Workspace::load()?;
            conformance::run_all(&workspace)?;
            autobahn::check(&workspace, &[])
        }
        ["conformance", cases @ ..] => autobahn::check(&Workspace::load()?, cases),
        ["bench", rest @ ..] => bench(&Workspace::load()?, rest),
        ["miri"] => miri(&Workspace::load()?),
        ["soak", rest @ ..] => soak(&Workspace::load()?, rest),
        ["fuzz", rest @ ..] => fuzz::long(&Workspace::load()?, &fuzz::Options::parse(rest)?),
        ["demo-check"] => demo::check(&Workspace::load()?, demo::Scheme::Http),
        ["demo-check", "--tls"] => demo::check(&Workspace::load()?, demo::Scheme::Https),
        [] => Err(Error::Usage("a command is missing".to_owned())),
        ["test" | "demo-check", rest @ ..] => {
            Err(Error::Usage(format!("`{}` does not take `{}`", args[0], rest.join(" "))))
        }
        [unknown, ..] => Err(Error::Usage(format!("`{unknown}` is not a command"))),
    }
}

fn bench(workspace: &Workspace, args: &[&str]) -> Result<(), Error> {
    let mut command = workspace.cargo(&["run", "--release", "--package", "longwave-benches", "--"]);
    if env::var_os(TUNABLES).is_none() {
        // `rep movsb` copies up to ten times slower where two addresses lie badly to each other, on AMD's Zen 3
        // and 4; whether they do is chance, and would decide over the rows.
        command.env(TUNABLES, "glibc.cpu.x86_rep_movsb_threshold=1073741824");
    }
    run(command.args(args))
}

/// The kernels are the one place with `unsafe`; Miri comes with a nightly toolchain alone.
fn miri(workspace: &Workspace) -> Result<(), Error> {
    let Some(nightly) = workspace.toolchain("nightly") else {
        return Err(Error::Usage(
            "Miri wants a nightly toolchain: rustup toolchain install nightly".to_owned(),
        ));
    };
    let component = ["component", "add", "--toolchain", &nightly, "miri", "rust-src"];
    run(workspace.program("rustup").args(component))?;
    let mut command = workspace.cargo_of(&nightly, &["miri", "test", "--package", "longwave-scan", "--lib"]);
    command.env("CARGO_TARGET_DIR", workspace.target.join("miri"));
    // It is some hundred times slower, and proptest wants to know where it is.
    run(command.env("PROPTEST_CASES", "8").env("MIRIFLAGS", "-Zmiri-disable-isolation"))
}

/// The soak fails by itself if a bound is broken.
fn soak(workspace: &Workspace, args: &[&str]) -> Result<(), Error> {
    let run_soak = ["run", "--release", "--package", "longwave-benches", "--", "soak"];
    run(workspace.cargo(&run_soak).args(args))
}

/// The C library's settings; other libraries than glibc ignore it.
const TUNABLES: &str = "GLIBC_TUNABLES";

const HELP: &str = "\
The workspace's own commands.

Usage: cargo xtask <command>

Commands:
  test                             everything that has to hold for a change; installs what it needs
  conformance [case or group]      the vectors and properties of the codecs, with many more cases, and the
                                   Autobahn testsuite against longwave-ws-hyper, over HTTP/1.1 and
                                   HTTP/2 (with `6 7.1`, only those of its cases)
  bench [arguments]                the benchmarks, built for release; arguments go to them
  miri                             the kernels under Miri
  soak [scenario] [arguments]      the whole stack under thousands of clients for minutes, with bounds
  fuzz [target] [--seconds <n>]    one fuzz target or all of them [default: 900 seconds each]
  demo-check [--tls]               builds and starts the demo, asks it for everything, ends it;
                                   leaves a picture of the page in target/demo.png";
