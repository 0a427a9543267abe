//! The fuzz targets, briefly or for long.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::error::Error;
use crate::metadata::Metadata;
use crate::tools;
use crate::workspace::{Workspace, read, run};

/// The fuzz targets are a workspace of their own.
pub(crate) const MANIFEST: &str = "fuzz/Cargo.toml";

/// What `cargo xtask fuzz` is asked for.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Options {
    target: Option<String>,
    seconds: u32,
}

impl Options {
    pub(crate) fn parse(args: &[&str]) -> Result<Self, Error> {
        let mut options = Self { target: None, seconds: LONG };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match *arg {
                "--seconds" => {
                    let number = args.next().and_then(|number| number.parse().ok());
                    options.seconds =
                        number.ok_or_else(|| Error::Usage("`--seconds` needs a number".to_owned()))?;
                }
                target if options.target.is_none() && !target.starts_with('-') => {
                    options.target = Some(target.to_owned());
                }
                unknown => return Err(Error::Usage(format!("`fuzz` does not take `{unknown}`"))),
            }
        }
        Ok(options)
    }
}

/// Builds every target and runs each for a moment.
pub(crate) fn smoke(workspace: &Workspace) -> Result<(), Error> {
    let fuzzer = Fuzzer::new(workspace);
    for target in targets(workspace)? {
        fuzzer.run(&target, SHORT, &["-verbosity=0"])?;
        println!("{target} found nothing in {SHORT} seconds");
    }
    Ok(())
}

/// Runs one target, or each, for long.
pub(crate) fn long(workspace: &Workspace, options: &Options) -> Result<(), Error> {
    tools::debian_packages(workspace, &[&tools::CXX])?;
    tools::cargo_tools(workspace, &[&tools::FUZZ])?;
    let mut targets = targets(workspace)?;
    if let Some(wanted) = &options.target {
        let all = targets.join(", ");
        targets.retain(|target| target == wanted);
        if targets.is_empty() {
            return Err(Error::Usage(format!("`{wanted}` is not a fuzz target; there are: {all}")));
        }
    }
    let fuzzer = Fuzzer::new(workspace);
    for target in targets {
        fuzzer.run(&target, options.seconds, &[])?;
    }
    Ok(())
}

fn targets(workspace: &Workspace) -> Result<Vec<String>, Error> {
    let args = ["metadata", "--format-version", "1", "--no-deps", "--manifest-path", MANIFEST];
    let packages = Metadata::parse(&read(&mut workspace.cargo(&args))?)?.packages;
    let targets = packages.into_iter().flat_map(|package| package.targets);
    Ok(targets.filter(|target| target.kind == "bin").map(|target| target.name).collect())
}

/// `cargo fuzz` wants unstable options of the compiler: from a nightly one, or from a stable one that is told
/// to allow them.
#[derive(Debug)]
struct Fuzzer<'a> {
    workspace: &'a Workspace,
    nightly: Option<String>,
}

impl<'a> Fuzzer<'a> {
    fn new(workspace: &'a Workspace) -> Self {
        let nightly = workspace.toolchain("nightly");
        println!("the fuzz targets are built with {}", nightly.as_deref().unwrap_or("the default toolchain"));
        Self { workspace, nightly }
    }

    fn run(&self, target: &str, seconds: u32, args: &[&str]) -> Result<(), Error> {
        let mut command = self.cargo(&["fuzz", "run", "--target-dir"]);
        command.arg(self.workspace.target.join("fuzz"));
        command.arg(target).args(self.corpora(target)?);
        command.args(["--", &format!("-max_total_time={seconds}"), MAX_LEN]).args(args);
        if let Some(dictionary) = self.dictionary(target) {
            command.arg(format!("-dict={}", dictionary.display()));
        }
        run(&mut command)
    }

    /// Where inputs are found and new ones kept, and the seeds, which are only read: libFuzzer adds to the first
    /// directory alone.
    fn corpora(&self, target: &str) -> Result<Vec<PathBuf>, Error> {
        let dir = |name| self.workspace.root.join("fuzz").join(name).join(target);
        let (corpus, seeds) = (dir("corpus"), dir("seeds"));
        // Given another one beside it, neither `cargo fuzz` nor libFuzzer makes it.
        fs::create_dir_all(&corpus).map_err(|source| Error::File { path: corpus.clone(), source })?;
        Ok([corpus].into_iter().chain(seeds.is_dir().then_some(seeds)).collect())
    }

    /// A target has a dictionary of its own, or shares that of its codec: `sse_decode` uses `sse.dict`.
    fn dictionary(&self, target: &str) -> Option<PathBuf> {
        let file = |name| self.workspace.root.join("fuzz/dictionaries").join(format!("{name}.dict"));
        let codec = target.split('_').next()?;
        [file(target), file(codec)].into_iter().find(|file| file.is_file())
    }

    fn cargo(&self, args: &[&str]) -> Command {
        if let Some(nightly) = &self.nightly {
            return self.workspace.cargo_of(nightly, args);
        }
        let mut command = self.workspace.cargo(args);
        command.env("RUSTC_BOOTSTRAP", "1");
        command
    }
}

/// Seconds for each target when it is only a check.
const SHORT: u32 = 5;

/// Bytes of an input; longer ones reach no further states, only more slowly.
const MAX_LEN: &str = "-max_len=512";

/// Seconds for each target when nothing else is asked for.
const LONG: u32 = 900;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read() {
        let options = Options { target: Some("decode".to_owned()), seconds: 60 };
        assert_eq!(Options::parse(&["decode", "--seconds", "60"]).unwrap(), options);
        assert_eq!(Options::parse(&[]).unwrap(), Options { target: None, seconds: LONG });
        for args in [&["--seconds"][..], &["--seconds", "x"], &["a", "b"], &["--minutes"]] {
            assert!(Options::parse(args).is_err(), "{args:?}");
        }
    }
}
