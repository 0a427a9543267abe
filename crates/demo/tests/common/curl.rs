//! curl, as somebody at a terminal would use it, and its output decoded by `longwave-sse`.

use std::collections::VecDeque;
use std::process::Stdio;
use std::time::Duration;

use longwave_sse::{Boundary, Decoder, OwnedItem, Position};
use tokio::io::{AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::common::DEADLINE;

/// A running curl whose response head has arrived. Killed when dropped.
pub(crate) struct Curl {
    pub(crate) head: String,
    child: Child,
    stdout: BufReader<ChildStdout>,
    boundary: Boundary,
    decoder: Decoder,
    items: VecDeque<OwnedItem>,
}

impl Curl {
    /// Opens `url` and waits for the response head.
    pub(crate) async fn open(args: &[&str], url: &str) -> Self {
        let mut child = Command::new("curl")
            .args(["-sSNi", "--max-time", "45"])
            .args(args)
            .arg(url)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("curl runs (Debian package: curl)");
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = timeout(DEADLINE, stdout.read_u8()).await.expect("a head in time");
            head.push(byte.unwrap_or_else(|_| panic!("no head: {}", String::from_utf8_lossy(&head))));
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        Self {
            head,
            child,
            stdout,
            boundary: Boundary::new(),
            decoder: Decoder::new().with_comments(),
            items: VecDeque::new(),
        }
    }

    /// The next item of the stream, or `None` at its end.
    pub(crate) async fn next(&mut self) -> Option<OwnedItem> {
        let mut chunk = [0; 4096];
        while self.items.is_empty() {
            let len = timeout(DEADLINE, self.stdout.read(&mut chunk)).await.expect("bytes in time");
            let len = len.unwrap();
            if len == 0 {
                return None;
            }
            self.boundary.push(&chunk[..len]);
            let mut items = self.decoder.feed(&chunk[..len]);
            while let Some(item) = items.next_item() {
                self.items.push_back(item.unwrap().into_owned());
            }
        }
        self.items.pop_front()
    }

    /// The next event of this type; everything before it is dropped.
    pub(crate) async fn event(&mut self, event_type: &str) -> Seen {
        loop {
            match self.next().await {
                Some(OwnedItem::Event(event)) if event.event_type() == event_type => {
                    return Seen::new(&event);
                }
                Some(_) => {}
                None => panic!("the stream ended before a {event_type} event"),
            }
        }
    }

    /// The next `count` events of the feed; anything else but comments is a failure.
    pub(crate) async fn feed(&mut self, count: usize) -> Vec<Seen> {
        let mut events = Vec::new();
        while events.len() < count {
            match self.next().await {
                Some(OwnedItem::Event(event)) if ["sample", "peak"].contains(&event.event_type()) => {
                    events.push(Seen::new(&event));
                }
                Some(OwnedItem::Comment(_)) => {}
                other => panic!("{other:?} in the feed"),
            }
        }
        events
    }

    /// Everything up to the end of the stream.
    pub(crate) async fn rest(mut self) -> Rest {
        let mut items = Vec::new();
        while let Some(item) = self.next().await {
            items.push(item);
        }
        let torn = self.boundary.position() != Position::BetweenEvents;
        Rest { items, torn, code: self.child.wait().await.unwrap().code() }
    }
}

/// How a stream ended.
#[derive(Debug, PartialEq)]
pub(crate) struct Rest {
    pub(crate) items: Vec<OwnedItem>,
    /// Whether it ended in the middle of an event.
    pub(crate) torn: bool,
    /// curl's exit code.
    pub(crate) code: Option<i32>,
}

/// An event as the tests look at it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) event_type: String,
    pub(crate) id: String,
    pub(crate) data: serde_json::Value,
}

impl Seen {
    pub(crate) fn new(event: &longwave_sse::OwnedEvent) -> Self {
        Self {
            event_type: event.event_type().to_owned(),
            id: event.last_event_id().to_owned(),
            data: serde_json::from_str(event.data()).unwrap(),
        }
    }

    /// The number of a feed event.
    pub(crate) fn n(&self) -> u64 {
        self.data["n"].as_u64().unwrap()
    }
}

/// Sends a POST without a body and returns the answer.
pub(crate) async fn post(args: &[&str], url: &str) -> String {
    ask(&[args, &["-X", "POST"]].concat(), url).await
}

/// Sends a request without a body and returns the answer.
pub(crate) async fn ask(args: &[&str], url: &str) -> String {
    let run = Command::new("curl").args(["-sS", "--max-time", "20"]).args(args).arg(url).output();
    let output = timeout(Duration::from_secs(30), run).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
