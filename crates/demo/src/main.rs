//! `longwave-demo`: the whole thing running.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use longwave_demo::cli::{self, Command, Options};
use longwave_demo::{Config, Demo, Transport, self_signed, serve_until, terminated};
use tokio::net::TcpListener;

fn main() -> ExitCode {
    match cli::parse(std::env::args_os().skip(1)) {
        Ok(Command::Help) => say(cli::HELP),
        Ok(Command::Serve(options)) => run(&options),
        Err(err) => refuse(&format!("{err}; see --help")),
    }
}

#[tokio::main]
async fn run(options: &Options) -> ExitCode {
    let address = SocketAddr::new(options.host, options.port);
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(err) if err.kind() == io::ErrorKind::AddrInUse => {
            return refuse(&format!(
                "port {} on {} is taken; choose another with --port (0 takes a free one)",
                options.port, options.host
            ));
        }
        Err(err) => return refuse(&format!("cannot listen on {address}: {err}")),
    };
    let transport = if options.tls {
        match self_signed(options.host) {
            Ok(config) => Transport::Tls(config),
            Err(err) => return refuse(&err.to_string()),
        }
    } else {
        Transport::Clear
    };
    // Before anybody is told the address, so that no signal finds nobody who listens.
    let stopped = match terminated() {
        Ok(stopped) => stopped,
        Err(err) => return refuse(&format!("Ctrl-C cannot be waited for: {err}")),
    };
    let scheme = if options.tls { "https" } else { "http" };
    let address = listener.local_addr().unwrap_or(address);
    say(&format!("longwave demo: {scheme}://{address}/ (Ctrl-C ends it)\n"));

    let demo = Demo::start(Config::default().at(&transport, address));
    let stop = async {
        stopped.await;
        demo.shut_down().await;
    };
    serve_until(listener, transport, demo.clone(), stop).await;
    ExitCode::SUCCESS
}

/// A closed standard output is no reason not to serve.
fn say(text: &str) -> ExitCode {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    ExitCode::SUCCESS
}

fn refuse(sentence: &str) -> ExitCode {
    let _ = writeln!(io::stderr().lock(), "longwave-demo: {sentence}");
    ExitCode::FAILURE
}
