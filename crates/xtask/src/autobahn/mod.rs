//! The Autobahn testsuite against the examples of `longwave-ws`, as a server and as a client.

mod cases;
mod install;
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
use crate::workspace::{Workspace, run};

/// Which end the examples are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Role {
    Server,
    Client,
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
    both_roles(workspace, groups, Build::Release)
}

/// Runs what takes seconds: all but the large and the many messages.
pub(crate) fn quick(workspace: &Workspace) -> Result<(), Error> {
    both_roles(workspace, QUICK, Build::Debug)
}

fn both_roles(workspace: &Workspace, groups: &[&str], build: Build) -> Result<(), Error> {
    let suite = Suite::install(workspace)?;
    let cases = cases::select(suite.cases(), groups)?;
    let build_examples = ["build", "--package", "longwave-ws", "--all-features", "--examples"];
    let (profile, folder): (&[_], _) = match build {
        Build::Debug => (&[], "debug"),
        Build::Release => (&["--release"], "release"),
    };
    run(workspace.cargo(&build_examples).args(profile))?;
    let examples = workspace.target.join(folder).join("examples");
    let mut failures = Vec::new();
    for role in [Role::Server, Role::Client] {
        failures.extend(one_role(&suite, &examples, role, &cases)?);
    }
    if failures.is_empty() { Ok(()) } else { Err(Error::Cases(failures)) }
}

/// Runs every case, and names those that are not as they should be.
fn one_role(suite: &Suite, examples: &Path, role: Role, cases: &[&str]) -> Result<Vec<String>, Error> {
    let (start, name) = (Instant::now(), role.name());
    let reports = suite.dir().join("reports").join(name);
    // An old report must not pass for a new one.
    let _ = fs::remove_dir_all(&reports);
    let shards: Vec<_> = (0..SHARDS)
        .map(|index| Shard {
            suite,
            examples,
            role,
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
    println!("as a {name}: {} in {:.0} s", verdicts.counts(), start.elapsed().as_secs_f64());
    let failures: Vec<_> =
        verdicts.failures(cases).map(|failure| format!("as a {name}: {failure}")).collect();
    println!("  the reports are in {}", reports.display());
    Ok(failures)
}

impl Role {
    const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }
}

/// How many pairs of a suite and an example run at once.
const SHARDS: usize = 2;

/// All but 9.*, 12.* and 13.*, of which there is one each.
const QUICK: &[&str] = &["1", "2", "3", "4", "5", "6", "7", "9.1.1", "10", "12.1.1", "13.1.1"];
