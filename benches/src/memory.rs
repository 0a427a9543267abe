//! W7: resident memory per idle connection. The server is a child process of its own; this process holds the
//! client ends. The clients of the first stage only connect; then each echoes one small and one large message,
//! which shows the buffers that a connection keeps afterwards.

use crate::{
    bench::{Bench, Participant, REFERENCE},
    data::push_frame,
    table::Unit,
    ws::{WsPeer, servers, upgrade},
};
use axum::{Router, response::sse, routing::get};
use std::{
    convert::Infallible,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpStream},
    os::fd::AsRawFd,
    process::{Child, Command, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    net::TcpListener,
};

pub const CONNECTIONS: usize = 10_000;
/// The argument that makes this program such a server.
pub const SERVE: &str = "__serve";
const SSE: &str = "axum sse, keep-alive";

/// A task that reads, and nothing else.
fn raw() -> String {
    format!("raw tokio task{REFERENCE}")
}

/// The same on what hyper gives away.
fn raw_upgraded() -> String {
    format!("raw task, hyper upgrade{REFERENCE}")
}

pub fn run(bench: &mut Bench) {
    raise_file_limit();
    let rounds = std::mem::replace(&mut bench.rounds, 1);
    let title = format!("resident memory per connection, {CONNECTIONS} connections");
    let mut table = bench.table("w7", title, Unit::Bytes);
    let peers = servers().into_iter().filter(|p| !p.is_reference() && p.can_echo(false)).map(|p| p.label());
    let names: Vec<String> = [raw(), raw_upgraded(), SSE.into()].into_iter().chain(peers).collect();
    let measured: Vec<(String, Vec<f64>)> = names.into_iter().map(|n| (n.clone(), measure(&n))).collect();
    for (stage, label) in ["idle", "after 64 B", "after 16 KiB"].into_iter().enumerate() {
        let rows = measured.iter().filter_map(|(name, cost)| {
            let cost = *cost.get(stage)?;
            Some(Participant { name: name.clone(), sample: Box::new(move || cost) })
        });
        table.column(label, None, rows.collect());
    }
    drop(table);
    bench.rounds = rounds;
}

fn measure(name: &str) -> Vec<f64> {
    let (mut server, port) = start_server(&[SERVE, name]);
    // A first connection pays for everything that is shared.
    let mut clients = connect(name, port, 1);
    talk(name, &mut clients, 64);
    let base = settled_memory(&server);
    let per_connection =
        |server: &Child| settled_memory(server).saturating_sub(base) as f64 / CONNECTIONS as f64;
    clients.extend(connect(name, port, CONNECTIONS));
    let mut costs = vec![per_connection(&server)];
    for size in [64, 16 << 10] {
        if talk(name, &mut clients, size) {
            costs.push(per_connection(&server));
        }
    }
    drop(clients);
    stop_server(&mut server);
    costs
}

/// Starts this program as a server, which says its port first.
pub fn start_server(args: &[&str]) -> (Child, u16) {
    let mut server = Command::new(std::env::current_exe().unwrap())
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("start the server");
    let mut line = String::new();
    BufReader::new(server.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let port = line.trim().parse().expect("the server's port");
    (server, port)
}

/// Closes the server's standard input, by which it knows that it is over.
pub fn stop_server(server: &mut Child) {
    drop(server.stdin.take());
    server.wait().expect("stop the server");
}

/// Ends this process when its standard input closes.
pub fn serve_until_stopped() {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
}

fn connect(name: &str, port: u16, count: usize) -> Vec<TcpStream> {
    if name == SSE {
        return open_streams(port, count);
    }
    let wants_upgrade = name == raw_upgraded() || served_by(name).is_some_and(WsPeer::wants_upgrade);
    let connect = |i| {
        let mut io = dial(port, i);
        // At once, as clients do: what hyper needs for a request is there for the next one then.
        if wants_upgrade {
            upgrade::ask(&mut io);
        }
        io
    };
    (0..count).map(connect).collect()
}

fn served_by(name: &str) -> Option<&'static dyn WsPeer> {
    servers().into_iter().find(|p| p.label() == name)
}

fn dial(port: u16, i: usize) -> TcpStream {
    // Several loopback addresses, so that repeated runs do not exhaust one address's ports.
    let address = Ipv4Addr::new(127, 0, 0, 1 + (i % 4) as u8);
    let io = TcpStream::connect((address, port)).expect("connect");
    reset_on_close(&io);
    io.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    io
}

