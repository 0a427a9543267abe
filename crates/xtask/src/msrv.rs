//! Whether the published crates build with the compiler they promise to build with.

use crate::error::Error;
use crate::metadata::Metadata;
use crate::rules::closure;
use crate::workspace::{Workspace, read, run};

/// Builds the published crates with that compiler, or, where it is absent, compares what their
/// dependencies promise.
pub(crate) fn check(workspace: &Workspace) -> Result<(), Error> {
    let Some(promised) = workspace.published().find_map(|package| package.rust_version.as_deref()) else {
        return Err(Error::Rules(vec!["no published crate says `rust-version`".to_owned()]));
    };
    match workspace.toolchain(promised) {
        Some(toolchain) => build(workspace, &toolchain),
        None => compare(workspace, promised),
    }
}

fn build(workspace: &Workspace, toolchain: &str) -> Result<(), Error> {
    println!("the published crates are now checked with {toolchain}");
    for package in workspace.published() {
        let args = ["check", "--all-features", "--package", &package.name, "--target-dir"];
        run(workspace.cargo_of(toolchain, &args).arg(workspace.target.join("msrv")))?;
    }
    Ok(())
}

fn compare(workspace: &Workspace, promised: &str) -> Result<(), Error> {
    let all = Metadata::parse(&read(&mut workspace.cargo(&["metadata", "--format-version", "1"]))?)?.packages;
    let mut checked = 0;
    let mut broken = Vec::new();
    for package in workspace.published() {
        for (name, version) in closure(workspace, package, &["--all-features", "--edges", "normal,build"])? {
            let dependency = all.iter().find(|other| other.name == name && other.version == version);
            let needed = dependency.and_then(|dependency| dependency.rust_version.as_deref());
            checked += 1;
            if let Some(needed) = needed.filter(|needed| parts(needed) > parts(promised)) {
                broken.push(format!("{} needs {name} {version}, which needs Rust {needed}", package.name));
            }
        }
    }
    println!(
        "no Rust {promised} is installed to build with; compared the `rust-version` of {checked} packages instead"
    );
    if broken.is_empty() { Ok(()) } else { Err(Error::Rules(broken)) }
}

/// `1.88` and `1.88.0` are the same.
fn parts(version: &str) -> [u32; 3] {
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
    [(); 3].map(|()| numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn versions_are_compared_by_number() {
        assert_eq!(parts("1.88"), parts("1.88.0"));
        assert!(parts("1.9") < parts("1.88"));
    }
}
