//! Where the workspace is, and how programs are run in it.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::metadata::{Metadata, Package};

/// The workspace this program was started in.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) members: Vec<Package>,
    /// `PATH`, with the tools installed by this program first.
    path: OsString,
}

impl Workspace {
    /// Asks cargo for the workspace around the current directory.
    pub(crate) fn load() -> Result<Self, Error> {
        let json = read(Command::new("cargo").args(["metadata", "--format-version", "1", "--no-deps"]))?;
        let Metadata { root, target, packages } = Metadata::parse(&json)?;
        let mut dirs = vec![tools_dir(&target).join("bin")];
        dirs.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        // Debian has servers there, and the directory on nobody's path but root's.
        dirs.push("/usr/sbin".into());
        // A directory with a colon in its name cannot be on a PATH; its tools are then found nowhere.
        let path = env::join_paths(dirs).unwrap_or_default();
        Ok(Self { root, target, members: packages, path })
    }

    /// The members that go to the registry.
    pub(crate) fn published(&self) -> impl Iterator<Item = &Package> {
        self.members.iter().filter(|package| package.published)
    }

    /// Where this program installs tools (`bin` holds the programs).
    pub(crate) fn tools(&self) -> PathBuf {
        tools_dir(&self.target)
    }

    /// A program that runs in the workspace's root and reads no input.
    pub(crate) fn program(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command.current_dir(&self.root).env("PATH", &self.path).stdin(Stdio::null());
        command
    }

    pub(crate) fn cargo(&self, args: &[&str]) -> Command {
        let mut command = self.program("cargo");
        command.args(args);
        command
    }

    /// Cargo of another toolchain.
    pub(crate) fn cargo_of(&self, toolchain: &str, args: &[&str]) -> Command {
        let mut command = self.program("rustup");
        command.args(["run", toolchain, "cargo"]).args(args);
        command
    }

    /// Whether a program of that name is on the `PATH`.
    pub(crate) fn has(&self, program: &str) -> bool {
        env::split_paths(&self.path).any(|dir| dir.join(program).is_file())
    }

    /// The first toolchain whose name starts with `prefix` (`nightly`, `1.88`), if rustup knows one.
    pub(crate) fn toolchain(&self, prefix: &str) -> Option<String> {
        if !self.has("rustup") {
            return None;
        }
        let list = read(self.program("rustup").args(["toolchain", "list"])).ok()?;
        let mut names = list.lines().filter_map(|line| line.split_whitespace().next());
        names.find(|name| is_toolchain(name, prefix)).map(str::to_owned)
    }
}

fn tools_dir(target: &Path) -> PathBuf {
    target.join("tools")
}

/// `1.8` is not `1.88`.
fn is_toolchain(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.']))
}

/// Says what is run, and runs it.
pub(crate) fn run(command: &mut Command) -> Result<(), Error> {
    println!("$ {}", shown(command));
    let status = command.status().map_err(|source| Error::Start { command: shown(command), source })?;
    if status.success() { Ok(()) } else { Err(Error::Failed { command: shown(command), status }) }
}

/// Runs a program for what it prints.
pub(crate) fn read(command: &mut Command) -> Result<String, Error> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| Error::Start { command: shown(command), source })?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(Error::Failed { command: shown(command), status: output.status })
    }
}

/// A program that runs meanwhile; ended at the latest when this is dropped.
#[derive(Debug)]
pub(crate) struct Running(Child);

impl Running {
    /// Starts a program and does not wait for it.
    pub(crate) fn start(command: &mut Command) -> Result<Self, Error> {
        command.spawn().map(Self).map_err(|source| Error::Start { command: shown(command), source })
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// What it prints, if that goes to a pipe; only once.
    pub(crate) fn output(&mut self) -> Option<ChildStdout> {
        self.0.stdout.take()
    }

    /// Whether it ends with success by then; it is killed if it does not end.
    pub(crate) fn ends_within(&mut self, limit: Duration) -> bool {
        let start = Instant::now();
        while start.elapsed() < limit {
            if let Ok(Some(status)) = self.0.try_wait() {
                return status.success();
            }
            thread::sleep(Duration::from_millis(10));
        }
        self.kill();
        false
    }

    fn kill(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

pub(crate) fn read_file(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::File { path: path.to_owned(), source })
}

fn shown(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::is_toolchain;

    #[test]
    fn a_toolchain_is_found_by_its_version() {
        assert!(is_toolchain("1.88-x86_64-unknown-linux-gnu", "1.88"));
        assert!(is_toolchain("1.88.0-x86_64-unknown-linux-gnu", "1.88"));
        assert!(is_toolchain("nightly", "nightly"));
        assert!(!is_toolchain("1.88.0-x86_64-unknown-linux-gnu", "1.8"));
    }
}
