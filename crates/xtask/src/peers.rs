//! The WebSocket libraries of other languages that the tests talk to, installed under the target directory.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::tools;
use crate::workspace::{Workspace, read_file, run};

/// Finds them, or installs what is missing and says so.
pub(crate) fn set_up(workspace: &Workspace) -> Result<(), Error> {
    let dir = workspace.tools().join("peers");
    fs::create_dir_all(&dir).map_err(|source| Error::File { path: dir.clone(), source })?;
    for library in LIBRARIES {
        library.set_up(workspace, &dir)?;
    }
    Ok(())
}

/// A library, which is installed by what comes with its language.
#[derive(Debug)]
struct Library {
    name: &'static str,
    /// What says which version is wanted.
    wants: &'static [&'static str],
    /// Whether it can be loaded from the directory that it was installed into.
    is_there: fn(&Path) -> bool,
    install: fn(&Workspace, &Path, &[PathBuf]) -> Result<(), Error>,
}

const LIBRARIES: &[Library] = &[
    Library {
        name: "ws",
        wants: &["node/package.json", "node/package-lock.json"],
        is_there: |dir| dir.join("node_modules/ws").is_dir(),
        install: ws,
    },
    Library {
        name: "websockets",
        wants: &["python/requirements.txt"],
        is_there: |dir| dir.join("python/bin/python").is_file(),
        install: websockets,
    },
];

impl Library {
    fn set_up(&self, workspace: &Workspace, dir: &Path) -> Result<(), Error> {
        let files = workspace.root.join(FILES);
        let wants: Vec<_> = self.wants.iter().map(|file| files.join(file)).collect();
        // Whatever it was made from is kept next to it, so that a change is seen.
        let made_from = wants.iter().map(|file| read_file(file)).collect::<Result<String, _>>()?;
        let note = dir.join(self.name).with_extension("made-from");
        if (self.is_there)(dir) && read_file(&note).ok().as_ref() == Some(&made_from) {
            return Ok(());
        }
        println!(
            "{} (what the WebSocket tests talk to) is missing and will now be installed under the target directory",
            self.name
        );
        (self.install)(workspace, dir, &wants)?;
        fs::write(&note, made_from).map_err(|source| Error::File { path: note, source })
    }
}

/// For Node, by npm.
fn ws(workspace: &Workspace, dir: &Path, wants: &[PathBuf]) -> Result<(), Error> {
    for file in wants {
        let to = dir.join(file.file_name().unwrap_or_default());
        fs::copy(file, &to).map_err(|source| Error::File { path: to, source })?;
    }
    let mut npm = workspace.program("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--prefix"]);
    run(npm.arg(dir))
}

/// For Python, by pip, in an environment of its own.
fn websockets(workspace: &Workspace, dir: &Path, wants: &[PathBuf]) -> Result<(), Error> {
    tools::debian_packages(workspace, &[&tools::PYTHON, &tools::PYTHON_VENV])?;
    let dir = dir.join("python");
    // One that is half made is of no use.
    let _ = fs::remove_dir_all(&dir);
    run(workspace.program("python3").args(["-m", "venv"]).arg(&dir))?;
    let mut pip = workspace.program(&dir.join("bin/python").to_string_lossy());
    pip.args(["-m", "pip", "--quiet", "--disable-pip-version-check", "install"]);
    for file in wants {
        pip.arg("--requirement").arg(file);
    }
    run(&mut pip)
}

/// Where the workspace says what it takes.
const FILES: &str = "crates/testing/tests/peers";
