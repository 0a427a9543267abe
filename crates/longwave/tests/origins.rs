//! One list of origins, for the layers and for the handshake.
#![allow(clippy::unwrap_used)]

use http::Request;
use longwave::{
    origin_policy,
    ticket::http::{Hosts, Origins, Presented},
    ws::handshake::server::{Options, accept},
};

fn opening(origin: &str, host: &str) -> Request<()> {
    let request = Request::get("/chat").header("host", host).header("origin", origin);
    let request = request.header("upgrade", "websocket").header("connection", "upgrade");
    let request = request.header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    request.header("sec-websocket-version", "13").body(()).unwrap()
}

const ORIGINS: [&str; 12] = [
    "https://app.example.com",
    "https://APP.example.com:443",
    "http://app.example.com",
    "https://app.example.com:444",
    "https://evil.test",
    "https://app.example.com.evil.test",
    "https://app.example.com/",
    "http://[::1]:8080",
    "http://[0::1]:8080",
    "file://",
    "null",
    "",
];

fn lists() -> [Origins; 4] {
    let listed = || Origins::list(["https://app.example.com", "http://[::1]:8080", "file://"]).unwrap();
    let hosts = || Hosts::list(["app.example.com"]).unwrap();
    [listed(), listed().allow_null_dangerously(), Origins::list([]).unwrap(), Origins::same_host(hosts())]
}

#[test]
fn the_handshake_lets_in_from_where_the_list_does() {
    for origins in lists() {
        let options = Options::new().origins(origin_policy(&origins));
        for origin in ORIGINS {
            let request = opening(origin, "app.example.com");
            let accepted = accept(&request, None, &options).is_ok();
            let (parts, ()) = request.into_parts();
            assert_eq!(
                accepted,
                origins.check(&parts, Presented::Explicitly).is_ok(),
                "{origin:?} with {origins:?}"
            );
        }
    }
}

#[test]
fn the_handshake_refuses_nobody_whom_the_list_lets_in() {
    for origins in lists() {
        let options = Options::new().origins(origin_policy(&origins));
        for host in ["app.example.com", "APP.example.com:443", "evil.test", "localhost"] {
            for origin in ORIGINS {
                let request = opening(origin, host);
                let accepted = accept(&request, None, &options).is_ok();
                let (parts, ()) = request.into_parts();
                assert!(
                    accepted || origins.check(&parts, Presented::Explicitly).is_err(),
                    "{origin:?} {host}"
                );
            }
        }
    }
}
