//! Installs the testsuite, which is written for a Python that Debian has no more, ported to the one it has.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Error;
use crate::tools;
use crate::workspace::{Workspace, read, read_file, run};

/// The testsuite, installed in a Python environment of its own under the target directory.
#[derive(Debug)]
pub(crate) struct Suite {
    dir: PathBuf,
    cases: Vec<String>,
}

impl Suite {
    /// Finds it, or installs it and says so.
    pub(crate) fn install(workspace: &Workspace) -> Result<Self, Error> {
        let dir = workspace.tools().join("autobahn");
        let files = workspace.root.join(FILES);
        // Whatever it was made from is kept next to it, so that a change is seen.
        let made_from = ["requirements.txt", "suite.txt", "octets.py", "port.py"]
            .map(|name| read_file(&files.join(name)))
            .into_iter()
            .collect::<Result<String, _>>()?;
        if read_file(&dir.join(MADE_FROM)).ok().as_ref() != Some(&made_from) {
            install(workspace, &dir, &files).map_err(|err| match err {
                Error::Failed { .. } => Error::Autobahn(format!(
                    "the Autobahn testsuite cannot be installed, which takes Python 3.11 or later and the network: \
                     {err}"
                )),
                err => err,
            })?;
            write(&dir.join(MADE_FROM), &made_from)?;
        }
        let cases = read_file(&dir.join(CASES))?.lines().map(str::to_owned).collect();
        Ok(Self { dir, cases })
    }

    /// Where it is.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The ids of all cases.
    pub(crate) fn cases(&self) -> &[String] {
        &self.cases
    }

    /// The suite's program.
    pub(crate) fn program(&self) -> Command {
        let mut command = Command::new(python(&self.dir));
        command.args(["-W", "ignore", "-u", "-m", "autobahntestsuite.wstest"]);
        command
    }
}

fn install(workspace: &Workspace, dir: &Path, files: &Path) -> Result<(), Error> {
    tools::debian_packages(workspace, &[&tools::PYTHON, &tools::PYTHON_VENV])?;
    println!(
        "the Autobahn testsuite (asks a WebSocket 517 questions) is missing and will now be installed by \
         pip under the target directory"
    );
    // One that is half made is of no use.
    let _ = fs::remove_dir_all(dir);
    run(workspace.program("python3").args(["-m", "venv"]).arg(dir))?;
    let pip = |args: &[&str]| {
        let mut command = workspace.program(&python(dir).to_string_lossy());
        command.args(["-m", "pip", "--quiet", "--disable-pip-version-check"]).args(args);
        command
    };
    run(pip(&["install", "--requirement"]).arg(files.join("requirements.txt")))?;
    let download =
        ["download", "--no-deps", "--no-build-isolation", "--no-binary", ":all:", "--require-hashes"];
    let sources = dir.join("sources");
    run(pip(&download).arg("--dest").arg(&sources).arg("--requirement").arg(files.join("suite.txt")))?;
    let mut port = workspace.program(&python(dir).to_string_lossy());
    let cases = read(port.args(["-W", "ignore", "-B"]).arg(files.join("port.py")).arg(sources))?;
    write(&dir.join(CASES), &cases)
}

fn python(dir: &Path) -> PathBuf {
    dir.join("bin/python")
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(|source| Error::File { path: path.to_owned(), source })
}

/// Where the workspace has what it takes.
const FILES: &str = "crates/xtask/autobahn";

const CASES: &str = "cases.txt";
const MADE_FROM: &str = "made-from.txt";
