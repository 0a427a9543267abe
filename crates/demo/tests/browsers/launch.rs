//! A headless browser with a profile of its own, on the test's page until the page has reported.

use std::fs;
use std::io::ErrorKind;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::process::{Child, Command};

/// The browsers that the demo is tested with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Browser {
    Chromium,
    Firefox,
}

/// A running browser; it and all that it started are killed when this is dropped.
pub(crate) struct Running {
    child: Child,
    group: u32,
    profile: TempDir,
}

impl Browser {
    /// Opens `url`.
    pub(crate) fn open(self, url: &str) -> Running {
        let profile = TempDir::with_prefix("longwave-demo-").unwrap();
        let path = profile.path();
        let log = fs::File::create(path.join(LOG)).unwrap();
        let (program, package) = match self {
            Self::Chromium => ("chromium", "chromium"),
            Self::Firefox => ("firefox-esr", "firefox-esr"),
        };
        let mut command = Command::new(program);
        match self {
            Self::Chromium => {
                command.args(CHROMIUM).arg(format!("--user-data-dir={}", path.display()));
            }
            Self::Firefox => {
                fs::write(path.join("user.js"), FIREFOX).unwrap();
                command.args(["--headless", "--no-remote", "--profile"]).arg(path);
                // Its helper would outlive the browser.
                command.env("MOZ_CRASHREPORTER_DISABLE", "1");
            }
        }
        command.arg(url).env("HOME", path).env("TMPDIR", path).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log).process_group(0);
        let child = match command.spawn() {
            Ok(child) => child,
            Err(err) if err.kind() == ErrorKind::NotFound => panic!(
                "{program} is not installed: this test needs the Debian package `{package}` \
                 (apt-get install --no-install-recommends {package})"
            ),
            Err(err) => panic!("{program} does not start: {err}"),
        };
        let group = child.id().unwrap();
        Running { child, group, profile }
    }
}

impl Running {
    /// Waits for the browser to end, which it should not.
    pub(crate) async fn ended(&mut self) -> String {
        let status = self.child.wait().await.unwrap();
        format!("{status}\n{}", self.log())
    }

    /// What the browser had to say.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.profile.path().join(LOG)).unwrap_or_default()).into_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let group = format!("-{}", self.group);
        let _ = std::process::Command::new("kill").args(["-KILL", "--", &group]).status();
        // The profile is removed next, and must not be in use any more.
        let deadline = Instant::now() + Duration::from_secs(5);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

const LOG: &str = "browser.log";

/// No sandbox because tests run as root in containers; nothing that talks to anyone but the test.
const CHROMIUM: [&str; 14] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
    "--password-store=basic",
    "--ignore-certificate-errors",
];

/// Switches off everything that talks to anyone but the test, and everything that opens another page.
const FIREFOX: &str = include_str!("user.js");
