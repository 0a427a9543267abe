//! The rules of the house.

use std::collections::BTreeSet;

use crate::error::Error;
use crate::metadata::Package;
use crate::rooms::{self, ROOMS};
use crate::workspace::{Workspace, read, read_file};
use crate::{fuzz, msrv, sources};

/// Checks every rule and names all that are broken.
pub(crate) fn check(workspace: &Workspace) -> Result<(), Error> {
    let mut broken = Vec::new();
    for (rule, check) in RULES {
        let found = check(workspace)?;
        println!("{} {rule}", if found.is_empty() { "  ok  " } else { "BROKEN" });
        broken.extend(found);
    }
    if broken.is_empty() { msrv::check(workspace) } else { Err(Error::Rules(broken)) }
}

type Rule = (&'static str, fn(&Workspace) -> Result<Vec<String>, Error>);

const RULES: &[Rule] = &[
    ("every crate has a room", |ws| Ok(rooms::every_crate_has_a_room(ROOMS, &ws.members))),
    ("dependencies point down", |ws| Ok(rooms::dependencies_point_down(ROOMS, &ws.members))),
    ("leaves need nothing that runs", leaves_need_nothing_that_runs),
    ("leaves read no clock, socket or random source", leaves_read_nothing),
    ("every crate forbids unsafe code and has the workspace's lints", lints_are_set),
    ("published crates are presentable", |ws| Ok(published_crates_are_presentable(ws))),
];

/// With default features, the closure of a leaf holds no runtime, transport or source of randomness.
fn leaves_need_nothing_that_runs(workspace: &Workspace) -> Result<Vec<String>, Error> {
    let mut broken = Vec::new();
    for leaf in pure_crates(workspace) {
        let closure = closure(workspace, leaf, &["--edges", "normal"])?;
        let found = closure.iter().filter(|(name, _)| RUNS.contains(&name.as_str()));
        broken.extend(found.map(|(name, _)| format!("{} depends on {name} by default", leaf.name)));
    }
    Ok(broken)
}

/// Names and versions of everything that is built for a user of `package`, itself included.
pub(crate) fn closure(
    workspace: &Workspace,
    package: &Package,
    args: &[&str],
) -> Result<BTreeSet<(String, String)>, Error> {
    let tree = ["tree", "--target", "all", "--prefix", "none", "--format", "{p}", "--package", &package.name];
    let lines = read(workspace.cargo(&tree).args(args))?;
    Ok(lines.lines().filter_map(name_and_version).collect())
}

/// From `bytes v1.11.1 (*)`.
fn name_and_version(line: &str) -> Option<(String, String)> {
    let (name, rest) = line.split_once(" v")?;
    Some((name.to_owned(), rest.split_whitespace().next()?.to_owned()))
}

fn leaves_read_nothing(workspace: &Workspace) -> Result<Vec<String>, Error> {
    let mut broken = Vec::new();
    for leaf in pure_crates(workspace) {
        broken.extend(sources::impure_lines(&leaf.dir.join("src"))?);
    }
    Ok(broken)
}

/// The compiler then holds each crate to `unsafe_code = "forbid"` and the rest of the list.
fn lints_are_set(workspace: &Workspace) -> Result<Vec<String>, Error> {
    let mut broken = Vec::new();
    for manifest in ["Cargo.toml", fuzz::MANIFEST] {
        if !read_file(&workspace.root.join(manifest))?.contains("\nunsafe_code = \"forbid\"\n") {
            broken.push(format!("the lints in {manifest} do not forbid `unsafe_code`"));
        }
    }
    for package in workspace.members.iter().filter(|package| !OWN_LINTS.contains(&package.name.as_str())) {
        let manifest = read_file(&package.dir.join("Cargo.toml"))?;
        if !manifest.contains("\n[lints]\nworkspace = true\n") {
            broken.push(format!("{} lacks `[lints] workspace = true`", package.name));
        }
    }
    Ok(broken)
}

fn published_crates_are_presentable(workspace: &Workspace) -> Vec<String> {
    let mut broken = Vec::new();
    for package in workspace.published() {
        let readme = package.readme.as_ref().map(|readme| package.dir.join(readme));
        let needs = [
            ("a readme", readme.is_some_and(|readme| readme.is_file())),
            ("a CHANGELOG.md", package.dir.join("CHANGELOG.md").is_file()),
            ("a license", package.license.is_some()),
            ("a description", package.description.is_some()),
            ("a rust-version", package.rust_version.is_some()),
        ];
        let lacking = needs.iter().filter(|(_, there)| !there);
        broken.extend(lacking.map(|(what, _)| format!("{} lacks {what}", package.name)));
    }
    broken
}

fn pure_crates(workspace: &Workspace) -> impl Iterator<Item = &Package> {
    let pure = |package: &&Package| {
        ROOMS.iter().any(|room| room.pure && room.crates.contains(&package.name.as_str()))
    };
    workspace.members.iter().filter(pure)
}

/// Packages that bring a runtime, a transport, a clock or randomness.
const RUNS: &[&str] = &[
    "async-std",
    "chrono",
    "fastrand",
    "futures-executor",
    "futures-util",
    "getrandom",
    "h2",
    "hyper",
    "hyper-util",
    "mio",
    "rand",
    "rand_core",
    "rustls",
    "smol",
    "socket2",
    "time",
    "tokio",
    "tower",
    "tower-layer",
    "tower-service",
];

/// The benchmarks count allocations and talk to the system; the kernels read and write memory they have checked.
const OWN_LINTS: &[&str] = &["longwave-benches", "longwave-scan"];

#[cfg(test)]
mod tests {
    use super::name_and_version;

    #[test]
    fn a_line_of_the_tree_is_read() {
        let expected = Some(("serde_derive".to_owned(), "1.0.1".to_owned()));
        assert_eq!(name_and_version("serde_derive v1.0.1 (proc-macro) (*)"), expected);
        assert_eq!(name_and_version(""), None);
    }
}
