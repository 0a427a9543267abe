//! A headless browser with a profile of its own, on a test's page until the page has reported.

use std::{
    fs,
    io::ErrorKind,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::process::{Child, Command};

/// The browsers that tests are run with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Browser {
    /// Takes any certificate.
    Chromium,
    /// Takes a certificate that its profile has an exception for: `cert_override.txt`.
    Firefox,
}

/// What a browser is started with beside what it always is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extras<'a> {
    /// Arguments on the command line.
    pub arguments: &'a [&'a str],
    /// Files in the profile, by name and content.
    pub files: &'a [(&'a str, &'a str)],
}

/// A running browser; it and all that it started are killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    group: u32,
    profile: TempDir,
}

impl Browser {
    /// Opens `url`.
    ///
    /// # Panics
    ///
    /// If the browser is not installed, or does not start.
    #[must_use]
    pub fn open(self, url: &str) -> Running {
        self.open_with(url, Extras::default())
    }

    /// Opens `url` with something more.
    ///
    /// # Panics
    ///
    /// If the browser is not installed, or does not start.
    #[must_use]
    pub fn open_with(self, url: &str, extras: Extras<'_>) -> Running {
        let profile = TempDir::with_prefix("longwave-").expect("a directory");
        let path = profile.path();
        let log = fs::File::create(path.join(LOG)).expect("a file for the log");
        for (name, content) in extras.files {
            fs::write(path.join(name), content).expect("a file in the profile");
        }
        let mut command = self.command(path);
        command.args(extras.arguments).arg(url).env("HOME", path).env("TMPDIR", path).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("another handle")).stderr(log).process_group(0);
        let child = match command.spawn() {
            Ok(child) => child,
            Err(err) if err.kind() == ErrorKind::NotFound => panic!(
                "{package} is not installed: this test needs the Debian package `{package}`, which `cargo xtask test` \
                 installs (or apt-get install --no-install-recommends {package})",
                package = self.package()
            ),
            Err(err) => panic!("{} does not start: {err}", self.package()),
        };
        let group = child.id().expect("it was not waited for");
        Running { child, group, profile }
    }

    fn command(self, profile: &Path) -> Command {
        let mut command = Command::new(self.package());
        match self {
            Self::Chromium => {
                command.args(CHROMIUM).arg(format!("--user-data-dir={}", profile.display()));
            }
            Self::Firefox => {
                fs::write(profile.join("user.js"), FIREFOX).expect("a file in the profile");
                command.args(["--headless", "--no-remote", "--profile"]).arg(profile);
                // Its helper would outlive the browser.
                command.env("MOZ_CRASHREPORTER_DISABLE", "1");
            }
        }
        command
    }

    /// The Debian package, and the program in it.
    const fn package(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox-esr",
        }
    }
}

impl Running {
    /// Waits for the browser to end, which it should not.
    ///
    /// # Panics
    ///
    /// If that cannot be waited for.
    pub async fn ended(&mut self) -> String {
        let status = self.child.wait().await.expect("a child");
        format!("{status}\n{}", self.log())
    }

    /// What the browser had to say.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.profile.path().join(LOG)).unwrap_or_default()).into_owned()
    }

    /// Where its profile is.
    #[must_use]
    pub fn profile(&self) -> &Path {
        self.profile.path()
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
