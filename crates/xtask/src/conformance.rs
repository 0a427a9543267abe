//! `cargo xtask conformance`: what the codecs are held to, with many more cases.

use crate::error::Error;
use crate::rooms::ROOMS;
use crate::tools;
use crate::workspace::{Workspace, run};

pub(crate) fn run_all(workspace: &Workspace) -> Result<(), Error> {
    tools::cargo_tools(workspace, &[&tools::NEXTEST])?;
    let filter = binaries(workspace).join(" | ");
    if filter.is_empty() {
        return Err(Error::Rules(vec![format!("no codec has tests in {}", SUITES.join(", "))]));
    }
    // Optimised, so that the hostile streams are fed whole.
    let args =
        ["nextest", "run", "--release", "--all-features", "--profile", "conformance", "--filterset", &filter];
    run(workspace.cargo(&args).env("PROPTEST_CASES", CASES))
}

/// A filter for each test file of a codec that is one of the suites.
fn binaries(workspace: &Workspace) -> Vec<String> {
    let codecs = ROOMS.iter().filter(|room| room.pure).flat_map(|room| room.crates);
    let packages = codecs.filter_map(|name| workspace.members.iter().find(|package| package.name == *name));
    let mut filters = Vec::new();
    for package in packages {
        let suites = package
            .targets
            .iter()
            .filter(|target| target.kind == "test" && SUITES.contains(&target.name.as_str()));
        filters.extend(suites.map(|suite| format!("binary_id({}::{})", package.name, suite.name)));
    }
    filters
}

/// Names of test files.
const SUITES: &[&str] = &["vectors", "properties", "negative", "hostile"];

/// Cases for each property.
const CASES: &str = "10000";
