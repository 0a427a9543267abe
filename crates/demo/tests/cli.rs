//! The binary as it is started from a terminal.

#![allow(clippy::unwrap_used, reason = "here a failed unwrap is a failed test")]
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A running demo, killed when dropped.
struct Running {
    child: Child,
    line: String,
}

impl Running {
    fn start(args: &[&str]) -> Self {
        let mut child = demo(args).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Self { child, line }
    }

    /// The address in the line that was printed.
    fn address(&self, scheme: &str) -> &str {
        let (_, rest) = self.line.split_once(scheme).unwrap_or_else(|| panic!("{:?}", self.line));
        rest.split_once('/').unwrap().0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn demo(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_longwave-demo"));
    command.args(args);
    command
}

fn run(args: &[&str]) -> Output {
    demo(args).output().unwrap()
}

#[test]
fn it_prints_its_url_and_listens_on_loopback_only() {
    let running = Running::start(&["--port", "0"]);
    let address: std::net::SocketAddr = running.address("http://").parse().unwrap();
    assert!(address.ip().is_loopback());
    let mut socket = TcpStream::connect(address).unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\nhost: demo\r\nconnection: close\r\n\r\n").unwrap();
    let mut page = String::new();
    socket.read_to_string(&mut page).unwrap();
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(page.contains("<h1>longwave</h1>"), "{page}");
}

#[test]
fn tls_prints_an_https_url() {
    let running = Running::start(&["--tls", "--port", "0"]);
    let url = format!("https://{}/", running.address("https://"));
    let mut curl = Command::new("curl");
    curl.args(["-skS", "--http2", "-o", "/dev/null", "-w", "%{http_version} %{http_code}", &url]);
    let output = curl.output().expect("curl runs (Debian package: curl)");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "2 200");
}

#[test]
fn a_taken_port_is_one_sentence_and_exit_code_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = run(&["--port", &port]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    let expected = format!(
        "longwave-demo: port {port} on 127.0.0.1 is taken; choose another with --port (0 takes a free one)\n"
    );
    assert_eq!(error, expected);
    assert!(output.stdout.is_empty());
}

#[test]
fn help_names_every_option_and_nonsense_is_refused() {
    let output = run(&["--help"]);
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    for option in ["--port", "--host", "--tls", "--help"] {
        assert!(help.contains(option), "{option}");
    }
    let output = run(&["--nonsense"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("--nonsense"));
}

fn a_signal_ends_it_with_last_words_for_an_open_stream(signal: &str) {
    let mut running = Running::start(&["--port", "0"]);
    let mut socket = TcpStream::connect(running.address("http://")).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket.write_all(b"GET /feed HTTP/1.1\r\nhost: demo\r\n\r\n").unwrap();
    let mut stream = BufReader::new(socket);
    let mut line = String::new();
    while !line.starts_with("event: sample") {
        line.clear();
        assert_ne!(stream.read_line(&mut line).unwrap(), 0, "the stream ended by itself");
    }

    let sent = Instant::now();
    let pid = running.child.id().to_string();
    assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    // No reset: the stream is whole, down to the chunk that ends it.
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    let (_, last) = rest.rsplit_once("retry: ").unwrap_or_else(|| panic!("no last words: {rest}"));
    let (delay, end) = last.split_once('\n').unwrap();
    assert!((1000..=2000).contains(&delay.parse().unwrap()), "{delay}");
    assert_eq!(end, "\n\r\n0\r\n\r\n");
    let status = running.child.wait().unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(sent.elapsed() < Duration::from_secs(5), "{:?}", sent.elapsed());
}

#[test]
fn ctrl_c_ends_it_with_last_words_for_an_open_stream() {
    a_signal_ends_it_with_last_words_for_an_open_stream("-INT");
}

#[test]
fn sigterm_ends_it_with_last_words_for_an_open_stream() {
    a_signal_ends_it_with_last_words_for_an_open_stream("-TERM");
}

/// Neither a reader that has stopped nor an idle connection holds up the end.
#[test]
fn a_stalled_reader_does_not_hold_up_the_end() {
    let mut running = Running::start(&["--port", "0"]);
    let mut idle = TcpStream::connect(running.address("http://")).unwrap();
    idle.write_all(b"GET /stats HTTP/1.1\r\nhost: demo\r\n\r\n").unwrap();
    assert_ne!(idle.read(&mut [0; 1]).unwrap(), 0);
    let mut socket = TcpStream::connect(running.address("http://")).unwrap();
    socket.write_all(b"GET /flood HTTP/1.1\r\nhost: demo\r\n\r\n").unwrap();
    assert_ne!(socket.read(&mut [0; 1]).unwrap(), 0);

    let sent = Instant::now();
    let pid = running.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
    assert!(sent.elapsed() < Duration::from_secs(5), "{:?}", sent.elapsed());
}
