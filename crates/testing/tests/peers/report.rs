//! What a peer that is a client should have seen, and what our server should.

use http::Version;
use serde_json::{Value, json};

use crate::{
    server::{Over, Server},
    words::{LARGE, TEXT, long, reason},
};

/// How a client closes if it gives no reason.
#[derive(Clone, Copy)]
pub(crate) enum Bare {
    /// By an empty close frame.
    WithoutACode,
    Normal,
}

/// What every client sees.
pub(crate) fn expected(extensions: &str, bare: Bare) -> Value {
    let bare = match bare {
        Bare::WithoutACode => 1005,
        Bare::Normal => 1000,
    };
    json!({
        "extensions": extensions,
        "text": TEXT,
        "empty": "",
        "binary": [0, 1, 127, 128, 255],
        "large": true,
        // The server answers with the code alone.
        "closed": [4001, "", true],
        "in_fragments": long(),
        "binary_in_fragments": 1000,
        "closed_bare": [bare, "", true],
        "closed_by_server": [4002, reason(), true],
        "pinged": "it answers",
        "too_much": 1009,
    })
}

/// What is seen by a client that has frames in its hands.
pub(crate) fn with_frames(mut expected: Value, others: &[(&str, Value)]) -> Value {
    expected["fragmented"] = json!(long());
    expected["pong"] = json!("hello?");
    for (key, value) in others {
        expected[key] = value.clone();
    }
    expected
}

/// Whether the server saw what the client has done, under `/plain` or `/deflate`.
pub(crate) async fn assert_seen(
    server: &mut Server,
    kind: &str,
    version: Version,
    bare: Bare,
    is_compressed: bool,
) {
    let over: [Over; 5] = server.over().await;
    let bare = match bare {
        Bare::WithoutACode => "without a code",
        Bare::Normal => "1000 ",
    };
    let ends = [
        ("close", "closed by the server"),
        ("echo", &format!("4001 {}", reason())),
        ("fragments", bare),
        ("limited", "told 1009"),
        ("pings", "1000 "),
    ];
    for (over, (path, end)) in over.iter().zip(ends) {
        assert_eq!((over.path.as_str(), over.end.as_str()), (&*format!("/{kind}/{path}"), end));
        assert_eq!(over.version, version, "{}", over.path);
        assert_eq!(over.extensions.starts_with("permessage-deflate"), is_compressed, "{over:?}");
    }
    println!("{version:?} {kind}: {:?}, {:?} bytes", over[1].extensions, over[1].wire);
    assert_wire(over[1].wire, is_compressed);
}

/// Whether what has come and gone was compressed, which 16 MiB each way tell.
pub(crate) fn assert_wire(wire: [usize; 2], is_compressed: bool) {
    for bytes in wire {
        assert!(if is_compressed { bytes < LARGE / 3 } else { bytes > LARGE }, "{wire:?} bytes");
    }
}
