//! `ws`, in Node.

use http::Version;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{
    client::{Peer, Says, exchange},
    program::{Program, installed, script},
    report::{Bare, assert_seen, expected, with_frames},
    server::{Server, Transport},
};

fn node(path: &str, arguments: &[&str]) -> Program {
    let modules = installed("node_modules");
    let mut command = Command::new("node");
    command.arg(script(path)).args(arguments).env("NODE_PATH", &modules);
    Program::start(&mut command, &modules.join("ws"))
}

impl Says for Program {
    async fn says(&mut self) -> Value {
        Self::says(self).await
    }
}

/// It always offers to compress.
async fn client(kind: &str, extensions: &str) {
    let mut server = Server::start(Transport::Clear).await;
    let url = format!("ws://{}/{kind}", server.address);
    let report = node("node/client.js", &[&url]).says().await;
    let expected = expected(extensions, Bare::WithoutACode);
    assert_eq!(report, with_frames(expected, &[("ping", json!("are you there?"))]));
    assert_seen(&mut server, kind, Version::HTTP_11, Bare::WithoutACode, kind == "deflate").await;
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
    let mut program = node("node/server.js", &[]);
    let port = program.says().await["port"].as_u64().unwrap() as u16;
    let mut peer =
        Peer { port, said: program, tells_of_pings: true, counts_fragments: false, deflates: true };
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
