//! What the numbers were measured on, and with which versions.

use std::collections::BTreeMap;

const LOCK: &str = include_str!("../../Cargo.lock");

/// Prints the machine and the versions of all participants, from the lock file this was built with.
pub fn print() {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo").lines().find_map(|l| l.strip_prefix("model name\t: ").map(str::to_owned));
    println!("cpu: {}, kernel: {}", cpu.unwrap_or_default(), read("/proc/sys/kernel/osrelease").trim());
    println!("crates: {}", dependencies().join(", "));
}

/// The direct dependencies, as "name version".
fn dependencies() -> Vec<String> {
    let packages: Vec<&str> = LOCK.split("[[package]]\n").skip(1).collect();
    let mut versions = BTreeMap::new();
    for package in &packages {
        if let (Some(name), Some(version)) = (field(package, "name"), field(package, "version")) {
            versions.insert(name, version);
        }
    }
    let this = packages.iter().find(|p| field(p, "name") == Some(env!("CARGO_PKG_NAME")));
    // The lock file names a version only where it holds several of one crate.
    let dependency = |line: &str| {
        let entry = line.trim().strip_prefix('"')?.trim_end_matches(['"', ',']);
        let known = || Some(format!("{entry} {}", versions.get(entry)?));
        if entry.contains(' ') { Some(entry.into()) } else { known() }
    };
    this.into_iter().flat_map(|package| package.lines()).filter_map(dependency).collect()
}

fn field<'a>(package: &'a str, key: &str) -> Option<&'a str> {
    package.lines().find_map(|l| Some(l.strip_prefix(key)?.strip_prefix(" = \"")?.trim_end_matches('"')))
}
