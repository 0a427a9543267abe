//! The one error of this program.

use std::error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// Why a command did not succeed.
#[derive(Debug)]
pub(crate) enum Error {
    /// The command line cannot be understood.
    Usage(String),
    /// A program could not be started.
    Start { command: String, source: io::Error },
    /// A program ended with something other than success.
    Failed { command: String, status: ExitStatus },
    /// A file could not be read or written.
    File { path: PathBuf, source: io::Error },
    /// `cargo metadata` said something that is not JSON.
    Metadata(serde_json::Error),
    /// Something needed is not installed, and cannot be installed by this program.
    Missing { sentences: Vec<String>, remedy: String },
    /// Rules do not hold; one sentence each.
    Rules(Vec<String>),
    /// The demo did not do what it should.
    Demo(String),
    /// The Autobahn testsuite could not be run to its end.
    Autobahn(String),
    /// The reports of the Autobahn testsuite are not JSON.
    Report(serde_json::Error),
    /// Cases of the Autobahn testsuite are not as they should be; one sentence each.
    Cases(Vec<String>),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(sentence) | Self::Demo(sentence) | Self::Autobahn(sentence) => f.write_str(sentence),
            Self::Start { command, .. } => write!(f, "`{command}` could not be started"),
            Self::Failed { command, status } => write!(f, "`{command}` failed ({status})"),
            Self::File { path, .. } => write!(f, "{} could not be used", path.display()),
            Self::Metadata(_) => f.write_str("the output of `cargo metadata` could not be read"),
            Self::Report(_) => f.write_str("the reports of the Autobahn testsuite could not be read"),
            Self::Cases(sentences) => {
                write!(f, "cases of the Autobahn testsuite fail\n  {}", sentences.join("\n  "))
            }
            Self::Missing { sentences, remedy } => {
                write!(f, "programs are missing\n  {}\ninstall them with: {remedy}", sentences.join("\n  "))
            }
            Self::Rules(sentences) => write!(f, "rules are broken\n  {}", sentences.join("\n  ")),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Start { source, .. } | Self::File { source, .. } => Some(source),
            Self::Metadata(source) | Self::Report(source) => Some(source),
            _ => None,
        }
    }
}
