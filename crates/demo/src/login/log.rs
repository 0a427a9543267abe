//! The log of whoever traces requests: what is left of them once the `RedactLayer` has had them.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use http::header::{AUTHORIZATION, COOKIE, REFERER, SEC_WEBSOCKET_PROTOCOL, SET_COOKIE};
use http::{HeaderMap, HeaderName, Request, Response};
use longwave_ticket::Fingerprint;
use serde::Serialize;

/// The last lines. Clones are of the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    lines: Arc<Mutex<Lines>>,
}

#[derive(Debug, Default)]
struct Lines {
    number: u64,
    last: VecDeque<Line>,
}

/// A request, before its response is there.
#[derive(Debug)]
pub(super) struct Asked {
    request: String,
    headers: String,
}

#[derive(Clone, Debug, Serialize)]
struct Line {
    number: u64,
    /// Milliseconds since the Unix epoch.
    at: u64,
    /// Method, URI and version of a request; or what else there was to say.
    what: String,
    status: Option<u16>,
    /// What else was seen of the request and the response, as it is printed.
    headers: String,
}

/// What is told of the log.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    /// The number of the last line there is.
    last: u64,
    lines: Vec<Line>,
}

impl Log {
    /// Notes what became of a request.
    pub(super) fn answered<B>(&self, asked: Asked, response: &Response<B>) {
        let Asked { request, mut headers } = asked;
        show(&mut headers, response.headers(), &SET_COOKIE);
        self.push(request, Some(response.status().as_u16()), headers);
    }

    /// Notes that there is a ticket.
    pub(super) fn minted(&self, ticket: Fingerprint) {
        self.push(format!("ticket {ticket} minted"), None, String::new());
    }

    /// The lines after this one.
    pub(super) fn after(&self, number: u64) -> Told {
        let lines = self.lock();
        let last = lines.number;
        Told { last, lines: lines.last.iter().filter(|line| line.number > number).cloned().collect() }
    }

    fn push(&self, what: String, status: Option<u16>, headers: String) {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |at| at.as_millis() as u64);
        let mut lines = self.lock();
        lines.number += 1;
        let number = lines.number;
        if lines.last.len() == KEPT {
            lines.last.pop_front();
        }
        lines.last.push_back(Line { number, at, what, status, headers });
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asked {
    /// Prints a request as anybody would. Nothing is left out here: what must not be printed is not there any more, or
    /// says of itself that it is secret.
    pub(super) fn new<B>(request: &Request<B>) -> Self {
        let mut headers = String::new();
        for name in [COOKIE, AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL, REFERER] {
            show(&mut headers, request.headers(), &name);
        }
        let request = format!("{} {} {:?}", request.method(), request.uri(), request.version());
        Self { request, headers }
    }
}

fn show(text: &mut String, headers: &HeaderMap, name: &HeaderName) {
    for value in headers.get_all(name) {
        let comma = if text.is_empty() { "" } else { ", " };
        write!(text, "{comma}{name}: {value:?}").expect("text can be written to text");
    }
}

/// So many lines are kept.
const KEPT: usize = 200;
