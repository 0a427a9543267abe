//! Credentials in URLs.

use bytes::Bytes;
use http::{Uri, uri::PathAndQuery};

use super::{Place, Plan, Strip, Stripped};
use crate::http::text::{PREFIX, REDACTED, cut, holds_ticket, owned, same_name};

/// What becomes of a part of a URL.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Verdict {
    Keep,
    Remove,
    /// The value of a parameter is replaced.
    Replace,
    /// All of it is replaced.
    ReplaceAll,
}

/// The URI without its credentials, which are handed to `stripped`; `None` if it has none.
pub(super) fn stripped(uri: &Uri, plan: &Plan, stripped: &mut Stripped) -> Option<Uri> {
    let whole = uri.path_and_query()?;
    let query = whole.query().map(str::as_bytes);
    if !holds_ticket(whole.as_str().as_bytes()) && query.is_none_or(|query| has_clean_names(query, plan)) {
        return None;
    }
    let path = replace_in_path(whole.path().as_bytes());
    let mut clean = path.clone();
    if let Some(query) = query {
        for param in query.split(|&byte| byte == b'&') {
            let verdict = judge_param(param, plan);
            if verdict == Verdict::Remove || verdict == Verdict::Replace {
                let (name, value) = cut(param, b'=');
                stripped.push(Place::Query(owned(name)), value.unwrap_or_default());
            }
        }
        push_query(&mut clean, b'?', query, plan);
    }
    // What was valid stays so, unless it has grown too long: then rather no query than one with a credential.
    let parse = |text: Vec<u8>| PathAndQuery::from_maybe_shared(Bytes::from(text)).ok();
    let clean = parse(clean).or_else(|| parse(path)).unwrap_or_else(|| PathAndQuery::from_static("/"));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(clean);
    Some(Uri::from_parts(parts).unwrap_or_default())
}

/// A URL in a header without its credentials; `None` if it has none.
pub(in crate::http) fn scrub(url: &[u8], plan: &Plan) -> Option<Vec<u8>> {
    let (rest, fragment) = cut(url, b'#');
    let (path, query) = cut(rest, b'?');
    let has_clean_names = |params: Option<&[u8]>| params.is_none_or(|params| has_clean_names(params, plan));
    if !holds_ticket(url) && has_clean_names(query) && has_clean_names(fragment) {
        return None;
    }
    let mut clean = replace_in_path(path);
    if let Some(query) = query {
        push_query(&mut clean, b'?', query, plan);
    }
    if let Some(fragment) = fragment {
        push_query(&mut clean, b'#', fragment, plan);
    }
    Some(clean)
}

fn has_clean_names(params: &[u8], plan: &Plan) -> bool {
    plan.queries.is_empty()
        || params.split(|&byte| byte == b'&').all(|param| judge_name(param, plan).is_none())
}

fn replace_in_path(path: &[u8]) -> Vec<u8> {
    let mut clean = Vec::with_capacity(path.len());
    for (index, segment) in path.split(|&byte| byte == b'/').enumerate() {
        if index > 0 {
            clean.push(b'/');
        }
        clean.extend_from_slice(if holds_ticket(segment) { REDACTED.as_bytes() } else { segment });
    }
    clean
}

/// Appends what is left of a query, and nothing if nothing is.
fn push_query(url: &mut Vec<u8>, mark: u8, query: &[u8], plan: &Plan) {
    let end = url.len();
    url.push(mark);
    let empty = url.len();
    let mut first = true;
    for param in query.split(|&byte| byte == b'&') {
        let verdict = judge_param(param, plan);
        if verdict == Verdict::Remove {
            continue;
        }
        if !first {
            url.push(b'&');
        }
        first = false;
        match verdict {
            Verdict::Replace => {
                url.extend_from_slice(cut(param, b'=').0);
                url.push(b'=');
                url.extend_from_slice(REDACTED.as_bytes());
            }
            Verdict::ReplaceAll => url.extend_from_slice(REDACTED.as_bytes()),
            Verdict::Keep | Verdict::Remove => url.extend_from_slice(param),
        }
    }
    if url.len() == empty && !query.is_empty() {
        url.truncate(end);
    }
}

fn judge_param(param: &[u8], plan: &Plan) -> Verdict {
    if let Some(verdict) = judge_name(param, plan) {
        return verdict;
    }
    let (name, value) = cut(param, b'=');
    if !holds_ticket(param) {
        Verdict::Keep
    } else if !value.is_some_and(holds_ticket) || holds_ticket(name) {
        Verdict::ReplaceAll
    } else if plan.strip == Strip::Remove && value.is_some_and(|value| value.starts_with(PREFIX)) {
        Verdict::Remove
    } else {
        Verdict::Replace
    }
}

/// What becomes of a parameter because of its name.
fn judge_name(param: &[u8], plan: &Plan) -> Option<Verdict> {
    let (name, value) = cut(param, b'=');
    if !plan.queries.iter().any(|secret| same_name(name, secret)) {
        return None;
    }
    // Otherwise somebody has done it already.
    (value != Some(REDACTED.as_bytes())).then_some(match plan.strip {
        Strip::Remove => Verdict::Remove,
        Strip::Replace => Verdict::Replace,
    })
}
