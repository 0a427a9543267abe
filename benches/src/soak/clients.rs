//! The process of the clients, and their sockets.

use super::{CLIENTS, Settings};
use crate::memory::reset_on_close;
use socket2::{Domain, Socket, Type};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};
use tokio::sync::mpsc;

/// The clients' process, as the server sees it: both sides say a line when they are through with a step.
pub struct Clients {
    child: Child,
    input: Option<ChildStdin>,
    lines: mpsc::UnboundedReceiver<String>,
}

impl Clients {
    pub fn start(scenario: &str, settings: &Settings, ports: &[u16]) -> Self {
        let (settings, ports) =
            (serde_json::to_string(settings).unwrap(), serde_json::to_string(ports).unwrap());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([CLIENTS, scenario, &settings, &ports])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start the clients");
        let (send, lines) = mpsc::unbounded_channel();
        let (input, output) = (child.stdin.take(), child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        Clients { child, input, lines }
    }

    /// Waits for the next line of the clients.
    pub async fn line(&mut self) -> String {
        self.lines.recv().await.expect("the clients are at work")
    }

    /// Lets the clients go on with their next step.
    pub fn go_on(&mut self) {
        self.input.as_mut().expect("the clients listen").write_all(b"\n").expect("the clients listen");
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

/// In the clients' process: how many lines the server has said. The process ends with the server.
pub fn steps() -> Arc<AtomicU32> {
    let steps = Arc::new(AtomicU32::new(0));
    let said = steps.clone();
    std::thread::spawn(move || {
        for _ in std::io::stdin().lines().map_while(Result::ok) {
            said.fetch_add(1, Ordering::Release);
        }
        std::process::exit(0);
    });
    steps
}

/// An address of the server: there are several, as each has only so many ports to come from.
pub fn address(port: u16, i: usize) -> SocketAddr {
    (Ipv4Addr::new(127, 0, 0, 1 + (i % 60) as u8), port).into()
}

/// Opens an event stream and reads its head. Returns what came after the head, too.
///
/// - `buffer`: how many bytes the kernel keeps for the reader, if not as many as it likes.
pub fn open(port: u16, i: usize, path: &str, buffer: Option<usize>) -> (mio::net::TcpStream, Vec<u8>) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
    (ask(port, i, &request, "200", buffer), Vec::new())
}

/// Opens a WebSocket, as [`open`] opens an event stream.
pub fn open_websocket(port: u16, i: usize, path: &str, buffer: Option<usize>) -> mio::net::TcpStream {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    ask(port, i, &request, "101", buffer)
}

/// Connects, sends a request, and reads the head of the response and nothing else.
fn ask(port: u16, i: usize, request: &str, status: &str, buffer: Option<usize>) -> mio::net::TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    if let Some(buffer) = buffer {
        // Before the connection, as it decides on the first window.
        socket.set_recv_buffer_size(buffer).expect("set the buffer");
    }
    socket.connect(&address(port, i).into()).expect("connect");
    reset_on_close(&socket);
    let mut io = TcpStream::from(socket);
    io.write_all(request.as_bytes()).unwrap();
    let (mut answer, mut byte) = (Vec::new(), [0]);
    // Byte by byte, so that a reader that stops has read nothing else.
    while !answer.ends_with(b"\r\n\r\n") {
        io.read_exact(&mut byte).expect("the response head");
        answer.push(byte[0]);
    }
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "not {status}: {answer}");
    io.set_nonblocking(true).unwrap();
    mio::net::TcpStream::from_std(io)
}
