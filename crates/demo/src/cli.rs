//! The command line.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr};

use lexopt::{Arg, Parser, ValueExt};

/// What the command line asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Command {
    /// Serve the demo.
    Serve(Options),
    /// Print [`HELP`].
    Help,
}

/// Where and how to serve.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// The address to listen on.
    pub host: IpAddr,
    /// The port to listen on; 0 takes a free one.
    pub port: u16,
    /// Whether to speak TLS with a self-signed certificate.
    pub tls: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { host: IpAddr::V4(Ipv4Addr::LOCALHOST), port: 8080, tls: false }
    }
}

/// Reads the arguments that follow the program's name.
///
/// # Errors
///
/// [`lexopt::Error`] for an argument that is not in [`HELP`], or a value that cannot be read.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, lexopt::Error> {
    let mut parser = Parser::from_args(args.into_iter().collect::<Vec<_>>());
    let mut options = Options::default();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Long("host") => options.host = parser.value()?.parse()?,
            Arg::Short('p') | Arg::Long("port") => options.port = parser.value()?.parse()?,
            Arg::Long("tls") => options.tls = true,
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(Command::Serve(options))
}

/// The help text.
pub const HELP: &str = "\
longwave running: a live feed that survives cut connections, on one page.

Usage: longwave-demo [options]

Options:
  -p, --port <port>     port to listen on; 0 takes a free one [default: 8080]
      --host <address>  address to listen on [default: 127.0.0.1, this machine only]
      --tls             speak TLS with a self-signed certificate made at start,
                        so that browsers use HTTP/2 (and warn once)
  -h, --help            print this help

Ctrl-C ends it, after a moment in which every client is told when to come back.
It is meant for this machine: whoever can reach it can press every button.
";

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Command, lexopt::Error> {
        super::parse(args.iter().map(OsString::from))
    }

    #[test]
    fn loopback_is_the_default() {
        assert_eq!(parse(&[]).unwrap(), Command::Serve(Options::default()));
        assert!(Options::default().host.is_loopback());
    }

    #[test]
    fn options_are_read() {
        let expected = Options { host: "::1".parse().unwrap(), port: 0, tls: true };
        let actual = parse(&["--tls", "--port=0", "--host", "::1"]).unwrap();
        assert_eq!(actual, Command::Serve(expected));
        assert_eq!(parse(&["--help", "--nonsense"]).unwrap(), Command::Help);
    }

    #[test]
    fn nonsense_is_refused() {
        for args in [&["--nonsense"][..], &["--port", "x"], &["--port", "65536"], &["--port"], &["extra"]] {
            assert!(parse(args).is_err(), "{args:?}");
        }
    }
}
