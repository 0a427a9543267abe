//! `cargo xtask demo-check`: the demo as somebody who has just downloaded it meets it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::tools;
use crate::workspace::{Running, Workspace, run};

/// How the demo is spoken to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Scheme {
    /// In clear text.
    Http,
    /// Over TLS, which lets the client choose HTTP/2.
    Https,
}

/// Builds the demo, starts it on a free port, asks it for everything, and ends it.
pub(crate) fn check(workspace: &Workspace, scheme: Scheme) -> Result<(), Error> {
    tools::debian_packages(workspace, &[&tools::CHROMIUM, &tools::CURL, &tools::KILL])?;
    run(&mut workspace.cargo(&["build", "--release", "--package", DEMO]))?;
    let demo = Demo::start(workspace, scheme)?;
    println!("the demo runs at {}", demo.url);

    let versions: &[(&str, &str)] = match scheme {
        Scheme::Http => &[("--http1.1", "HTTP/1.1")],
        Scheme::Https => &[("--http1.1", "HTTP/1.1"), ("--http2", "HTTP/2")],
    };
    for (flag, version) in versions {
        page(workspace, &demo.url, flag, version)?;
        stream(workspace, &demo.url, flag, version)?;
    }
    picture(workspace, &demo.url)?;
    demo.interrupt(workspace)
}

fn page(workspace: &Workspace, url: &str, flag: &str, version: &str) -> Result<(), Error> {
    let answer = curl(workspace, url, flag)?;
    expect(&answer, "page", version, &["200", "content-type: text/html", "</html>"])
}

fn stream(workspace: &Workspace, url: &str, flag: &str, version: &str) -> Result<(), Error> {
    let answer = curl(workspace, &format!("{url}feed"), flag)?;
    expect(&answer, "stream", version, &["200", "content-type: text/event-stream", "\nid:", "\ndata:"])
}

/// Head and body as far as they come in a few seconds; an event stream has no end, so being cut off is no
/// failure.
fn curl(workspace: &Workspace, url: &str, flag: &str) -> Result<String, Error> {
    let mut command = workspace.program("curl");
    command.args(["-sSNk", "--include", "--max-time", "3", flag, url]);
    let output = command.output().map_err(|source| Error::Start { command: "curl".to_owned(), source })?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn expect(answer: &str, what: &str, version: &str, parts: &[&str]) -> Result<(), Error> {
    if !answer.starts_with(version) {
        return Err(Error::Demo(format!("the {what} did not answer over {version}, but:\n{answer}")));
    }
    if let Some(part) = parts.iter().find(|part| !answer.contains(**part)) {
        return Err(Error::Demo(format!("the {what} lacks `{}` over {version}:\n{answer}", part.trim())));
    }
    println!("the {what} answers over {version}");
    Ok(())
}

/// Opens the page in a headless browser, which takes its picture as soon as the page has loaded.
fn picture(workspace: &Workspace, url: &str) -> Result<(), Error> {
    let file = workspace.target.join("demo.png");
    // An old picture must not pass for a new one.
    let _ = fs::remove_file(&file);
    let mut command = workspace.program("chromium");
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--window-size=1280,900",
    ]);
    command.args(["--ignore-certificate-errors", &format!("--screenshot={}", file.display()), url]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    if !Running::start(&mut command)?.ends_within(PATIENCE) || !file.is_file() {
        return Err(Error::Demo("chromium took no picture of the page".to_owned()));
    }
    println!("a picture of the page is in {}", file.display());
    Ok(())
}

/// The running demo.
#[derive(Debug)]
struct Demo {
    process: Running,
    url: String,
}

impl Demo {
    fn start(workspace: &Workspace, scheme: Scheme) -> Result<Self, Error> {
        let mut command = workspace.program(&workspace.target.join("release").join(DEMO).to_string_lossy());
        command.args(["--port", "0"]).stdout(Stdio::piped());
        if scheme == Scheme::Https {
            command.arg("--tls");
        }
        let mut demo = Self { process: Running::start(&mut command)?, url: String::new() };
        let mut line = String::new();
        if let Some(output) = demo.process.output() {
            let _ = BufReader::new(output).read_line(&mut line);
        }
        match line.split_whitespace().find(|word| word.starts_with("http")) {
            Some(url) => url.clone_into(&mut demo.url),
            None => return Err(Error::Demo(format!("the demo says no address, but: {line}"))),
        }
        Ok(demo)
    }

    /// Presses Ctrl-C while a client is being served.
    fn interrupt(mut self, workspace: &Workspace) -> Result<(), Error> {
        let mut client = workspace.program("curl");
        client.args(["-sNk", "--max-time", "10", &format!("{}feed", self.url)]).stdout(Stdio::null());
        let client = Running::start(&mut client)?;
        thread::sleep(Duration::from_millis(500));
        run(workspace.program("kill").args(["-INT", &self.process.id().to_string()]))?;
        let start = Instant::now();
        let ended = self.process.ends_within(AT_ONCE);
        drop(client);
        if ended {
            println!("the demo ended {} ms after Ctrl-C", start.elapsed().as_millis());
            Ok(())
        } else {
            Err(Error::Demo(format!("the demo did not end within {AT_ONCE:?} of Ctrl-C")))
        }
    }
}

const DEMO: &str = "longwave-demo";

/// For a browser to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const AT_ONCE: Duration = Duration::from_secs(1);
