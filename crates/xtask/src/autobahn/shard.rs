//! Some of the cases, between one process of the suite and one of an example.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::install::Suite;
use super::verdicts::Verdicts;
use super::{Leg, proxy};
use crate::error::Error;
use crate::workspace::{Running, Workspace, read_file};

/// What one pair of processes is to do.
#[derive(Debug)]
pub(crate) struct Shard<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) suite: &'a Suite,
    /// Where the examples are.
    pub(crate) examples: &'a Path,
    pub(crate) leg: Leg,
    pub(crate) cases: Vec<&'a str>,
    /// Where the reports go; a directory that is not there yet.
    pub(crate) reports: PathBuf,
}

impl Shard<'_> {
    pub(crate) fn run(&self) -> Result<Verdicts, Error> {
        fs::create_dir_all(&self.reports)
            .map_err(|source| Error::File { path: self.reports.clone(), source })?;
        match self.leg {
            Leg::Server | Leg::ServerOverHttp2 => self.fuzz_server()?,
            Leg::Client => self.fuzz_client()?,
        }
        Verdicts::parse(&read_file(&self.reports.join("index.json"))?, AGENT)
    }

    fn fuzz_server(&self) -> Result<(), Error> {
        let mut server = Command::new(self.examples.join("echo_server"));
        let _server = self.start(server.args(["127.0.0.1:0", "--large", "--deflate"]), EXAMPLE_LOG)?;
        let address = within(START, || {
            let log = read_file(&self.reports.join(EXAMPLE_LOG)).ok()?;
            Some(log.strip_prefix("listening on ")?.split_once('\n')?.0.to_owned())
        });
        let address = address.ok_or_else(|| self.trouble("the server says no address"))?;
        let (address, _proxy) = if self.leg == Leg::ServerOverHttp2 {
            let (address, proxy) = self.start_proxy(&address)?;
            (address, Some(proxy))
        } else {
            (address, None)
        };
        let server = json!({ "agent": AGENT, "url": format!("ws://{address}") });
        let mut suite = self.start_suite("fuzzingclient", json!({ "servers": [server] }))?;
        if suite.ends_within(LIMIT) { Ok(()) } else { Err(self.trouble("the suite has failed or hangs")) }
    }

    fn fuzz_client(&self) -> Result<(), Error> {
        let address = free_address().ok_or_else(|| self.trouble("there is no free port"))?;
        let url = format!("ws://{address}");
        let _suite = self.start_suite("fuzzingserver", json!({ "url": &url }))?;
        within(START, || TcpStream::connect(&address).ok())
            .ok_or_else(|| self.trouble("the suite does not listen"))?;
        let mut client = Command::new(self.examples.join("echo_client"));
        // Its last request is the one for the reports.
        let mut client = self.start(client.args([&url, AGENT, "--deflate"]), EXAMPLE_LOG)?;
        if client.ends_within(LIMIT) { Ok(()) } else { Err(self.trouble("the client has failed or hangs")) }
    }

    /// Starts a proxy that speaks HTTP/2 to the server, and says where it listens.
    fn start_proxy(&self, server: &str) -> Result<(String, Running), Error> {
        let address = free_address().ok_or_else(|| self.trouble("there is no free port"))?;
        let path = self.reports.join("haproxy.cfg");
        fs::write(&path, proxy::configuration(&address, server))
            .map_err(|source| Error::File { path: path.clone(), source })?;
        let mut haproxy = self.workspace.program("haproxy");
        // One process in the foreground, so that killing it leaves nothing behind.
        let haproxy = self.start(haproxy.args(["-db", "-f"]).arg(path), "haproxy.log")?;
        within(START, || TcpStream::connect(&address).ok())
            .ok_or_else(|| self.trouble("HAProxy does not listen"))?;
        Ok((address, haproxy))
    }

    fn start_suite(&self, mode: &str, mut spec: Value) -> Result<Running, Error> {
        spec["outdir"] = json!(self.reports);
        spec["cases"] = json!(self.cases);
        spec["exclude-cases"] = json!([]);
        spec["exclude-agent-cases"] = json!({});
        let path = self.reports.join("spec.json");
        fs::write(&path, spec.to_string()).map_err(|source| Error::File { path: path.clone(), source })?;
        let mut suite = self.suite.program();
        // Without the web server that it would start on a port of its own choice.
        self.start(suite.args(["--mode", mode, "--webport", "0", "--spec"]).arg(path), "suite.log")
    }

    fn start(&self, command: &mut Command, log: &str) -> Result<Running, Error> {
        let path = self.reports.join(log);
        let file = |source| Error::File { path: path.clone(), source };
        let log = File::create(&path).map_err(file)?;
        command.stdin(Stdio::null()).stdout(log.try_clone().map_err(file)?).stderr(log);
        Running::start(command.current_dir(&self.reports))
    }

    fn trouble(&self, what: &str) -> Error {
        Error::Autobahn(format!("{what}; see the logs in {}", self.reports.display()))
    }
}

/// Free at least until somebody else takes it.
fn free_address() -> Option<String> {
    let listener = TcpListener::bind("127.0.0.1:0").ok()?;
    Some(listener.local_addr().ok()?.to_string())
}

/// Asks again and again, until there is an answer or the time is over.
fn within<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if start.elapsed() > limit {
            return None;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

const AGENT: &str = "longwave";
const EXAMPLE_LOG: &str = "example.log";

/// For a process to begin on a busy machine.
const START: Duration = Duration::from_secs(60);
/// For all cases of a shard.
const LIMIT: Duration = Duration::from_secs(15 * 60);
