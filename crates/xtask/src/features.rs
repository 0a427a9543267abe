//! Whether each published crate compiles without features, and with each feature alone.

use crate::error::Error;
use crate::workspace::{Workspace, run};

pub(crate) fn check(workspace: &Workspace) -> Result<(), Error> {
    for package in workspace.published() {
        let alone = package.features.iter().map(|feature| Some(feature.as_str()));
        for feature in [None].into_iter().chain(alone) {
            let mut command =
                workspace.cargo(&["clippy", "--no-default-features", "--package", &package.name]);
            if let Some(feature) = feature {
                command.args(["--features", feature]);
            }
            run(command.args(["--", "-D", "warnings"]))?;
        }
    }
    Ok(())
}
