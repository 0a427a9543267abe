//! Peers that are child processes and say what they see in lines of JSON.

use std::{
    ffi::OsStr,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::words::PATIENCE;

/// A running program. Killed when dropped.
pub(crate) struct Program {
    name: String,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    /// Starts a script with something that `cargo xtask test` installs.
    ///
    /// - `needs`: what has to be there, from [`installed`].
    pub(crate) fn start(command: &mut Command, needs: &Path) -> Self {
        let name = command.as_std().get_program().to_string_lossy().into_owned();
        assert!(needs.exists(), "{} is missing: `cargo xtask test` installs it", needs.display());
        let spawned = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // Whatever goes wrong there is then in the output of the test.
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                panic!("{name} is missing: `cargo xtask test` installs it")
            }
            Err(error) => panic!("{name} does not start: {error}"),
        };
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { name, child, lines }
    }

    /// The next line that it says.
    pub(crate) async fn says(&mut self) -> Value {
        let line = timeout(PATIENCE, self.lines.next_line()).await;
        let line = line.unwrap_or_else(|_| panic!("{} says nothing", self.name)).unwrap();
        match line {
            Some(line) => serde_json::from_str(&line).unwrap_or_else(|_| panic!("{}: {line}", self.name)),
            None => panic!("{} has ended: {}", self.name, self.child.wait().await.unwrap()),
        }
    }
}

/// Where `cargo xtask test` has installed something for the peers.
pub(crate) fn installed(path: impl AsRef<OsStr>) -> PathBuf {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    tmp.parent().unwrap().join("tools/peers").join(path.as_ref())
}

/// A script beside these tests.
pub(crate) fn script(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(path)
}
