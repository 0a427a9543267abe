//! Proxies as Debian has them, each a child process with a directory of its own.

use std::{
    fs::{self, File},
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use tokio::{net::TcpStream, time::sleep};

use crate::IDLE;

pub(crate) const ALL: [Kind; 3] = [NGINX, HAPROXY, CADDY];

pub(crate) const NGINX: Kind =
    Kind { name: "nginx", configuration: nginx, arguments: &["-p", ".", "-e", "stderr", "-c"] };
pub(crate) const HAPROXY: Kind = Kind { name: "haproxy", configuration: haproxy, arguments: &["-db", "-f"] };
const CADDY: Kind =
    Kind { name: "caddy", configuration: caddy, arguments: &["run", "--adapter", "caddyfile", "--config"] };

/// With the option that its documentation has for whom a delay is worse than a packet.
pub(crate) const PROMPT_HAPROXY: Kind = Kind {
    configuration: |port, upstream| haproxy(port, upstream) + "    option http-no-delay\n",
    ..HAPROXY
};

/// A program, which is in Debian's package of the same name.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    configuration: fn(port: u16, upstream: SocketAddr) -> String,
    /// The path of the configuration is the last one.
    arguments: &'static [&'static str],
}

/// A running proxy. Killed when dropped.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    child: Child,
    dir: TempDir,
}

impl Proxy {
    /// Starts a proxy in front of a server and waits until it accepts.
    pub(crate) async fn start(kind: Kind, upstream: SocketAddr) -> Self {
        for _ in 0..ATTEMPTS {
            if let Some(proxy) = Self::try_start(kind, upstream).await {
                return proxy;
            }
        }
        panic!("{} found no port to listen on", kind.name);
    }

    /// Nothing if somebody else has taken the port meanwhile.
    async fn try_start(kind: Kind, upstream: SocketAddr) -> Option<Self> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        fs::write(dir.path().join(CONFIGURATION), (kind.configuration)(address.port(), upstream)).unwrap();
        let mut proxy = Self { address, child: spawn(kind, dir.path()), dir };
        for _ in 0..LOOKS {
            if proxy.child.try_wait().unwrap().is_some() {
                let log = proxy.log();
                assert!(log.to_ascii_lowercase().contains("address already in use"), "{}: {log}", kind.name);
                return None;
            }
            if TcpStream::connect(address).await.is_ok() {
                return Some(proxy);
            }
            sleep(LOOK).await;
        }
        panic!("{} does not accept: {}", kind.name, proxy.log());
    }

    /// What it has had to say so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join(LOG)).unwrap()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn spawn(kind: Kind, dir: &Path) -> Child {
    let log = File::create(dir.join(LOG)).unwrap();
    // Debian has servers where only root looks.
    let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
    let spawned = Command::new(kind.name)
        .args(kind.arguments)
        .arg(CONFIGURATION)
        .current_dir(dir)
        .env("PATH", path)
        // Where Caddy keeps what it wants to find again.
        .envs([("HOME", dir), ("XDG_CONFIG_HOME", dir), ("XDG_DATA_HOME", dir)])
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn();
    match spawned {
        Ok(child) => child,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            panic!("{name} is missing: install Debian's package {name}", name = kind.name)
        }
        Err(error) => panic!("{} does not start: {error}", kind.name),
    }
}

/// One process, so that killing it leaves nothing behind. Buffering is on, as it is unless a response says no.
fn nginx(port: u16, upstream: SocketAddr) -> String {
    let idle = IDLE.as_secs();
    format!(
        "daemon off;
master_process off;
pid nginx.pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    map $http_upgrade $connection_upgrade {{
        default upgrade;
        ''      '';
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://{upstream};
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_read_timeout {idle}s;
        }}
    }}
}}
"
    )
}

fn haproxy(port: u16, upstream: SocketAddr) -> String {
    let idle = IDLE.as_secs();
    format!(
        "global
    nbthread 1
defaults
    mode http
    timeout connect {idle}s
    timeout client {idle}s
    timeout server {idle}s
    timeout tunnel {idle}s
frontend all
    bind 127.0.0.1:{port}
    default_backend server
backend server
    server server {upstream}
"
    )
}

fn caddy(port: u16, upstream: SocketAddr) -> String {
    let idle = IDLE.as_secs();
    format!(
        "{{
    admin off
    auto_https off
}}
http://127.0.0.1:{port}, http://localhost:{port} {{
    bind 127.0.0.1
    reverse_proxy {upstream} {{
        transport http {{
            read_timeout {idle}s
        }}
    }}
}}
"
    )
}

const CONFIGURATION: &str = "configuration";
const LOG: &str = "log";
const ATTEMPTS: usize = 3;
const LOOKS: usize = 400;
const LOOK: Duration = Duration::from_millis(50);
