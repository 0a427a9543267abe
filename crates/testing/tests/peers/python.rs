//! `websockets`, in Python.

use http::Version;
use serde_json::json;
use tokio::process::Command;

use crate::{
    client::{Peer, exchange},
    program::{Program, installed, script},
    report::{Bare, assert_seen, expected, with_frames},
    server::{Server, Transport},
};

fn python(path: &str, arguments: &[&str]) -> Program {
    let python = installed("python/bin/python");
    // What it compiles stays out of the sources.
    Program::start(Command::new(&python).arg("-B").arg(script(path)).args(arguments), &python)
}

/// It always offers to compress.
async fn client(kind: &str, extensions: &str) {
    let mut server = Server::start(Transport::Clear).await;
    let url = format!("ws://{}/{kind}", server.address);
    let report = python("python/client.py", &[&url]).says().await;
    // It does not tell of pings, but of fragments.
    assert_eq!(report, with_frames(expected(extensions, Bare::Normal), &[("several", json!(true))]));
    assert_seen(&mut server, kind, Version::HTTP_11, Bare::Normal, kind == "deflate").await;
}

#[tokio::test]
async fn is_a_client() {
    client("plain", "").await;
}

#[tokio::test]
async fn is_a_client_that_compresses() {
    client("deflate", "permessage-deflate").await;
}

async fn server(offer: bool) {
    let mut program = python("python/server.py", &[]);
    let port = program.says().await["port"].as_u64().unwrap() as u16;
    let mut peer =
        Peer { port, said: program, tells_of_pings: false, counts_fragments: true, deflates: true };
    exchange(&mut peer, offer).await;
}

#[tokio::test]
async fn is_a_server() {
    server(false).await;
}

#[tokio::test]
async fn is_a_server_that_compresses() {
    server(true).await;
}
