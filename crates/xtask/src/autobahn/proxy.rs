//! The proxy that brings the HTTP/1.1 of the suite to a server that is to be asked over HTTP/2.

/// Every upgrade to a WebSocket becomes an extended CONNECT (RFC 8441) on a connection that begins with HTTP/2.
pub(crate) fn configuration(listens_on: &str, server: &str) -> String {
    // A case may take minutes on a busy machine; when it is too long, the suite says so.
    format!(
        "global
    nbthread 1
defaults
    mode http
    timeout connect 10s
    timeout client 15m
    timeout server 15m
    timeout tunnel 15m
frontend suite
    bind {listens_on}
    default_backend server
backend server
    server server {server} proto h2 ws h2
"
    )
}
