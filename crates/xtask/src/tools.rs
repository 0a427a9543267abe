//! The programs that checks need and a compiler does not bring along.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::process::Stdio;

use crate::error::Error;
use crate::workspace::{Workspace, run};
use crate::{autobahn, peers};

/// A cargo subcommand, installed from the registry under the target directory.
#[derive(Debug)]
pub(crate) struct CargoTool {
    name: &'static str,
    version: &'static str,
    what_for: &'static str,
}

/// A Debian package, known by a program in it.
#[derive(Debug)]
pub(crate) struct DebianPackage {
    name: &'static str,
    program: &'static str,
    /// A module of Python, for a package without a program of its own.
    module: Option<&'static str>,
    what_for: &'static str,
}

impl DebianPackage {
    const fn new(name: &'static str, program: &'static str, what_for: &'static str) -> Self {
        Self { name, program, module: None, what_for }
    }

    const fn with_module(self, module: &'static str) -> Self {
        Self { module: Some(module), ..self }
    }

    fn is_there(&self, workspace: &Workspace) -> bool {
        let imports = |module| {
            let mut command = workspace.program(self.program);
            command.args(["-c", &format!("import {module}")]).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        workspace.has(self.program) && self.module.is_none_or(imports)
    }
}

pub(crate) const NEXTEST: CargoTool =
    CargoTool { name: "cargo-nextest", version: "^0.9", what_for: "runs the tests" };
pub(crate) const FUZZ: CargoTool =
    CargoTool { name: "cargo-fuzz", version: "^0.13", what_for: "builds and runs the fuzz targets" };

pub(crate) const CHROMIUM: DebianPackage =
    DebianPackage::new("chromium", "chromium", "opens the demo's page");
pub(crate) const FIREFOX: DebianPackage =
    DebianPackage::new("firefox-esr", "firefox-esr", "opens the demo's page");
pub(crate) const CURL: DebianPackage =
    DebianPackage::new("curl", "curl", "asks the demo over HTTP/1.1 and HTTP/2");
pub(crate) const KILL: DebianPackage = DebianPackage::new("procps", "kill", "ends the demo and the browsers");
pub(crate) const NGINX: DebianPackage = DebianPackage::new("nginx", "nginx", "cuts streams that are silent");
pub(crate) const HAPROXY: DebianPackage = DebianPackage::new(
    "haproxy",
    "haproxy",
    "cuts streams that are silent, and brings the Autobahn testsuite to HTTP/2",
);
pub(crate) const CADDY: DebianPackage = DebianPackage::new("caddy", "caddy", "cuts streams that are silent");
pub(crate) const CXX: DebianPackage =
    DebianPackage::new("g++", "c++", "compiles libFuzzer for the fuzz targets");

pub(crate) const PYTHON: DebianPackage =
    DebianPackage::new("python3", "python3", "runs the Autobahn testsuite and mints tickets");
pub(crate) const PYTHON_VENV: DebianPackage =
    DebianPackage::new("python3-venv", "python3", "installs the Autobahn testsuite").with_module("ensurepip");
pub(crate) const NODE: DebianPackage =
    DebianPackage::new("nodejs", "node", "is a peer of the WebSocket tests");
pub(crate) const NPM: DebianPackage =
    DebianPackage::new("npm", "npm", "installs what the WebSocket tests talk to");

/// Finds what `cargo xtask test` needs, and installs what is missing.
pub(crate) fn set_up(workspace: &Workspace) -> Result<(), Error> {
    let packages = [
        &CHROMIUM,
        &FIREFOX,
        &CURL,
        &KILL,
        &CXX,
        &NGINX,
        &HAPROXY,
        &CADDY,
        &PYTHON,
        &PYTHON_VENV,
        &NODE,
        &NPM,
    ];
    debian_packages(workspace, &packages)?;
    cargo_tools(workspace, &[&NEXTEST, &FUZZ])?;
    autobahn::set_up(workspace)?;
    peers::set_up(workspace)?;
    println!("everything needed is installed");
    Ok(())
}

pub(crate) fn cargo_tools(workspace: &Workspace, tools: &[&CargoTool]) -> Result<(), Error> {
    for tool in tools.iter().filter(|tool| !workspace.has(tool.name)) {
        println!(
            "{} ({}) is missing and will now be installed under the target directory",
            tool.name, tool.what_for
        );
        let mut command = workspace.cargo(&["install", "--locked", "--root"]);
        command.arg(workspace.tools()).args(["--version", tool.version, tool.name]);
        // Its build then goes to a temporary directory, not next to the workspace's.
        run(command.env_remove("CARGO_TARGET_DIR"))?;
    }
    Ok(())
}

pub(crate) fn debian_packages(workspace: &Workspace, packages: &[&DebianPackage]) -> Result<(), Error> {
    let missing: Vec<_> = packages.iter().filter(|package| !package.is_there(workspace)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = missing.iter().map(|package| package.name).collect();
    let sentences = missing.iter().map(|package| format!("{} ({})", package.name, package.what_for));
    if !is_root() || !workspace.has("apt-get") {
        let remedy = format!("sudo apt-get update && sudo apt-get {} {}", INSTALL.join(" "), names.join(" "));
        return Err(Error::Missing { sentences: sentences.collect(), remedy });
    }
    for sentence in sentences {
        println!("{sentence} is missing and will now be installed");
    }
    let apt = || {
        let mut command = workspace.program("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    run(apt().args(["update", "-q"]))?;
    let nothing_starts = NothingStarts::for_now();
    run(apt().args(INSTALL).arg("-q").args(&names))?;
    drop(nothing_starts);
    for name in names.iter().filter(|name| is_service(name) && workspace.has("systemctl")) {
        run(workspace.program("systemctl").args(["disable", name]))?;
    }
    Ok(())
}

/// Keeps Debian from starting the servers that it installs, for as long as this lives.
#[derive(Debug)]
struct NothingStarts;

impl NothingStarts {
    /// Nothing where there is a policy already.
    fn for_now() -> Option<Self> {
        let mut policy = OpenOptions::new().write(true).create_new(true).mode(0o755).open(POLICY).ok()?;
        let nothing_starts = Self;
        policy.write_all(b"#!/bin/sh\nexit 101\n").ok()?;
        Some(nothing_starts)
    }
}

impl Drop for NothingStarts {
    fn drop(&mut self) {
        let _ = fs::remove_file(POLICY);
    }
}

fn is_service(package: &str) -> bool {
    Path::new("/lib/systemd/system").join(format!("{package}.service")).is_file()
}

/// Whoever owns this process is user 0.
fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

const INSTALL: [&str; 3] = ["install", "-y", "--no-install-recommends"];
/// Asked by the packages of servers before they start anything; 101 is no.
const POLICY: &str = "/usr/sbin/policy-rc.d";
