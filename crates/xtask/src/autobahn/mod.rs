//! The Autobahn testsuite against the examples of `longwave-ws-hyper`: a server and a client, and the server over HTTP/2.

mod cases;
mod install;
mod proxy;
mod shard;
mod verdicts;

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Instant;

use self::install::Suite;
use self::shard::Shard;
use self::verdicts::Verdicts;
use crate::error::Error;
use crate::tools;
use crate::workspace::{Workspace, run};

/// What is asked, and over what.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Leg {
    Server,
    Client,
    /// Behind a proxy, as the suite itself knows nothing but HTTP/1.1.
    ServerOverHttp2,
}

/// How the examples are built.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Build {
    Debug,
    Release,
}

/// Installs the testsuite if it is missing.
pub(crate) fn set_up(workspace: &Workspace) -> Result<(), Error> {
    Suite::install(workspace).map(drop)
}

/// Runs the cases whose ids begin with one of `groups`, or all, with optimised examples.
pub(crate) fn check(workspace: &Workspace, groups: &[&str]) -> Result<(), Error> {
    all_legs(workspace, groups, Build::Release)
}

/// Runs what takes seconds: all but the large and the many messages.
pub(crate) fn quick(workspace: &Workspace) -> Result<(), Error> {
    all_legs(workspace, QUICK, Build::Debug)
}

fn all_legs(workspace: &Workspace, groups: &[&str], build: Build) -> Result<(), Error> {
    tools::debian_packages(workspace, &[&tools::HAPROXY])?;
    let suite = Suite::install(workspace)?;
    let cases = cases::select(suite.cases(), groups)?;
    let mut build_examples = workspace.cargo(&["build", "--package", "longwave-ws-hyper", "--all-features"]);
    build_examples.args(["--example", "echo_server", "--example", "echo_client"]);
    let (profile, folder): (&[_], _) = match build {
        Build::Debug => (&[], "debug"),
        Build::Release => (&["--release"], "release"),
    };
    run(build_examples.args(profile))?;
    let examples = workspace.target.join(folder).join("examples");
    let mut failures = Vec::new();
    for leg in [Leg::Server, Leg::Client, Leg::ServerOverHttp2] {
        failures.extend(one_leg(workspace, &suite, &examples, leg, &cases)?);
    }
    if failures.is_empty() { Ok(()) } else { Err(Error::Cases(failures)) }
}

/// Runs every case, and names those that are not as they should be.
fn one_leg(
    workspace: &Workspace,
    suite: &Suite,
    examples: &Path,
    leg: Leg,
    cases: &[&str],
) -> Result<Vec<String>, Error> {
    let (start, name) = (Instant::now(), leg.name());
    let reports = suite.dir().join("reports").join(leg.folder());
    // An old report must not pass for a new one.
    let _ = fs::remove_dir_all(&reports);
    let shards: Vec<_> = (0..SHARDS)
        .map(|index| Shard {
            workspace,
            suite,
            examples,
            leg,
            // Dealt out like cards, as the slow ones are neighbours.
            cases: cases.iter().copied().skip(index).step_by(SHARDS).collect(),
            reports: reports.join(index.to_string()),
        })
        .filter(|shard| !shard.cases.is_empty())
        .collect();
    let results: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = shards.iter().map(|shard| scope.spawn(|| shard.run())).collect();
        threads.into_iter().map(|thread| thread.join().expect("a shard does not panic")).collect()
    });
    let mut verdicts = Verdicts::default();
    for result in results {
        verdicts.extend(result?);
    }
    println!("{name}: {} in {:.0} s", verdicts.counts(), start.elapsed().as_secs_f64());
    let failures = verdicts.failures(cases).map(|failure| format!("{name}: {failure}")).collect();
    println!("  the reports are in {}", reports.display());
    Ok(failures)
}

impl Leg {
    const fn name(self) -> &'static str {
        match self {
            Self::Server => "server over HTTP/1.1",
            Self::Client => "client over HTTP/1.1",
            Self::ServerOverHttp2 => "server over HTTP/2",
        }
    }

    /// Where its reports go.
    const fn folder(self) -> &'static str {
        match self {
            Self::Server => "server-http1",
            Self::Client => "client-http1",
            Self::ServerOverHttp2 => "server-http2",
        }
    }
}

/// How many pairs of a suite and an example run at once.
const SHARDS: usize = 2;

/// All but 9.*, 12.* and 13.*, of which there is one each.
const QUICK: &[&str] = &["1", "2", "3", "4", "5", "6", "7", "9.1.1", "10", "12.1.1", "13.1.1"];