/// Opens event streams, and reads their heads.
pub fn open_streams(port: u16, count: usize) -> Vec<TcpStream> {
    let mut clients: Vec<_> = (0..count).map(|i| dial(port, i)).collect();
    for io in &mut clients {
        io.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n").unwrap();
    }
    for io in &mut clients {
        let mut answer = [0; 1024];
        let n = io.read(&mut answer).expect("the response head");
        assert!(answer[..n].starts_with(b"HTTP/1.1 200"), "no event stream");
    }
    clients
}

/// One message and its echo on every connection, if this kind of server echoes.
fn talk(name: &str, clients: &mut [TcpStream], size: usize) -> bool {
    if served_by(name).is_none() {
        return false;
    }
    let (mut request, mut response) = (Vec::new(), Vec::new());
    push_frame(&mut request, 2, &vec![7; size], Some([1, 2, 3, 4]));
    push_frame(&mut response, 2, &vec![7; size], None);
    for io in clients {
        io.write_all(&request).unwrap();
        let mut answer = vec![0; response.len()];
        io.read_exact(&mut answer).unwrap_or_else(|e| panic!("{name}: no echo: {e}"));
        assert!(answer == response, "{name}: wrong echo");
    }
    true
}

/// The server's anonymous resident memory, once it has stopped changing.
pub fn settled_memory(server: &Child) -> usize {
    let mut last = usize::MAX;
    loop {
        std::thread::sleep(Duration::from_millis(100));
        let now = resident(server.id());
        if now == last {
            return now;
        }
        last = now;
    }
}

/// A process's anonymous resident memory, in bytes.
pub fn resident(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("the process's status");
    let anonymous = status.lines().find_map(|l| l.strip_prefix("RssAnon:")).expect("RssAnon");
    anonymous.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

/// The child process: serves until its standard input closes.
pub fn serve(name: &str) {
    raise_file_limit();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    serve_until_stopped();
    runtime.block_on(async {
        let listener = listen();
        println!("{}", listener.local_addr().unwrap().port());
        if name == SSE {
            let events = || async {
                sse::Sse::new(futures::stream::pending::<Result<sse::Event, Infallible>>())
                    .keep_alive(sse::KeepAlive::default())
            };
            return axum::serve(listener, Router::new().route("/", get(events))).await.unwrap();
        }
        accept(listener, name).await;
    });
}

/// Listens on every address, with room for many who come at once.
pub fn listen() -> TcpListener {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::UNSPECIFIED, 0).into()).unwrap();
    socket.listen(4096).unwrap()
}

async fn accept(listener: TcpListener, name: &str) {
    let peer = served_by(name);
    let is_upgraded = name == raw_upgraded();
    loop {
        let (io, _) = listener.accept().await.unwrap();
        match peer {
            // Some only echo in bursts, which makes no difference to a connection that is idle.
            Some(peer) => tokio::spawn(peer.echo(io, !peer.can_echo(false))),
            None if is_upgraded => tokio::spawn(upgrade::answer(io, read)),
            None => tokio::spawn(read(io)),
        };
    }
}

async fn read(mut io: impl AsyncRead + Unpin) {
    let _ = io.read_u8().await;
}

pub fn raise_file_limit() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid place for the result; failing to raise the limit is not fatal here.
    unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit);
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
    }
    assert!(
        limit.rlim_cur > CONNECTIONS as u64 + 100,
        "too few file descriptors: ulimit -n {}",
        limit.rlim_cur
    );
}

/// Closes with a reset, so that ten thousand sockets do not linger in TIME_WAIT.
pub fn reset_on_close(io: &impl AsRawFd) {
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    // SAFETY: the option's value is a valid `linger` of the given size.
    unsafe {
        let (value, size) = ((&raw const linger).cast(), size_of_val(&linger) as u32);
        libc::setsockopt(io.as_raw_fd(), libc::SOL_SOCKET, libc::SO_LINGER, value, size);
    }
}

/// Lets glibc keep what is freed. By default it gives large buffers back to the kernel or not depending on what
/// was freed before, so that a participant that needs one would be timed by the page faults of its neighbours.
/// Workload w7, which is about memory, runs in processes of its own, without this.
pub fn keep_freed() {
    // SAFETY: no other thread runs yet, and both are plain settings.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 30);
        libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX);
    }
}
